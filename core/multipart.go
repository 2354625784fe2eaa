package core

import (
	"context"
	"time"
)

// Multipart is the ability of an ArtifactRepository to let somebody without its credentials write a file in parts, with any
// HTTP client, in any order and several at once. Whoever hands the requests out must have authorised the upload; the bytes
// are verified by the service alone, not by the store.
type Multipart interface {
	// CreateUpload begins an upload to path and signs a request for each of its parts. The errors are those of Put. The
	// answer to each request has an ETag, which CompleteUpload needs. Nothing is visible before that, and what was at path
	// stays [AR-099]. An upload that is neither completed nor aborted is removed by the store, some time after its requests expired.
	CreateUpload(ctx context.Context, path string, o UploadOptions) (Upload, error)

	// CompleteUpload makes the file of the parts by their numbers, in whichever order they are given. A part that was not
	// sent, or not so, is ErrInvalid, and so is a part but the last below LeastPart where the service has such a bound. An
	// upload that is not known is ErrNotFound; where the same parts have completed it, a second call may succeed [AR-117].
	CompleteUpload(ctx context.Context, path string, id UploadID, parts []UploadedPart) error

	// AbortUpload removes what was sent. An upload that is not known is aborted already: no error [AR-116].
	AbortUpload(ctx context.Context, path string, id UploadID) error
}

// Bounds of uploads in parts.
const (
	MostParts  = 10_000    // of one upload, as S3 has it
	LeastPart  = 5 << 20   // bytes of a part but the last, as S3 has it
	MostUpload = time.Hour // how long the requests of an upload may be good
)

// UploadID names an upload that has begun.
type UploadID string

// UploadOptions say how a file is sent in parts.
type UploadOptions struct {
	Parts       int           // from 1 to MostParts; 0 is 1
	Expires     time.Duration // from now; 0 is MostUpload, above it is ErrInvalid
	ContentType string        // empty lets the store guess from the name
}

// Upload is an upload that has begun.
type Upload struct {
	ID    UploadID
	Parts []PresignedRequest // in the order of their numbers, the first of which is 1
}

// UploadedPart is a part that was sent.
type UploadedPart struct {
	Number int
	ETag   string // of the answer to its request
	URL    Secret // of its request; some services know a part by it
}

// CheckUpload fills in what o leaves open, or returns ErrInvalid.
func CheckUpload(path string, o UploadOptions) (UploadOptions, error) {
	if err := CheckArtifactPath(path); err != nil {
		return o, err
	}
	if o.Parts < 0 || o.Parts > MostParts {
		return o, fieldError("num_parts", "an upload has from 1 to %d parts, not %d", MostParts, o.Parts)
	}
	if o.Expires < 0 || o.Expires > MostUpload {
		return o, fieldError("expires", "the requests of an upload are good for up to %v, not %v", MostUpload, o.Expires)
	}
	o.Parts = max(o.Parts, 1)
	if o.Expires == 0 {
		o.Expires = MostUpload
	}
	return o, nil
}

// CheckParts refuses an upload without a name, and parts that are none, or twice there.
func CheckParts(path string, id UploadID, parts []UploadedPart) error {
	if err := CheckUploadID(path, id); err != nil {
		return err
	}
	if len(parts) == 0 {
		return fieldError("parts", "an upload without parts cannot be completed")
	}
	seen := make(map[int]bool, len(parts))
	for _, p := range parts {
		if p.Number < 1 || p.Number > MostParts || seen[p.Number] {
			return fieldError("parts", "the number %d is not between 1 and %d, or given twice", p.Number, MostParts)
		}
		seen[p.Number] = true
	}
	return nil
}

// CheckUploadID refuses a bad path, and an upload without a name.
func CheckUploadID(path string, id UploadID) error {
	if err := CheckArtifactPath(path); err != nil {
		return err
	}
	if id == "" {
		return fieldError("upload_id", "an upload is known by its id")
	}
	return nil
}
