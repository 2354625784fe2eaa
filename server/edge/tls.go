package edge

import (
	"crypto/tls"
	"os"
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
)

// recheck is how often the files of a certificate are looked at, at most.
const recheck = time.Second

// Certificate is a TLS certificate that is read again when its files change, so that renewing it needs no restart. While
// the new files are broken or half written, the old certificate stays in use. It is safe for concurrent use.
type Certificate struct {
	certFile, keyFile string
	now               func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	stamp   [2]stamp
	looked  time.Time
}

// stamp tells one state of a file from another.
type stamp struct {
	size     int64
	modified time.Time
}

// LoadCertificate reads a certificate chain and its private key, both PEM.
func LoadCertificate(certFile, keyFile string) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, now: time.Now}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked = c.now()
	if err := c.read(c.stamps()); err != nil {
		return nil, core.Do("read TLS certificate", certFile, core.Invalid("tls-cert",
			"%s and %s are no certificate with its key, in PEM: %w", certFile, keyFile, err))
	}
	return c, nil
}

// Config asks for TLS 1.2 or newer, and for HTTP/2 where the client has it.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.get(), nil
		},
	}
}

func (c *Certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if now.Sub(c.looked) < recheck {
		return c.current
	}
	c.looked = now
	if found := c.stamps(); found != c.stamp {
		_ = c.read(found) // what was good stays, and the next look tries again
	}
	return c.current
}

func (c *Certificate) read(found [2]stamp) error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.current, c.stamp = &pair, found
	return nil
}

func (c *Certificate) stamps() [2]stamp {
	var s [2]stamp
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			s[i] = stamp{info.Size(), info.ModTime()}
		}
	}
	return s
}
