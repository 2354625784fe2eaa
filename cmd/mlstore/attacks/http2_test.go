package attacks_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/mlstore/mlstore/server"
	"github.com/mlstore/mlstore/server/edge"
)

// The frames of HTTP/2 that attacks consist of (RFC 9113, section 6).
const (
	frameHeaders      = 1
	frameReset        = 3
	frameSettings     = 4
	framePing         = 6
	frameContinuation = 9

	endStream, endHeaders = 0x1, 0x4
)

// frame writes one frame.
func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

// asks is the block of headers of a GET of a path (RFC 7541): three fields of the static table, and two with values.
func asks(path, host string) []byte {
	b := []byte{0x82, 0x87} // :method GET, :scheme https
	b = append(append(b, 0x04, byte(len(path))), path...)
	return append(append(b, 0x01, byte(len(host))), host...)
}

// newSecureTarget starts a server as the command does: with TLS, HTTP/2 and the limits of package edge.
func newSecureTarget(t *testing.T) (address string) {
	t.Helper()
	g := newTarget(t, "file", nil)
	certFile, keyFile := certificate(t)
	loaded, err := edge.LoadCertificate(certFile, keyFile)
	must(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	s, err := server.New(t.Context(), server.Config{Resolver: g.resolver, Tracking: g.uri})
	must(t, err)
	web := edge.Server(s.Handler(), slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(tls.NewListener(listener, loaded.Config())) }()
	t.Cleanup(func() {
		must(t, web.Close())
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		must(t, s.Close())
	})
	return listener.Addr().String()
}

func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return certFile, keyFile
}

// Row H18: floods of frames that cost a client nothing. The server stays up, its memory low, and others have their answers.
func TestFloodsOfHTTP2(t *testing.T) { //nolint:paralleltest // it measures the memory of the process
	address := newSecureTarget(t)
	trust := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}
	other := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true}, Timeout: 10 * time.Second}
	defer other.CloseIdleConnections()
	ask := func() {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+"/api/2.0/mlflow/experiments/get?experiment_id=0", nil)
		must(t, err)
		answer, err := other.Do(r)
		must(t, err)
		defer answer.Body.Close()
		if text, err := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK || answer.ProtoMajor != 2 || err != nil {
			t.Errorf("another client: %d %s %v", answer.StatusCode, text, err)
		}
	}
	ask()
	const floods = 100_000
	search := asks("/api/2.0/mlflow/experiments/search?max_results=1", address)
	for name, one := range map[string]func(i int) []byte{
		"rapid reset": func(i int) []byte {
			id := uint32(2*i + 1)
			return append(frame(frameHeaders, endHeaders|endStream, id, search), frame(frameReset, 0, id, make([]byte, 4))...)
		},
		"settings": func(int) []byte {
			return frame(frameSettings, 0, 0, make([]byte, 6*100)) // of unknown kinds, which each must be acknowledged
		},
		"pings": func(int) []byte { return frame(framePing, 0, 0, make([]byte, 8)) },
		"continuations": func(i int) []byte {
			if i == 0 {
				return frame(frameHeaders, endStream, 1, search)
			}
			// literal fields that go on for ever: never the last one
			return frame(frameContinuation, 0, 1, append([]byte{0x00, 0x01, 'x', 0x7f, 0x81, 0x07}, make([]byte, 1024)...))
		},
		"streams": func(i int) []byte { return frame(frameHeaders, endHeaders, uint32(2*i+1), search) }, // whose bodies never come
	} {
		conn, err := (&tls.Dialer{Config: trust}).DialContext(t.Context(), "tcp", address)
		must(t, err)
		must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		go func() { _, _ = io.Copy(io.Discard, conn) }() // what the server says is not of interest
		before := memory()
		_, err = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+string(frame(frameSettings, 0, 0, nil)))
		must(t, err)
		sent := 0
		for ; sent < floods && err == nil; sent++ {
			_, err = conn.Write(one(sent))
		}
		ask()
		if more := memory() - before; more > 64<<20 {
			t.Errorf("%s: %d MiB more after %d frames", name, more>>20, sent)
		}
		_ = conn.Close()
		t.Logf("%s: %d of %d, %v", name, sent, floods, err)
	}
	ask()
}

// memory is what is in use now.
func memory() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
