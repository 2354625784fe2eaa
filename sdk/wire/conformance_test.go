package wire_test

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/project"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/sdk/wire"
)

// serve runs a server of the opener in memory and returns a client of it.
func serve(t testing.TB, manifest core.Manifest, opener core.Opener) *wire.Client {
	t.Helper()
	return wire.NewClient(wire.Together(dial(t, wire.NewServer(manifest, opener, wire.ServerOptions{}))))
}

func dial(t testing.TB, s *wire.Server) *grpc.ClientConn {
	t.Helper()
	server := grpc.NewServer(s.Options()...)
	s.Register(server)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return connect(t, server)
}

// connect serves within memory, until the test ends, and returns a connection.
func connect(t testing.TB, server *grpc.Server) *grpc.ClientConn {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///memory", append(wire.DialOptions(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return conn
}

func open(t conformance.T, opener core.Opener, uri string) core.Backend {
	parsed, err := core.ParseURI(uri)
	if err != nil {
		t.Fatalf("%v", err)
	}
	b, err := opener.Open(t.Context(), core.OpenRequest{URI: parsed})
	if err != nil {
		t.Fatalf("open %s: %v", uri, err)
	}
	return b
}

// harness opens the stores of one kind through an opener.
func harness[S core.Store](opener core.Opener, of func(core.Backend) S) conformance.Harness[S] {
	return conformance.Harness[S]{
		Open:   func(t conformance.T) S { return of(open(t, opener, "mem://suite")) },
		Second: func(t conformance.T, _ S) S { return of(open(t, opener, "mem://suite")) },
		Reopen: func(t conformance.T, old S) S {
			if err := old.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			return of(open(t, opener, "mem://suite"))
		},
	}
}

// TestConformance shows that the reference stores keep the contract through the wire, with the verdicts that they have
// without it.
func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("tracking", func(t *testing.T) {
		t.Parallel()
		same(t, tracking.Suite(), func(b core.Backend) core.TrackingStore { return b.Tracking })
	})
	t.Run("artifacts", func(t *testing.T) {
		t.Parallel()
		same(t, artifact.Suite(), func(b core.Backend) core.ArtifactRepository { return b.Artifacts })
	})
	t.Run("registry", func(t *testing.T) {
		t.Parallel()
		same(t, registrystore.Suite(), func(b core.Backend) core.RegistryStore { return b.Registry })
	})
	t.Run("projects", func(t *testing.T) {
		t.Parallel()
		same(t, project.Suite(), func(b core.Backend) core.ProjectBackend { return b.Projects })
	})
}

func same[S core.Store](t *testing.T, suite conformance.Suite[S], of func(core.Backend) S) {
	t.Helper()
	options := conformance.Options{Level: conformance.Extended, Seed: 1}
	linked := conformance.Run(t.Context(), suite, harness(mem.NewOpener(), of), options)
	wired := conformance.Run(t.Context(), suite, harness(serve(t, core.Manifest{}, mem.NewOpener()), of), options)
	verdicts := map[string]conformance.Verdict{}
	for _, r := range linked.Results {
		verdicts[r.ID] = r.Verdict
	}
	if len(wired.Results) != len(linked.Results) || len(wired.Results) == 0 {
		t.Errorf("%d results through the wire, %d without", len(wired.Results), len(linked.Results))
	}
	for _, r := range wired.Results {
		if r.Verdict != verdicts[r.ID] || r.Verdict == conformance.Fail {
			t.Errorf("%s %s: %v through the wire, %v without: %s", r.ID, r.Name, r.Verdict, verdicts[r.ID], r.Message)
		}
	}
}
