package s3_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
)

func noise(n int) string {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b) // never fails
	return string(b)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// uploads counts the uploads in parts that are open in the bucket.
func (f *fixture) uploads() int {
	f.t.Helper()
	out, err := f.server.Client("").ListMultipartUploads(f.t.Context(), &sdk.ListMultipartUploadsInput{Bucket: &f.bucket})
	if err != nil {
		f.t.Fatal(err)
	}
	return len(out.Uploads)
}

// keys lists what is in the bucket, by the plain SDK.
func (f *fixture) keys() []string {
	f.t.Helper()
	out, err := f.server.Client("").ListObjectsV2(f.t.Context(), &sdk.ListObjectsV2Input{Bucket: &f.bucket})
	if err != nil {
		f.t.Fatal(err)
	}
	var all []string
	for _, o := range out.Contents {
		all = append(all, *o.Key)
	}
	return all
}

// plain stores an object as others do.
func (f *fixture) plain(key, content string) {
	f.t.Helper()
	_, err := f.server.Client("").PutObject(f.t.Context(), &sdk.PutObjectInput{
		Bucket: &f.bucket, Key: &key, Body: strings.NewReader(content),
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func TestKeysAreThoseOfMLflow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.open("exp/run/artifacts/")
	names := []string{"model/é + & ? %.bin", "a%2Fb", "a b", "ü/日本", "x+y", "100%"}
	var want []string
	for _, name := range names {
		put(t, a, name, "in "+name)
		want = append(want, "exp/run/artifacts/"+name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, f.keys()); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for _, name := range names {
		out, err := f.server.Client("").GetObject(t.Context(), &sdk.GetObjectInput{
			Bucket: &f.bucket, Key: aws.String("exp/run/artifacts/" + name), ChecksumMode: types.ChecksumModeEnabled,
		})
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(out.Body)
		if err != nil || string(content) != "in "+name {
			t.Errorf("%q: the SDK reads %q, %v", name, content, err)
		}
	}
}

func TestS5cmdReadsWhatWasUploaded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.open("")
	content := noise(20<<20 + 7)
	stored, err := a.Put(t.Context(), "dir/big.bin", iotest.HalfReader(strings.NewReader(content)), core.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if stored.Size != int64(len(content)) || stored.SHA256 != digest(content) {
		t.Errorf("Put returned %+v", stored)
	}
	cmd := exec.CommandContext(t.Context(), testenv.GoTool(t, "s5cmd"), "--endpoint-url", f.server.Endpoint, "cat",
		"s3://"+f.bucket+"/dir/big.bin")
	cmd.Env = append(cmd.Environ(), f.server.Environ()...)
	got, err := cmd.Output()
	if err != nil || string(got) != content {
		t.Errorf("s5cmd reads %d bytes, equal %v, %v", len(got), string(got) == content, err)
	}
	back, err := read(t, a, "dir/big.bin", core.ReadOptions{})
	if err != nil || back != content {
		t.Errorf("Open reads %d bytes, equal %v, %v", len(back), back == content, err)
	}
	if f.uploads() != 0 {
		t.Error("the upload is still open")
	}
}

func TestDigests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.open("")
	long := noise(9 << 20)
	f.plain("foreign", "of another program")
	put(t, a, "short", "short")
	put(t, a, "long-unknown", long)
	_, err := a.Put(t.Context(), "long", strings.NewReader(long), core.PutOptions{SHA256: strings.ToUpper(digest(long))})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"short": digest("short"), "long": digest(long), "long-unknown": "", "foreign": ""} {
		got, err := a.Stat(t.Context(), path)
		if err != nil || got.SHA256 != want {
			t.Errorf("%s: %+v, %v, want the digest %q", path, got, err, want)
		}
	}
	_, err = a.Put(t.Context(), "long", strings.NewReader(long+"more"), core.PutOptions{SHA256: digest(long)})
	wantError(t, "another digest", err, core.ErrDataLoss)
	if got, err := read(t, a, "long", core.ReadOptions{}); err != nil || got != long {
		t.Errorf("after a refused Put: %d bytes, %v", len(got), err)
	}
	if f.uploads() != 0 {
		t.Error("the refused upload is still open")
	}
}

func TestListingsOfForeignKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.open("root")
	for _, key := range []string{"root/a/x", "root/a b", "root/a-b/y", "root/a.txt", "root/a0", "root2/x", "root", "rooted"} {
		if key != "root" { // the server keeps folders, and has one there
			f.plain(key, "x")
		}
	}
	client := f.server.Client("")
	_, err := client.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: &f.bucket, Key: aws.String("root/folder/"), Body: strings.NewReader("")})
	if err != nil {
		t.Fatal(err)
	}
	for limit := range 8 {
		var got []string
		for e, err := range core.All(t.Context(), func(ctx context.Context, o core.PageOptions) (core.Page[core.Artifact], error) {
			return a.List(ctx, "", core.ListOptions{PageOptions: o})
		}, core.PageOptions{Limit: limit}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Path)
		}
		want := []string{"a", "a b", "a-b", "a.txt", "a0", "folder"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", limit, diff)
		}
	}
	all, err := a.List(t.Context(), "", core.ListOptions{Recursive: true})
	if err != nil || len(all.Items) != 5 {
		t.Errorf("recursive: %+v, %v, want five files and no folder marker", all, err)
	}
	folder, err := a.List(t.Context(), "folder", core.ListOptions{})
	if err != nil || len(folder.Items) != 0 {
		t.Errorf("the folder: %+v, %v", folder, err)
	}
	if err := a.Delete(t.Context(), "", core.DeleteOptions{All: true}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"root2/x", "rooted"}, f.keys()); diff != "" {
		t.Errorf("after deleting everything (-want +got):\n%s", diff)
	}
}

