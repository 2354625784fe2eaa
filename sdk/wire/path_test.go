//go:build unix

package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/sdk/wire"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/pluginv1"
)

// paths is a repository in memory that reads and writes local files by itself.
type paths struct{ *mem.Artifacts }

func (p paths) PutFile(ctx context.Context, path string, from *os.File, o core.PutOptions) (core.Artifact, error) {
	return p.Put(ctx, path, io.NewSectionReader(from, 0, 1<<40), o)
}

func (p paths) GetFile(ctx context.Context, path string, to *os.File) (core.Artifact, error) {
	found, err := p.Stat(ctx, path)
	if err != nil {
		return found, err
	}
	from, err := p.Open(ctx, path, core.ReadOptions{})
	if err != nil {
		return found, err
	}
	defer from.Close()
	_, err = io.Copy(to, from)
	return found, err
}

func pathOpener() core.Opener {
	store := paths{mem.NewArtifacts()}
	return core.OpenerFunc(func(context.Context, core.OpenRequest) (core.Backend, error) {
		return core.Backend{Artifacts: paths{store.Reopen()}}, nil
	})
}

func TestPathTransfer(t *testing.T) {
	t.Parallel()
	store := open(t, serve(t, core.Manifest{}, pathOpener()), "xx://").Artifacts
	transfer := as[core.PathTransfer](t, store)
	dir := t.TempDir()
	content := []byte(strings.Repeat("hello", 1000))
	name := filepath.Join(dir, "from")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("from", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"from", "link"} {
		from, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		if _, err := from.Seek(17, io.SeekStart); err != nil { // where the file stands does not matter
			t.Fatal(err)
		}
		stored, err := transfer.PutFile(t.Context(), name, from, core.PutOptions{})
		if err != nil || stored.Size != int64(len(content)) || stored.Path != name {
			t.Fatalf("%s: %+v, %v", name, stored, err)
		}
	}
	to, err := os.Create(filepath.Join(dir, "to"))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if _, err := transfer.GetFile(t.Context(), "from", to); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(to.Name()); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	if _, err := transfer.GetFile(t.Context(), "from", to); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("into a file that is not empty: %v", err)
	}
	empty, err := os.Create(filepath.Join(dir, "empty"))
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	if _, err := transfer.GetFile(t.Context(), "nowhere", empty); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("an artifact that is not there: %v", err)
	}
}

// TestUnreachableFilesAreUnsupported: a file that the plugin cannot open is the caller's to stream.
func TestUnreachableFilesAreUnsupported(t *testing.T) {
	t.Parallel()
	transfer := as[core.PathTransfer](t, open(t, serve(t, core.Manifest{}, pathOpener()), "xx://").Artifacts)
	dir := t.TempDir()
	gone, err := os.Create(filepath.Join(dir, "gone"))
	if err != nil {
		t.Fatal(err)
	}
	defer gone.Close()
	if err := os.Remove(gone.Name()); err != nil {
		t.Fatal(err)
	}
	folder, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	for _, file := range []*os.File{gone, folder} {
		if _, err := transfer.PutFile(t.Context(), "f", file, core.PutOptions{}); !errors.Is(err, core.ErrUnsupported) {
			t.Errorf("%s: got %v, want ErrUnsupported", file.Name(), err)
		}
	}
}

// TestAnotherFileIsNotOpened: the plugin reads the very file that it was told, or none.
func TestAnotherFileIsNotOpened(t *testing.T) {
	t.Parallel()
	conn := dial(t, wire.NewServer(core.Manifest{}, pathOpener(), wire.ServerOptions{}))
	opened, err := pluginv1.NewLifecycleServiceClient(conn).Open(t.Context(), &pluginv1.OpenRequest{Uri: "xx://"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), wire.InstanceKey, opened.GetInstanceId())
	client := artifactv1.NewPathTransferServiceClient(conn)
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	if err := os.WriteFile(name, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink("f", filepath.Join(dir, "link")), syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600)); err != nil {
		t.Fatal(err)
	}
	describe := func() *artifactv1.LocalFile {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		stat := info.Sys().(*syscall.Stat_t)
		device := uint64(stat.Dev) //nolint:unconvert // an int32 on some systems
		return &artifactv1.LocalFile{
			Path: name, Device: device, Inode: stat.Ino, Size: info.Size(), ModTimeNs: info.ModTime().UnixNano(),
		}
	}
	if _, err := client.PutFile(ctx, &artifactv1.PutFileRequest{Path: "good", File: describe()}); err != nil {
		t.Fatalf("the file as it is: %v", err)
	}
	for what, change := range map[string]func(*artifactv1.LocalFile){
		"device":   func(f *artifactv1.LocalFile) { f.Device++ },
		"inode":    func(f *artifactv1.LocalFile) { f.Inode++ },
		"size":     func(f *artifactv1.LocalFile) { f.Size++ },
		"time":     func(f *artifactv1.LocalFile) { f.ModTimeNs -= int64(time.Second) },
		"relative": func(f *artifactv1.LocalFile) { f.Path = "f" },
		"link":     func(f *artifactv1.LocalFile) { f.Path = filepath.Join(dir, "link") },
		"pipe":     func(f *artifactv1.LocalFile) { f.Path = filepath.Join(dir, "pipe") },
		"folder":   func(f *artifactv1.LocalFile) { f.Path = dir },
		"missing":  func(f *artifactv1.LocalFile) { f.Path = filepath.Join(dir, "missing") },
		"nothing":  func(f *artifactv1.LocalFile) { f.Path = "" },
	} {
		file := describe()
		change(file)
		_, put := client.PutFile(ctx, &artifactv1.PutFileRequest{Path: "bad", File: file})
		_, get := client.GetFile(ctx, &artifactv1.GetFileRequest{Path: "good", File: file})
		if status.Code(put) != codes.Unimplemented || status.Code(get) != codes.Unimplemented {
			t.Errorf("%s: got %v and %v, want UNIMPLEMENTED", what, put, get)
		}
	}
	if content, err := os.ReadFile(name); err != nil || string(content) != "hello" {
		t.Errorf("the file was changed: %q, %v", content, err)
	}
}
