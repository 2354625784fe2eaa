package wire

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

// checkPeer refuses a peer of another user. Source: unix(7), SO_PEERCRED.
func checkPeer(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *syscall.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		peer, failed = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	switch {
	case err != nil:
		return err
	case failed != nil:
		return fmt.Errorf("find out who is at the other end of the socket: %w", failed)
	case int(peer.Uid) != os.Geteuid():
		return fmt.Errorf("the other end of the socket runs under user %d, not %d: refused", peer.Uid, os.Geteuid())
	}
	return nil
}
