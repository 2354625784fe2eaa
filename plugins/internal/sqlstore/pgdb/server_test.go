package pgdb_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
)

// authority is one of certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // of its certificate
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority of a test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	a := authority{cert: cert, key: key, file: filepath.Join(t.TempDir(), "ca.pem")}
	must(t, os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return a
}

// server makes the certificate of a server at 127.0.0.1, and its key.
func (a authority) server(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &private.PublicKey, a.key)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// changed is a URI with other settings, and with another host unless that is empty.
func changed(t *testing.T, raw, host string, settings map[string]string) string {
	t.Helper()
	u, err := url.Parse(raw)
	must(t, err)
	if host != "" {
		u.Host = net.JoinHostPort(host, u.Port())
	}
	query := u.Query()
	for name, value := range settings {
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func TestCertificatesOfServersAreVerified(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	cert, key := ca.server(t)
	server := testenv.NewPostgresServer(t, testenv.PostgresOptions{
		Careless: true, Files: map[string][]byte{"test.crt": cert, "test.key": key},
		Settings: map[string]string{"ssl": "on", "ssl_cert_file": "test.crt", "ssl_key_file": "test.key"},
	})
	for _, c := range []struct {
		mode, host, root string
		want             error
	}{
		{"verify-full", "127.0.0.1", ca.file, nil},
		{"verify-full", "localhost", ca.file, core.ErrUnauthenticated}, // the certificate is of the address alone
		{"verify-full", "127.0.0.1", other.file, core.ErrUnauthenticated},
		{"verify-ca", "localhost", ca.file, nil},
		{"verify-ca", "127.0.0.1", other.file, core.ErrUnauthenticated},
		{"require", "localhost", "", nil},
	} {
		settings := map[string]string{"sslmode": c.mode}
		if c.root != "" {
			settings["sslrootcert"] = c.root
		}
		db, err := pgdb.Open(t.Context(), pgdb.Config{URI: changed(t, server.URL(), c.host, settings)})
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s at %s: %v, want %v", c.mode, c.host, err, c.want)
		}
		if err != nil {
			continue
		}
		if n := count(t, db, "SELECT 1 FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"); n != 1 {
			t.Errorf("%s at %s: the connection is not encrypted", c.mode, c.host)
		}
		must(t, db.Close())
	}
}

// Of several hosts the one is taken that has what target_session_attrs asks for, as libpq does.
func TestTheHostWithTheSessionAskedForIsTaken(t *testing.T) {
	t.Parallel()
	standby := testenv.NewPostgresServer(t, testenv.PostgresOptions{
		Careless: true, Settings: map[string]string{"default_transaction_read_only": "on"},
	})
	primary := testenv.NewPostgresServer(t, testenv.PostgresOptions{Careless: true})
	hosts := "postgresql+psycopg2://postgres@/postgres?sslmode=disable&host=127.0.0.1:" + port(t, standby) +
		"&host=127.0.0.1:" + port(t, primary)
	for _, c := range []struct{ attributes, port string }{
		{"any", port(t, standby)}, {"read-write", port(t, primary)}, {"read-only", port(t, standby)}, {"primary", port(t, standby)},
	} {
		db := open(t, hosts+"&target_session_attrs="+c.attributes)
		if n := count(t, db, "SELECT 1 WHERE current_setting('port') = $1", c.port); n != 1 {
			t.Errorf("%s: the session is not at port %s", c.attributes, c.port)
		}
	}
	primary.Stop(t)
	_, err := pgdb.Open(t.Context(), pgdb.Config{URI: hosts + "&target_session_attrs=read-write"})
	if !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("without a primary: %v", err)
	}
}

// A host that follows another one is preferred where that is asked for, and its primary is better than nothing.
func TestAStandbyIsPreferred(t *testing.T) {
	t.Parallel()
	standby := testenv.NewPostgresServer(t, testenv.PostgresOptions{Careless: true, Files: map[string][]byte{"standby.signal": nil}})
	primary := testenv.NewPostgresServer(t, testenv.PostgresOptions{Careless: true})
	hosts := "postgresql://postgres@127.0.0.1:" + port(t, primary) + ",127.0.0.1:" + port(t, standby) + "/postgres?sslmode=disable"
	expect := func(attributes string, at *testenv.PostgresServer) {
		t.Helper()
		db := open(t, hosts+"&target_session_attrs="+attributes)
		if n := count(t, db, "SELECT 1 WHERE current_setting('port') = $1", port(t, at)); n != 1 {
			t.Errorf("%s: the session is not at port %s", attributes, port(t, at))
		}
	}
	expect("prefer-standby", standby)
	expect("standby", standby)
	expect("primary", primary)
	standby.Stop(t)
	expect("prefer-standby", primary)
}

// port is that of a server.
func port(t *testing.T, s *testenv.PostgresServer) string {
	t.Helper()
	u, err := url.Parse(s.URL())
	must(t, err)
	return u.Port()
}
