package core

import (
	"context"
	"os"
)

// PathTransfer is the ability of an ArtifactRepository to read and write local files by itself, so that their bytes need
// not pass through the caller: it may read and write parts at once, and resume. A store in another process opens the very
// file by its name and compares device, inode, size and time of change with those of the file it was given.
//
// ErrUnsupported, without effect, means that the store does not reach the file; the caller then uses Put or Open.
type PathTransfer interface {
	// PutFile stores the whole of a regular file, from its first byte whatever its offset is, with the promises of Put
	// [AR-113]. A file that changes meanwhile is ErrAborted, without effect. It does not close the file.
	PutFile(ctx context.Context, path string, from *os.File, o PutOptions) (Artifact, error)

	// GetFile writes the whole artifact into an empty regular file that is open for writing, from its first byte, and
	// returns what Stat does. The errors are those of Open [AR-114]. What an error leaves in the file is worth nothing. It
	// does not close the file and does not sync it.
	GetFile(ctx context.Context, path string, to *os.File) (Artifact, error)
}
