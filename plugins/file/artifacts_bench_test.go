package file_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/file"
)

// BenchmarkSmallArtifacts stores 1,000 artifacts of 4 KiB in ten directories, eight at once, as a client does that uploads a
// folder, and one after the other, and beside it copies them as `cp -r` would if it flushed each file and each directory. It
// reports how many times as long the store takes.
func BenchmarkSmallArtifacts(b *testing.B) {
	for _, uploads := range []int{8, 1} {
		b.Run(fmt.Sprint(uploads, " at once"), func(b *testing.B) { storeSmall(b, uploads) })
	}
}

func storeSmall(b *testing.B, uploads int) {
	b.Helper()
	const count, directories = 1000, 10
	content := bytes.Repeat([]byte("x"), 4096)
	dir := testenv.QuietDir(b)
	var store, plain time.Duration
	for round := 0; b.Loop(); round++ {
		began := time.Now()
		copyFiles(b, filepath.Join(dir, fmt.Sprint("plain", round)), directories, count, content)
		plain += time.Since(began)

		a, err := file.NewArtifacts(filepath.Join(dir, fmt.Sprint("artifacts", round)), file.ArtifactsOptions{})
		if err != nil {
			b.Fatal(err)
		}
		began = time.Now()
		var group sync.WaitGroup
		for upload := range uploads {
			group.Go(func() {
				for i := upload; i < count; i += uploads {
					name := fmt.Sprintf("d%d/f%d", i%directories, i)
					if _, err := a.Put(b.Context(), name, bytes.NewReader(content), core.PutOptions{}); err != nil {
						b.Error(err)
					}
				}
			})
		}
		group.Wait()
		store += time.Since(began)
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(store.Seconds()/plain.Seconds(), "x-cp")
	b.ReportMetric(float64(store.Milliseconds())/float64(b.N), "ms/1000-files")
	b.ReportMetric(0, "ns/op") // both together: says nothing
}

// copyFiles writes files one after the other and flushes each, and at the end the directories.
func copyFiles(b *testing.B, dir string, directories, count int, content []byte) {
	b.Helper()
	for d := range directories {
		if err := os.MkdirAll(filepath.Join(dir, fmt.Sprintf("d%d", d)), 0o750); err != nil {
			b.Fatal(err)
		}
	}
	for i := range count {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("d%d", i%directories), fmt.Sprintf("f%d", i)))
		if err == nil {
			_, err = f.Write(content)
		}
		if err == nil {
			err = f.Sync()
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	for d := range directories {
		f, err := os.Open(filepath.Join(dir, fmt.Sprintf("d%d", d)))
		if err == nil {
			err = f.Sync()
			_ = f.Close()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
