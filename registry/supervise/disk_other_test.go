//go:build !linux

package supervise_test

import "time"

// diskWrite takes 5 ms.
func diskWrite() { <-time.After(5 * time.Millisecond) }
