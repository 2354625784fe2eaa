package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/hashicorp/go-plugin"

	"github.com/mlstore/mlstore/sdk/wire"
)

// debug serves the plugin to any host of this user until it is interrupted, and prints what tells the host of it.
func debug(p Plugin) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // this is the program's own end
	defer stop()
	dir, err := os.MkdirTemp("", "mlstore-debug-") // mode 0700
	if err != nil {
		return say(os.Stderr, exitBroke, "make a folder for the socket: %v\n", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Setenv(wire.SocketDirVariable, dir); err != nil { // where go-plugin reads it
		return say(os.Stderr, exitBroke, "%v\n", err)
	}
	s := newService(p, slog.Default())
	config, serving := s.config(), make(chan *plugin.ReattachConfig, 1)
	config.Test = &plugin.ServeTestConfig{Context: ctx, ReattachConfigCh: serving}
	go func() {
		fmt.Print(attachLine(p.Name, <-serving))
	}()
	plugin.Serve(config)
	return s.end()
}

// attachLine is what to type before the command that shall use this process.
func attachLine(name string, to *plugin.ReattachConfig) string {
	text, _ := json.Marshal(map[string]any{ // maps of texts and numbers always have a JSON form
		name: map[string]any{"protocol": to.ProtocolVersion, "socket": to.Addr.String(), "pid": to.Pid},
	})
	return fmt.Sprintf("The plugin %s waits for mlstore. In another terminal run:\n\n  export %s='%s'\n\nCtrl-C ends it.\n",
		name, wire.AttachVariable, text)
}
