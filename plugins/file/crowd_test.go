package file_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

const (
	crowdSize     = 8
	crowdRun      = "1r1"
	crowdVariable = "MLSTORE_FILE_CROWD" // "<number of the process> <seconds>"
)

// crowdActs are what several processes do at once.
func crowdActs() map[string]func(dir string) error {
	return map[string]func(dir string) error{"crowd": member}
}

// member logs to one run until its time is over, and says of each change on standard output that it was acknowledged.
func member(dir string) error {
	var number, seconds int
	if _, err := fmt.Sscan(os.Getenv(crowdVariable), &number, &seconds); err != nil {
		return err
	}
	durability := file.Durable
	if number%2 > 0 {
		durability = file.Relaxed
	}
	s, err := file.NewTracking(dir, file.TrackingOptions{Durability: durability})
	if err != nil {
		return err
	}
	ctx := context.Background()
	for i, end := 0, time.Now().Add(time.Duration(seconds)*time.Second); time.Now().Before(end); i++ {
		step := int64(number*10_000_000 + i*10)
		point := func(key string, n int64) core.Metric {
			return core.Metric{Key: key, Step: step + n, Value: float64(step)}
		}
		if err := s.LogBatch(ctx, crowdRun, core.Batch{Metrics: []core.Metric{point("shared", 0)}}); err != nil {
			return err
		}
		fmt.Println("point", step)
		if i%10 > 0 {
			continue
		}
		// A batch: the points of both metrics belong together, and the tags name the process twice.
		who := strconv.Itoa(number)
		if err := s.LogBatch(ctx, crowdRun, core.Batch{
			Metrics: []core.Metric{point("shared", 1), point("batch/a", 1), point("batch/b", 1)},
			Tags:    []core.Tag{{Key: "first", Value: who}, {Key: "second/below", Value: who}},
		}); err != nil {
			return err
		}
		fmt.Println("point", step+1)
		if err := compete(ctx, s, i/10, who); err != nil {
			return err
		}
		r, err := s.Run(ctx, crowdRun)
		if err != nil {
			return err
		}
		if r.Tags["first"] != r.Tags["second/below"] || r.Metrics["batch/a"].Step != r.Metrics["batch/b"].Step {
			return fmt.Errorf("half a batch is seen: %v, %v", r.Tags, r.Metrics)
		}
	}
	return s.Close()
}

// compete sets a param and creates an experiment that every process wants to be the first with.
func compete(ctx context.Context, s *file.Tracking, round int, who string) error {
	key := fmt.Sprintf("param/%d", round)
	switch err := s.LogBatch(ctx, crowdRun, core.Batch{Params: []core.Param{{Key: key, Value: who}}}); {
	case err == nil:
		fmt.Println("param", key, who)
	case !errors.Is(err, core.ErrInvalid):
		return err
	}
	if round%8 > 0 {
		return nil
	}
	name := fmt.Sprintf("experiment %d", round)
	switch _, err := s.CreateExperiment(ctx, core.ExperimentSpec{Name: name}); {
	case err == nil:
		fmt.Println("experiment", name)
	case !errors.Is(err, core.ErrExists):
		return err
	}
	return nil
}

// TestCrowd lets eight processes, every other one of them relaxed, and a writer that keeps no locks, log to one run. Every
// acknowledged point is there once, no line is torn, batches are whole, and each name and param has one winner.
// MLSTORE_KILL=all makes it last 30 s.
func TestCrowd(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mlruns")
	prepareStore(t, dir)
	seconds := 5
	if os.Getenv("MLSTORE_KILL") == "all" {
		seconds = 30
	}
	results := make(chan []string, crowdSize)
	for number := range crowdSize {
		go func() { results <- joinCrowd(t, dir, number, seconds) }()
	}
	foreign := make(chan []string)
	go func() { foreign <- strangerLogs(t, dir, seconds) }()
	var said []string
	for range crowdSize {
		said = append(said, <-results...)
	}
	said = append(said, <-foreign...)
	judgeCrowd(t, dir, said)
	if problems := leftovers(t, dir); len(problems) > 0 {
		t.Errorf("left %v", problems)
	}
}

func joinCrowd(t *testing.T, dir string, number, seconds int) []string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Error(err)
		return nil
	}
	cmd := exec.CommandContext(t.Context(), program, dir)
	cmd.Env = append(os.Environ(), childVariable+"=crowd", fmt.Sprintf("%s=%d %d", crowdVariable, number, seconds))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("process %d: %v", number, err)
	}
	return said
}

// strangerLogs appends to the metric file as MLflow does: without any lock, a line a write.
func strangerLogs(t *testing.T, dir string, seconds int) []string {
	t.Helper()
	name := filepath.Join(dir, "1", crowdRun, "metrics", "shared")
	var said []string
	for i, end := 0, time.Now().Add(time.Duration(seconds)*time.Second); time.Now().Before(end); i++ {
		step := 900_000_000 + i
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			_, err = fmt.Fprintf(f, "0 1.0 %d\n", step)
			_ = f.Close()
		}
		if err != nil {
			t.Error(err)
			return nil
		}
		said = append(said, fmt.Sprint("point ", step))
		time.Sleep(time.Millisecond) // the pace of a training run
	}
	return said
}

func judgeCrowd(t *testing.T, dir string, said []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "1", crowdRun, "metrics", "shared"))
	check(t, err)
	seen := map[string]int{}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || !strings.HasSuffix(line, "\n") {
			t.Fatalf("a torn line: %q", line)
		}
		seen[fields[2]]++
	}
	s := openTracking(t, dir)
	r, err := s.Run(t.Context(), crowdRun)
	check(t, err)
	points, won := 0, map[string]string{}
	for _, line := range said {
		kind, rest, _ := strings.Cut(line, " ")
		switch kind {
		case "point":
			points++
			if seen[rest] != 1 {
				t.Errorf("the point of step %s is there %d times", rest, seen[rest])
			}
		case "param":
			key, who, _ := strings.Cut(rest, " ")
			if other, twice := won[key]; twice && other != who {
				t.Errorf("processes %s and %s both were the first with param %s", other, who, key)
			}
			won[key] = who
			if r.Params[key] != who {
				t.Errorf("param %s is %q, want that of process %s", key, r.Params[key], who)
			}
		case "experiment":
			if _, twice := won[rest]; twice {
				t.Errorf("%s was created twice", rest)
			}
			won[rest] = ""
		}
	}
	if points != len(seen) {
		t.Errorf("%d points are there, %d were acknowledged", len(seen), points)
	}
	all, err := s.SearchExperiments(t.Context(), core.ExperimentQuery{View: core.AllStages})
	check(t, err)
	names := make([]string, 0, len(all.Items))
	for _, e := range all.Items {
		names = append(names, e.Name)
	}
	slices.Sort(names)
	if twice := len(names) - len(slices.Compact(names)); twice > 0 {
		t.Errorf("%d names of experiments are there twice", twice)
	}
	t.Logf("%d points, %d params and experiments", points, len(won))
}
