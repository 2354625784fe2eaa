package litedb_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

func open(t testing.TB, o litedb.Options) *litedb.DB {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "a.db")
	}
	db, err := litedb.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func apply(t testing.TB, db sqldb.DB, sql string, args ...any) {
	t.Helper()
	var b sqldb.Batch
	b.Exec(sql, args...)
	if err := db.Apply(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, db sqldb.DB, sql string, args ...any) int {
	t.Helper()
	var b sqldb.Batch
	var n int
	var found bool
	b.Query(sqldb.One(&found, &n), sql, args...)
	if err := db.Fetch(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWritersShareACommitButNotAFailure(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", litedb.Memory} {
		db := open(t, litedb.Options{Path: path})
		apply(t, db, "CREATE TABLE a (n INTEGER PRIMARY KEY)")
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				err := db.Write(t.Context(), func(tx sqldb.Tx) error {
					if _, err := tx.Exec(t.Context(), "INSERT INTO a VALUES ($1)", i); err != nil {
						return err
					}
					switch i % 4 {
					case 1:
						return core.Invalid("n", "refused")
					case 2:
						_, err := tx.Exec(t.Context(), "INSERT INTO a VALUES ($1)", i)
						return err
					case 3:
						panic("at work")
					}
					return nil
				})
				want := []error{nil, core.ErrInvalid, core.ErrExists, core.ErrInternal}[i%4]
				if !errors.Is(err, want) {
					t.Errorf("writer %d: got %v, want %v", i, err, want)
				}
			})
		}
		wg.Wait()
		if n := count(t, db, "SELECT count(*) FROM a"); n != 50 {
			t.Errorf("%d rows, want the 50 of those that succeeded", n)
		}
	}
}

func TestValuesComeBack(t *testing.T) {
	t.Parallel()
	db := open(t, litedb.Options{})
	apply(t, db, "CREATE TABLE a (i BIGINT, f FLOAT, b BOOLEAN, s VARCHAR(5), y BLOB)")
	in := sqldb.Insert{Table: "a", Columns: []sqldb.Column{
		{Name: "i", Type: "bigint"}, {Name: "f", Type: "float8"}, {Name: "b", Type: "bool"}, {Name: "s", Type: "text"},
	}}
	var ints sqldb.List[int64]
	var floats sqldb.List[float64]
	var bools sqldb.List[bool]
	var texts sqldb.Nullable[string]
	for i := range 123 {
		ints, floats, bools = append(ints, int64(i)<<50), append(floats, float64(i)/3), append(bools, i%2 == 0)
		texts = append(texts, nil)
		if i%3 == 0 {
			texts[i] = new(fmt.Sprint("é\x00", i))
		}
	}
	in.Columns[0].Values, in.Columns[1].Values, in.Columns[2].Values, in.Columns[3].Values = ints, floats, bools, texts
	var b sqldb.Batch
	b.Insert(sqldb.SQLite, in)
	if err := db.Apply(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	var rest sqldb.Batch
	at := 0
	rest.Query(sqldb.Each(func(r sqldb.Rows) error {
		var i int64
		var f float64
		var b bool
		var s *string
		if err := r.Scan(&i, &f, &b, &s); err != nil {
			return err
		}
		if i != ints[at] || f != floats[at] || b != bools[at] || (s == nil) != (texts[at] == nil) || s != nil && *s != *texts[at] {
			t.Errorf("row %d: %d %v %t %v", at, i, f, b, s)
		}
		at++
		return nil
	}), "SELECT i, f, b, s FROM a ORDER BY rowid")
	rest.Query(nil, "SELECT 1")
	if err := db.Fetch(t.Context(), &rest); err != nil || at != 123 {
		t.Fatalf("%d rows, %v", at, err)
	}
	if n := count(t, db, "SELECT count(*) FROM a WHERE "+sqldb.SQLite.In("i", 1), []int64{0, 1 << 50, 7}); n != 2 {
		t.Errorf("In found %d", n)
	}
}

func TestReadersSeeOneSnapshot(t *testing.T) {
	t.Parallel()
	db := open(t, litedb.Options{})
	apply(t, db, "CREATE TABLE a (n INTEGER)")
	err := db.Read(t.Context(), func(tx sqldb.Tx) error {
		for range 2 {
			r, err := tx.Query(t.Context(), "SELECT count(*) FROM a")
			if err != nil {
				return err
			}
			var n int
			for r.Next() {
				if err := r.Scan(&n); err != nil {
					return err
				}
			}
			r.Close()
			if n != 0 || r.Err() != nil {
				t.Errorf("%d rows, %v", n, r.Err())
			}
			apply(t, db, "INSERT INTO a VALUES (1)")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, "SELECT count(*) FROM a"); n != 2 {
		t.Errorf("%d rows afterwards", n)
	}
}

func TestReadOnlyAndClosed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	if _, err := litedb.Open(t.Context(), litedb.Options{Path: path, ReadOnly: true}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a missing file: %v", err)
	}
	apply(t, open(t, litedb.Options{Path: path}), "CREATE TABLE a (n INTEGER)")
	db := open(t, litedb.Options{Path: path, ReadOnly: true})
	var b sqldb.Batch
	b.Exec("INSERT INTO a VALUES (1)")
	if err := db.Apply(t.Context(), &b); !errors.Is(err, core.ErrPermission) {
		t.Errorf("a write: %v", err)
	}
	if err := db.Fetch(t.Context(), &b); !errors.Is(err, core.ErrPermission) {
		t.Errorf("a write as a read: %v", err)
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := db.Fetch(t.Context(), &b); !errors.Is(err, core.ErrClosed) {
		t.Errorf("a read of a closed database: %v", err)
	}
}

func TestInterruptedCalls(t *testing.T) {
	t.Parallel()
	db := open(t, litedb.Options{})
	apply(t, db, "CREATE TABLE a (n INTEGER)")
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO a VALUES (1)"); err != nil {
			return err
		}
		cancel()
		_, err := tx.Exec(ctx, "INSERT INTO a VALUES (1)")
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a write: %v", err)
	}
	if err := db.Write(ctx, func(sqldb.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a write that never began: %v", err)
	}
	var b sqldb.Batch
	ctx, cancel = context.WithCancel(t.Context())
	b.Query(sqldb.Each(func(sqldb.Rows) error { cancel(); return nil }),
		"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) SELECT n FROM c")
	if err := db.Fetch(ctx, &b); !errors.Is(err, context.Canceled) {
		t.Errorf("an endless read: %v", err)
	}
	if n := count(t, db, "SELECT count(*) FROM a"); n != 0 {
		t.Errorf("%d rows", n)
	}
}
