package pgdb

import (
	"cmp"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mlstore/mlstore/core"
)

// Config says which database to open.
type Config struct {
	// URI is as MLflow takes it, by the name of a driver of SQLAlchemy too: "postgresql+psycopg2://user@host:5432/db". Its
	// query holds settings of libpq (sslmode, target_session_attrs, connect_timeout, options …), of pgx's pool
	// (pool_max_conns, pool_min_conns, pool_max_conn_lifetime, pool_max_conn_idle_time), and of the server, such as
	// statement_timeout. What it lacks, the environment (PGHOST …), the service file and the password file say.
	URI string

	// Password replaces that of the URI, if it is not empty.
	Password core.Secret

	// Patience is how long a search may take before the database's statistics are doubted; 0 is a second.
	Patience time.Duration
}

// defaultConns is how many connections the pool makes at most, unless the URI says otherwise.
const defaultConns = "16"

// pool reads the configuration. Nothing of the URI is repeated in an error, since it may hold a password.
func (c Config) pool() (*pgxpool.Config, error) {
	uri, err := libpqURI(c.URI)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(uri)
	if err != nil {
		return nil, core.Invalid("uri", "the URI of a Postgres database cannot be read: %w", withoutURI(err))
	}
	config.ConnConfig.Password = cmp.Or(c.Password.Reveal(), config.ConnConfig.Password)
	config.PingTimeout = acquireTimeout
	return config, nil
}

// suit fits the configuration to what answers. Behind a pooler statements that were prepared on one server connection are
// not there on the next one; and a call that is interrupted gives its connection up, since pgbouncer 1.18 dies of requests
// to cancel. A server itself is asked to cancel, so that the connection lives and the outcome is known.
func suit(config *pgx.ConnConfig, pooler bool) {
	if pooler {
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
		return
	}
	config.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelGrace}
	}
}

// libpqURI turns a URI of SQLAlchemy into one that pgx reads.
func libpqURI(raw string) (string, error) {
	scheme, rest, found := strings.Cut(raw, "://")
	dialect, _, _ := strings.Cut(strings.ToLower(scheme), "+")
	if !found || dialect != "postgresql" && dialect != "postgres" {
		return "", core.Invalid("uri", "a Postgres database is named as postgresql://user@host:5432/database, also "+
			"postgresql+psycopg2://…")
	}
	rest, text, _ := strings.Cut(rest, "?")
	query, err := url.ParseQuery(text)
	if err != nil {
		return "", core.Invalid("uri", "the query of the URI cannot be read: write it as name=value&name=value")
	}
	joinHosts(query)
	for _, name := range clientOnly() {
		query.Del(name)
	}
	for name, value := range map[string]string{
		"pool_max_conns": defaultConns, "application_name": "mlstore", "client_encoding": "UTF8",
	} {
		if query.Get(name) == "" || name == "client_encoding" {
			query.Set(name, value)
		}
	}
	// A blank is %20: libpq, and pgx with it, take a plus as a plus.
	return "postgresql://" + rest + "?" + strings.ReplaceAll(query.Encode(), "+", "%20"), nil
}

// joinHosts writes several hosts, which SQLAlchemy takes as host=a:5432&host=b:5432, as libpq takes them.
func joinHosts(query url.Values) {
	if len(query["host"]) < 2 {
		return
	}
	var hosts, ports []string
	for _, address := range query["host"] {
		host, port, _ := strings.Cut(address, ":")
		hosts, ports = append(hosts, host), append(ports, cmp.Or(port, "5432"))
	}
	query.Set("host", strings.Join(hosts, ","))
	if query.Get("port") == "" {
		query.Set("port", strings.Join(ports, ","))
	}
}

// clientOnly lists settings of libpq that mean nothing here and that pgx would pass on to the server. Others that pgx does
// not know, such as sslcrl, are passed on, so that the server refuses them: they must not be lost in silence.
func clientOnly() []string {
	return []string{
		"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "gssencmode",
		"fallback_application_name", "sslcompression", "load_balance_hosts", "gsslib",
	}
}

// withoutURI keeps what a parse error says is wrong and drops the URI, which it repeats.
func withoutURI(err error) error {
	for next := err; next != nil; {
		unwrapper, ok := next.(interface{ Unwrap() error })
		if !ok {
			return next
		}
		err, next = next, unwrapper.Unwrap()
	}
	return err
}
