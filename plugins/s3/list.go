package s3

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/mlstore/mlstore/core"
)

// List returns a page of what lies in dir.
//
// S3 sorts a directory d where d/ belongs, behind "d e" and "d.txt"; the contract sorts it where d belongs. Only a directory
// whose name begins the last key of a page can still be missing from the entries up to that key: those few are asked for.
func (a *Artifacts) List(ctx context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	page, err := a.list(ctx, dir, o)
	return page, a.failed(ctx, "list artifacts", dir, err)
}

func (a *Artifacts) list(ctx context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	none := core.Page[core.Artifact]{}
	ctx, done, err := a.begin(ctx)
	if err != nil {
		return none, err
	}
	defer done()
	if dir, err = core.CheckArtifactDir(dir); err != nil {
		return none, err
	}
	limit, err := core.CheckPage(o.PageOptions, limits().ArtifactPage)
	if err != nil {
		return none, err
	}
	l := listing{Artifacts: a, prefix: a.root, query: "list\x00" + dir, limit: limit}
	if dir != "" {
		l.prefix += dir + "/"
	}
	if o.Recursive {
		l.query, l.recursive = "walk\x00"+dir, true
	}
	if o.Token != "" {
		if l.after, err = unseal(l.query, o.Token); err != nil {
			return none, err
		}
	}
	return l.page(ctx)
}

// mark is how far a listing has come.
type mark struct {
	Path string `json:"p"` // entries up to this one have been returned
	Key  string `json:"k"` // keys up to this one, below the prefix, need not be listed again
}

// listing is one page in the making.
type listing struct {
	*Artifacts
	prefix    string
	query     string
	recursive bool
	limit     int
	after     mark
}

func (l *listing) page(ctx context.Context) (core.Page[core.Artifact], error) {
	result := core.Page[core.Artifact]{}
	input := &s3.ListObjectsV2Input{Bucket: &l.bucket, Prefix: &l.prefix, MaxKeys: aws.Int32(int32(min(l.limit, mostKeys)))}
	if !l.recursive {
		input.Delimiter = aws.String("/")
	}
	if l.after.Key != "" {
		input.StartAfter = aws.String(l.prefix + l.after.Key)
	}
	for keys, err := range l.pages(ctx, input) {
		if err != nil {
			return result, err
		}
		entries, last := l.entries(keys)
		more := aws.ToBool(keys.IsTruncated)
		if more && !l.recursive {
			hidden, err := l.directoriesBefore(ctx, last)
			if err != nil {
				return result, err
			}
			entries = append(entries, hidden...)
		}
		result.Items = l.unseen(entries)
		if len(result.Items) > l.limit {
			result.Items = result.Items[:l.limit]
			at := result.Items[l.limit-1].Path
			result.Next, err = seal(l.query, mark{Path: at, Key: at[len(l.prefix)-len(l.root):]})
			return result, err
		}
		if !more {
			return result, nil
		}
		if n := len(result.Items); n > 0 {
			result.Next, err = seal(l.query, mark{Path: result.Items[n-1].Path, Key: last})
			return result, err
		}
	}
	return result, nil
}

// entries are the files and directories of a page of keys, and the last key below the prefix; for a directory that is one
// behind all keys in it.
func (l *listing) entries(keys *s3.ListObjectsV2Output) (entries []core.Artifact, last string) {
	for _, object := range keys.Contents {
		last = max(last, (*object.Key)[len(l.prefix):])
		if path, ours := l.path(*object.Key); ours {
			entries = append(entries, core.Artifact{Path: path, Size: aws.ToInt64(object.Size)})
		}
	}
	for _, common := range keys.CommonPrefixes {
		last = max(last, (*common.Prefix)[len(l.prefix):]+"\U0010ffff")
		if path, ours := l.path(strings.TrimSuffix(*common.Prefix, "/")); ours {
			entries = append(entries, core.Artifact{Path: path, Dir: true})
		}
	}
	return entries, last
}

