package pgdb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

func open(t testing.TB, uri string) *pgdb.DB {
	t.Helper()
	db, err := pgdb.Open(t.Context(), pgdb.Config{URI: uri})
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

func TestValuesComeBack(t *testing.T) {
	t.Parallel()
	db := open(t, testenv.Postgres(t))
	apply(t, db, "CREATE TABLE a (i bigint, f float8, b bool, s text)")
	var ints sqldb.List[int64]
	var floats sqldb.List[float64]
	var bools sqldb.List[bool]
	var texts sqldb.Nullable[string]
	for i := range 123 {
		ints, floats, bools = append(ints, int64(i)<<50), append(floats, float64(i)/3), append(bools, i%2 == 0)
		texts = append(texts, nil)
		if i%3 == 0 {
			texts[i] = new(fmt.Sprint("é", i))
		}
	}
	in := sqldb.Insert{Table: "a", Columns: []sqldb.Column{
		{Name: "i", Type: "bigint", Values: ints},
		{Name: "f", Type: "float8", Values: floats},
		{Name: "b", Type: "bool", Values: bools},
		{Name: "s", Type: "text", Values: texts},
	}}
	var b sqldb.Batch
	b.Insert(sqldb.Postgres, in)
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
	}), "SELECT i, f, b, s FROM a ORDER BY i")
	rest.Query(nil, "SELECT 1")
	if err := db.Fetch(t.Context(), &rest); err != nil || at != 123 {
		t.Fatalf("%d rows, %v", at, err)
	}
	if n := count(t, db, "SELECT count(*) FROM a WHERE "+sqldb.Postgres.In("i", 1), []int64{0, 1 << 50, 7}); n != 2 {
		t.Errorf("In found %d", n)
	}
}

func TestReadersSeeOneSnapshot(t *testing.T) {
	t.Parallel()
	db := open(t, testenv.Postgres(t))
	apply(t, db, "CREATE TABLE a (n int)")
	err := db.Read(t.Context(), func(tx sqldb.Tx) error {
		for last := range 3 {
			var n int
			var b sqldb.Batch
			b.Last = last == 2
			b.Query(sqldb.Each(func(r sqldb.Rows) error { return r.Scan(&n) }), "SELECT count(*) FROM a")
			if err := tx.Do(t.Context(), &b); err != nil {
				return err
			}
			if n != 0 {
				t.Errorf("%d rows", n)
			}
			apply(t, db, "INSERT INTO a VALUES (1)")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, "SELECT count(*) FROM a"); n != 3 {
		t.Errorf("%d rows afterwards", n)
	}
}

func TestTransactionsThatFailLeaveNothing(t *testing.T) {
	t.Parallel()
	db := open(t, testenv.Postgres(t))
	apply(t, db, "CREATE TABLE a (n int PRIMARY KEY)")
	for name, f := range map[string]func(tx sqldb.Tx) error{
		"refused": func(sqldb.Tx) error { return core.Invalid("n", "refused") },
		"taken": func(tx sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO a VALUES (1)")
			return err
		},
		"last": func(tx sqldb.Tx) error {
			b := sqldb.Batch{Last: true}
			b.Exec("INSERT INTO a VALUES (1)")
			b.Exec("INSERT INTO a VALUES (2)")
			return tx.Do(t.Context(), &b)
		},
	} {
		err := db.Write(t.Context(), func(tx sqldb.Tx) error {
			if _, err := tx.Exec(t.Context(), "INSERT INTO a VALUES (1)"); err != nil {
				return err
			}
			return f(tx)
		})
		e, ok := errors.AsType[*core.Error](err)
		if !ok || e.Outcome != core.NoEffect || !errors.Is(err, core.ErrInvalid) && !errors.Is(err, core.ErrExists) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var b sqldb.Batch
	b.Exec("INSERT INTO a VALUES (1)")
	b.Exec("INSERT INTO a VALUES (1)")
	if err := db.Apply(t.Context(), &b); !errors.Is(err, core.ErrExists) {
		t.Errorf("a batch: %v", err)
	}
	if n := count(t, db, "SELECT count(*) FROM a"); n != 0 {
		t.Errorf("%d rows", n)
	}
}

// TestRacesAreRepeated also runs where every transaction is serializable.
func TestRacesAreRepeated(t *testing.T) {
	t.Parallel()
	uri := testenv.Postgres(t)
	for _, level := range []string{"read committed", "serializable"} {
		setting := "deadlock_timeout=10&default_transaction_isolation=" + strings.ReplaceAll(level, " ", "%20")
		db := open(t, with(uri, setting))
		apply(t, db, "DROP TABLE IF EXISTS a")
		apply(t, db, "CREATE TABLE a (k text PRIMARY KEY, n int)")
		apply(t, db, "INSERT INTO a VALUES ('x', 0), ('y', 0)")
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				first, second := "x", "y"
				if worker%2 == 0 { // the other way round: some wait for each other
					first, second = second, first
				}
				for range 5 {
					err := db.Write(t.Context(), func(tx sqldb.Tx) error {
						if _, err := tx.Exec(t.Context(), "UPDATE a SET n = n + 1 WHERE k = $1", first); err != nil {
							return err
						}
						_, err := tx.Exec(t.Context(), "UPDATE a SET n = n + 1 WHERE k = $1", second)
						return err
					})
					if err != nil {
						t.Errorf("%s: %v", level, err)
					}
				}
			})
		}
		wg.Wait()
		if n := count(t, db, "SELECT sum(n)::int FROM a"); n != 80 {
			t.Errorf("%s: the sum is %d", level, n)
		}
	}
}

