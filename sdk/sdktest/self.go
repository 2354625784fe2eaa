package sdktest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
	"github.com/mlstore/mlstore/sdk"
	"github.com/mlstore/mlstore/sdk/wire"
)

// Variables by which the test binary tells itself what it is to be.
const (
	mainVariable     = "MLSTORE_SDKTEST_MAIN"     // set within tests whose TestMain calls Main
	describeVariable = "MLSTORE_SDKTEST_DESCRIBE" // NAME: the program of that plugin, started without a host
	hostVariable     = "MLSTORE_SDKTEST_HOST"     // PROGRAM=URI: a host that opens the URI and waits for its end
)

// Main is a TestMain for tests of plugins: it serves the plugin when Test has started the test binary as one, and runs the
// tests otherwise.
func Main(m *testing.M, plugins ...sdk.Plugin) {
	switch {
	case os.Getenv(wire.CookieName) != "":
		serveSelf(plugins)
	case os.Getenv(describeVariable) != "":
		describeSelf(plugins)
	case os.Getenv(hostVariable) != "":
		host(os.Getenv(hostVariable))
	default:
		if err := os.Setenv(mainVariable, "1"); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
}

// pick is the plugin of a name.
func pick(plugins []sdk.Plugin, name string) sdk.Plugin {
	i := slices.IndexFunc(plugins, func(p sdk.Plugin) bool { return p.Name == name })
	if i < 0 {
		fmt.Fprintf(os.Stderr, "TestMain does not give the plugin %q to sdktest.Main\n", name)
		os.Exit(1)
	}
	return plugins[i]
}

// serveSelf serves a plugin, in the way that the second argument says.
func serveSelf(plugins []sdk.Plugin) {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "the test binary was started as a plugin without the plugin's name")
		os.Exit(1)
	}
	p := pick(plugins, os.Args[1])
	switch {
	case slices.Contains(os.Args[2:], "rigged"):
		fmt.Println("a line that a library prints before anybody serves")
		p.Opener = fault.NewRig(p.Opener)
	case slices.Contains(os.Args[2:], "crash"):
		panic("this plugin ends whenever it is started")
	}
	sdk.Serve(p)
}

// describeSelf is the program of a plugin that somebody has started by hand.
func describeSelf(plugins []sdk.Plugin) {
	p := pick(plugins, os.Getenv(describeVariable))
	os.Args = append(os.Args[:1], os.Args[2:]...) // without the plugin's name
	sdk.Serve(p)
}

// host opens a URI with a program and waits to be killed.
func host(what string) {
	path, text, _ := strings.Cut(what, "=")
	uri, err := core.ParseURI(text)
	if err != nil {
		panic(err)
	}
	s := supervise.New(supervise.Options{})
	program := supervise.Program{Name: "dies", Path: path, Args: os.Args[1:]}
	if _, err := s.Plugin(program).Open(context.Background(), core.OpenRequest{URI: uri}); err != nil {
		panic(err)
	}
	fmt.Println(s.Status()[0].PID)
	select {}
}

// selfProgram is the test binary as a plugin.
func selfProgram(t conformance.T, p sdk.Plugin, how ...string) supervise.Program {
	t.Helper()
	self, err := os.Executable()
	conformance.NoError(t, "finding the test binary", err)
	return supervise.Program{Name: p.Name, Path: self, Args: append([]string{p.Name}, how...), Env: p.Env}
}

// hostDies lets a host end by kill -9 and returns how long its plugin outlived it.
func hostDies(t conformance.T, w way) time.Duration {
	t.Helper()
	self, err := os.Executable()
	conformance.NoError(t, "finding the test binary", err)
	cmd := exec.CommandContext(t.Context(), self, w.program.Args...)
	cmd.Env = append(os.Environ(), hostVariable+"="+w.program.Path+"="+w.options.Fresh(t).URI.Raw())
	out, err := cmd.StdoutPipe()
	conformance.NoError(t, "making a pipe", err)
	conformance.NoError(t, "starting a host", cmd.Start())
	pid, err := bufio.NewReader(out).ReadString('\n')
	conformance.NoError(t, "waiting for the host", err)
	conformance.NoError(t, "killing the host", cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
	began := time.Now()
	ticks := time.NewTicker(time.Millisecond)
	defer ticks.Stop()
	for range ticks.C {
		if !lives(strings.TrimSpace(pid)) || time.Since(began) > 30*time.Second {
			break
		}
	}
	return time.Since(began)
}

// sockets lists what is in the folders of a host's processes.
func sockets(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "*", "*", "*")) // the pattern is a good one
	return found
}
