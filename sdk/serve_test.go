package sdk_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/sdk"
	"github.com/mlstore/mlstore/sdk/wire"
)

// TestMain is the main function of the plugin that the tests start, when the variable says so.
func TestMain(m *testing.M) {
	switch os.Getenv(playVariable) {
	case "":
		os.Exit(m.Run())
	case "incomplete":
		sdk.Serve(sdk.Plugin{Name: "incomplete"})
	case "unnamed":
		p := plugin()
		p.Name = "No Name"
		sdk.Serve(p)
	default:
		sdk.Serve(plugin())
	}
}

const playVariable = "MLSTORE_SDK_PLAY"

func plugin() sdk.Plugin {
	return sdk.Plugin{
		Name: "mem", Version: "1.2.3", Homepage: "https://example.org", License: "Apache-2.0", Env: []string{"MEM_*"},
		Schemes: []core.ManifestScheme{{Scheme: "mem", Kinds: []string{"tracking", "projects"}, Form: "mem://name"}},
		Opener:  mem.NewOpener(),
	}
}

// program is the plugin's program with arguments.
func program(t *testing.T, play string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), playVariable+"="+play)
	return cmd
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDescribePrintsTheManifest(t *testing.T) {
	t.Parallel()
	text, err := program(t, "mem", "describe").Output()
	check(t, err)
	var got core.Manifest
	check(t, json.Unmarshal(text, &got))
	want := core.Manifest{
		Format: 1, Name: "mem", Version: "1.2.3", SDK: "go/" + sdk.Version, Contract: core.ContractVersion,
		Homepage: "https://example.org", License: "Apache-2.0",
		Services: []string{"mlstore.plugin.v1", "mlstore.tracking.v1", "mlstore.project.v1"},
		Schemes:  []core.ManifestScheme{{Scheme: "mem", Kinds: []string{"tracking", "projects"}, Form: "mem://name"}},
		Env:      []string{"MEM_*"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, plugin().Manifest()); diff != "" {
		t.Errorf("Manifest (-want +got):\n%s", diff)
	}
}

func TestWhatAPersonSees(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		play  string
		args  []string
		code  int
		words []string
	}{
		{"mem", nil, 2, []string{"plugin of mlstore", "mem 1.2.3", "not meant to be started by hand", "mlstore plugin install"}},
		{"mem", []string{"help"}, 0, []string{"describe", "debug", "version"}},
		{"mem", []string{"version"}, 0, []string{"mem 1.2.3", "go/" + sdk.Version}},
		{"mem", []string{"frobnicate"}, 2, []string{"plugin of mlstore"}},
		{"mem", []string{"describe", "more"}, 2, []string{"plugin of mlstore"}},
		{"incomplete", []string{"describe"}, 1, []string{"not complete", "incomplete", "Opener"}},
		{"unnamed", []string{"describe"}, 1, []string{"not complete", "name"}},
	} {
		out, err := program(t, test.play, test.args...).CombinedOutput()
		code := 0
		if exit, failed := errors.AsType[*exec.ExitError](err); failed {
			code = exit.ExitCode()
		}
		if code != test.code {
			t.Errorf("%s %v: exit code %d, want %d", test.play, test.args, code, test.code)
		}
		for _, word := range test.words {
			if !strings.Contains(string(out), word) {
				t.Errorf("%s %v does not say %q:\n%s", test.play, test.args, word, out)
			}
		}
	}
}

// served is the program as a host starts it, with its handshake and the pipe that keeps it alive.
func served(t *testing.T, lifeline bool) (cmd *exec.Cmd, handshake string, hangUp func() error) {
	t.Helper()
	cmd = program(t, "mem")
	dir, err := os.MkdirTemp("", "s") //nolint:usetesting // a socket's path must be short
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	cmd.Env = append(cmd.Env, wire.CookieName+"="+wire.CookieValue, wire.SocketDirVariable+"="+dir)
	if lifeline {
		cmd.Env = append(cmd.Env, wire.LifelineVariable+"=stdin")
	}
	in, err := cmd.StdinPipe()
	check(t, err)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
	line, err := bufio.NewReader(out).ReadString('\n')
	check(t, err)
	return cmd, line, in.Close
}

func TestThePluginEndsWithItsLifeline(t *testing.T) {
	t.Parallel()
	cmd, handshake, hangUp := served(t, true)
	fields := strings.Split(strings.TrimSpace(handshake), "|")
	if len(fields) < 5 || fields[0] != "1" || fields[1] != "1" || fields[2] != "unix" || fields[4] != "grpc" {
		t.Fatalf("the handshake is %q, want 1|1|unix|…|grpc", handshake)
	}
	check(t, hangUp())
	_ = cmd.Wait() // with 1 when the machine is so busy that half a second does not do
	if !cmd.ProcessState.Exited() {
		t.Errorf("the program ended with %v, want an end of its own", cmd.ProcessState)
	}
	if _, err := os.Stat(fields[3]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}

func TestWithoutALifelineTheEndOfInputIsNothing(t *testing.T) {
	t.Parallel()
	cmd, _, hangUp := served(t, false)
	check(t, hangUp())
	check(t, cmd.Process.Signal(syscall.SIGINT)) // which is the host's business, too
	check(t, cmd.Process.Signal(syscall.SIGTERM))
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM the program ended with %v, want an orderly end", err)
	}
}

func TestDebugTellsHowToAttach(t *testing.T) {
	t.Parallel()
	cmd := program(t, "mem", "debug")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }()
	var line string
	lines := bufio.NewScanner(out)
	for line == "" && lines.Scan() {
		if _, after, found := strings.Cut(lines.Text(), "export "+wire.AttachVariable+"="); found {
			line = after
		}
	}
	var processes map[string]struct {
		Protocol int
		Socket   string
		PID      int
	}
	check(t, json.Unmarshal([]byte(strings.Trim(line, "'")), &processes))
	got := processes["mem"]
	if got.Protocol != wire.ProtocolVersion || got.PID != cmd.Process.Pid {
		t.Errorf("got %+v, want protocol %d and process %d", got, wire.ProtocolVersion, cmd.Process.Pid)
	}
	if info, err := os.Stat(got.Socket); err != nil || info.Mode()&os.ModeSocket == 0 {
		t.Errorf("%s is no socket: %v", got.Socket, err)
	}
	check(t, cmd.Process.Signal(syscall.SIGTERM))
	if err := cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v: %s", err, &errs)
	}
	if _, err := os.Stat(got.Socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}
