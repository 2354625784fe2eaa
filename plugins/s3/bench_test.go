//go:build unix

package s3_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/s3"
)

func epoch() time.Time { return time.Unix(0, 0) }

// duel is one piece of work, done by us and by s5cmd on the same files and the same server.
type duel struct {
	b        *testing.B
	dir      string // in memory where there is such a folder
	endpoint string
	store    core.PathTransfer
	list     core.ArtifactRepository
	s5cmd    string
	round    int
}

func newDuel(b *testing.B) *duel {
	b.Helper()
	memory := "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		memory = ""
	}
	dir, err := os.MkdirTemp(memory, "mlstore-s3-") //nolint:usetesting // in memory, where that is to be had
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	d := &duel{b: b, dir: dir, endpoint: startMemoryS3(b), s5cmd: testenv.GoTool(b, "s5cmd")}
	uri, err := core.ParseURI("s3://bucket/ours")
	if err != nil {
		b.Fatal(err)
	}
	o := &s3.Opener{Getenv: func(string) string { return "" }, Journal: b.TempDir()}
	backend, err := o.Open(b.Context(), core.OpenRequest{
		URI: uri, Options: map[string]string{"endpoint_url": d.endpoint},
		Secrets: map[string]core.Secret{"access_key_id": core.NewSecret("k"), "secret_access_key": core.NewSecret("s")},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = backend.Close() })
	d.list = backend.Artifacts
	d.store, _ = core.As[core.PathTransfer](backend.Artifacts)
	return d
}

// startMemoryS3 starts the server in a process of its own, so that its time is not counted as ours.
func startMemoryS3(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=memory")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + strings.TrimSpace(line)
}

// write makes the files of the work.
func (d *duel) write(files, size int) string {
	d.b.Helper()
	from := filepath.Join(d.dir, "from")
	if err := os.Mkdir(from, 0o700); err != nil {
		d.b.Fatal(err)
	}
	content := []byte(noise(size))
	for i := range files {
		if err := os.WriteFile(filepath.Join(from, fmt.Sprintf("%05d.bin", i)), content, 0o600); err != nil {
			d.b.Fatal(err)
		}
	}
	return from
}

// spent is the time that work took, and the processor's time that it took of its process.
type spent struct{ wall, cpu time.Duration }

func (s *spent) add(o spent) { s.wall, s.cpu = s.wall+o.wall, s.cpu+o.cpu }

func (d *duel) theirs(args ...string) spent {
	d.b.Helper()
	cmd := exec.CommandContext(d.b.Context(), d.s5cmd, append([]string{"--endpoint-url", d.endpoint, "--log", "error"}, args...)...)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_REGION=us-east-1")
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		d.b.Fatalf("s5cmd %v: %v\n%s", args, err, out)
	}
	return spent{time.Since(began), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
}

// ours does the work on every file, so many at once.
func (d *duel) ours(workers int, names []string, work func(name string) error) spent {
	d.b.Helper()
	before, began := ownCPU(d.b), time.Now()
	var next atomic.Int64
	var group errgroup.Group
	for range workers {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < int64(len(names)); i = next.Add(1) - 1 {
				if err := work(names[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		d.b.Fatal(err)
	}
	return spent{time.Since(began), ownCPU(d.b) - before}
}

func (d *duel) run(files, size, workers int) {
	b := d.b
	from := d.write(files, size)
	entries, err := os.ReadDir(from)
	if err != nil {
		b.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	var up, down, theirUp, theirDown spent
	for b.Loop() {
		d.round++
		prefix := fmt.Sprintf("%d/", d.round)
		up.add(d.ours(workers, names, func(name string) error {
			f, err := os.Open(filepath.Join(from, name))
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = d.store.PutFile(b.Context(), prefix+name, f, core.PutOptions{})
			return err
		}))
		theirUp.add(d.theirs("cp", from+"/", "s3://bucket/theirs/"+prefix))
		to := filepath.Join(d.dir, "ours")
		if err := os.Mkdir(to, 0o700); err != nil {
			b.Fatal(err)
		}
		down.add(d.ours(workers, d.listed(prefix), func(path string) error {
			f, err := os.Create(filepath.Join(to, filepath.Base(path)))
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = d.store.GetFile(b.Context(), path, f)
			return err
		}))
		d.same(from, to)
		theirDown.add(d.theirs("cp", "s3://bucket/theirs/"+prefix+"*", filepath.Join(d.dir, "theirs")+"/"))
		for _, name := range []string{"ours", "theirs"} {
			if err := os.RemoveAll(filepath.Join(d.dir, name)); err != nil {
				b.Fatal(err)
			}
		}
	}
	report := func(name string, ours, theirs spent) {
		b.ReportMetric(theirs.wall.Seconds()/ours.wall.Seconds(), name+"_x_s5cmd")
		b.ReportMetric(ours.cpu.Seconds()/theirs.cpu.Seconds(), name+"_cpu_of_s5cmd")
		b.ReportMetric(float64(b.N)*float64(files)*float64(size)/1e6/ours.wall.Seconds(), name+"_MB/s")
		b.ReportMetric(float64(b.N)*float64(files)/ours.wall.Seconds(), name+"_files/s")
		b.ReportMetric(float64(ours.cpu.Microseconds())/float64(b.N*files), name+"_cpu_us/file")
	}
	report("up", up, theirUp)
	report("down", down, theirDown)
}

// listed are the paths below prefix; finding them is part of a download.
func (d *duel) listed(prefix string) []string {
	d.b.Helper()
	var all []string
	for a, err := range core.All(d.b.Context(), func(ctx context.Context, o core.PageOptions) (core.Page[core.Artifact], error) {
		return d.list.List(ctx, strings.TrimSuffix(prefix, "/"), core.ListOptions{Recursive: true, PageOptions: o})
	}, core.PageOptions{}) {
		if err != nil {
			d.b.Fatal(err)
		}
		all = append(all, a.Path)
	}
	return all
}

// same compares the last file of two folders, and how many there are.
func (d *duel) same(a, b string) {
	d.b.Helper()
	inA, errA := os.ReadDir(a)
	inB, errB := os.ReadDir(b)
	if errA != nil || errB != nil || len(inA) != len(inB) {
		d.b.Fatalf("%d files and %d came back: %v, %v", len(inA), len(inB), errA, errB)
	}
	name := inA[len(inA)-1].Name()
	want, errA := os.ReadFile(filepath.Join(a, name))
	got, errB := os.ReadFile(filepath.Join(b, name))
	if errA != nil || errB != nil || string(want) != string(got) {
		d.b.Fatalf("%s came back with other bytes: %v, %v", name, errA, errB)
	}
}

// The work of the speed table: many small files, and a big one.
func BenchmarkSmallFiles(b *testing.B) { newDuel(b).run(2000, 4<<10, 32) }

func BenchmarkBigFile(b *testing.B) { newDuel(b).run(1, 512<<20, 1) }
