package wire_test

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/sdk/wire"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/pluginv1"
)

// greedy is a store that trusts the size it was told: it stops reading there and publishes.
type greedy struct{ core.ArtifactRepository }

func (g greedy) Put(ctx context.Context, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	if o.Size != nil {
		r = io.LimitReader(r, *o.Size)
	}
	o.Size = nil
	return g.ArtifactRepository.Put(ctx, path, r, o)
}

func greedyOpener() core.Opener {
	opener := mem.NewOpener()
	return core.OpenerFunc(func(ctx context.Context, r core.OpenRequest) (core.Backend, error) {
		b, err := opener.Open(ctx, r)
		b.Artifacts = greedy{b.Artifacts}
		return b, err
	})
}

func begin(size int64) *artifactv1.UploadRequest {
	return &artifactv1.UploadRequest{Frame: &artifactv1.UploadRequest_Begin{Begin: &artifactv1.UploadBegin{Path: "f", Size: &size}}}
}

func data(text string) *artifactv1.UploadRequest {
	return &artifactv1.UploadRequest{Frame: &artifactv1.UploadRequest_Data{Data: []byte(text)}}
}

func commit(size int64, text string) *artifactv1.UploadRequest {
	return &artifactv1.UploadRequest{Frame: &artifactv1.UploadRequest_Commit{
		Commit: &artifactv1.UploadCommit{Size: size, Crc32: crc32.ChecksumIEEE([]byte(text))},
	}}
}

// TestNothingIsPublishedWithoutItsCommit sends frames as a broken client would.
func TestNothingIsPublishedWithoutItsCommit(t *testing.T) {
	t.Parallel()
	type frames = []*artifactv1.UploadRequest
	for name, test := range map[string]struct {
		frames frames
		want   error // nil: it is published
	}{
		"good":                 {frames{begin(10), data("hello"), data("world"), commit(10, "helloworld")}, nil},
		"empty":                {frames{begin(0), commit(0, "")}, nil},
		"no commit":            {frames{begin(10), data("hello"), data("world")}, core.ErrAborted},
		"no commit, no data":   {frames{begin(0)}, core.ErrAborted},
		"nothing":              {nil, core.ErrAborted},
		"short":                {frames{begin(10), data("hello"), commit(10, "helloworld")}, core.ErrDataLoss},
		"another size":         {frames{begin(10), data("helloworld"), commit(9, "helloworld")}, core.ErrDataLoss},
		"another checksum":     {frames{begin(10), data("helloworld"), commit(10, "hello")}, core.ErrDataLoss},
		"no begin":             {frames{data("hello"), commit(5, "hello")}, core.ErrInvalid},
		"two begins":           {frames{begin(5), begin(5), data("hello"), commit(5, "hello")}, core.ErrInvalid},
		"begin in the middle":  {frames{begin(5), data("hello"), begin(5), commit(5, "hello")}, core.ErrInvalid},
		"a frame without data": {frames{begin(5), data("hello"), data(""), commit(5, "hello")}, core.ErrInvalid},
		"no frame at all":      {frames{begin(5), data("hello"), {}, commit(5, "hello")}, core.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, wire.NewServer(core.Manifest{}, greedyOpener(), wire.ServerOptions{}))
			opened, err := pluginv1.NewLifecycleServiceClient(conn).Open(t.Context(), &pluginv1.OpenRequest{Uri: "mem://x"})
			if err != nil {
				t.Fatal(err)
			}
			ctx := metadata.AppendToOutgoingContext(t.Context(), wire.InstanceKey, opened.GetInstanceId())
			client := artifactv1.NewArtifactServiceClient(conn)
			stream, err := client.Upload(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, frame := range test.frames {
				if err := stream.Send(frame); err != nil && !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
			}
			_, err = stream.CloseAndRecv()
			store := open(t, wire.NewClient(conn), "mem://x").Artifacts
			_, missing := store.Stat(t.Context(), "f")
			if test.want == nil {
				if err != nil || missing != nil {
					t.Errorf("got %v, %v", err, missing)
				}
				return
			}
			if got := core.Code(status.Code(err)); got != core.CodeOf(test.want) || !errors.Is(missing, core.ErrNotFound) {
				t.Errorf("got %v, want %v; the file: %v", err, test.want, missing)
			}
		})
	}
}

func TestUploadThatCannotBeReadPublishesNothing(t *testing.T) {
	t.Parallel()
	store := open(t, serve(t, core.Manifest{}, mem.NewOpener()), "mem://x").Artifacts
	broken := errors.New("disk on fire")
	for _, good := range []int64{0, 10, 3 << 20} {
		from := io.MultiReader(io.LimitReader(zeroes{}, good), iotest.ErrReader(broken))
		if _, err := store.Put(t.Context(), "f", from, core.PutOptions{}); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: got %v, want %v", good, err, broken)
		}
		if _, err := store.Stat(t.Context(), "f"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("after %d bytes: the file: %v", good, err)
		}
	}
	// What a reader yields together with its end belongs to the file.
	stored, err := store.Put(t.Context(), "f", iotest.DataErrReader(strings.NewReader("hello")), core.PutOptions{})
	if err != nil || stored.Size != 5 {
		t.Errorf("got %+v, %v", stored, err)
	}
	if _, err := store.Put(t.Context(), "g", stuck{}, core.PutOptions{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that yields nothing: %v", err)
	}
}

// stuck yields neither bytes nor an end.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// watched is a file that never ends and tells when it is closed.
type watched struct {
	zeroes
	closed chan struct{}
}

func (w watched) Close() error {
	close(w.closed)
	return nil
}

type endlessFiles struct {
	core.ArtifactRepository
	file watched
}

func (e endlessFiles) Open(context.Context, string, core.ReadOptions) (io.ReadCloser, error) {
	return e.file, nil
}

// TestAbandonedDownloadEndsInThePlugin: who stops reading stops the plugin too.
func TestAbandonedDownloadEndsInThePlugin(t *testing.T) {
	t.Parallel()
	for name, abandon := range map[string]func(context.CancelFunc, io.Closer){
		"closed":    func(_ context.CancelFunc, c io.Closer) { c.Close() },
		"cancelled": func(cancel context.CancelFunc, _ io.Closer) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := watched{closed: make(chan struct{})}
			store := open(t, serve(t, core.Manifest{}, core.OpenerFunc(func(context.Context, core.OpenRequest) (core.Backend, error) {
				return core.Backend{Artifacts: endlessFiles{mem.NewArtifacts(), file}}, nil
			})), "xx://").Artifacts
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			reader, err := store.Open(ctx, "f", core.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			if _, err := io.ReadFull(reader, make([]byte, 3<<20)); err != nil {
				t.Fatal(err)
			}
			abandon(cancel, reader)
			<-file.closed
			if _, err := io.Copy(io.Discard, reader); err == nil {
				t.Error("reading on succeeds")
			}
		})
	}
}
