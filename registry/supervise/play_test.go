package supervise_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry/supervise"
	"github.com/mlstore/mlstore/sdk"
	"github.com/mlstore/mlstore/sdk/example"
	"github.com/mlstore/mlstore/sdk/wire"
)

// play is a plugin that misbehaves in one way, or what else the tests start.
func play(way string, args []string) {
	switch way {
	case "host":
		playHost(args[0])
	case "stranger":
		playStranger(args[0])
	case "bare":
		playBare(args[0])
	case "linger", "silent":
		select {}
	case "hello":
		fmt.Println("hello, I am no plugin")
	case "version":
		fmt.Println("test plugin 1.0.0")
	case "panic":
		panic("the plugin cannot go on")
	case "newer":
		speak("1|2|unix|/tmp/nowhere|grpc")
	case "elsewhere":
		speak("1|1|tcp|169.254.169.254:80|grpc")
	case "foreign":
		speak("1|1|unix|/var/run/docker.sock|grpc")
	default:
		misbehave(way)
		sdk.Serve(playPlugin(way, args))
	}
}

// speak prints a handshake and waits for the end.
func speak(line string) {
	fmt.Println(line)
	select {}
}

// misbehave does what a plugin does before it serves.
func misbehave(way string) {
	switch way {
	case "liar", "waiter":
		fmt.Fprintln(os.Stderr, "last words before the wrong answer")
	case "noise":
		fmt.Println("hello from a library that likes to print")
	case "poison":
		for _, line := range poison() {
			fmt.Fprintln(os.Stderr, line)
		}
	case "environ":
		for _, variable := range os.Environ() {
			fmt.Fprintln(os.Stderr, "seen: "+variable)
		}
	case "parent":
		self, err := os.Executable()
		if err != nil {
			panic(err)
		}
		child := exec.Command(self, "play", "linger")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr // it holds what the host reads
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Fprintln(os.Stderr, "child", child.Process.Pid)
	}
}

// playPlugin is the plugin of a way.
func playPlugin(way string, args []string) sdk.Plugin {
	p := example.Plugin()
	rig := fault.NewRig(p.Opener)
	p.Opener = rig
	switch way {
	case "flood":
		rig.Out = &oneLine{os.NewFile(uintptr(duplicate(1)), "stdout")}
	case "mortal":
		p.Opener = opening(func(s core.TrackingStore, r core.OpenRequest) core.TrackingStore {
			return &mortal{s, args[0], r.Secrets["token"].Reveal()}
		})
	case "mem":
		p.Schemes[0].Scheme, p.Schemes[0].Kinds, p.Opener = "mem", []string{"artifacts"}, mem.NewOpener()
	case "everything":
		p.Opener = mem.NewOpener()
		p.Schemes[0].Scheme, p.Schemes[0].Kinds = "mem", []string{"tracking", "artifacts", "registry", "projects"}
	case "stuck":
		below := mem.NewOpener()
		p.Schemes[0].Scheme, p.Schemes[0].Kinds = "mem", []string{"artifacts"}
		p.Opener = core.OpenerFunc(func(ctx context.Context, r core.OpenRequest) (core.Backend, error) {
			b, err := below.Open(ctx, r)
			return core.Backend{Artifacts: &stuck{b.Artifacts}}, err
		})
	case "keeper":
		p.Opener = keeperOpener(args[0])
	case "liar":
		p.Opener = opening(func(s core.TrackingStore, _ core.OpenRequest) core.TrackingStore { return &liar{s} })
	case "slow":
		p.Opener = opening(func(s core.TrackingStore, _ core.OpenRequest) core.TrackingStore { return &slow{TrackingStore: s} })
	}
	return p
}

// opening opens stores of the example and decorates them.
func opening(decorate func(core.TrackingStore, core.OpenRequest) core.TrackingStore) core.Opener {
	below := example.Plugin().Opener
	return core.OpenerFunc(func(ctx context.Context, r core.OpenRequest) (core.Backend, error) {
		plain := r
		plain.Secrets = nil
		b, err := below.Open(ctx, plain)
		if err == nil {
			b.Tracking = decorate(b.Tracking, r)
		}
		return b, err
	})
}

// mortal is a store that ends its process when it is told to, for some calls only the first time.
type mortal struct {
	core.TrackingStore
	dir   string // remembers over the lives of the process which deaths were died
	token string
}

func (m *mortal) die() {
	fmt.Fprintln(os.Stderr, "last words of the store: my token is "+m.token)
	os.Exit(7)
}

func (m *mortal) dieOnce(of string) {
	if os.Mkdir(filepath.Join(m.dir, of), 0o700) == nil {
		m.die()
	}
}

func (m *mortal) Describe(ctx context.Context) (core.Info, error) {
	info, err := m.TrackingStore.Describe(ctx)
	info.Capabilities = append(info.Capabilities, core.IdempotentCreate)
	return info, err
}

func (m *mortal) SearchExperiments(ctx context.Context, q core.ExperimentQuery) (core.Page[core.Experiment], error) {
	if q.Filter == "name = 'die once'" {
		m.dieOnce("read")
	}
	return m.TrackingStore.SearchExperiments(ctx, q)
}

func (m *mortal) LogBatch(context.Context, core.RunID, core.Batch) error {
	m.dieOnce("batch")
	return nil
}

func (m *mortal) CreateRun(_ context.Context, in core.ExperimentID, spec core.RunSpec) (core.Run, error) {
	m.dieOnce("create" + spec.IdempotencyKey)
	return core.Run{RunInfo: core.RunInfo{ID: core.NewRunID(), ExperimentID: in, Status: core.Running, Lifecycle: core.Active}}, nil
}

func (m *mortal) UpdateExperiment(context.Context, core.ExperimentID, core.ExperimentChange) error {
	m.die()
	return nil
}

