package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire"
)

// start runs the program and returns when it can be spoken to.
func (p *process) start(ctx context.Context, number uint64) (*life, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timing.Start)
	defer cancel()
	binary, err := openBinary(ctx, p.program, &p.supervisor.digests)
	if err != nil {
		return nil, err
	}
	defer binary.file.Close()
	dir, err := p.supervisor.room.enter()
	if err != nil {
		return nil, p.failed(err.Error(), nil).as(core.NoEffect)
	}
	run := newProgram(p.program, binary, p.journal, p.environ)
	client := plugin.NewClient(clientConfig(run, dir, p.timing.Start))
	cleanup := sync.OnceFunc(func() {
		client.Kill()
		if run.sockets != "" {
			_ = os.RemoveAll(run.sockets) // go-plugin leaves it behind when the program could not be started
		}
	})
	conn, err := connect(ctx, client, run)
	if err == nil && !binary.stands(p.program.Path) {
		err = swapped(p.program, "it was changed while it was being started")
	}
	if err != nil {
		_ = run.Kill(ctx)
		cleanup()
		return nil, p.startFault(err, run)
	}
	l := &life{
		number: number, program: run, conn: wire.Together(conn), cleanup: cleanup, began: time.Now(), ended: make(chan struct{}),
	}
	return l, nil
}

// clientConfig is that of go-plugin's client. Everything that it would do with the program, our runner does.
func clientConfig(run *program, dir string, limit time.Duration) *plugin.ClientConfig {
	options := wire.DialOptions()
	overTCP := runtime.GOOS == "windows"
	if !overTCP {
		options = append(options, grpc.WithTransportCredentials(wire.PeerCredentials()))
	}
	return &plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: wire.ProtocolVersion, MagicCookieKey: wire.CookieName, MagicCookieValue: wire.CookieValue,
		},
		Plugins:          plugin.PluginSet{wire.HealthService: connection{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		SkipHostEnv:      true,
		StartTimeout:     limit,
		AutoMTLS:         overTCP,
		Logger:           hclog.NewNullLogger(),
		SyncStdout:       &lines{note: run.journal.stdout},
		SyncStderr:       &lines{note: run.journal.stderr},
		GRPCDialOptions:  options,
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: dir},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, dir string) (runner.Runner, error) {
			run.equip(cmd.Env, dir)
			return run, nil
		},
	}
}

// connection is a plugin in go-plugin's sense, of which only the connection is wanted.
type connection struct{ plugin.NetRPCUnsupportedPlugin }

func (connection) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this is the host's side")
}

func (connection) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

// connect starts the client and returns its connection, or the context's error when that ends first.
func connect(ctx context.Context, client *plugin.Client, run *program) (grpc.ClientConnInterface, error) {
	type outcome struct {
		conn grpc.ClientConnInterface
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		protocol, err := client.Client()
		if err != nil {
			done <- outcome{err: err}
			return
		}
		conn, err := protocol.Dispense(wire.HealthService)
		if err != nil {
			done <- outcome{err: err}
			return
		}
		done <- outcome{conn: conn.(grpc.ClientConnInterface)} //nolint:forcetypeassert // connection.GRPCClient made it
	}()
	select {
	case o := <-done:
		return o.conn, o.err
	case <-ctx.Done():
		_ = run.Kill(ctx) // which ends the client's waiting too
		<-done
		return nil, core.Interrupted(ctx)
	}
}

// startFault says why a start failed, as well as it can be known.
func (p *process) startFault(err error, run *program) error {
	if _, isOurs := asFault(err); isOurs {
		return err
	}
	if want, got := fmt.Sprintf("1|%d", wire.ProtocolVersion), run.greeting.versions(); got != "" && got != want {
		return (&fault{
			plugin: p.program.name(), reason: ReasonProtocol,
			cause: fmt.Sprintf("it speaks version %s of the handshake, and this host version %s: install a release of it for this host",
				got, want),
		}).as(core.NoEffect)
	}
	end, ended := run.ended()
	cause := "it could not be started: " + strings.TrimSpace(err.Error())
	switch {
	case run.process() == 0: // the system refused to run it
	case run.greeting.versions() != "":
	case errors.Is(err, context.DeadlineExceeded):
		cause = fmt.Sprintf("it said nothing within %v of its start", p.timing.Start)
	case errors.Is(err, context.Canceled):
		cause = "its start was given up"
	case ended:
		cause = "it is no plugin, or broke before it could be spoken to: " + end
	}
	if stray := run.greeting.before(); stray != "" {
		cause += fmt.Sprintf("; it printed %q on standard output, which belongs to the handshake: print to standard error", cut(stray))
	}
	return p.failed(cause, run.journal.last()).as(core.NoEffect)
}

func (p *process) failed(cause string, lines []string) *fault {
	return &fault{plugin: p.program.name(), reason: ReasonStart, cause: cause, lines: lines}
}

// cut shortens what an error repeats.
func cut(text string) string {
	const most = 200
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