func with(uri, setting string) string {
	if strings.Contains(uri, "?") {
		return uri + "&" + setting
	}
	return uri + "?" + setting
}

func TestCallsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	db := open(t, testenv.Postgres(t))
	ctx, cancel := context.WithCancel(t.Context())
	apply(t, db, "CREATE TABLE a (n int)")
	done := make(chan error)
	go func() {
		done <- db.Write(ctx, func(tx sqldb.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO a SELECT 1 FROM pg_sleep(60)")
			return err
		})
	}()
	for count(t, db, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO a SELECT%'") == 0 {
		t.Log("it has not begun yet")
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	slow := open(t, with(testenv.Postgres(t), "statement_timeout=50"))
	var b sqldb.Batch
	b.Exec("SELECT pg_sleep(60)")
	if err := slow.Fetch(t.Context(), &b); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a statement over its time: %v", err)
	}
}

func TestCloseEndsCalls(t *testing.T) {
	t.Parallel()
	uri := testenv.Postgres(t)
	db, watch := open(t, uri), open(t, uri)
	done := make(chan error)
	go func() {
		var b sqldb.Batch
		b.Exec("SELECT pg_sleep(61)")
		done <- db.Fetch(t.Context(), &b)
	}()
	for count(t, watch, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(61)'") == 0 {
		t.Log("it has not begun yet")
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, core.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestADeadConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	uri := testenv.Postgres(t)
	db, killer := open(t, uri), open(t, uri)
	count(t, db, "SELECT 1")
	apply(t, killer, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "+
		"WHERE datname = current_database() AND pid <> pg_backend_pid()")
	count(t, db, "SELECT 1")
}

func TestBadURIsKeepTheirPasswords(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"mysql://u:hunter2@h/d", "postgresql:u:hunter2", "postgresql://u:hunter2@h:port/d", "postgresql://u:hunter2@h/d?%zz",
		"postgresql://u:hunter2@h/d?sslmode=never", "postgresql://u:hunter2@h/d?pool_max_conns=few",
	} {
		_, err := pgdb.Open(t.Context(), pgdb.Config{URI: uri})
		if !errors.Is(err, core.ErrInvalid) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", uri, err)
		}
	}
	_, err := pgdb.Open(t.Context(), pgdb.Config{URI: "postgresql://u:hunter2@127.0.0.1:1/d"})
	if !errors.Is(err, core.ErrUnavailable) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestDriversOfSQLAlchemyAndSettingsOfLibpq(t *testing.T) {
	t.Parallel()
	uri := testenv.Postgres(t)
	for _, scheme := range []string{"postgresql", "postgres", "postgresql+psycopg2", "postgresql+psycopg", "postgresql+asyncpg"} {
		_, rest, _ := strings.Cut(uri, "://")
		db := open(t, with(scheme+"://"+rest, "keepalives=1&target_session_attrs=read-write&application_name=me"))
		if n := count(t, db, "SELECT 1 WHERE current_setting('application_name') = 'me'"); n != 1 {
			t.Errorf("%s: the application's name is lost", scheme)
		}
	}
}
