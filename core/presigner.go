package core

import (
	"context"
	"time"
)

// Presigner is the ability of an ArtifactRepository to sign requests that somebody without its credentials may make, with any
// HTTP client, until they expire: to read one file, or to write it. Whoever hands one out must have authorised the same
// operation; what is written by one is verified by the service alone, not by the store.
type Presigner interface {
	// Presign signs one request for the file at path [AR-096 AR-098], which is refused when its time is over [AR-097]. To
	// read, the file must be there: the errors are those of Open; to write, those of Put.
	Presign(ctx context.Context, path string, o PresignOptions) (PresignedRequest, error)
}

// PresignOptions choose what is signed. The zero value is a download.
type PresignOptions struct {
	Upload      bool          // a request that writes the file
	Expires     time.Duration // from now; 0 is MostPresigned for uploads and 5 minutes else, above MostPresigned is ErrInvalid
	ContentType string        // of an upload; empty lets the store guess from the name
}

// MostPresigned is how long a presigned request may be good.
const MostPresigned = 15 * time.Minute

// PresignedRequest is a request that is signed. It is a credential: not for logs.
type PresignedRequest struct {
	Method  string
	URL     Secret
	Headers map[string]string // that must be sent as they are
	Expires Millis
	Size    int64 // of a file to read, in bytes
}

// CheckPresign returns how long a request shall be good, or ErrInvalid.
func CheckPresign(path string, o PresignOptions) (time.Duration, error) {
	if err := CheckArtifactPath(path); err != nil {
		return 0, err
	}
	const download = 5 * time.Minute
	switch {
	case o.Expires < 0 || o.Expires > MostPresigned:
		return 0, fieldError("expires", "a presigned request is good for up to %v, not %v", MostPresigned, o.Expires)
	case o.Expires > 0:
		return o.Expires, nil
	case o.Upload:
		return MostPresigned, nil
	}
	return download, nil
}
