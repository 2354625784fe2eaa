package pgdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres plans a search by what it knows of the tables from the last time that it looked: by itself a minute after a tenth of
// a table has changed, or much later. Of what came since it believes that there is next to nothing, and so compares each of
// 10,000 new runs with each of 10,000 new values of their metric, which takes it twenty seconds, where a look at the tables
// takes a third of one. So a search that takes long is given up, once in a while, and asked again after such a look.

// doubt is when the statistics of a database are doubted.
type doubt struct {
	of       limit      // the limit while they are
	renewing sync.Mutex // held by the caller who makes them

	mu    sync.Mutex
	ended time.Time // until when they are not doubted
}

// calm is how long statistics are not doubted after they were made: what takes long then takes long.
const calm = 10 * time.Minute

// newDoubt takes how long a search may take, and the statement_timeout of the server, as it shows it.
func newDoubt(patience time.Duration, timeout string) doubt {
	patience = cmp.Or(patience, time.Second)
	if n, known := readTimeout(timeout); !known || n != 0 && n <= patience {
		return doubt{}
	}
	return doubt{of: limit{patience, timeout}}
}

// readTimeout reads a time as the server shows it; 0 is none.
func readTimeout(text string) (_ time.Duration, ok bool) {
	number := strings.TrimRight(text, "dhmins")
	n, err := strconv.ParseInt(number, 10, 32)
	unit, known := map[string]time.Duration{
		"": time.Millisecond, "ms": time.Millisecond, "s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
	}[text[len(number):]]
	return time.Duration(n) * unit, err == nil && known
}

// now is what a search may take now.
func (d *doubt) now() limit {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Now().Before(d.ended) {
		return limit{}
	}
	return d.of
}

// end ends the doubt for a while.
func (d *doubt) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = time.Now().Add(calm)
}

// limit bounds the time of a search. The zero value bounds nothing.
type limit struct {
	most   time.Duration
	before string // statement_timeout without it
}

// around returns settings, for the end of a list of others, that set the limit and take it back.
func (l limit) around() (set, reset string) {
	if l.most == 0 {
		return "", ""
	}
	return fmt.Sprintf(", set_config('statement_timeout', '%d', true)", l.most.Milliseconds()),
		", set_config('statement_timeout', '" + l.before + "', true)"
}

// exceeded reports whether the limit, rather than the caller, has ended a search.
func (l limit) exceeded(ctx context.Context, err error) bool {
	return l.most != 0 && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded)
}

// analyze has the server look at the tables in which is searched. One caller does it; others who come meanwhile wait. Where it
// is not allowed, as on a standby or to one who does not own the tables, all stays as it is.
func (db *DB) analyze(ctx context.Context) {
	db.doubt.renewing.Lock()
	defer db.doubt.renewing.Unlock()
	if db.doubt.now() == (limit{}) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_ = db.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "ANALYZE (SKIP_LOCKED) runs, latest_metrics, params, tags")
		return err
	}) // the search shows whether it helped
	db.doubt.end()
}
