package testenv

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestPreparePgBouncer(t *testing.T) {
	t.Parallel()
	t.Logf("%s answers", PgBouncer(t, Postgres(t)))
}

func TestPgBouncerGivesTransactionsToAnyConnection(t *testing.T) {
	t.Parallel()
	url := PgBouncer(t, Postgres(t))
	connect := func() *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
		return conn
	}
	exec := func(conn *pgx.Conn, sql string) error {
		_, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		return err
	}
	one, other := connect(), connect()
	for _, step := range []struct {
		conn *pgx.Conn
		sql  string
	}{{one, "PREPARE mine AS SELECT 1"}, {other, "BEGIN"}} { // the other one's transaction takes the connection away
		if err := exec(step.conn, step.sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := exec(one, "EXECUTE mine"); err == nil {
		t.Error("a statement prepared in one transaction is there in the next one, want it gone")
	}
}
