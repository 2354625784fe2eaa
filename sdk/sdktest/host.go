package sdktest

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
	"github.com/mlstore/mlstore/sdk"
)

// Host is a host whose plugin is a process of the test binary, whose TestMain must call Main. It is for tests that kill
// plugins, and for programs of their own, which tests kill together with their plugins. It starts a plugin again however
// often it dies.
type Host struct {
	processes *supervise.Supervisor
	program   supervise.Program
}

var _ core.Opener = (*Host)(nil)

// NewHost makes a host of the plugin. Close ends the plugin's process.
func NewHost(p sdk.Plugin) (*Host, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return &Host{
		processes: supervise.New(supervise.Options{Timing: supervise.Timing{Crashes: -1, MaxBackoff: 100 * time.Millisecond}}),
		program:   supervise.Program{Name: p.Name, Path: self, Args: []string{p.Name}, Env: p.Env},
	}, nil
}

// Open opens stores in the plugin's process.
func (h *Host) Open(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
	return h.processes.Plugin(h.program).Open(ctx, request)
}

// Kill ends the plugin's processes, as kill -9 does. It returns when they have ended.
func (h *Host) Kill() error {
	var errs []error
	for _, s := range h.processes.Status() {
		if s.PID != "" {
			errs = append(errs, slay(s.PID))
		}
	}
	return errors.Join(errs...)
}

// Close ends the plugin's process.
func (h *Host) Close() error { return h.processes.Close() }
