package edge_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mlstore/mlstore/server/edge"
)

// writeCertificate makes a certificate of its own for localhost and returns its files and serial number.
func writeCertificate(t *testing.T, dir string, serial int64) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		stamp := time.Now().Add(time.Duration(serial) * time.Minute) // never that of the file before
		if err := os.Chtimes(name, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// serialAt shakes hands and returns the serial number of the server's certificate.
func serialAt(t *testing.T, address string, versions ...uint16) (int64, error) {
	t.Helper()
	c := &tls.Config{InsecureSkipVerify: true}
	if len(versions) == 1 {
		c.MinVersion, c.MaxVersion = versions[0], versions[0]
	}
	conn, err := (&tls.Dialer{Config: c}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

func TestCertificateIsReadAgainWhenItChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := writeCertificate(t, dir, 1)
	certificate, err := edge.LoadCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	edge.SetClock(certificate, func() time.Time { now = now.Add(2 * time.Second); return now })
	plain, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := tls.NewListener(plain, certificate.Config())
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.(*tls.Conn).HandshakeContext(t.Context())
			_ = conn.Close()
		}
	})
	t.Cleanup(served.Wait)
	t.Cleanup(func() { _ = listener.Close() })
	address := plain.Addr().String()
	if serial, err := serialAt(t, address); serial != 1 || err != nil {
		t.Fatalf("serial %d, error %v", serial, err)
	}
	if _, err := serialAt(t, address, tls.VersionTLS11); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if err := os.WriteFile(certFile, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if serial, err := serialAt(t, address); serial != 1 || err != nil {
		t.Fatalf("with a broken file: serial %d, error %v", serial, err)
	}
	writeCertificate(t, dir, 2)
	if serial, err := serialAt(t, address); serial != 2 || err != nil {
		t.Fatalf("with a new file: serial %d, error %v", serial, err)
	}
}

func TestBadCertificate(t *testing.T) {
	t.Parallel()
	certFile, keyFile := writeCertificate(t, t.TempDir(), 1)
	other, _ := writeCertificate(t, t.TempDir(), 2)
	for _, files := range [][2]string{{keyFile, certFile}, {other, keyFile}, {certFile, "/nowhere/key.pem"}} {
		if _, err := edge.LoadCertificate(files[0], files[1]); err == nil || !bytes.Contains([]byte(err.Error()), []byte("PEM")) {
			t.Errorf("%v: error %v", files, err)
		}
	}
}

func TestHTTP2OverTLS(t *testing.T) {
	t.Parallel()
	certificate, err := edge.LoadCertificate(writeCertificate(t, t.TempDir(), 1))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := edge.Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}), slog.New(slog.DiscardHandler))
	var served sync.WaitGroup
	served.Go(func() { _ = server.Serve(tls.NewListener(plain, certificate.Config())) })
	t.Cleanup(served.Wait)
	t.Cleanup(func() { _ = server.Close() })
	for version, h2 := range map[int]bool{1: false, 2: true} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: h2}
		body := strings.NewReader(strings.Repeat("x", 1<<20))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+plain.Addr().String(), body)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		echo, err := io.ReadAll(answer.Body)
		if err != nil || answer.ProtoMajor != version || len(echo) != 1<<20 {
			t.Errorf("HTTP/%d instead of %d: %d bytes, %v", answer.ProtoMajor, version, len(echo), err)
		}
		_ = answer.Body.Close()
		transport.CloseIdleConnections()
	}
}
