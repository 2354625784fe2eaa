// Command mlstore is the operator's way into experiment stores: it lists, searches and changes what they hold, tells which
// store a URI means, and holds stores to their contract. docs/cli.md describes it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/mlstore/mlstore/sdk/heap"
)

func main() {
	heap.Patient(patience(os.Args[1:]))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal does what it does without us: it ends the process
	a := &app{stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// patience is how much garbage a command may leave.
func patience(args []string) int64 {
	if len(args) > 0 && args[0] == "server" {
		return heap.Served
	}
	return heap.Command
}
