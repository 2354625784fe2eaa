package sdktest

import (
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/test/bufconn"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
	"github.com/mlstore/mlstore/sdk"
	"github.com/mlstore/mlstore/sdk/wire"
)

// way is one way to a plugin.
type way struct {
	transport conformance.Transport
	plugin    sdk.Plugin
	options   Options
	opener    core.Opener
	log       *record

	rigged core.Opener // over a wire: the plugin with fault.Rig on the far side
	newer  core.Opener // over a wire whose messages have fields that nobody knows

	program   supervise.Program     // of a process
	processes *supervise.Supervisor // of the program
	rigs      *supervise.Supervisor // of programs with fault.Rig
}

// waysOf makes the ways that the options ask for. They end with the test.
func waysOf(t *testing.T, p sdk.Plugin, o Options) []way {
	t.Helper()
	var all []way
	for _, transport := range o.Transports {
		w := way{transport: transport, plugin: p, options: o, opener: p.Opener, log: &record{}}
		switch transport {
		case conformance.Linked:
		case conformance.Wire:
			w.opener = overWire(t, p, w.log)
			rig := p
			rig.Opener = fault.NewRig(p.Opener)
			w.rigged = overWire(t, rig, w.log)
			w.newer = overWire(t, p, w.log, newerCodec())
		case conformance.Process:
			w.program, w.processes, w.rigs = ProgramOf(t, p, o), hostFor(t, w.log), hostFor(t, w.log)
			w.opener = w.processes.Plugin(w.program)
		default:
			t.Fatalf("there is no transport %q", transport)
		}
		all = append(all, w)
	}
	return all
}

// hostFor is a host that a test may end the plugins of as often as it likes.
func hostFor(t *testing.T, log *record) *supervise.Supervisor {
	t.Helper()
	s := supervise.New(supervise.Options{
		Logger: slog.New(slog.NewTextHandler(log, nil)),
		Timing: supervise.Timing{Crashes: -1, MaxBackoff: 100 * time.Millisecond},
	})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("stopping the plugin: %v", err)
		}
	})
	return s
}

// Wire serves the plugin over a wire within this process, until the test ends, and returns the other end.
func Wire(t *testing.T, p sdk.Plugin) *wire.Client {
	t.Helper()
	return overWire(t, p, &record{})
}

// overWire serves the plugin with the codec given, or the usual one.
func overWire(t *testing.T, p sdk.Plugin, log *record, codec ...encoding.CodecV2) *wire.Client {
	t.Helper()
	const buffer = 256 << 10
	listener := bufconn.Listen(buffer)
	server := wire.NewServer(p.Manifest(), p.Opener, wire.ServerOptions{Logger: slog.New(slog.NewTextHandler(log, nil))})
	serving, calling := server.Options(), wire.DialOptions()
	for _, c := range codec {
		serving = append(serving, grpc.ForceServerCodecV2(c))
		calling = append(calling, grpc.WithDefaultCallOptions(grpc.ForceCodecV2(c)))
	}
	g := grpc.NewServer(serving...)
	server.Register(g)
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()
	calling = append(calling, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	conn, err := grpc.NewClient("passthrough:///"+p.Name, calling...)
	if err != nil {
		t.Fatalf("connect to the plugin: %v", err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Errorf("closing the connection: %v", err)
		}
		g.Stop()
		if err := <-served; err != nil {
			t.Errorf("serving: %v", err)
		}
		if err := server.Close(); err != nil {
			t.Errorf("closing the plugin's stores: %v", err)
		}
	})
	return wire.NewClient(wire.Together(conn))
}

// ProgramOf is the plugin's program, which is built first if Options.Package says so.
func ProgramOf(t *testing.T, p sdk.Plugin, o Options) supervise.Program {
	t.Helper()
	program := supervise.Program{Name: p.Name, Path: o.Program, Env: p.Env}
	switch {
	case o.Program != "":
	case o.Package != "":
		program.Path = filepath.Join(t.TempDir(), "mlstore-plugin-"+p.Name)
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program.Path, o.Package).CombinedOutput(); err != nil {
			t.Fatalf("go build %s: %v\n%s", o.Package, err, out)
		}
	default:
		self, err := os.Executable()
		if err != nil {
			t.Fatalf("find the test binary: %v", err)
		}
		program.Path, program.Args = self, []string{p.Name}
	}
	return program
}
