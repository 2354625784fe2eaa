package litedb

import (
	"net/url"
	"path/filepath"
	"strconv"
	"time"
)

// Options say which database to open.
type Options struct {
	Path     string // of the file, which is made when it is missing; ":memory:" is a database that ends with the DB
	ReadOnly bool

	// Relaxed lets a commit return before it has reached the disk. A power cut may lose the last ones, a crash of the
	// process may not, and the file stays sound.
	Relaxed bool

	// NoForeignKeys leaves foreign keys unchecked, as a migration needs that builds tables anew: dropping the old one would
	// delete what refers to it.
	NoForeignKeys bool

	// BusyTimeout is how long a write waits for other processes. 0 is a minute.
	BusyTimeout time.Duration

	// Readers is how many connections read at once at most. 0 is 8.
	Readers int
}

// Memory is the path of a database in memory.
const Memory = ":memory:"

func (o Options) withDefaults() Options {
	if o.BusyTimeout == 0 {
		o.BusyTimeout = time.Minute
	}
	if o.Readers == 0 {
		o.Readers = 8
	}
	return o
}

// dsn is the name of the database for the driver.
func (o Options) dsn() (string, error) {
	query := url.Values{}
	pragma := func(name, value string) { query.Add("_pragma", name+"("+value+")") }
	pragma("busy_timeout", strconv.FormatInt(o.BusyTimeout.Milliseconds(), 10))
	pragma("foreign_keys", strconv.Itoa(foreignKeys(o.NoForeignKeys)))
	pragma("case_sensitive_like", "1")
	pragma("temp_store", "memory")
	pragma("cache_size", "-4000") // KiB, of each connection that reads: the system has the file's pages, too
	if o.Path == Memory {
		return "file::memory:?" + query.Encode(), nil
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return "", err
	}
	switch {
	case o.ReadOnly:
		query.Set("mode", "ro")
		pragma("query_only", "1")
	case o.Relaxed:
		pragma("synchronous", "normal")
	default:
		pragma("synchronous", "full")
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}).String(), nil
}

func foreignKeys(none bool) int {
	if none {
		return 0
	}
	return 1
}
