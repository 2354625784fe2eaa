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
	ContentType string // a hint; empty lets the store guess from the name. It never changes the bytes [AR-019]
}

// DeleteOptions guard a deletion.
type DeleteOptions struct {
	All bool // needed to delete the root, that is everything
}

// ArtifactRepository keeps files below one root. Paths are relative, components joined by /, as names.ArtifactPath has
// them; whatever else is ErrInvalid on every method, without a look at the store [AR-071 AR-072 AR-073 AR-074 AR-075
// AR-068 AR-067]. Names are bytes: case, Unicode form and spaces count [AR-065 AR-064], under ArtifactVerbatim also
// punctuation and what looks encoded [AR-063 AR-066], while without it Put may refuse some names as ErrInvalid; what another
// system or a URL means by them does not [AR-070 AR-078].
// They are as long as names.ArtifactPath says [AR-069]. Nothing leads out of the root, no link either [AR-076 AR-077].
//
// Calls on different files do not disturb each other [AR-079 AR-022]; on one file they take effect one after the other,
// under PutAtomic [AR-082]. Any sequence of them gives what package mem gives [AR-102], also where some are lost on the way
// [AR-103].
type ArtifactRepository interface {
	Store

	// Stat describes a file or directory; a directory is what has something below it, and is gone with the last of that
	// [AR-062]. Nothing there is ErrNotFound [AR-026].
	Stat(ctx context.Context, path string) (Artifact, error)

	// List returns what lies directly in dir ("" is the root), directories once [AR-029], or with Recursive every file below
	// [AR-030]; paths start at the root [AR-031], sorted by bytes [AR-032], hidden ones too [AR-037]. One slash at the end of
	// dir changes nothing [AR-035]. An entry says what Stat says [AR-038].
	//   - A missing dir, a file or an empty root is an empty page [AR-033 AR-034 AR-028]. An empty file is a file [AR-027]. A
	//     name that merely starts with dir is not in it [AR-036].
	//   - Pages of any length MUST yield every entry once [AR-039 AR-040 AR-041]; the length is that asked for [AR-106],
	//     foreign tokens are ErrInvalid [AR-044]. Under PagesKeyset what is there all along appears once while other files
	//     come and go [AR-042 AR-043]. A page costs one request [AR-104].
	//   - It shows every change before it [AR-045] and, under PutAtomic, nothing torn of those beside it [AR-083].
	List(ctx context.Context, dir string, o ListOptions) (Page[Artifact], error)

	// Open reads a file or a part of it [AR-001 AR-046 AR-047 AR-052 AR-053]. Nothing there is ErrNotFound [AR-020], a
	// directory ErrInvalid or ErrState [AR-021]. A length over the end gives the rest [AR-048], one of 0 nothing [AR-050]; an
	// offset at the end nothing, and past it ErrRange [AR-049]; a negative one is ErrInvalid [AR-051].
	//   - A reader MUST NOT end early without an error [AR-089], mix two versions of a file [AR-025], or pass on bytes whose
	//     digest is wrong, which is ErrDataLoss [AR-090]. It keeps the contract of io.Reader [AR-024 AR-101].
	//   - It may be closed before its end [AR-023]; after the end of ctx it returns its error [AR-086].
	Open(ctx context.Context, path string, o ReadOptions) (io.ReadCloser, error)

	// Put stores what r yields to its end, however it slices its bytes [AR-014 AR-016] and however many there are [AR-002
	// AR-003 AR-004 AR-105], making the directories it needs [AR-008] and replacing what was there [AR-005 AR-006], also what
	// was deleted [AR-061]. With IfAbsent what was there stays, and of several callers one succeeds [AR-007 AR-081 AR-107].
	//   - The file MUST become visible at once, complete and verified, or not at all (D-16): not while it is written
	//     [AR-017], not when r fails [AR-013] nor when ctx ends [AR-085 AR-112], nor when size or digest turn out different
	//     [AR-011 AR-012], nor when the connection breaks [AR-088]; what was there before MUST then still be there, and
	//     nothing hidden be left [AR-109].
	//   - It returns path, size and SHA-256 of what it stored [AR-018 AR-100] and does not close r [AR-015]. It may be
	//     repeated [AR-087 AR-115].
	//   - A file where there is a directory, or below a file, is ErrState, without loss [AR-009 AR-010].
	//   - Under PutAtomic both hold while others write, too: of several writers of one path one wins entirely [AR-080], and of
	//     one of a path and one below it one succeeds [AR-111].
	Put(ctx context.Context, path string, r io.Reader, o PutOptions) (Artifact, error)

	// Delete removes the file at path and everything below path/, never a sibling that shares the prefix [AR-054 AR-056
	// AR-057 AR-060]. What is not there is removed already: no error [AR-055] (D-11). The root needs All, else ErrInvalid
	// [AR-059].
	Delete(ctx context.Context, path string, o DeleteOptions) error
}
