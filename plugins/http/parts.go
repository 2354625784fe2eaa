package http

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

// parts are those of one upload past the server: each is read into memory and sent by a request that the server signed. The
// upload is completed when the last byte has turned out right, and aborted else.
type parts struct {
	of   *Artifacts
	dir  string // of the file
	name string
	size int // of a part but the last, in bytes
	most int // how many there may be
}

// unknownParts is how many parts a file may have whose size nobody knows.
const unknownParts = 1000

// newParts plans an upload of so many bytes, below 0 when nobody knows.
func (a *Artifacts) newParts(at string, size int64) parts {
	dir, name := path.Split(path.Join(a.root, at))
	p := parts{of: a, dir: path.Clean(dir), name: name, size: a.direct.part, most: unknownParts}
	if size >= 0 {
		p.size = max(p.size, int((size+core.MostParts-1)/core.MostParts))
		p.most = max(1, int((size+int64(p.size)-1)/int64(p.size)))
	}
	return p
}

// send sends all that a reader has.
func (p parts) send(ctx context.Context, r io.Reader) error {
	var begun rest.CreateUploadAnswer
	most := rest.Int(p.most)
	if err := p.call(ctx, "create", rest.CreateUpload{Path: p.name, NumParts: &most}, &begun); err != nil {
		return unsupported(err)
	}
	sent, err := p.sendAll(ctx, &until{ctx, r}, begun.Credentials)
	if err == nil {
		return p.call(ctx, "complete", rest.CompleteUpload{Path: p.name, UploadID: begun.UploadID, Parts: sent}, nil)
	}
	const patience = 10 * time.Second // what it cannot abort the place that keeps the files removes some day
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_ = p.call(ending, "abort", rest.AbortUpload{Path: p.name, UploadID: begun.UploadID}, nil)
	return err
}

// until reads while its context lasts.
type until struct {
	ctx context.Context //nolint:containedctx // of the upload
	r   io.Reader
}

func (u *until) Read(p []byte) (int, error) {
	if err := core.Interrupted(u.ctx); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

func (p parts) sendAll(ctx context.Context, r io.Reader, signed []rest.UploadCredential) ([]rest.UploadPart, error) {
	var sent []rest.UploadPart
	buf := make([]byte, p.size)
	for i, to := range signed {
		n, last, err := fill(r, buf)
		if err != nil {
			return nil, err
		}
		if n == 0 && i > 0 {
			return sent, nil
		}
		part, err := p.sendPart(ctx, to, buf[:n])
		if err != nil {
			return nil, err
		}
		sent = append(sent, part)
		if last {
			return sent, nil
		}
	}
	if n, err := r.Read(buf[:1]); n > 0 || err != io.EOF {
		return nil, errors.Join(err, core.Errorf(core.ResourceExhausted, "the file is longer than %d parts of %d bytes: say its size",
			len(signed), p.size))
	}
	return sent, nil
}

// fill reads as much as there is and fits. Less is the last.
func fill(r io.Reader, buf []byte) (n int, last bool, err error) {
	n, err = io.ReadFull(r, buf)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return n, true, nil
	}
	return n, false, err
}

func (p parts) sendPart(ctx context.Context, to rest.UploadCredential, content []byte) (rest.UploadPart, error) {
	answer, err := p.of.client.Send(ctx, restclient.Request{
		Method: http.MethodPut, Away: core.NewSecret(to.URL), Header: to.Headers,
		Body: restclient.Body{
			Stream: func() (io.Reader, error) { return bytes.NewReader(content), nil }, Size: int64(len(content)),
		},
	})
	if err != nil {
		return rest.UploadPart{}, err
	}
	answer.Drain()
	return rest.UploadPart{PartNumber: to.PartNumber, ETag: answer.Header.Get("ETag"), URL: to.URL}, nil
}

// call makes a call on the upload.
func (p parts) call(ctx context.Context, verb string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return core.Invalid("request", "the request cannot be written as JSON: %w", err)
	}
	return p.of.client.Read(ctx, restclient.Request{
		Method: http.MethodPost, Path: "/api/2.0/mlflow-artifacts/mpu/" + verb + "/" + escaped(p.dir), Once: true,
		Body: restclient.Body{JSON: body},
	}, out)
}
