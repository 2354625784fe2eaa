package artifact

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

const pathTransfer core.Capability = "path_transfer"

func transferCases() []entry {
	needs := []core.Capability{pathTransfer}
	return []entry{
		{
			ID: "AR-113", Name: "transfer/put-file", Needs: needs, Run: inYard(putFile),
			Rule: "PutFile stores a whole local file with the promises of Put, from its first byte, and leaves the file alone.",
		},
		{
			ID: "AR-114", Name: "transfer/get-file", Needs: needs, Run: inYard(getFile),
			Rule: "GetFile writes the whole artifact into a local file, and its errors are those of Open.",
		},
	}
}

// refusals call each ability on nothing that exists, for stores that have it without declaring it.
func refusals() map[core.Capability]func(check, store) error {
	return map[core.Capability]func(check, store) error{
		pathTransfer: func(t check, s store) error {
			transfer, _ := core.As[core.PathTransfer](s)
			f, err := os.CreateTemp(t.TempDir(), "")
			conformance.NoError(t, "making a file", err)
			_, err = transfer.GetFile(t.Context(), "conformance/is/not/there", f)
			conformance.NoError(t, "closing the file", f.Close())
			return err
		},
		presigner: func(t check, s store) error {
			signer, _ := core.As[core.Presigner](s)
			_, err := signer.Presign(t.Context(), "conformance/is/not/there", core.PresignOptions{})
			return err
		},
		multipart: func(t check, s store) error {
			uploads, _ := core.As[core.Multipart](s)
			return uploads.AbortUpload(t.Context(), "conformance/is/not/there", "none")
		},
	}
}

// local makes a file of the content and opens it for reading and writing.
func (y *yard) local(content string) *os.File {
	y.Helper()
	name := filepath.Join(y.TempDir(), "file")
	conformance.NoError(y, "writing a file", os.WriteFile(name, []byte(content), 0o600))
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	conformance.NoError(y, "opening it", err)
	y.Cleanup(func() { _ = f.Close() }) // the case tells
	return f
}

// unreached reports whether the store says that it does not reach the file, which it may.
func unreached(y *yard, err error) bool {
	y.Helper()
	if errors.Is(err, core.ErrUnsupported) {
		y.Logf("the store does not reach local files: %v", err)
		return true
	}
	return false
}

func putFile(y *yard) {
	transfer, _ := core.As[core.PathTransfer](y.store)
	for _, content := range []string{"", "short", noise(y.env.Rand, 9<<20+1)} {
		f := y.local(content)
		_, err := f.Seek(int64(len(content)/2), 0) // where the file stands does not matter
		conformance.NoError(y, "Seek", err)
		a, err := transfer.PutFile(y.ctx, y.at("d/f"), f, core.PutOptions{})
		if unreached(y, err) {
			y.lacks("d/f")
			return
		}
		conformance.NoError(y, "PutFile", err)
		conformance.Equal(y, "size", a.Size, int64(len(content)))
		conformance.Equal(y, "path", a.Path, y.at("d/f"))
		y.holds("d/f", content)
		_, err = f.WriteAt([]byte("x"), int64(len(content)))
		conformance.NoError(y, "writing to the file, which is still open", err)
		y.holds("d/f", content)
		again, err := y.store.Put(y.ctx, y.at("d/g"), strings.NewReader(content), core.PutOptions{})
		conformance.NoError(y, "Put of the same", err)
		conformance.Equal(y, "SHA-256", a.SHA256, again.SHA256)
	}
	f := y.local("content")
	for what, o := range map[string]core.PutOptions{
		"another size": {Size: ptr(int64(8))}, "another digest": {SHA256: strings.Repeat("0", 64)},
	} {
		_, err := transfer.PutFile(y.ctx, y.at("new"), f, o)
		conformance.RefusedAs(y, "PutFile with "+what, err, core.ErrInvalid, core.ErrDataLoss)
		y.lacks("new")
	}
	if y.env.Info.Has(core.PutIfAbsent) {
		_, err := transfer.PutFile(y.ctx, y.at("d/f"), f, core.PutOptions{IfAbsent: true})
		conformance.Refused(y, "PutFile with IfAbsent over a file", err, core.ErrExists)
	}
	_, err := transfer.PutFile(y.ctx, y.at("../up"), f, core.PutOptions{})
	conformance.Refused(y, "PutFile to a path that is none", err, core.ErrInvalid)
}

func getFile(y *yard) {
	transfer, _ := core.As[core.PathTransfer](y.store)
	for _, content := range []string{"", "short", noise(y.env.Rand, 9<<20+1)} {
		y.put("d/f", content)
		f := y.local("")
		a, err := transfer.GetFile(y.ctx, y.at("d/f"), f)
		if unreached(y, err) {
			return
		}
		conformance.NoError(y, "GetFile", err)
		conformance.Equal(y, "size", a.Size, int64(len(content)))
		got, err := os.ReadFile(f.Name())
		conformance.NoError(y, "reading the file", errors.Join(err, sameBytes("the local file", got, content)))
	}
	_, err := transfer.GetFile(y.ctx, y.at("missing"), y.local(""))
	conformance.Refused(y, "GetFile of nothing", err, core.ErrNotFound)
	_, err = transfer.GetFile(y.ctx, y.at("d"), y.local(""))
	conformance.RefusedAs(y, "GetFile of a directory", err, core.ErrInvalid, core.ErrState)
	_, err = transfer.GetFile(y.ctx, y.at("../up"), y.local(""))
	conformance.Refused(y, "GetFile of a path that is none", err, core.ErrInvalid)
}
