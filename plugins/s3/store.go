package s3

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/names"
)

// Artifacts is an ArtifactRepository below a prefix of a bucket. Keys are the prefix and the path, as MLflow has them. It is
// safe for concurrent use.
//
// A directory is what has keys below it. Keys that end in a slash, which some tools make for empty folders, are no files;
// keys that are no artifact paths are not shown.
type Artifacts struct {
	*account
	location
	tree     *tree
	readOnly bool

	life  context.Context //nolint:containedctx // of the repository: Close ends it, and with it the calls that run
	end   context.CancelFunc
	close func() error
}

func newArtifacts(ctx context.Context, acc *account, at location, readOnly bool) *Artifacts {
	a := &Artifacts{account: acc, location: at, tree: acc.tree(at.bucket), readOnly: readOnly}
	a.life, a.end = context.WithCancel(context.WithoutCancel(ctx))
	a.close = sync.OnceValue(acc.release)
	return a
}

// Describe says what the repository promises.
func (a *Artifacts) Describe(ctx context.Context) (core.Info, error) {
	_, done, err := a.begin(ctx)
	if err != nil {
		return core.Info{}, core.Do("describe artifacts", a.bucket, err)
	}
	done()
	return core.Info{
		Name: "s3", Version: Version, Contract: core.ContractVersion,
		Capabilities: core.CapabilitiesOf(a, promises()...), Limits: limits(),
	}, nil
}

// promises are those that S3 can keep. It tells times in whole seconds only, so that they are not declared.
func promises() []core.Capability {
	return []core.Capability{core.PutIfAbsent, core.PutAtomic, core.PagesKeyset, core.ArtifactVerbatim}
}

// limits are the contract's, and the size that S3 sets an object.
func limits() core.Limits {
	l := core.DefaultLimits()
	l.ArtifactSize = 5 << 40
	return l
}

// Close ends the calls that run.
func (a *Artifacts) Close() error {
	a.end()
	return core.Do("close artifacts", a.bucket, a.close())
}

// begin is the first thing that a call does. The context that it returns ends with the caller's and with the repository;
// done must be called when the call is over.
func (a *Artifacts) begin(ctx context.Context) (_ context.Context, done func(), _ error) {
	if err := a.alive(ctx); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(a.life, cancel)
	return ctx, func() { stop(); cancel() }, nil
}

// alive says why a call cannot go on.
func (a *Artifacts) alive(ctx context.Context) error {
	if err := core.Interrupted(ctx); err != nil {
		return err
	}
	if a.life.Err() != nil {
		return core.Closed("artifact")
	}
	return nil
}

// failed gives the error of a call its final form: what ended the call counts, not what became of a request by it. For a
// change that a request may nevertheless have made, the outcome stays unknown.
func (a *Artifacts) failed(ctx context.Context, op, path string, err error) error {
	if err == nil {
		return nil
	}
	err = core.Do(op, path, failure(err))
	inner, _ := errors.AsType[*core.Error](err)
	ended := a.alive(ctx)
	if ended == nil || definite(inner) || core.CodeOf(ended) == inner.Code {
		return err
	}
	why, _ := errors.AsType[*core.Error](ended)
	return &core.Error{Code: why.Code, Reason: why.Reason, Op: op, Key: path, Outcome: inner.Outcome, Err: why.Err}
}

// definite reports an error that says something by itself, ended context or not.
func definite(e *core.Error) bool {
	switch e.Code {
	case core.Canceled, core.DeadlineExceeded, core.Unavailable, core.Internal, core.Unknown:
		return false
	default:
		return true
	}
}

func (a *Artifacts) writable() error {
	if a.readOnly {
		return core.Errorf(core.PermissionDenied, "the repository was opened for reading only")
	}
	return nil
}

func (a *Artifacts) key(path string) string { return a.root + path }

// path is the path of a key, if it is one of the repository's.
func (a *Artifacts) path(key string) (string, bool) {
	path, below := strings.CutPrefix(key, a.root)
	return path, below && names.ArtifactPath(path) == nil
}

// Stat describes a file or directory.
func (a *Artifacts) Stat(ctx context.Context, path string) (core.Artifact, error) {
	found, err := a.stat(ctx, path)
	return found, a.failed(ctx, "stat artifact", path, err)
}

