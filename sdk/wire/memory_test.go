package wire_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// gauge is a store that measures what is held while a file passes through it.
type gauge struct {
	core.ArtifactRepository
	peak *uint64
}

// look notes how much memory is held now, garbage excluded.
func (g gauge) look() {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	*g.peak = max(*g.peak, m.HeapAlloc)
}

func (g gauge) Put(_ context.Context, path string, r io.Reader, _ core.PutOptions) (core.Artifact, error) {
	size := int64(0)
	buffer := make([]byte, 64<<10)
	for next := int64(8 << 20); ; {
		n, err := r.Read(buffer)
		size += int64(n)
		if size >= next { // the sender goes on while this store is slow
			g.look()
			next += 8 << 20
		}
		if errors.Is(err, io.EOF) {
			return core.Artifact{Path: path, Size: size}, nil
		}
		if err != nil {
			return core.Artifact{}, err
		}
	}
}

func (g gauge) Open(context.Context, string, core.ReadOptions) (io.ReadCloser, error) {
	return io.NopCloser(io.LimitReader(zeroes{}, 96<<20)), nil
}

// TestStreamsHoldLittle: a file of any size passes through both ends within 16 MiB each, however slow the reader is. It
// measures the whole process, so it does not run beside others.
func TestStreamsHoldLittle(t *testing.T) { //nolint:paralleltest // what others hold would count
	peak := uint64(0)
	g := gauge{mem.NewArtifacts(), &peak}
	store := open(t, serve(t, core.Manifest{}, core.OpenerFunc(func(context.Context, core.OpenRequest) (core.Backend, error) {
		return core.Backend{Artifacts: g}, nil
	})), "xx://").Artifacts
	g.look()
	idle := peak
	const most = 2 * 16 << 20
	if _, err := store.Put(t.Context(), "f", io.LimitReader(zeroes{}, 96<<20), core.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if held := peak - idle; held > most {
		t.Errorf("an upload holds %d KiB in both ends", held>>10)
	}
	peak = idle
	file, err := store.Open(t.Context(), "f", core.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for {
		_, err := io.CopyN(io.Discard, file, 8<<20)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		g.look()
	}
	if held := peak - idle; held > most {
		t.Errorf("a download holds %d KiB in both ends", held>>10)
	}
	t.Logf("held: %d KiB", (peak-idle)>>10)
}
