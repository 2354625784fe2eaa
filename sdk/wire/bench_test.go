package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/sdk/wire"
)

// The baseline of every benchmark is package grpc alone, over the same kind of socket with the same options: what it takes
// is the floor, and the ratio to it is reported.

// bare is a service that does nothing: it answers a message with a message, takes a stream and sends one.
func bare() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: "bare", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Echo", Handler: func(
			_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor,
		) (any, error) {
			request := &wrapperspb.BytesValue{}
			return &wrapperspb.BytesValue{Value: request.GetValue()}, decode(request)
		}}},
		Streams: []grpc.StreamDesc{
			{StreamName: "Take", ClientStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
				for {
					frame := &wrapperspb.BytesValue{}
					if err := s.RecvMsg(frame); errors.Is(err, io.EOF) {
						return s.SendMsg(&wrapperspb.BytesValue{})
					} else if err != nil {
						return err
					}
				}
			}},
			{StreamName: "Give", ServerStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
				ask := &wrapperspb.BytesValue{}
				if err := s.RecvMsg(ask); err != nil {
					return err
				}
				frame := &wrapperspb.BytesValue{Value: make([]byte, frame)}
				for sent := 0; sent < benchSize; sent += len(frame.Value) {
					if err := s.SendMsg(frame); err != nil {
						return err
					}
				}
				return nil
			}},
		},
	}
}

const (
	frame     = 1<<20 - 64
	benchSize = 256 << 20
)

// socket serves the opener and the bare service on one Unix socket.
func socket(b *testing.B, opener core.Opener) *grpc.ClientConn {
	b.Helper()
	path := filepath.Join(b.TempDir(), "s")
	listener, err := (&net.ListenConfig{}).Listen(b.Context(), "unix", path)
	if err != nil {
		b.Fatal(err)
	}
	s := wire.NewServer(core.Manifest{}, opener, wire.ServerOptions{})
	server := grpc.NewServer(append(s.Options(), grpc.Creds(wire.PeerCredentials()))...)
	s.Register(server)
	server.RegisterService(bare(), nil)
	go func() { _ = server.Serve(listener) }()
	conn, err := grpc.NewClient("unix:"+path, append(wire.DialOptions(), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		conn.Close()
		server.Stop()
	})
	return conn
}

// against times two things in turns and reports the ratio of the quickest of each: what else the machine does only ever
// makes things slower.
func against(b *testing.B, floor, ours func() error) {
	b.Helper()
	best := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	run := func(i int, do func() error) {
		start := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		best[i] = min(best[i], time.Since(start))
	}
	for b.Loop() {
		run(0, floor)
		run(1, ours)
	}
	b.ReportMetric(float64(best[0].Microseconds()), "floor-µs")
	b.ReportMetric(float64(best[1].Microseconds()), "wire-µs")
	b.ReportMetric(float64(best[1])/float64(best[0]), "×floor")
}

// BenchmarkUnary reads a run of a store in memory. Target: at most 1.5× the floor.
func BenchmarkUnary(b *testing.B) {
	conn := socket(b, mem.NewOpener())
	store, run := newRun(b, conn)
	message := make([]byte, 100)
	against(b, func() error {
		reply := &wrapperspb.BytesValue{}
		return conn.Invoke(b.Context(), "/bare/Echo", &wrapperspb.BytesValue{Value: message}, reply)
	}, func() error {
		_, err := store.Run(b.Context(), run)
		return err
	})
}

