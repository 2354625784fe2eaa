package server

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

func (s *Server) getRunArtifact(c *call) error {
	name, err := pathOf(c, "path")
	if err != nil {
		return err
	}
	if runOf(c) == "" {
		return missing("run_id")
	}
	run, err := s.tracking.Run(c.ctx(), core.RunID(runOf(c)))
	if err != nil {
		return err
	}
	return s.sendBelow(c, run.ArtifactURI, name)
}

func (s *Server) getVersionArtifact(c *call) error {
	q := c.r.URL.Query()
	name, err := pathOf(c, "path")
	if err != nil {
		return err
	}
	if q.Get("name") == "" {
		return missing("name")
	}
	number, err := strconv.Atoi(q.Get("version"))
	if err != nil || number < 1 {
		return core.Invalid("version", "Model version must be an integer, got '%s'", cut(q.Get("version")))
	}
	v, err := s.registry.Version(c.ctx(), core.VersionRef{Model: q.Get("name"), Number: number})
	if err != nil {
		return err
	}
	return s.sendBelow(c, v.DownloadURI(), name)
}

func (s *Server) getModelArtifact(c *call) error {
	name, err := pathOf(c, "artifact_file_path")
	if err != nil {
		return err
	}
	uri, err := s.modelLocation(c)
	if err != nil {
		return err
	}
	return s.sendBelow(c, uri, name)
}

// pathOf is the path of a file in a field of the query.
func pathOf(c *call, field string) (string, error) {
	name := c.r.URL.Query().Get(field)
	if name == "" {
		return "", missing(field)
	}
	return name, core.CheckArtifactPath(name)
}

func missing(field string) error {
	return core.Invalid(field, "Missing value for required parameter '%s'.", field)
}

// sendBelow sends a file below a location, or with presigned=true the request that gets it from where it is.
func (s *Server) sendBelow(c *call, uri, name string) error {
	presigned := strings.EqualFold(c.r.URL.Query().Get("presigned"), "true")
	if s.config.PresignedOnly && !presigned {
		return presignedOnly()
	}
	repo, err := s.artifacts(c.ctx(), uri, name)
	if err != nil {
		return err
	}
	defer repo.Close()
	if presigned {
		signed, err := presign(c.ctx(), repo, name, core.PresignOptions{})
		if err != nil {
			return err
		}
		return c.answer(rest.PresignProxiedAnswer(signed))
	}
	return s.send(c, repo, name)
}

// presignedOnly is why bytes do not pass through the server. Source: MLFLOW_ARTIFACTS_PRESIGNED_ONLY.
func presignedOnly() error {
	return core.Errorf(core.PermissionDenied,
		"this server passes no artifacts through: use presigned requests (it runs with MLFLOW_ARTIFACTS_PRESIGNED_ONLY)")
}

// send answers with a file: whole, in the ranges that the client asks for, or not at all when the client has it (RFC 9110,
// sections 13 and 14). It is always an attachment that no browser runs (R12).
func (s *Server) send(c *call, repo core.ArtifactRepository, name string) error {
	f := &content{ctx: c.ctx(), repo: repo, name: name}
	defer f.Close()
	whole := c.r.Method == http.MethodGet && c.r.Header.Get("Range") == "" && c.r.Header.Get("If-None-Match") == ""
	if err := f.find(whole); err != nil {
		return err
	}
	found := f.file
	if strings.Count(c.r.Header.Get("Range"), ",") >= maxRanges {
		c.r.Header.Del("Range") // a server may ignore ranges; so many would each open the file
	}
	h := c.w.Header()
	h.Set("Content-Type", contentType(name))
	h.Set("Content-Disposition", attachment(path.Base(name)))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	if tag := entityTag(found); tag != "" {
		h.Set("ETag", tag)
	}
	if found.SHA256 != "" {
		h.Set("Repr-Digest", digestField(found.SHA256))
	}
	var modified time.Time
	if found.ModTime != 0 {
		modified = found.ModTime.Time()
	}
	http.ServeContent(&sender{ResponseWriter: c.w, from: f}, c.r, "", modified, f)
	if f.err != nil && c.ctx().Err() == nil {
		s.log.ErrorContext(c.ctx(), "a download was cut off", "path", name, "error", f.err)
		panic(http.ErrAbortHandler) // nobody must take a part for the whole
	}
	return nil
}

// maxRanges is how many ranges of one file a request may ask for.
const maxRanges = 16

// entityTag tells versions of a file apart: by digest, or by size and time of change. Empty is unknown.
func entityTag(a core.Artifact) string {
	switch {
	case a.SHA256 != "":
		return `"` + a.SHA256 + `"`
	case a.ModTime != 0:
		return fmt.Sprintf(`"%x-%x"`, int64(a.ModTime), a.Size)
	}
	return ""
}

// content is one version of a file as http.ServeContent reads it. It is opened where and when it is read.
type content struct {
	ctx  context.Context //nolint:containedctx // the content of an answer belongs to its call
	repo core.ArtifactRepository
	file core.Artifact
	name string

	offset int64
	open   io.ReadCloser // at offset, or nil
	err    error         // of the store
}

