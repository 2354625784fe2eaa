package litedb_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// A file that may not be written, such as one of a backup, can be read without asking for that, as with MLflow.
func TestFileThatMayNotBeWrittenIsRead(t *testing.T) {
	t.Parallel()
	path := guarded(t, "DELETE")
	n, reading, writing := useAsNobody(t.Context(), path)
	if n != 1 || reading != nil {
		t.Errorf("%d rows, error %v, want 1", n, reading)
	}
	if core.CodeOf(writing) != core.PermissionDenied || !strings.Contains(writing.Error(), "may not write to the file") {
		t.Errorf("error %v, want permission denied", writing)
	}
}

// A write-ahead log needs a folder that can be written, also to read.
func TestFolderThatMayNotBeWrittenIsNamed(t *testing.T) {
	t.Parallel()
	path := guarded(t, "WAL")
	_, reading, _ := useAsNobody(t.Context(), path)
	if core.CodeOf(reading) != core.PermissionDenied || !strings.Contains(reading.Error(), "the folder of the database") {
		t.Errorf("error %v, want permission denied that names the folder", reading)
	}
}

// guarded is the path of a database with a table of one row. Nobody but root can write to it or to its folder.
func guarded(t *testing.T, journal string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "PRAGMA journal_mode="+journal+"; CREATE TABLE a (n INTEGER); INSERT INTO a VALUES (1)")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { chmod(t, dir, 0o755) }) // or nobody can remove it
	chmod(t, filepath.Dir(dir), 0o755)
	chmod(t, path, 0o444)
	chmod(t, dir, 0o555)
	return path
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Error(err)
	}
}

// useAsNobody counts the rows and writes another one, with the rights of a user who has none: root may write everywhere.
func useAsNobody(ctx context.Context, path string) (rows int, reading, writing error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends here, and its rights with it
		if reading = unix.Setfsuid(65534); reading != nil {
			return
		}
		var db *litedb.DB
		if db, reading = litedb.Open(ctx, litedb.Options{Path: path}); reading != nil {
			return
		}
		var count, insert sqldb.Batch
		count.Query(sqldb.One(new(bool), &rows), "SELECT COUNT(*) FROM a")
		insert.Exec("INSERT INTO a VALUES (2)")
		reading, writing = db.Fetch(ctx, &count), db.Apply(ctx, &insert)
		reading = errors.Join(reading, db.Close())
	}()
	<-done
	return rows, reading, writing
}
