package mlflow

import (
	"cmp"
	"context"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/registry"
)

// session is what the functions of the package work on: one stack of active runs, the active experiment, and the stores
// that were chosen. MLflow 3 keeps a stack for each thread; goroutines have no identity, so here it is one for the process,
// as in MLflow 1 and 2.
type session struct {
	env     Environment
	origin  *origin
	turn    chan struct{} // held while the stack changes, so that two calls without a run start one run and not two
	signals signals

	mu         sync.Mutex // guards what follows, never held during a call to a store
	stack      []*Run     // active runs, the outermost first
	live       map[core.RunID]*Run
	last       core.RunID // the run that was ended last
	experiment core.ExperimentID
	tracking   *string // set by SetTrackingURI
	registry   string  // set by SetRegistryURI
	resolver   *registry.Resolver
	own        *registry.Resolver // the resolver, if finish ends it
	clients    map[choice]*Client
}

func newSession(env Environment) *session {
	return &session{
		env: env, origin: newOrigin(env), turn: make(chan struct{}, 1),
		live: map[core.RunID]*Run{}, clients: map[choice]*Client{},
	}
}

// std is the session of the process, the one global of the package.
var std = newSession(processEnvironment{})

// lock takes the turn to change the stack.
func (s *session) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, core.Interrupted(ctx)
	}
}

// choice is which stores are chosen: what was set, else what the environment says. It is made anew for every call, since both
// may change, and costs no more than looking at them.
type choice struct {
	tracking string // "" is the folder mlruns in dir
	models   string // "" is the tracking store
	dir      string // the working directory, where it matters
}

func (s *session) choose() choice {
	s.mu.Lock()
	tracking, models := s.tracking, s.registry
	s.mu.Unlock()
	var c choice
	if tracking != nil {
		c.tracking = *tracking
	} else {
		c.tracking = getenv(s.env, registry.TrackingVariable)
	}
	c.models = cmp.Or(models, getenv(s.env, registry.RegistryVariable))
	if c.tracking == "" {
		c.dir = workingDir()
	}
	return c
}

// uris are the URIs of the tracking store and of the registry.
func (c choice) uris() (tracking, models core.URI, err error) {
	return storeURIs(registry.Defaults{Tracking: &c.tracking, Registry: c.models, Dir: c.dir})
}

// client is the client of the stores that are chosen now. Clients stay open until the process ends or Finish closes them,
// since handles may still use them.
func (s *session) client(ctx context.Context) (*Client, error) {
	key := s.choose()
	s.mu.Lock()
	c := s.clients[key]
	s.mu.Unlock()
	if c != nil {
		return c, nil
	}
	tracking, models, err := key.uris()
	if err != nil {
		return nil, err
	}
	resolver, err := s.resolving()
	if err != nil {
		return nil, err
	}
	c, err = open(ctx, &Client{
		resolver: resolver, env: s.env, origin: s.origin, trackingURI: tracking, registryURI: models,
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	faster := s.clients[key]
	if faster == nil {
		s.clients[key] = c
	}
	s.mu.Unlock()
	if faster != nil {
		return faster, c.Close()
	}
	return c, nil
}

// resolving is the resolver of all clients. It is made when the first one needs it.
func (s *session) resolving() (*registry.Resolver, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.resolver == nil {
		s.resolver, err = embedded.New()
		s.own = s.resolver
	}
	return s.resolver, err
}

// top is the innermost active run, or nil.
func (s *session) top() *Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.stack) == 0 {
		return nil
	}
	return s.stack[len(s.stack)-1]
}

// active is the active run in the tracking store that is chosen now; one is started when there is none.
func (s *session) active(ctx context.Context) (*Run, error) {
	c, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	if run := s.top(); run != nil {
		return s.moved(run, c), nil
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if run := s.top(); run != nil { // another call was faster
		return s.moved(run, c), nil
	}
	return s.push(ctx, c, RunOptions{})
}

// moved is the run as the client sees it: SetTrackingURI redirects also the run that is active, as in MLflow.
func (s *session) moved(run *Run, c *Client) *Run {
	if run.client == c {
		return run
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	there := &Run{client: c, info: run.info}
	for i, r := range s.stack {
		if r == run {
			s.stack[i], s.live[run.info.ID] = there, there
		}
	}
	return there
}

// start starts a run on top of the stack.
func (s *session) start(ctx context.Context, o RunOptions) (*Run, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	s.mu.Lock()
	var outermost *Run
	if len(s.stack) > 0 {
		outermost = s.stack[0]
	}
	s.mu.Unlock()
	if outermost != nil && !o.Nested {
		return nil, core.State(outermost.info.ID, "Run with UUID %s is already active. To start a new run, first end the "+
			"current run with EndRun. To start a nested run, call StartRun with Nested: true", outermost.info.ID)
	}
	c, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	return s.push(ctx, c, o)
}

// push starts a run and puts it on the stack. The caller has the turn.
func (s *session) push(ctx context.Context, c *Client, o RunOptions) (*Run, error) {
	at := place{experiment: s.activeExperiment()}
	if top := s.top(); top != nil {
		at.top = top.info.ID
	}
	run, err := c.start(ctx, o, at)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.stack = append(s.stack, run)
	s.live[run.info.ID] = run
	s.mu.Unlock()
	s.signals.watch(ctx, s)
	return run, nil
}

func (s *session) activeExperiment() core.ExperimentID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.experiment
}

// end ends the active run, if there is one. Like MLflow it takes the run from the stack first: when the store fails, the run
// is no longer active here and still RUNNING there.
func (s *session) end(ctx context.Context, status core.RunStatus) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if s.top() == nil {
		return nil
	}
	return s.pop(ctx, status)
}

