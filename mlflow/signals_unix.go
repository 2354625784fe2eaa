//go:build unix

package mlflow

import (
	"os"
	"syscall"
)

// deadlySignals are those with which users and schedulers end a program.
func deadlySignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} }

// raise sends this process a signal, which now does what it would have done without us.
func raise(sig os.Signal) {
	if number, ok := sig.(syscall.Signal); ok {
		_ = syscall.Kill(syscall.Getpid(), number)
	}
}
