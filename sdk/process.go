package sdk

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/mlstore/mlstore/sdk/heap"
	"github.com/mlstore/mlstore/sdk/wire"
)

const (
	farewell = 500 * time.Millisecond // for what is open when the host is gone; then the program ends nevertheless
	drainage = 5 * time.Second        // for calls that run when the program is asked to end, and again for what is open then
)

// serve serves the plugin to the host that has started this process.
func serve(p Plugin) int {
	heap.Patient(heap.Served)
	signal.Ignore(os.Interrupt) // Ctrl-C is meant for the host
	stdout, stderr := os.Stdout, os.Stderr
	handshake, err := keepStdout()
	if err != nil {
		return say(stderr, exitBroke, "keep standard output for the handshake: %v\n", err)
	}
	os.Stdout = handshake // where go-plugin prints it
	logger := newLogger(stderr)
	slog.SetDefault(logger)
	s := newService(p, logger)
	s.greeted = sync.OnceFunc(func() { os.Stdout, os.Stderr = stdout, stderr })
	if os.Getenv(wire.LifelineVariable) != "" {
		go s.followLifeline(os.Stdin)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM) // before anybody can know that the program runs
	go s.heed(end)
	config := s.config()
	config.Logger = hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: stderr, JSONFormat: true})
	plugin.Serve(config)
	return s.end()
}

// service is a plugin that is being served.
type service struct {
	plugin.NetRPCUnsupportedPlugin
	wire    *wire.Server
	logger  *slog.Logger
	server  atomic.Pointer[grpc.Server]
	greeted func() // called before the first call; nil is nothing
}

var _ plugin.GRPCPlugin = (*service)(nil)

func newService(p Plugin, logger *slog.Logger) *service {
	return &service{wire: wire.NewServer(p.Manifest(), p.Opener, wire.ServerOptions{Logger: logger}), logger: logger}
}

func (s *service) config() *plugin.ServeConfig {
	return &plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: wire.ProtocolVersion, MagicCookieKey: wire.CookieName, MagicCookieValue: wire.CookieValue,
		},
		Plugins:    plugin.PluginSet{wire.HealthService: s},
		GRPCServer: s.newServer,
	}
}

// newServer makes the server on which go-plugin registers its own services, and GRPCServer ours.
func (s *service) newServer(options []grpc.ServerOption) *grpc.Server {
	if runtime.GOOS != "windows" { // there it is TCP, and go-plugin's certificates
		options = append(options, grpc.Creds(&greeting{wire.PeerCredentials(), s.greeted}))
	}
	server := grpc.NewServer(append(options, s.wire.Options()...)...)
	s.server.Store(server)
	return server
}

// greeting undoes what go-plugin does after its own greeting: it lets os.Stdout and os.Stderr be pipes that end in messages
// to the host, in which the last words of a plugin that crashes are lost. Both are standard error (keepStdout), which the
// host reads to its end.
type greeting struct {
	credentials.TransportCredentials
	greeted func()
}

// ServerHandshake is the first thing that happens on a connection.
func (g *greeting) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if g.greeted != nil {
		g.greeted()
	}
	return g.TransportCredentials.ServerHandshake(conn)
}

// GRPCServer registers the services.
func (s *service) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	s.wire.Register(server)
	return nil
}

// GRPCClient is the host's side.
func (s *service) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("this is the plugin's side")
}

// followLifeline ends the program when the host's end of the pipe breaks: the host has ended, or wants this program to.
func (s *service) followLifeline(stdin io.Reader) {
	_, _ = io.Copy(io.Discard, stdin)
	s.stop(farewell)
}

// heed ends the program on a signal, after its calls have ended.
func (s *service) heed(signals <-chan os.Signal) {
	<-signals
	ctx, cancel := context.WithTimeout(context.Background(), drainage) // the process is the root of its own end
	defer cancel()
	if err := s.wire.Drain(ctx); err != nil {
		s.logger.WarnContext(ctx, "calls did not end in time", "error", err)
	}
	s.stop(drainage)
}

// stop ends the serving, after which serve returns. The program ends after limit even when something in it does not.
func (s *service) stop(limit time.Duration) {
	time.AfterFunc(limit, func() {
		leave()
		os.Exit(exitBroke)
	})
	if server := s.server.Load(); server != nil {
		server.Stop()
		return
	}
	os.Exit(exitDone) // the host was gone before the first call
}

// end closes what is still open.
func (s *service) end() int {
	code := exitDone
	if err := s.wire.Close(); err != nil {
		s.logger.Error("stores did not close", "error", err)
		code = exitBroke
	}
	leave()
	return code
}

// leave removes the socket, and its folder if nothing else is in it. The host has made the folder for this process.
func leave() {
	dir := os.Getenv(wire.SocketDirVariable)
	if dir == "" {
		return
	}
	sockets, _ := filepath.Glob(filepath.Join(dir, "plugin*")) // as go-plugin calls them; the pattern is a good one
	for _, path := range append(sockets, dir) {
		_ = os.Remove(path) //nolint:gosec // see above
	}
}
