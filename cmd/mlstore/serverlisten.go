package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strconv"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/server/edge"
)

// listen opens the address of the flags, or takes the sockets that systemd has opened (sd_listen_fds(3)). Other machines are
// served only by a server that knows who may ask, or was told that anybody may (R10).
func (f *serverFlags) listen(ctx context.Context) ([]net.Listener, error) {
	listeners, err := f.sockets(ctx)
	if err != nil {
		return nil, err
	}
	for i, l := range listeners {
		if !f.insecureNoAuth && f.appName == "" && !private(l.Addr()) {
			closeAll(listeners)
			return nil, usage("%s can be reached from other machines, and this server does not ask who they are: "+
				"listen at 127.0.0.1, or give --app-name basic-auth, or --insecure-no-auth", l.Addr())
		}
		if f.tlsCert != "" {
			certificate, err := edge.LoadCertificate(f.tlsCert, f.tlsKey)
			if err != nil {
				closeAll(listeners)
				return nil, err
			}
			listeners[i] = tls.NewListener(l, certificate.Config())
		}
	}
	return listeners, nil
}

func (f *serverFlags) sockets(ctx context.Context) ([]net.Listener, error) {
	given, err := activation.Listeners()
	if err != nil {
		return nil, core.Errorf(core.FailedPrecondition, "take the sockets of systemd: %w", err)
	}
	var listeners []net.Listener
	for _, l := range given {
		if l != nil { // a socket of another kind
			listeners = append(listeners, l)
		}
	}
	if len(listeners) > 0 {
		return listeners, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(f.host, strconv.Itoa(int(f.port))))
	if err != nil {
		return nil, core.Errorf(core.Unavailable, "listen: %w: another --port may be free", err)
	}
	return []net.Listener{l}, nil
}

// private reports an address that only this machine reaches.
func private(addr net.Addr) bool {
	if addr.Network() == "unix" {
		return true
	}
	at, err := netip.ParseAddrPort(addr.String())
	return err == nil && at.Addr().Unmap().IsLoopback()
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close() // nothing was served
	}
}