func newRun(b *testing.B, conn grpc.ClientConnInterface) (core.TrackingStore, core.RunID) {
	b.Helper()
	uri, err := core.ParseURI("mem://bench")
	if err != nil {
		b.Fatal(err)
	}
	backend, err := wire.NewClient(conn).Open(b.Context(), core.OpenRequest{URI: uri})
	if err != nil {
		b.Fatal(err)
	}
	run, err := backend.Tracking.CreateRun(b.Context(), core.DefaultExperimentID, core.RunSpec{Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	return backend.Tracking, run.ID
}

// slow is a tracking store that takes its time for a batch, as a database does, and then keeps nothing.
type slow struct {
	core.TrackingStore
	takes time.Duration
}

func (s slow) LogBatch(context.Context, core.RunID, core.Batch) error {
	if s.takes > 0 {
		<-time.After(s.takes)
	}
	return nil
}

func slowOpener(takes time.Duration) core.Opener {
	opener := mem.NewOpener()
	return core.OpenerFunc(func(ctx context.Context, r core.OpenRequest) (core.Backend, error) {
		b, err := opener.Open(ctx, r)
		b.Tracking = slow{b.Tracking, takes}
		return b, err
	})
}

func thousand() core.Batch {
	batch := core.Batch{}
	for i := range 1000 {
		batch.Metrics = append(batch.Metrics, core.Metric{
			Key: fmt.Sprintf("train/metric-%d", i%20), Value: float64(i) / 3, Timestamp: core.Millis(1_700_000_000_000 + i), Step: int64(i),
		})
	}
	return batch
}

// BenchmarkBatch logs 1000 metrics to a store that takes no time. Target: at most 600 µs.
func BenchmarkBatch(b *testing.B) {
	conn := socket(b, slowOpener(0))
	store, run := newRun(b, conn)
	batch := thousand()
	message := make([]byte, 22000) // what such a batch has on the wire
	against(b, func() error {
		return conn.Invoke(b.Context(), "/bare/Echo", &wrapperspb.BytesValue{Value: message}, &wrapperspb.BytesValue{})
	}, func() error {
		return store.LogBatch(b.Context(), run, batch)
	})
}

// BenchmarkBatchSlow logs them to a store that takes 5 ms; the floor is that store without a wire. Target: at most 1/0.95.
func BenchmarkBatchSlow(b *testing.B) {
	const takes = 5 * time.Millisecond
	store, run := newRun(b, socket(b, slowOpener(takes)))
	batch := thousand()
	against(b, func() error {
		return slow{takes: takes}.LogBatch(b.Context(), run, batch)
	}, func() error {
		return store.LogBatch(b.Context(), run, batch)
	})
}

// nowhere takes files and forgets them, and yields the same bytes for every file.
type nowhere struct {
	core.ArtifactRepository
	content []byte
}

func (nowhere) Put(_ context.Context, path string, r io.Reader, _ core.PutOptions) (core.Artifact, error) {
	n, err := io.CopyBuffer(writer{}, r, make([]byte, 1<<20))
	return core.Artifact{Path: path, Size: n}, err
}

// writer is io.Discard without its own way of reading.
type writer struct{}

func (writer) Write(p []byte) (int, error) { return len(p), nil }

func (n nowhere) Open(context.Context, string, core.ReadOptions) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(n.content)), nil
}

func streams(b *testing.B) (*grpc.ClientConn, core.ArtifactRepository, []byte) {
	b.Helper()
	content := bytes.Repeat([]byte("0123456789abcdef"), benchSize/16)
	opener := mem.NewOpener()
	conn := socket(b, core.OpenerFunc(func(ctx context.Context, r core.OpenRequest) (core.Backend, error) {
		backend, err := opener.Open(ctx, r)
		backend.Artifacts = nowhere{backend.Artifacts, content}
		return backend, err
	}))
	uri, err := core.ParseURI("mem://bench")
	if err != nil {
		b.Fatal(err)
	}
	backend, err := wire.NewClient(conn).Open(b.Context(), core.OpenRequest{URI: uri})
	if err != nil {
		b.Fatal(err)
	}
	return conn, backend.Artifacts, content
}

// BenchmarkUpload streams 256 MiB, with digests at both ends. Target: at most 1/0.6 of the floor.
func BenchmarkUpload(b *testing.B) {
	conn, store, content := streams(b)
	against(b, func() error {
		s, err := conn.NewStream(b.Context(), &grpc.StreamDesc{ClientStreams: true}, "/bare/Take")
		if err != nil {
			return err
		}
		message := &wrapperspb.BytesValue{Value: content[:frame]}
		for sent := 0; sent < benchSize; sent += frame {
			if err := s.SendMsg(message); err != nil {
				return err
			}
		}
		return errors.Join(s.CloseSend(), s.RecvMsg(&wrapperspb.BytesValue{}))
	}, func() error {
		_, err := store.Put(b.Context(), "f", bytes.NewReader(content), core.PutOptions{})
		return err
	})
}

// BenchmarkDownload likewise.
func BenchmarkDownload(b *testing.B) {
	conn, store, _ := streams(b)
	buffer := make([]byte, 1<<20)
	against(b, func() error {
		s, err := conn.NewStream(b.Context(), &grpc.StreamDesc{ServerStreams: true}, "/bare/Give")
		if err != nil {
			return err
		}
		if err := errors.Join(s.SendMsg(&wrapperspb.BytesValue{}), s.CloseSend()); err != nil {
			return err
		}
		for {
			if err := s.RecvMsg(&wrapperspb.BytesValue{}); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	}, func() error {
		file, err := store.Open(b.Context(), "f", core.ReadOptions{})
		if err != nil {
			return err
		}
		n, err := io.CopyBuffer(writer{}, file, buffer)
		if err == nil && n != benchSize {
			err = fmt.Errorf("%d bytes", n)
		}
		return errors.Join(err, file.Close())
	})
}
