//go:build !linux

package wire

import "net"

// checkPeer trusts the folder of the socket.
func checkPeer(*net.UnixConn) error { return nil }
