package supervise_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
)

// BenchmarkUnary is a call of a store in a plugin's process, beside a bare gRPC call to another process over the same kind
// of socket. The two are measured in turns, so that what else the machine does hits both.
func BenchmarkUnary(b *testing.B) {
	ctx := b.Context()
	store := benchStore(b, supervise.Program{Name: "example", Path: buildExample(b, shortDir(b))})
	bare := barePeer(b)
	health := grpc_health_v1.NewHealthClient(bare)
	calls := []func() error{
		func() error {
			_, err := store.Experiment(ctx, core.ExperimentRef{ID: "1"})
			return err
		},
		func() error {
			_, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "bare"})
			return err
		},
	}
	const round = 50
	took := make([][]time.Duration, len(calls))
	b.ResetTimer()
	for i := range b.N {
		which := i / round % len(calls)
		began := time.Now()
		if err := calls[which](); err != nil {
			b.Fatal(err)
		}
		took[which] = append(took[which], time.Since(began))
	}
	if b.N < 2*round {
		return
	}
	process, other := median(took[0]), median(took[1])
	b.ReportMetric(float64(process.Microseconds()), "µs/process-p50")
	b.ReportMetric(float64(other.Microseconds()), "µs/bare-p50")
	b.ReportMetric(float64(process)/float64(other), "x-bare")
}

// BenchmarkBatch logs 1000 metrics to a store that takes 5 ms for them, in a plugin's process and in turns without one, and
// sends as many bytes in a bare gRPC call to another process, which takes as long. One caller shows what the process adds to
// a batch: at most 0.6 ms, which alone is a tenth of the time. Four callers show what the store gets done: at least 95 % of
// its rate without a process, since the wire carries one batch while the store works at another.
func BenchmarkBatch(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	process := benchStore(b, supervise.Program{Name: "slow", Path: self, Args: []string{"play", "slow"}})
	linked := &slow{TrackingStore: process}
	health := grpc_health_v1.NewHealthClient(barePeer(b))
	long := strings.Repeat("x", batchSize)
	batch := core.Batch{Metrics: make([]core.Metric, 1000)}
	for i := range batch.Metrics {
		batch.Metrics[i] = core.Metric{
			Key: fmt.Sprintf("train/metric-%d", i%20), Value: float64(i) / 3, Timestamp: core.Millis(1_700_000_000_000 + i), Step: int64(i),
		}
	}
	there := func() error { return process.LogBatch(b.Context(), "any", batch) }
	here := func() error { return linked.LogBatch(b.Context(), "any", batch) }
	plain := func() error {
		_, err := health.Check(b.Context(), &grpc_health_v1.HealthCheckRequest{Service: long})
		return err
	}
	b.Run("one caller", func(b *testing.B) {
		took := inTurns(b, there, here, plain)
		b.ReportMetric(float64((took[0] - took[1]).Microseconds()), "µs/added-p50")
		b.ReportMetric(float64((took[2] - took[1]).Microseconds()), "µs/bare-added-p50")
		b.ReportMetric(100*float64(took[1])/float64(took[0]), "%-of-in-process")
		b.ReportMetric(100*float64(took[1])/float64(took[2]), "%-bare")
	})
	b.Run("four callers", func(b *testing.B) {
		took := inTurns(b, four(there), four(here))
		b.ReportMetric(100*float64(took[1])/float64(took[0]), "%-of-in-process")
	})
}

// four makes ten calls by each of four callers.
func four(call func() error) func() error {
	return func() error {
		var all sync.WaitGroup
		var errs [4]error
		for i := range errs {
			all.Go(func() {
				for range 10 {
					errs[i] = errors.Join(errs[i], call())
				}
			})
		}
		all.Wait()
		return errors.Join(errs[:]...)
	}
}

// inTurns makes the calls in turns and returns the median time of each.
func inTurns(b *testing.B, calls ...func() error) []time.Duration {
	b.Helper()
	took := make([][]time.Duration, len(calls))
	for b.Loop() {
		for i, call := range calls {
			began := time.Now()
			if err := call(); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(began))
		}
	}
	medians := make([]time.Duration, len(calls))
	for i := range calls {
		medians[i] = median(took[i])
	}
	return medians
}

// BenchmarkColdStart is the time from nothing to the first answer of a plugin, its digest being remembered, beside the time
// in which the same program prints its version.
func BenchmarkColdStart(b *testing.B) {
	dir := shortDir(b)
	program := buildExample(b, dir)
	digests := filepath.Join(dir, "digests.json")
	pinned := supervise.Program{Name: "example", Path: program, Digest: digestOf(b, program)}
	start := func() time.Duration {
		s := supervise.New(supervise.Options{TempDir: dir, Digests: digests})
		began := time.Now()
		_, err := s.Plugin(pinned).Describe(b.Context())
		took := time.Since(began)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		return took
	}
	for range time.Tick(100 * time.Millisecond) { // until the program has been there for long enough
		if start(); exists(digests) {
			break
		}
	}
	var starts, versions []time.Duration
	b.ResetTimer()
	for range b.N {
		starts = append(starts, start())
		began := time.Now()
		if err := exec.CommandContext(b.Context(), program, "version").Run(); err != nil {
			b.Fatal(err)
		}
		versions = append(versions, time.Since(began))
	}
	cold, plain := median(starts), median(versions)
	b.ReportMetric(float64(cold.Microseconds())/1000, "ms/start-p50")
	b.ReportMetric(float64(plain.Microseconds())/1000, "ms/version-p50")
	b.ReportMetric(float64(cold)/float64(plain), "x-exec")
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func shortDir(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("", "b") //nolint:usetesting // a socket's path must be short
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func buildExample(b *testing.B, dir string) string {
	b.Helper()
	path := filepath.Join(dir, "mlstore-plugin-example")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", path, "github.com/mlstore/mlstore/sdk/example/cmd/mlstore-plugin-example")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build the example: %v\n%s", err, out)
	}
	return path
}

// benchStore is a store of the program, which is the example or like it, with one experiment.
func benchStore(b *testing.B, program supervise.Program) core.TrackingStore {
	b.Helper()
	s := supervise.New(supervise.Options{TempDir: shortDir(b)})
	b.Cleanup(func() { _ = s.Close() })
	uri, err := core.ParseURI("example://bench")
	if err != nil {
		b.Fatal(err)
	}
	backend, err := s.Plugin(program).Open(b.Context(), core.OpenRequest{URI: uri})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := backend.Tracking.CreateExperiment(b.Context(), core.ExperimentSpec{Name: "one"}); err != nil {
		b.Fatal(err)
	}
	return backend.Tracking
}

// barePeer is a connection to a bare gRPC server in another process.
func barePeer(b *testing.B) *grpc.ClientConn {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	socket := filepath.Join(shortDir(b), "socket")
	ctx, cancel := context.WithCancel(b.Context())
	cmd := exec.CommandContext(ctx, self, "play", "bare", socket)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, "listens") {
		b.Fatalf("the bare server says %q, %v", line, err)
	}
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return conn
}
