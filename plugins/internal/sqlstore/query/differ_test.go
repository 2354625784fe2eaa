package query_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/query"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// A world is a set of items that the tables hold too, and a search of them.
type world[T any] struct {
	items  []T
	rows   *sqldb.Batch // inserts the items
	id     func(T) string
	search func(sqldb.Dialect, core.PageOptions) (*filter.Query[T], query.Search, error)
}

// errUndo ends a transaction whose work is to vanish.
var errUndo = errors.New("undo")

// differs walks the pages of a world's search in memory and in the database: they must be the same, with the same tokens.
func differs[T any](t *rapid.T, db sqldb.DB, w world[T]) {
	ctx, limit := context.Background(), rapid.IntRange(1, 4).Draw(t, "limit")
	err := db.Write(ctx, func(tx sqldb.Tx) error {
		if err := tx.Do(ctx, w.rows); err != nil {
			return err
		}
		for token := ""; ; {
			parsed, search, err := w.search(db.Dialect(), core.PageOptions{Limit: limit, Token: token})
			if err != nil {
				return err
			}
			want := parsed.Slice(w.items)
			got, next, err := page(ctx, tx, parsed, search)
			if err != nil {
				return err
			}
			wanted := make([]string, len(want.Items))
			for i, item := range want.Items {
				wanted[i] = w.id(item)
			}
			if diff := cmp.Diff(wanted, got, cmpopts.EquateEmpty()); diff != "" || next != want.Next {
				return fmt.Errorf("filter %s order %v after %q: next %q, want %q (-memory +SQL):\n%s\n%s\n%v",
					parsed.Filter(), parsed.Order(), token, next, want.Next, diff, search.SQL, search.Args)
			}
			if token = next; token == "" {
				return errUndo
			}
		}
	})
	if !errors.Is(err, errUndo) {
		t.Fatal(err)
	}
}

// page reads one page and its token. What a search selects is one column, the id.
func page[T any](ctx context.Context, tx sqldb.Tx, q *filter.Query[T], search query.Search) (ids []string, next string, err error) {
	rows, err := tx.Query(ctx, search.SQL, search.Args...)
	if err != nil {
		return nil, "", errors.Join(err, errors.New(search.SQL))
	}
	defer rows.Close()
	place := search.Place()
	for rows.Next() {
		if len(ids) == q.Limit() {
			return ids, q.TokenAt(place.Cursor()), nil
		}
		var id string
		if err := rows.Scan(append([]any{&id}, place.Dest()...)...); err != nil {
			return nil, "", err
		}
		ids = append(ids, id)
	}
	return ids, "", rows.Err()
}

// inMemory opens SQLite with the tables.
func inMemory(t testing.TB) sqldb.DB {
	t.Helper()
	db, err := litedb.Open(context.Background(), litedb.Options{Path: litedb.Memory})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	create(t, db)
	return db
}

// onPostgres calls the property with worlds that are the same in every run.
func onPostgres(t *testing.T, property func(sqldb.DB) func(*rapid.T)) {
	t.Helper()
	db, err := pgdb.Open(t.Context(), pgdb.Config{URI: testenv.Postgres(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	create(t, db)
	rapid.Check(t, property(db))
}
