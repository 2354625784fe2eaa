package supervise

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"slices"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// Options shape a Supervisor. The zero value is fine.
type Options struct {
	Logger  *slog.Logger // hears what plugins log and what happens to them; nil is nobody
	Environ []string     // the environment from which plugins see what is granted to them; nil is this process's own
	TempDir string       // where the sockets' folder is made; empty is the system's folder for temporary files
	Digests string       // a file that remembers the digests of programs between runs; empty remembers them in memory
	Timing  Timing
	Attach  map[string]Attached // by a plugin's name: a process that somebody else has started, under a debugger say
}

// Supervisor starts, watches, restarts and stops plugins. It is safe for concurrent use.
type Supervisor struct {
	logger  *slog.Logger
	environ []string
	timing  Timing
	room    room
	digests digests
	attach  map[string]Attached

	mu        sync.Mutex
	processes map[string]*process
	closed    bool
}

// New returns a supervisor without any process.
func New(o Options) *Supervisor {
	s := &Supervisor{
		logger: o.Logger, environ: o.Environ, timing: o.Timing.filled(), room: room{within: o.TempDir},
		digests: digests{path: o.Digests}, attach: o.Attach,
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	return s
}

// Plugin is the plugin that the program is. Nothing is started.
func (s *Supervisor) Plugin(p Program) *Plugin { return &Plugin{supervisor: s, program: p} }

// process returns the one process of a program, which need not run.
func (s *Supervisor) process(p Program) (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, core.Closed("plugin")
	}
	environ := s.environ
	if environ == nil {
		environ = os.Environ()
	}
	environ = granted(environ, p.Env)
	key := p.key(environ)
	found, ok := s.processes[key]
	if !ok {
		if s.processes == nil {
			s.processes = map[string]*process{}
		}
		found = newProcess(s, p, environ)
		s.processes[key] = found
	}
	return found, nil
}

// Close stops all processes, and waits until they are gone or Timing.Close is over. Stores that are still open answer
// ErrClosed from then on.
func (s *Supervisor) Close() error {
	s.mu.Lock()
	s.closed = true
	processes := s.processes
	s.processes = nil
	s.mu.Unlock()
	var all sync.WaitGroup
	for _, p := range processes {
		all.Go(p.close)
	}
	all.Wait()
	return s.room.leave()
}

// Status tells of every process that was wanted so far, by name.
func (s *Supervisor) Status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Status
	for _, p := range s.processes {
		all = append(all, p.status())
	}
	slices.SortFunc(all, func(a, b Status) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Path, b.Path)) })
	return all
}

// Plugin opens the stores of one plugin, in its process.
type Plugin struct {
	supervisor *Supervisor
	program    Program
}

var _ core.Opener = (*Plugin)(nil)

// Open opens the stores of a URI in the plugin's process, which it starts if need be.
func (p *Plugin) Open(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
	process, err := p.supervisor.process(p.program)
	if err != nil {
		return core.Backend{}, core.Do("open", request.URI.String(), err)
	}
	return process.open(ctx, request)
}

// Describe asks the plugin what it is.
func (p *Plugin) Describe(ctx context.Context) (core.Manifest, error) {
	process, err := p.supervisor.process(p.program)
	if err != nil {
		return core.Manifest{}, core.Do("describe plugin", p.program.name(), err)
	}
	return process.client.Describe(ctx)
}
