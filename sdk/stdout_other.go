//go:build !linux && !darwin

package sdk

import "os"

// keepStdout returns standard output for the handshake.
func keepStdout() (*os.File, error) { return os.Stdout, nil }