func TestUploadArguments(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.open("", "upload_extra_args", `{"ContentType": "x/y", "Metadata": {"who": "me"}, "StorageClass": "STANDARD"}`)
	plainly := f.open("")
	for _, size := range []int{10, 9 << 20} {
		put(t, a, "f.csv", noise(size))
		put(t, plainly, "g.csv.gz", noise(size))
		_, err := plainly.Put(t.Context(), "h.csv", strings.NewReader(noise(size)), core.PutOptions{ContentType: "a/b"})
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string][3]string{
			"f.csv": {"x/y", "", "me"}, "g.csv.gz": {"text/csv", "gzip", ""}, "h.csv": {"a/b", "", ""},
		} {
			head, err := f.server.Client("").HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: &f.bucket, Key: &key})
			if err != nil {
				t.Fatal(err)
			}
			got := [3]string{aws.ToString(head.ContentType), aws.ToString(head.ContentEncoding), head.Metadata["who"]}
			if got != want {
				t.Errorf("%s of %d bytes: %q, want %q", key, size, got, want)
			}
		}
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	put(t, f.open(""), "f", "x")
	request := f.request("")
	request.ReadOnly = true
	backend, err := f.opener.Open(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	a := backend.Artifacts
	_, err = a.Put(t.Context(), "g", strings.NewReader("x"), core.PutOptions{})
	wantError(t, "Put", err, core.ErrPermission)
	wantError(t, "Delete", a.Delete(t.Context(), "f", core.DeleteOptions{}), core.ErrPermission)
	if got, err := read(t, a, "f", core.ReadOptions{}); err != nil || got != "x" {
		t.Errorf("read %q, %v", got, err)
	}
	if err := errors.Join(backend.Close(), backend.Close()); err != nil {
		t.Error(err)
	}
}

func TestManyRootsShareConnections(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var roots []core.Backend
	for range 1000 {
		b, err := f.opener.Open(t.Context(), f.request("some/root"))
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, b)
	}
	for i, b := range roots {
		if i%100 == 0 {
			put(t, b.Artifacts, "f", "x")
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"some/root/f"}, f.keys()); diff != "" {
		t.Error(diff)
	}
}
