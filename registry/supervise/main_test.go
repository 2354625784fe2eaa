package supervise_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
	"github.com/mlstore/mlstore/sdk"
	"github.com/mlstore/mlstore/sdk/example"
)

// TestMain makes of the test binary the plugins and hosts that the tests start: the first argument says which.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 2 && os.Args[1] == "plugin":
		playPlugin(os.Args[2])
	case len(os.Args) > 2 && os.Args[1] == "host":
		playHost(os.Args[2])
	default:
		os.Exit(m.Run())
	}
}

// playPlugin is a plugin that serves, some time after it has misbehaved in one way.
func playPlugin(way string) {
	switch way {
	case "noise":
		fmt.Println("hello from a library that likes to print")
	case "hello":
		fmt.Println("hello, I am no plugin")
		return
	case "silent":
		select {}
	case "poison":
		for _, line := range poison() {
			fmt.Fprintln(os.Stderr, line)
		}
	case "environ":
		for _, variable := range os.Environ() {
			fmt.Fprintln(os.Stderr, "seen: "+variable)
		}
	case "panic":
		panic("the plugin cannot go on")
	case "newer":
		fmt.Println("1|2|unix|/tmp/nowhere|grpc")
		select {}
	case "elsewhere":
		fmt.Println("1|1|tcp|169.254.169.254:80|grpc")
		select {}
	case "foreign":
		fmt.Println("1|1|unix|/var/run/docker.sock|grpc")
		select {}
	case "version":
		fmt.Println("test plugin 1.0.0")
		return
	}
	p := example.Plugin()
	rig := fault.NewRig(p.Opener)
	if way == "flood" {
		rig.Out = &oneLine{os.NewFile(uintptr(duplicate(1)), "stdout")}
	}
	p.Opener = rig
	sdk.Serve(p)
}

// oneLine prints as a library in another language does: to the descriptor itself, and a line that is longer than any buffer.
type oneLine struct{ *os.File }

func (o *oneLine) Write(p []byte) (int, error) {
	return o.File.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("y")))
}

// poison are lines that a parser may trip over: go-plugin's own ends the host on the first.
func poison() []string {
	return []string{
		`{"@message": 1}`, `{"@message": "m", "@timestamp": 5}`, `{"@level": [], "@message": "m"}`, `{"@message": null}`,
		`{"@message": {"a": 1}, "@level": "error"}`, `{`, `{}`, `[]`, `{"@message": "ok", "@level": "no such level"}`, "\x00\xff\xfe", "",
		`{"@timestamp": "2026-01-02T15:04:05Z", "@message": "m", "@level": "warn", "a": {"b": [1, 2]}}`,
		`{"@message": "m", "@level": "error", "@module": 7, "@caller": {}}`, "[ERROR]", "[ERROR] text", "panic", "[TRACE]x",
		`{"@message":"` + "\u2028" + `"}`, `{"@message": "twice", "@message": 2}`, `"text"`,
	}
}

// playHost is a host that opens a store, tells the process of its plugin, and waits for its end.
func playHost(way string) {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	s := supervise.New(supervise.Options{TempDir: os.Getenv("TMPDIR")})
	plugin := s.Plugin(supervise.Program{Name: "test", Path: self, Args: []string{"plugin", way}})
	uri, err := core.ParseURI("example://a")
	if err != nil {
		panic(err)
	}
	if _, err := plugin.Open(context.Background(), core.OpenRequest{URI: uri}); err != nil {
		panic(err)
	}
	fmt.Println(s.Status()[0].PID)
	select {}
}
