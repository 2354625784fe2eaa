package boundary

import (
	"context"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// Hooks reach behind a store. Each may be nil: then the cases that need it are n/a.
type Hooks[S core.Store] struct {
	// Opener opens stores over the transport, and Fresh names data of their own to open, as often as it is asked.
	Opener core.Opener
	Fresh  func(conformance.T) core.OpenRequest
	// Manifest is what the program prints for the argument describe.
	Manifest func(conformance.T) core.Manifest
	// Log is what host and plugin have logged so far.
	Log func() string
	// Resolve opens the text of a URI as a program's user would, finds a plugin for it if it must, and closes what it opened.
	Resolve func(ctx context.Context, uri string) error

	// Rigged opens a store that a fault.Rig decorates on the far side. A program that serves it prints a line to its standard
	// output before anything else, to make noise for the host.
	Rigged func(conformance.T) S

	// Durable says that what a store has acknowledged outlives its process.
	Durable bool
	// Kill ends the process that serves the store, as kill -9 does, and returns when it has ended.
	Kill func(conformance.T, S)
	// Freeze stops the process that serves the store, as kill -STOP does. The function that it returns lets it go on, and
	// does nothing when the process has ended meanwhile.
	Freeze func(conformance.T, S) (thaw func())
	// HostDies lets a host of its own that uses a plugin end by kill -9, and returns how long the plugin outlived it.
	HostDies func(conformance.T) time.Duration
	// Alone opens a store with a host of its own. Once the store is closed, left lists the processes, sockets and files that
	// are left of it.
	Alone func(conformance.T) (store S, left func() []string)
	// CrashLoop is a plugin that ends whenever it is started.
	CrashLoop func(conformance.T) Loop

	// Version opens a plugin whose wire is so many versions newer than the host's (older, if negative).
	Version func(t conformance.T, newer int) (S, error)
	// Newer opens a store over a wire whose messages have fields that this host does not know.
	Newer func(conformance.T) S
	// Impostors start what must not be started, by what is wrong with it ("cookie": started without the host's cookie,
	// "checksum": the program is not the one that was pinned), and return what became of it.
	Impostors func(conformance.T) map[string]error

	// Verdicts are the runs of the kind's suite over all transports.
	Verdicts func(conformance.T) []conformance.Report
}

// Loop is a plugin that ends whenever it is started.
type Loop struct {
	Name   string                      // of the plugin, which errors must show
	Call   func(context.Context) error // any call of a store that the plugin should serve
	Starts func() int                  // how often it has been started
}

// The hooks as cases name them.
const (
	openerHook    conformance.Hook = "opener"
	manifestHook  conformance.Hook = "manifest"
	logHook       conformance.Hook = "log"
	resolveHook   conformance.Hook = "resolve"
	riggedHook    conformance.Hook = "rigged"
	durableHook   conformance.Hook = "durable"
	killHook      conformance.Hook = "kill"
	freezeHook    conformance.Hook = "freeze"
	hostDiesHook  conformance.Hook = "host-dies"
	aloneHook     conformance.Hook = "alone"
	crashLoopHook conformance.Hook = "crash-loop"
	versionHook   conformance.Hook = "version"
	newerHook     conformance.Hook = "newer"
	impostorsHook conformance.Hook = "impostors"
	verdictsHook  conformance.Hook = "verdicts"
)

// names lists the hooks that are there.
func (h Hooks[S]) names() []conformance.Hook {
	var all []conformance.Hook
	for _, hook := range []struct {
		name  conformance.Hook
		there bool
	}{
		{openerHook, h.Opener != nil && h.Fresh != nil},
		{manifestHook, h.Manifest != nil},
		{logHook, h.Log != nil},
		{resolveHook, h.Resolve != nil},
		{riggedHook, h.Rigged != nil},
		{durableHook, h.Durable},
		{killHook, h.Kill != nil},
		{freezeHook, h.Freeze != nil},
		{hostDiesHook, h.HostDies != nil},
		{aloneHook, h.Alone != nil},
		{crashLoopHook, h.CrashLoop != nil},
		{versionHook, h.Version != nil},
		{newerHook, h.Newer != nil},
		{impostorsHook, h.Impostors != nil},
		{verdictsHook, h.Verdicts != nil},
	} {
		if hook.there {
			all = append(all, hook.name)
		}
	}
	return all
}