// Seek only remembers.
func (f *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += f.file.Size
	}
	if offset < 0 {
		return 0, errors.New("seek before the start")
	}
	if offset != f.offset {
		if whence != io.SeekEnd { // which asks for the size alone
			_ = f.Close() // nothing was written
		}
		f.offset = offset
	}
	return offset, nil
}

// Read reads on to the end of the file.
func (f *content) Read(p []byte) (int, error) {
	r, err := f.reader(f.file.Size - f.offset)
	if err != nil {
		return 0, err
	}
	n, err := r.Read(p)
	f.offset += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// find looks up the file and, to send the whole, opens it while an error may still be told. A file that is replaced in between
// is looked up again.
func (f *content) find(open bool) error {
	const most = 16
	for attempt := 1; ; attempt++ {
		var err error
		f.file, err = f.repo.Stat(f.ctx, f.name)
		switch {
		case err != nil:
			return err
		case f.file.Dir:
			return core.Invalid("path", "Artifact path refers to a directory, not a file: '%s'", cut(f.name))
		case !open:
			return nil
		}
		if err = f.openSame(core.ReadOptions{}); !errors.Is(err, errReplaced) || attempt == most {
			return err
		}
	}
}

// errReplaced is that a file is no longer the one that its size and tag were told of.
var errReplaced = core.Errorf(core.Unavailable, "the file was replaced while it was read: ask again")

// openSame opens the file and fails when it may not be the one that was found.
func (f *content) openSame(o core.ReadOptions) error {
	r, err := f.repo.Open(f.ctx, f.name, o)
	if err != nil {
		return err
	}
	now, err := f.repo.Stat(f.ctx, f.name)
	if err == nil && now != f.file || errors.Is(err, core.ErrNotFound) {
		err = errReplaced
	}
	if err != nil {
		return errors.Join(err, r.Close())
	}
	f.open = r
	return nil
}

// reader opens the next length bytes, unless the file is open there already.
func (f *content) reader(length int64) (io.Reader, error) {
	if f.open == nil {
		if f.err = f.openSame(core.ReadOptions{Offset: f.offset, Length: &length}); f.err != nil {
			return nil, f.err
		}
	}
	return f.open, nil
}

// Close closes what is open.
func (f *content) Close() error {
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.open = nil
	return err
}

// The pieces in which a file is sent. A client that takes less than 1 KiB a second of a piece is given up (R13).
const (
	piece     = 256 << 10
	pieceTime = piece / (1 << 10) * time.Second
)

// sender takes what http.ServeContent copies from the store's reader straight to the connection, in pieces that each have their
// time. A reader that is a file underneath is then sent by the kernel.
type sender struct {
	http.ResponseWriter

	from *content
}

// Unwrap is for http.ResponseController.
func (w *sender) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// ReadFrom copies from r, which is the content, or a part of it, or something else.
func (w *sender) ReadFrom(r io.Reader) (int64, error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok || limited.R != io.Reader(w.from) {
		return io.Copy(struct{ io.Writer }{w.ResponseWriter}, r)
	}
	source, err := w.from.reader(limited.N)
	if err != nil {
		return 0, err
	}
	to := &pacedWriter{w.ResponseWriter, http.NewResponseController(w.ResponseWriter)}
	defer to.end()
	sent, err := copyTo(to, source, limited.N)
	w.from.offset += sent
	if err == nil && sent < limited.N {
		err = io.ErrUnexpectedEOF
	}
	w.from.err = cmp.Or(w.from.err, err)
	return sent, err
}

// copyTo copies length bytes. A reader of a store that can write itself was opened for just these.
func copyTo(to *pacedWriter, from io.Reader, length int64) (int64, error) {
	if itself, ok := from.(io.WriterTo); ok {
		return itself.WriteTo(to)
	}
	return io.CopyBuffer(struct{ io.Writer }{to}, io.LimitReader(from, length), make([]byte, piece))
}

// paced is the writer of a call that gives each piece its time. End it.
func (c *call) paced() *pacedWriter { return &pacedWriter{c.w, http.NewResponseController(c.w)} }

// pacedWriter gives each piece its time.
type pacedWriter struct {
	http.ResponseWriter

	control *http.ResponseController
}

func (w *pacedWriter) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		w.begin()
		n, err := w.ResponseWriter.Write(p[written:min(written+piece, len(p))])
		if written += n; err != nil {
			return written, err
		}
	}
	return written, nil
}

// ReadFrom lets the kernel send a piece of a file.
func (w *pacedWriter) ReadFrom(r io.Reader) (int64, error) {
	w.begin()
	return io.Copy(w.ResponseWriter, r)
}

// begin and end set and take away the deadline; tests' recorders have none.
func (w *pacedWriter) begin() { _ = w.control.SetWriteDeadline(time.Now().Add(pieceTime)) }
func (w *pacedWriter) end()   { _ = w.control.SetWriteDeadline(time.Time{}) }

// digestField is a SHA-256 as the fields Repr-Digest and Content-Digest have it (RFC 9530).
func digestField(sum string) string {
	raw, err := hex.DecodeString(sum)
	if err != nil {
		return ""
	}
	return "sha-256=:" + base64Of(raw) + ":"
}
