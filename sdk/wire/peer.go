package wire

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc/credentials"
)

// PeerCredentials are the transport credentials of both ends on a Unix socket: nothing is encrypted, and a peer that
// runs under another user is refused, where the system tells who it is (Linux). Elsewhere the folder of the socket, which
// only its owner may enter, keeps others out. A connection that is no Unix socket is refused.
func PeerCredentials() credentials.TransportCredentials { return peerCredentials{} }

type peerCredentials struct{}

type peerInfo struct{ credentials.CommonAuthInfo }

func (peerInfo) AuthType() string { return "peer" }

func (p peerCredentials) ClientHandshake(_ context.Context, _ string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return p.ServerHandshake(conn)
}

func (peerCredentials) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, nil, fmt.Errorf("a plugin is spoken to on a Unix socket, not on %s", conn.RemoteAddr().Network())
	}
	if err := checkPeer(socket); err != nil {
		return nil, nil, err
	}
	return conn, peerInfo{credentials.CommonAuthInfo{SecurityLevel: credentials.NoSecurity}}, nil
}

func (peerCredentials) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "peer"}
}

func (peerCredentials) Clone() credentials.TransportCredentials { return peerCredentials{} }
func (peerCredentials) OverrideServerName(string) error         { return nil }