// directoriesBefore finds the directories that sort before key though their keys come after it: with "a b" as key that is a.
func (l *listing) directoriesBefore(ctx context.Context, key string) ([]core.Artifact, error) {
	var found []core.Artifact
	for i := 1; i < len(key); i++ {
		path, ours := l.path(l.prefix + key[:i])
		if key[i] >= '/' || !ours {
			continue
		}
		isDir, err := l.isDir(ctx, path)
		if err != nil {
			return nil, err
		}
		if isDir {
			found = append(found, core.Artifact{Path: path, Dir: true})
		}
	}
	return found, nil
}

// unseen sorts the entries and drops those of earlier pages.
func (l *listing) unseen(entries []core.Artifact) []core.Artifact {
	entries = slices.DeleteFunc(entries, func(e core.Artifact) bool { return e.Path <= l.after.Path })
	slices.SortFunc(entries, func(a, b core.Artifact) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), map[bool]int{true: -1, false: 1}[a.Dir])
	})
	return slices.CompactFunc(entries, func(a, b core.Artifact) bool { return a.Path == b.Path })
}

// pages walks the pages of a listing of keys. Keys come encoded, since XML cannot carry all of them.
func (a *Artifacts) pages(ctx context.Context, input *s3.ListObjectsV2Input) iter.Seq2[*s3.ListObjectsV2Output, error] {
	return func(yield func(*s3.ListObjectsV2Output, error) bool) {
		if err := a.settings.access(input); err != nil {
			yield(nil, err)
			return
		}
		input.EncodingType = types.EncodingTypeUrl
		for {
			out, err := a.client.ListObjectsV2(ctx, input)
			if err == nil {
				err = decode(out, aws.ToString(input.Prefix))
			}
			if !yield(out, err) || err != nil || !aws.ToBool(out.IsTruncated) {
				return
			}
			switch aws.ToString(out.NextContinuationToken) {
			case "":
				yield(nil, core.Errorf(core.Internal, "S3 answers that there are more keys, and not how to get them"))
				return
			case aws.ToString(input.ContinuationToken):
				yield(nil, core.Errorf(core.Internal, "S3 answers with the same page of keys again and again"))
				return
			}
			input.ContinuationToken = out.NextContinuationToken
		}
	}
}

// decode takes the encoding off the keys, when the server has put it on. A key that is not below the prefix is an error.
func decode(out *s3.ListObjectsV2Output, prefix string) error {
	plain := func(key **string) error {
		if out.EncodingType == types.EncodingTypeUrl {
			text, err := url.QueryUnescape(aws.ToString(*key))
			if err != nil {
				return core.Errorf(core.DataLoss, "S3 lists a key with a broken encoding: %w", err)
			}
			*key = &text
		}
		if !strings.HasPrefix(aws.ToString(*key), prefix) {
			return core.Errorf(core.DataLoss, "S3 lists the key %.200q, which is not below %.200q", aws.ToString(*key), prefix)
		}
		return nil
	}
	for i := range out.Contents {
		if err := plain(&out.Contents[i].Key); err != nil {
			return err
		}
	}
	for i := range out.CommonPrefixes {
		if err := plain(&out.CommonPrefixes[i].Prefix); err != nil {
			return err
		}
	}
	return nil
}

// tokenSum is the number of bytes of SHA-256 that a page token begins with.
const tokenSum = 12

// seal makes the page token that continues the listing behind the mark. It depends on nothing else, so that it outlives the
// repository that made it.
func seal(query string, at mark) (string, error) {
	body, err := json.Marshal(at)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(tokenDigest(query, body), body...)), nil
}

// unseal reads a token of the listing. One that seal did not make for it is ErrInvalid.
func unseal(query, token string) (at mark, err error) {
	packed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(packed) < tokenSum || base64.RawURLEncoding.EncodeToString(packed) != token ||
		!bytes.Equal(packed[:tokenSum], tokenDigest(query, packed[tokenSum:])) || json.Unmarshal(packed[tokenSum:], &at) != nil {
		return mark{}, core.Invalid("page_token", "Invalid page token: this store did not make it, or made it for another listing")
	}
	return at, nil
}

func tokenDigest(query string, body []byte) []byte {
	h := sha256.New()
	h.Write([]byte(query))
	h.Write([]byte{0})
	h.Write(body)
	return h.Sum(nil)[:tokenSum]
}
