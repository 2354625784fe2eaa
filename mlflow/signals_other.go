//go:build !unix

package mlflow

import "os"

// deadlySignals are those with which users end a program: on Windows Ctrl-C and Ctrl-Break.
func deadlySignals() []os.Signal { return []os.Signal{os.Interrupt} }

// raise ends the process as an unhandled interrupt does: here a process cannot send itself one.
func raise(os.Signal) { os.Exit(2) }
