//go:build !linux

package main

import "runtime/debug"

// giveBack collects garbage and returns what is free to the system.
func giveBack() { debug.FreeOSMemory() }
