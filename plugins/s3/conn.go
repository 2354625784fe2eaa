package s3

import (
	"net"
	"time"
)

// impatientConn is a connection on which a read fails when nothing has come or gone for a while: a service may take its time
// for a long part, but not fall silent.
type impatientConn struct {
	net.Conn
	patience time.Duration
}

func (c *impatientConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write lets a read that waits for the answer wait from now on.
func (c *impatientConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		return n, err
	}
	return n, c.SetReadDeadline(time.Now().Add(c.patience))
}
