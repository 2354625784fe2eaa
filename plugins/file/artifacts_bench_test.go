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
	"github.com/mlstore/mlstore/plugins/file"
)

// BenchmarkSmallArtifacts stores 1,000 artifacts of 4 KiB in ten directories, as a client does that uploads a folder with
// eight uploads at once, and beside it copies them as `cp -r` would if it flushed each file and each directory. It reports
// how many times as long the store takes.
func BenchmarkSmallArtifacts(b *testing.B) {
	const count, directories, uploads = 1000, 10, 8
	content := bytes.Repeat([]byte("x"), 4096)
	var store, plain time.Duration
	for b.Loop() {
		began := time.Now()
		copyFiles(b, b.TempDir(), count, directories, content)
		plain += time.Since(began)

		a, err := file.NewArtifacts(filepath.Join(b.TempDir(), "artifacts"), file.ArtifactsOptions{})
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
}

// copyFiles writes files one after the other and flushes each, and at the end the directories.
func copyFiles(b *testing.B, dir string, count, directories int, content []byte) {
	b.Helper()
	for d := range directories {
		if err := os.Mkdir(filepath.Join(dir, fmt.Sprintf("d%d", d)), 0o750); err != nil {
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
