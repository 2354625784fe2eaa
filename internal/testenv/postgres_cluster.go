package testenv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// A cluster is the files of a Postgres server.
type cluster struct {
	bin  string  // folder of the server's programs
	dir  string  // the files are in dir/data, its socket in dir
	as   account // whom the files belong to
	port int
}

// newCluster makes the files of a server, in a folder that the caller removes.
func newCluster(ctx context.Context, bin string) (cluster, error) {
	as, err := serverAccount()
	if err != nil {
		return cluster{}, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return cluster{}, err
	}
	// Not t.TempDir, which other accounts cannot search, and whose path may be too long for a socket.
	dir, err := os.MkdirTemp("", "mlstore-postgres-")
	if err != nil {
		return cluster{}, err
	}
	c := cluster{bin: bin, dir: dir, as: as, port: port}
	if err := errors.Join(as.own(dir), c.init(ctx)); err != nil {
		return cluster{}, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

func (c cluster) init(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"),
		"-D", c.data(), "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = "/", c.as.attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (c cluster) data() string { return filepath.Join(c.dir, "data") }

// url is that of the database that every server has.
func (c cluster) url() string {
	return "postgresql://postgres@127.0.0.1:" + strconv.Itoa(c.port) + "/postgres?sslmode=disable"
}

// launch describes how to start the server with settings.
func (c cluster) launch(settings map[string]string) launch {
	command := []string{
		filepath.Join(c.bin, "postgres"), "-D", c.data(), "-p", strconv.Itoa(c.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + c.dir, "-c", "max_connections=300",
	}
	names := make([]string, 0, len(settings))
	for name := range settings {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		command = append(command, "-c", name+"="+settings[name])
	}
	ready := func(ctx context.Context) error { return administer(ctx, c.url(), "SELECT 1") }
	return launch{command: command, as: c.as, state: c.url(), ready: ready}
}

// pid is the number of the server's main process.
func (c cluster) pid() (int, error) {
	content, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := bytes.Cut(content, []byte("\n"))
	return strconv.Atoi(string(first))
}

// careless are settings for tests to which a lost file means nothing.
func careless() map[string]string {
	return map[string]string{"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
}

// freePort finds a port of the loopback address that nobody listens on.
func freePort(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err := errors.Join(err, l.Close()); err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}