func (a *Artifacts) stat(ctx context.Context, path string) (core.Artifact, error) {
	ctx, done, err := a.begin(ctx)
	if err != nil {
		return core.Artifact{}, err
	}
	defer done()
	if err := core.CheckArtifactPath(path); err != nil {
		return core.Artifact{}, err
	}
	head, err := a.head(ctx, path)
	if err == nil {
		return core.Artifact{Path: path, Size: aws.ToInt64(head.ContentLength), SHA256: digestOf(head)}, nil
	}
	if err = failure(err); !errors.Is(err, core.ErrNotFound) {
		return core.Artifact{}, err
	}
	isDir, err := a.isDir(ctx, path)
	switch {
	case err != nil:
		return core.Artifact{}, err
	case isDir:
		return core.Artifact{Path: path, Dir: true}, nil
	}
	return core.Artifact{}, core.Missing("artifact", path)
}

// head asks for the attributes of the object at path.
func (a *Artifacts) head(ctx context.Context, path string) (*s3.HeadObjectOutput, error) {
	key := a.key(path)
	input := &s3.HeadObjectInput{Bucket: &a.bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled}
	if err := a.settings.access(input); err != nil {
		return nil, err
	}
	return a.client.HeadObject(ctx, input)
}

// isDir reports whether there are keys below path.
func (a *Artifacts) isDir(ctx context.Context, path string) (bool, error) {
	below := a.key(path) + "/"
	input := &s3.ListObjectsV2Input{Bucket: &a.bucket, Prefix: &below, MaxKeys: aws.Int32(1)}
	if err := a.settings.access(input); err != nil {
		return false, err
	}
	out, err := a.client.ListObjectsV2(ctx, input)
	if err != nil {
		return false, err
	}
	return len(out.Contents) > 0, nil
}

// Delete removes the object at path and all keys below path/.
func (a *Artifacts) Delete(ctx context.Context, path string, o core.DeleteOptions) error {
	return a.failed(ctx, "delete artifact", path, a.delete(ctx, path, o))
}

func (a *Artifacts) delete(ctx context.Context, path string, o core.DeleteOptions) error {
	ctx, done, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := cmp.Or(core.CheckDelete(path, o), a.writable()); err != nil {
		return err
	}
	defer a.tree.forget() // also before the first key goes, and after an error
	a.tree.forget()
	var keys []string
	below := a.root
	if path != "" {
		keys, below = []string{a.key(path)}, a.key(path)+"/"
	}
	for page, err := range a.pages(ctx, &s3.ListObjectsV2Input{Bucket: &a.bucket, Prefix: &below}) {
		if err != nil {
			return err
		}
		for _, object := range page.Contents {
			keys = append(keys, *object.Key)
		}
		if keys, err = a.deleteFull(ctx, keys); err != nil {
			return err
		}
	}
	return a.deleteKeys(ctx, keys)
}

// mostKeys is how many keys one request lists or deletes.
const mostKeys = 1000

// deleteFull deletes as many keys as fill requests and returns the others.
func (a *Artifacts) deleteFull(ctx context.Context, keys []string) ([]string, error) {
	for len(keys) >= mostKeys {
		if err := a.deleteKeys(ctx, keys[:mostKeys]); err != nil {
			return nil, err
		}
		keys = keys[mostKeys:]
	}
	return keys, nil
}

// deleteKeys deletes up to mostKeys objects. One that is not there is deleted already.
func (a *Artifacts) deleteKeys(ctx context.Context, keys []string) error {
	switch len(keys) {
	case 0:
		return nil
	case 1:
		input := &s3.DeleteObjectInput{Bucket: &a.bucket, Key: &keys[0]}
		if err := a.settings.access(input); err != nil {
			return err
		}
		_, err := a.client.DeleteObject(ctx, input)
		if err = change(err); errors.Is(err, errNoKey) {
			return nil
		}
		return err
	}
	objects := make([]types.ObjectIdentifier, len(keys))
	for i := range keys {
		objects[i].Key = &keys[i]
	}
	input := &s3.DeleteObjectsInput{Bucket: &a.bucket, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)}}
	if err := a.settings.access(input); err != nil {
		return err
	}
	out, err := a.client.DeleteObjects(ctx, input)
	if err != nil {
		return change(err)
	}
	for _, e := range out.Errors {
		if code := aws.ToString(e.Code); code != "NoSuchKey" {
			return codeError(code, aws.ToString(e.Message), 0)
		}
	}
	return nil
}