// liar is a store that answers what was not asked.
type liar struct{ core.TrackingStore }

func (l *liar) Run(_ context.Context, id core.RunID) (core.Run, error) {
	r := core.Run{RunInfo: core.RunInfo{ID: id, ExperimentID: "1", Status: core.Running, Lifecycle: core.Active}}
	switch id {
	case "long":
		r.Tags = map[string]string{"long": strings.Repeat("x", 20<<20)}
	case "other":
		r.ID = "another"
	}
	return r, nil
}

func (l *liar) CreateExperiment(context.Context, core.ExperimentSpec) (core.Experiment, error) {
	return core.Experiment{ID: "../../etc/passwd", Lifecycle: core.Active}, nil
}

func (l *liar) SearchRuns(_ context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	r := core.Run{RunInfo: core.RunInfo{ID: "x", ExperimentID: "1", Status: core.Running, Lifecycle: core.Active}}
	return core.Page[core.Run]{Items: []core.Run{r}[:min(1, max(q.Limit, 0))], Next: "for ever"}, nil
}

// slow is a store that takes 5 ms for a batch, one after the other, as a database with one disk does, and then keeps nothing.
type slow struct {
	core.TrackingStore
	disk sync.Mutex
}

func (s *slow) LogBatch(context.Context, core.RunID, core.Batch) error {
	s.disk.Lock()
	defer s.disk.Unlock()
	diskWrite()
	return nil
}

// stuck is a repository with a file whose bytes never come.
type stuck struct{ core.ArtifactRepository }

func (s *stuck) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	if path != "stuck" {
		return s.ArtifactRepository.Open(ctx, path, o)
	}
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { _ = w.CloseWithError(ctx.Err()) }) // never fails
	return r, nil
}

// keeperOpener opens stores for whoever has the token that the folder holds, which a store may exchange.
func keeperOpener(dir string) core.Opener {
	file := filepath.Join(dir, "token")
	below := opening(func(s core.TrackingStore, _ core.OpenRequest) core.TrackingStore { return &keeper{s, file} })
	return core.OpenerFunc(func(ctx context.Context, r core.OpenRequest) (core.Backend, error) {
		valid, err := os.ReadFile(file)
		if given := r.Secrets["token"].Reveal(); err == nil && string(valid) != given {
			return core.Backend{}, core.Errorf(core.Unauthenticated, "the token %s is not valid", given)
		}
		return below.Open(ctx, r)
	})
}

type keeper struct {
	core.TrackingStore
	file string
}

func (k *keeper) UpdateSecrets(_ context.Context, secrets map[string]core.Secret) error {
	return os.WriteFile(k.file, []byte(secrets["token"].Reveal()), 0o600)
}

// oneLine prints as a library in another language does: to the descriptor itself, and a line that is longer than any buffer.
type oneLine struct{ *os.File }

func (o *oneLine) Write(p []byte) (int, error) {
	return o.File.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("y")))
}

// poison are lines that a parser may trip over: go-plugin's own ends the host on the first.
func poison() []string {
	return []string{
		`{"@message": 1}`, `{"@message": "m", "@timestamp": 5}`, `{"@level": [], "@message": "m"}`, `{"@message": null}`,
		`{"@message": {"a": 1}, "@level": "error"}`, `{`, `{}`, `[]`, `{"@message": "ok", "@level": "no such level"}`, "\x00\xff\xfe", "",
		`{"@timestamp": "2026-01-02T15:04:05Z", "@message": "m", "@level": "warn", "a": {"b": [1, 2]}}`,
		`{"@message": "m", "@level": "error", "@module": 7, "@caller": {}}`, "[ERROR]", "[ERROR] text", "panic", "[TRACE]x",
		`{"@message":"` + "\u2028" + `"}`, `{"@message": "twice", "@message": 2}`, `"text"`,
	}
}

// playHost is a host that opens a store, tells the process of its plugin, and waits for its end.
func playHost(way string) {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	s := supervise.New(supervise.Options{TempDir: os.Getenv("TMPDIR")})
	plugin := s.Plugin(supervise.Program{Name: "test", Path: self, Args: []string{"play", way}})
	uri, err := core.ParseURI("example://a")
	if err != nil {
		panic(err)
	}
	if _, err := plugin.Open(context.Background(), core.OpenRequest{URI: uri}); err != nil {
		panic(err)
	}
	fmt.Println(s.Status()[0].PID)
	select {}
}

// bare answers health checks. One of a long name, which stands for a batch, takes 5 ms.
type bare struct{ *health.Server }

func (b bare) Check(ctx context.Context, r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	if len(r.GetService()) < batchSize {
		return b.Server.Check(ctx, r)
	}
	diskWrite()
	return &grpc_health_v1.HealthCheckResponse{}, nil
}

// batchSize is what a batch of 1000 metrics has on the wire.
const batchSize = 22000

// playBare is a gRPC server with nothing around it.
func playBare(socket string) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		panic(err)
	}
	server, answers := grpc.NewServer(), health.NewServer()
	answers.SetServingStatus("bare", grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, bare{answers})
	fmt.Println("listens")
	if err := server.Serve(listener); err != nil {
		panic(err)
	}
}

// playStranger speaks to a plugin's socket as whoever it runs as, and tells what came of it.
func playStranger(socket string) {
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	_, err = grpc_health_v1.NewHealthClient(conn).Check(context.Background(),
		&grpc_health_v1.HealthCheckRequest{Service: wire.HealthService})
	if err == nil || strings.Contains(err.Error(), "permission denied") {
		fmt.Println("the plugin was reached, or the folder kept it out:", err)
		return
	}
	fmt.Println("refused by the plugin:", err)
}
