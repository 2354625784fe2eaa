//go:build unix

package s3_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/s3"
)

// Variables that tell a child what to upload, and where.
const (
	killedURI      = "MLSTORE_S3_KILLED_URI"
	killedEndpoint = "MLSTORE_S3_KILLED_ENDPOINT"
	killedKey      = "MLSTORE_S3_KILLED_KEY"
	killedSecret   = "MLSTORE_S3_KILLED_SECRET"
	killedJournal  = "MLSTORE_S3_KILLED_JOURNAL"
	killedFile     = "MLSTORE_S3_KILLED_FILE"
)

// openAsChild opens what the variables say.
func openAsChild() (core.ArtifactRepository, error) {
	uri, err := core.ParseURI(os.Getenv(killedURI))
	if err != nil {
		return nil, err
	}
	o := &s3.Opener{Journal: os.Getenv(killedJournal), Getenv: func(string) string { return "" }}
	backend, err := o.Open(context.Background(), core.OpenRequest{
		URI: uri, Options: map[string]string{"endpoint_url": os.Getenv(killedEndpoint)},
		Secrets: map[string]core.Secret{
			"access_key_id": core.NewSecret(os.Getenv(killedKey)), "secret_access_key": core.NewSecret(os.Getenv(killedSecret)),
		},
	})
	return backend.Artifacts, err
}

// uploadForEver is a child that uploads more and more, to be killed: it says so on its standard output for each MiB.
func uploadForEver() error {
	store, err := openAsChild()
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	go func() {
		piece := []byte(noise(1 << 20))
		for i := 0; ; i++ {
			if _, err := w.Write(piece); err != nil {
				return
			}
			fmt.Println(i)
		}
	}()
	_, err = store.Put(context.Background(), "f", r, core.PutOptions{})
	return err
}

// child is a copy of this program that does something in the bucket.
func (f *fixture) child(what, endpoint string) *exec.Cmd {
	cmd := exec.CommandContext(f.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+what, killedURI+"=s3://"+f.bucket+"/root", killedEndpoint+"="+endpoint,
		killedKey+"="+f.server.AccessKey, killedSecret+"="+f.server.SecretKey, killedJournal+"="+f.opener.Journal)
	return cmd
}

// A process that is killed in the middle of an upload leaves nothing to see, and the next one aborts what it has begun, and
// nothing else.
func TestKillDuringUpload(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cmd := f.child("upload", f.server.Endpoint)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "30"; {
		continue
	}
	_, err = f.server.Client("").CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{
		Bucket: &f.bucket, Key: aws.String("root/of-another-program"),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.open("other") // while the process lives, its upload is its own
	if n := f.uploads(); n != 2 {
		t.Errorf("while the process lives there are %d uploads, want 2", n)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	next := &s3.Opener{Journal: f.opener.Journal, Getenv: f.opener.Getenv}
	backend, err := next.Open(t.Context(), f.request("root"))
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	_, err = backend.Artifacts.Stat(t.Context(), "f")
	wantError(t, "what was killed", err, core.ErrNotFound)
	left, err := f.server.Client("").ListMultipartUploads(t.Context(), &sdk.ListMultipartUploadsInput{Bucket: &f.bucket})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, u := range left.Uploads {
		keys = append(keys, *u.Key)
	}
	if diff := cmp.Diff([]string{"root/of-another-program"}, keys); diff != "" {
		t.Errorf("open uploads (-want +got):\n%s", diff)
	}
	journals, err := filepath.Glob(filepath.Join(f.opener.Journal, "*.uploads"))
	if err != nil || len(journals) != 0 {
		t.Errorf("the journals %q are still there, %v", journals, err)
	}
	put(t, backend.Artifacts, "f", strings.Repeat("x", 9<<20)) // and may be put now
}
