package core

import (
	"context"
	"io"
)

// Artifact is a file or directory of a repository.
type Artifact struct {
	Path    string // from the root, components joined by /
	Dir     bool
	Size    int64  // bytes; 0 for directories
	ModTime Millis // 0 where ArtifactMtime is not declared, and for directories
	SHA256  string // 64 hexadecimal digits; empty where the store does not know it
}

// ListOptions choose what List returns.
type ListOptions struct {
	Recursive bool // every file below, and no directories
	PageOptions
}

// ReadOptions choose what Open reads. The zero value is the whole file.
type ReadOptions struct {
	Offset int64  // where to start, in bytes
	Length *int64 // most bytes to read; nil is to the end
}

// PutOptions say what the caller knows of the bytes, and wants. The zero value promises nothing.
type PutOptions struct {
	Size        *int64 // exact number of bytes; nil is unknown
	SHA256      string // 64 hexadecimal digits; empty is unknown
	IfAbsent    bool   // ErrExists if there is something, where PutIfAbsent is declared, and else ErrUnsupported
	ContentType string // a hint; empty lets the store guess from the name
}

// DeleteOptions guard a deletion.
type DeleteOptions struct {
	All bool // needed to delete the root, that is everything
}

// ArtifactRepository keeps files below one root. Paths are relative, components joined by /, as names.ArtifactPath has
// them; whatever else is ErrInvalid on every method, without a look at the store [AR-071 AR-072 AR-073 AR-074 AR-075].
// Names are bytes: case, Unicode form and spaces count [AR-065], under ArtifactVerbatim also what looks encoded [AR-066].
type ArtifactRepository interface {
	Store

	// Stat describes a file or directory; a directory is what has something below it. Nothing there is ErrNotFound [AR-026].
	Stat(ctx context.Context, path string) (Artifact, error)

	// List returns what lies directly in dir ("" is the root), directories once [AR-029], or with Recursive every file below
	// [AR-030]; paths start at the root [AR-031], sorted by bytes [AR-032], hidden ones too [AR-037].
	//   - A missing dir or a file is an empty page [AR-033 AR-034]. An empty file is a file [AR-027]. A name that merely starts
	//     with dir is not in it [AR-036].
	//   - Pages of any length MUST yield every entry once [AR-039 AR-040]; foreign tokens are ErrInvalid [AR-044].
	List(ctx context.Context, dir string, o ListOptions) (Page[Artifact], error)

	// Open reads a file or a part of it [AR-001 AR-046]. Nothing there is ErrNotFound [AR-020], a directory ErrInvalid or
	// ErrState [AR-021]. A length over the end gives the rest [AR-048]; an offset at the end nothing, and past it ErrRange
	// [AR-049]; a negative one is ErrInvalid [AR-051]. A reader MUST NOT end early without an error [AR-089].
	Open(ctx context.Context, path string, o ReadOptions) (io.ReadCloser, error)

	// Put stores what r yields to its end, making the directories it needs [AR-008] and replacing what was there
	// [AR-005 AR-006].
	//   - The file MUST become visible at once, complete and verified, or not at all (D-16): not while it is written
	//     [AR-017], not when r fails [AR-013] nor when ctx ends [AR-085], nor when size or digest turn out different
	//     [AR-011 AR-012]; what was there before MUST then still be there.
	//   - It returns path, size and SHA-256 of what it stored [AR-018] and does not close r [AR-015].
	//   - A file where there is a directory, or below a file, is ErrState, without loss [AR-009 AR-010].
	//   - Of several writers of one path one wins entirely [AR-080].
	Put(ctx context.Context, path string, r io.Reader, o PutOptions) (Artifact, error)

	// Delete removes the file at path and everything below path/, never a sibling that shares the prefix [AR-054 AR-056
	// AR-057]. What is not there is removed already: no error [AR-055] (D-11). The root needs All, else ErrInvalid [AR-059].
	Delete(ctx context.Context, path string, o DeleteOptions) error
}
