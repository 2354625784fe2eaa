package server

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// putProxied stores the body as it comes: the store makes the file visible when it has all of it. A body that ends early, or
// whose digest is not the one that the client sent, leaves no file (R25).
func (s *Server) putProxied(c *call) error {
	name := c.r.PathValue("path")
	if err := cmp.Or(s.checkProxied(name), unreserved(name)); err != nil {
		return err
	}
	if s.config.PresignedOnly {
		return presignedOnly()
	}
	o := core.PutOptions{}
	if c.r.ContentLength >= 0 {
		o.Size = &c.r.ContentLength
	}
	var err error
	if o.SHA256, err = sentDigest(c.r.Header); err != nil {
		return err
	}
	at, err := s.proxied(c.ctx(), name)
	if err != nil {
		return err
	}
	defer at.leave()
	stored, err := put(c, at, upload{at.path, c.r.Body, o})
	if err != nil {
		return err
	}
	if stored.SHA256 != "" {
		c.w.Header().Set("Repr-Digest", digestField(stored.SHA256))
	}
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// maxUpload is the largest body of upload-artifact (mlflow/server/handlers.py).
const maxUpload = 10 << 20

// uploadRunArtifact stores a small file of a run, for MLflow's clients and web page.
func (s *Server) uploadRunArtifact(c *call) error {
	name := c.r.URL.Query().Get("path")
	switch {
	case runOf(c) == "":
		return core.Invalid("run_id", "Request must specify run_id or run_uuid.")
	case name == "":
		return core.Invalid("path", "Request must specify path.")
	}
	if err := writable(name); err != nil {
		return err
	}
	if s.config.PresignedOnly {
		return presignedOnly()
	}
	if c.r.ContentLength > maxUpload {
		return tooLarge()
	}
	body := bufio.NewReader(http.MaxBytesReader(c.w, c.r.Body, maxUpload))
	if _, err := body.Peek(1); errors.Is(err, io.EOF) {
		return core.Invalid("data", "Request must specify data.")
	}
	run, err := s.tracking.Run(c.ctx(), core.RunID(runOf(c)))
	if err != nil {
		return err
	}
	repo, err := s.artifacts(c.ctx(), run.ArtifactURI, name)
	if err != nil {
		return err
	}
	defer repo.Close()
	if _, err := put(c, repo, upload{name, body, core.PutOptions{}}); err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func tooLarge() error { return core.Invalid("data", "Artifact size is too large. Max size is 10MB.") }

// upload is a file on its way to a store.
type upload struct {
	name string
	body io.Reader
	o    core.PutOptions
}

// put stores a file. What is wrong with the body is the client's fault, whatever the store says of it.
func put(c *call, repo core.ArtifactRepository, u upload) (core.Artifact, error) {
	body := &watched{r: u.body}
	stored, err := repo.Put(c.ctx(), u.name, body, u.o)
	broke := body.end()
	large := &http.MaxBytesError{}
	switch {
	case err == nil:
		return stored, nil
	case errors.As(broke, &large):
		return stored, tooLarge()
	case broke != nil:
		return stored, core.Invalid("data", "the body of the request ended early: %w", broke)
	case errors.Is(err, core.ErrDataLoss):
		return stored, core.Invalid("data", "%w", err)
	}
	return stored, err
}

// watched remembers why a reader ended, unless that was its end. A store that has refused an upload may have left a read
// behind: what that finds is nobody's concern any more.
type watched struct {
	r     io.Reader
	mu    sync.Mutex
	err   error
	ended bool
}

func (w *watched) Read(p []byte) (int, error) {
	w.mu.Lock()
	ended := w.ended
	w.mu.Unlock()
	if ended {
		return 0, io.ErrClosedPipe
	}
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.mu.Lock()
		w.err = err
		w.mu.Unlock()
	}
	return n, err
}

// end makes later reads fail and returns what has gone wrong so far.
func (w *watched) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	return w.err
}

// sentDigest is the SHA-256 of the body that a client sent along, in Content-Digest or Repr-Digest (RFC 9530), in hexadecimal;
// empty is none.
func sentDigest(h http.Header) (string, error) {
	for _, field := range []string{"Content-Digest", "Repr-Digest"} {
		for value := range strings.SplitSeq(strings.Join(h.Values(field), ","), ",") {
			algorithm, text, found := strings.Cut(strings.TrimSpace(value), "=")
			if !found || !strings.EqualFold(algorithm, "sha-256") {
				continue
			}
			sum, err := base64.StdEncoding.DecodeString(strings.Trim(text, ":"))
			if err != nil || len(sum) != 32 {
				return "", core.Invalid(field, "the digest must be sha-256=:BASE64: of 32 bytes")
			}
			return hex.EncodeToString(sum), nil
		}
	}
	return "", nil
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