// endThrough ends the run and those nested in it that are still active; nothing when it is not active.
func (s *session) endThrough(ctx context.Context, id core.RunID, status core.RunStatus) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for s.depth(id) > 0 && err == nil {
		err = s.pop(ctx, status)
	}
	return err
}

// depth is how many runs are on the stack from the top down to the run; 0 when it is not there.
func (s *session) depth(id core.RunID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, run := range s.stack {
		if run.info.ID == id {
			return len(s.stack) - i
		}
	}
	return 0
}

// pop takes the top of the stack and ends it. The caller has the turn.
func (s *session) pop(ctx context.Context, status core.RunStatus) error {
	if err := s.env.Unsetenv(runIDVariable); err != nil {
		return core.Do("end run", "", err)
	}
	s.mu.Lock()
	run := s.stack[len(s.stack)-1]
	s.stack = s.stack[:len(s.stack)-1]
	s.last = run.info.ID
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.live, run.info.ID)
		empty := len(s.live) == 0
		s.mu.Unlock()
		if empty {
			s.signals.rest()
		}
	}()
	c, err := s.client(ctx)
	if err != nil {
		return err
	}
	ended := run
	if run.client != c {
		ended = &Run{client: c, info: run.info}
	}
	return joined(ended.End(ctx, status), run.closeArtifacts())
}

// setExperiment makes an experiment the active one.
func (s *session) setExperiment(ctx context.Context, ref core.ExperimentRef) (core.Experiment, error) {
	c, err := s.client(ctx)
	if err != nil {
		return core.Experiment{}, err
	}
	experiment, err := c.activate(ctx, ref)
	if err != nil {
		return core.Experiment{}, core.Do("set experiment", ref.Name+string(ref.ID), err)
	}
	if err := s.env.Setenv(experimentIDVariable, string(experiment.ID)); err != nil {
		return core.Experiment{}, core.Do("set experiment", string(experiment.ID), err)
	}
	s.mu.Lock()
	s.experiment = experiment.ID
	s.mu.Unlock()
	return experiment, nil
}

// resolved is the active experiment, else that of the environment.
func (s *session) resolved(ctx context.Context) (*Client, core.ExperimentID, error) {
	c, err := s.client(ctx)
	if err != nil {
		return nil, "", err
	}
	if id := s.activeExperiment(); id != "" {
		return c, id, nil
	}
	id, err := c.environmentExperiment(ctx)
	return c, id, err
}

// setTracking chooses the tracking store of the calls that follow, here and in child processes.
func (s *session) setTracking(uri string) error {
	if _, err := core.ParseURI(uri); err != nil {
		return core.Do("set tracking URI", "", err)
	}
	if err := s.env.Setenv(registry.TrackingVariable, uri); err != nil {
		return core.Do("set tracking URI", "", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tracking = &uri
	return nil
}

// setRegistry chooses the model registry likewise; "" goes back to the default.
func (s *session) setRegistry(uri string) error {
	if _, err := core.ParseURI(uri); err != nil {
		return core.Do("set registry URI", "", err)
	}
	if uri != "" {
		if err := s.env.Setenv(registry.RegistryVariable, uri); err != nil {
			return core.Do("set registry URI", "", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.registry = uri
	return nil
}

func (s *session) trackingSet() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tracking != nil || getenv(s.env, registry.TrackingVariable) != ""
}

// finish ends what is open at the end of the program: the active run as FINISHED, as Python does at exit, or, when the
// program panics, all active runs as FAILED. Then it closes the stores.
func (s *session) finish(ctx context.Context, panicking bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCall)
	defer cancel()
	var err error
	if panicking {
		for s.top() != nil {
			err = joined(err, s.end(ctx, core.Failed))
		}
	} else {
		err = s.end(ctx, core.Finished)
	}
	s.mu.Lock()
	clients, own := s.clients, s.own
	s.clients, s.live, s.stack = map[choice]*Client{}, map[core.RunID]*Run{}, nil
	if own != nil {
		s.resolver, s.own = nil, nil
	}
	s.mu.Unlock()
	s.signals.rest()
	for _, c := range clients {
		err = joined(err, c.Close())
	}
	if own != nil {
		err = joined(err, own.Close())
	}
	return err
}
