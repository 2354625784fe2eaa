package testenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// S3Server is an S3 server on the loopback: versitygw, which keeps objects in a temporary folder.
type S3Server struct {
	Endpoint  string // http://127.0.0.1:PORT
	AccessKey string
	SecretKey string
	Region    string

	dir   string
	alive io.Closer // closing it ends the server
	wait  func() error
}

// s3Server is the server of this test process, and how many tests use it.
type s3Server struct {
	mu     sync.Mutex
	server *S3Server
	users  int
	names  int
}

var sharedS3 s3Server

// S3 returns a running S3 server that the tests of this process share. It starts with the first test that asks and stops
// with the last one that is done. The program is built by the Go tool at the version that tools/go.mod pins.
func S3(t testing.TB) *S3Server {
	t.Helper()
	sharedS3.mu.Lock()
	defer sharedS3.mu.Unlock()
	if sharedS3.server == nil {
		server, err := startS3(Root(t))
		if err != nil {
			t.Fatalf("start an S3 server: %v", err)
		}
		sharedS3.server = server
	}
	sharedS3.users++
	t.Cleanup(func() {
		sharedS3.mu.Lock()
		defer sharedS3.mu.Unlock()
		if sharedS3.users--; sharedS3.users == 0 {
			if err := sharedS3.server.stop(); err != nil {
				t.Errorf("stop the S3 server: %v", err)
			}
			sharedS3.server = nil
		}
	})
	return sharedS3.server
}

// Environ are the variables by which a program finds the server, and no other settings for S3.
func (s *S3Server) Environ() []string {
	return []string{
		"MLFLOW_S3_ENDPOINT_URL=" + s.Endpoint, "AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.SecretKey,
		"AWS_REGION=" + s.Region, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
}

// Client returns a plain client of the SDK, the second reader of what a store has written. Endpoint "" is the server's own.
func (s *S3Server) Client(endpoint string) *s3.Client {
	if endpoint == "" {
		endpoint = s.Endpoint
	}
	return s3.New(s3.Options{
		BaseEndpoint: &endpoint, Region: s.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, ""),
		DisableLogOutputChecksumValidationSkipped: true,
	})
}

// Bucket makes a new bucket. It goes with the server.
func (s *S3Server) Bucket(t testing.TB) string {
	t.Helper()
	sharedS3.mu.Lock()
	sharedS3.names++
	name := fmt.Sprintf("bucket-%d", sharedS3.names)
	sharedS3.mu.Unlock()
	if _, err := s.Client("").CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		t.Fatalf("make the bucket %s: %v", name, err)
	}
	return name
}

// goTool builds a tool that tools/go.mod pins and returns its path. A server must be started from there: killing `go tool`
// would leave it running.
func goTool(ctx context.Context, root, name string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "tool", "-modfile=tools/go.mod", "-n", name)
	cmd.Dir = root
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build %s (go tool -modfile=tools/go.mod -n %s): %w\n%s", name, name, err, &stderr)
	}
	return strings.TrimSpace(string(out)), nil
}

// GoTool is the path of a tool that tools/go.mod pins, built when needed.
func GoTool(t testing.TB, name string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	path, err := goTool(ctx, Root(t), name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// startS3 starts the server under a shell that kills it when this process ends, however that comes about.
func startS3(root string) (*S3Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	program, err := goTool(ctx, root, "versitygw")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mlstore-s3-")
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"data", "old"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return nil, err
		}
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	s := &S3Server{
		Endpoint: "http://" + address, AccessKey: "mlstoretest", SecretKey: "mlstoretestsecret", Region: "us-east-1", dir: dir,
	}
	_, port, _ := net.SplitHostPort(address) // made by the system
	const watch = `"$@" </dev/null & server=$!; read -r _; kill -9 $server; wait $server 2>/dev/null; :`
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "sh", "-c", watch, "sh",
		program, "--port", address, "--virtual-domain", "localhost:"+port, "--quiet",
		"posix", "--versioning-dir", filepath.Join(dir, "old"), filepath.Join(dir, "data"))
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.AccessKey, "ROOT_SECRET_KEY="+s.SecretKey)
	log := &tail{}
	cmd.Stdout, cmd.Stderr = log, log
	if s.alive, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.wait = cmd.Wait
	if err := answers(ctx, address); err != nil {
		return nil, fmt.Errorf("%w\n%s", errors.Join(err, s.stop()), log)
	}
	return s, nil
}

func (s *S3Server) stop() error {
	return errors.Join(s.alive.Close(), s.wait(), os.RemoveAll(s.dir))
}

// freeAddress is an address of the loopback that nobody listens at.
func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// answers waits until somebody listens at the address.
func answers(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("nobody answers at %s: %w", address, err)
		case <-tick.C:
		}
	}
}

// tail keeps the last of what a program prints.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 4 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
