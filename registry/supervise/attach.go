package supervise

import (
	"encoding/json"
	"fmt"

	"google.golang.org/grpc"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire"
)

// AttachVariable holds the processes to attach to, for ParseAttach.
const AttachVariable = wire.AttachVariable

// Attached is a plugin's process that somebody else has started. It is neither watched nor stopped.
type Attached struct {
	Protocol int    `json:"protocol"` // ProtocolVersion of package wire
	Socket   string `json:"socket"`   // path
	PID      int    `json:"pid,omitempty"`
}

// ParseAttach reads the value of AttachVariable, as a plugin that was started with the argument `debug` prints it;
// empty is none.
func ParseAttach(text string) (map[string]Attached, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no map is no process
	}
	var all map[string]Attached
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, core.Invalid(wire.AttachVariable, "%s is not what a plugin prints that was started with the argument debug: %w",
			wire.AttachVariable, err)
	}
	return all, nil
}

// attach speaks with a process that runs already.
func attach(p Program, to Attached, number uint64) (*life, error) {
	if to.Protocol != wire.ProtocolVersion {
		return nil, (&fault{
			plugin: p.name(), reason: ReasonProtocol,
			cause: fmt.Sprintf("the process of %s speaks version %d of the handshake, and this host version %d: build it with an SDK "+
				"for this host", wire.AttachVariable, to.Protocol, wire.ProtocolVersion),
		}).as(core.NoEffect)
	}
	options := append(wire.DialOptions(), grpc.WithTransportCredentials(wire.PeerCredentials()))
	conn, err := grpc.NewClient("unix://"+to.Socket, options...)
	if err != nil {
		return nil, (&fault{plugin: p.name(), reason: ReasonStart, cause: err.Error()}).as(core.NoEffect)
	}
	return &life{number: number, conn: wire.Together(conn), cleanup: func() { _ = conn.Close() }, ended: make(chan struct{})}, nil
}
