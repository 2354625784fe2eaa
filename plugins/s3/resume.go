package s3

import (
	"context"
	"crypto/md5" //nolint:gosec // S3 makes the ETags of parts with it
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// source is a file as it was when its upload began. While it is the same, the upload may be gone on with after the process
// that began it has died. What S3 has of it is compared with the file nevertheless, part by part.
type source struct {
	Path    string `json:"path"`
	Size    int64  `json:"size"`
	Changed int64  `json:"changed"` // nanoseconds since the Unix epoch
}

// sourceOf is nil for a file whose path is not known.
func sourceOf(f *os.File, info os.FileInfo) *source {
	path, err := filepath.Abs(f.Name())
	if err != nil {
		return nil
	}
	return &source{Path: path, Size: info.Size(), Changed: info.ModTime().UnixNano()}
}

// unchanged reports whether the file is there as it was.
func (s *source) unchanged() bool {
	if s == nil {
		return false
	}
	info, err := os.Stat(s.Path)
	return err == nil && info.Mode().IsRegular() && info.Size() == s.Size && info.ModTime().UnixNano() == s.Changed
}

// formOf tells requests for uploads apart that make different objects of the same bytes, without telling what is in them.
func formOf(input *s3.CreateMultipartUploadInput) string {
	plain := *input
	plain.Metadata = map[string]string{digestKey: input.Metadata[digestKey]} // the mark is another one each time
	text, err := json.Marshal(plain)
	if err != nil {
		return "" // plain data can always be written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// resume goes on with an upload like this one that was left, if there is one. One of which S3 does not tell the parts is
// aborted.
func (p *parts) resume(ctx context.Context) bool {
	if p.source == nil {
		return false
	}
	left, found := p.journal.claim(p.upload)
	if !found {
		return false
	}
	there, err := p.partsOf(ctx, left)
	if err != nil {
		(&parts{Artifacts: p.Artifacts, upload: left}).abandon(ctx)
		return false
	}
	p.upload, p.mark, p.there = left, left.Mark, there
	return true
}

// partsOf lists what S3 has of an upload.
func (a *Artifacts) partsOf(ctx context.Context, u upload) (map[int32]types.Part, error) {
	input := &s3.ListPartsInput{Bucket: &u.Bucket, Key: &u.Key, UploadId: &u.ID}
	if err := a.settings.access(input); err != nil {
		return nil, err
	}
	there := map[int32]types.Part{}
	for pages := s3.NewListPartsPaginator(a.client, input); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, part := range page.Parts {
			there[aws.ToInt32(part.PartNumber)] = part
		}
	}
	return there, nil
}

// holds reports whether a part that S3 has is these bytes, whose CRC-32 is sum.
func holds(have types.Part, content []byte, sum uint32) bool {
	if aws.ToInt64(have.Size) != int64(len(content)) {
		return false
	}
	if have.ChecksumCRC32 != nil {
		return *have.ChecksumCRC32 == *encodeCRC(sum)
	}
	digest := md5.Sum(content) //nolint:gosec // see above
	return strings.Trim(aws.ToString(have.ETag), `"`) == hex.EncodeToString(digest[:])
}
