package mem

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// source reads on until the context or the store ends.
type source struct {
	ctx   context.Context //nolint:containedctx // the source of a call belongs to the call
	store *handle
	r     io.Reader
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.store.read(s.ctx); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// collect reads a file to its end and verifies what the caller said of it. A limit of 0 is none.
func collect(r io.Reader, o core.PutOptions, limit int64) (*file, error) {
	most := limit
	if o.Size != nil {
		most = *o.Size
	}
	if o.Size != nil || limit > 0 {
		r = io.LimitReader(r, most+1) // one byte tells that there are too many
	}
	var content bytes.Buffer
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(&content, hash), r)
	sum := hex.EncodeToString(hash.Sum(nil))
	switch {
	case err != nil:
		return nil, err
	case o.Size != nil && size > most:
		return nil, core.Invalid("size", "there are more bytes than the %d declared", most)
	case o.Size != nil && size < most:
		return nil, core.Invalid("size", "there are %d bytes, not the %d declared", size, most)
	case limit > 0 && size > limit:
		return nil, core.Invalid("size", "there are more bytes than the %d that the store takes", limit)
	case o.SHA256 != "" && !strings.EqualFold(o.SHA256, sum):
		return nil, &core.Error{
			Code: core.DataLoss, Key: "sha256",
			Err: fmt.Errorf("the bytes have the SHA-256 %s, not the declared %s", sum, o.SHA256),
		}
	}
	return &file{
		Artifact: core.Artifact{Size: size, ModTime: core.Now(), SHA256: sum}, content: content.Bytes(),
	}, nil
}
