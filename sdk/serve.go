package sdk

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/mlstore/mlstore/sdk/wire"
)

// Serve serves the plugin to the host that has started the program, and does not return before the host is done with it. It
// is all that a main function does. Without a host it answers the arguments `describe`, `debug`, `version` and `help`.
func Serve(p Plugin) { os.Exit(command(p, os.Args[1:])) }

// Exit codes of a plugin's program.
const (
	exitDone  = 0
	exitBroke = 1
	exitUsage = 2
)

func command(p Plugin, args []string) int {
	if err := p.check(); err != nil {
		return say(os.Stderr, exitBroke, "This plugin is not complete: %v\n", err)
	}
	if os.Getenv(wire.CookieName) == wire.CookieValue {
		return serve(p)
	}
	word := "help"
	switch {
	case len(args) == 1:
		word = args[0]
	case len(args) > 1:
		word = ""
	}
	switch word {
	case "describe":
		text, err := p.describe()
		if err != nil {
			return say(os.Stderr, exitBroke, "%v\n", err)
		}
		return say(os.Stdout, exitDone, "%s", text)
	case "version", "--version":
		return say(os.Stdout, exitDone, "%s %s (sdk go/%s)\n", p.Name, p.Version, Version)
	case "debug":
		return debug(p)
	case "help", "--help", "-h":
		if len(args) == 0 {
			return say(os.Stderr, exitUsage, "%s", help(p))
		}
		return say(os.Stdout, exitDone, "%s", help(p))
	}
	return say(os.Stderr, exitUsage, "%s", help(p))
}

// help tells a person who has started the program what it is.
func help(p Plugin) string {
	schemes := ""
	for _, s := range p.Schemes {
		schemes += " " + s.Scheme + ":"
	}
	program := filepath.Base(os.Args[0])
	return fmt.Sprintf(`This is a plugin of mlstore: %s %s. It serves the URIs%s
and is not meant to be started by hand: mlstore starts it when a URI needs it.

  mlstore plugin install PATH   makes it known to mlstore, where PATH is this program
  %s describe   prints its manifest
  %s debug      waits for mlstore, so that a debugger can be attached
  %s version    prints its version
`, p.Name, p.Version, schemes, program, program, program)
}

func say(to io.Writer, code int, format string, args ...any) int {
	_, _ = fmt.Fprintf(to, format, args...)
	return code
}
