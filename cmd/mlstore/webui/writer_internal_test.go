package webui

import (
	"archive/zip"
	"errors"
	"testing"

	"github.com/mlstore/mlstore/core"
)

// Z10: so many entries are refused before one of them is looked at.
func TestWheelsOfManyEntries(t *testing.T) {
	t.Parallel()
	w := &writer{ctx: t.Context()}
	if err := w.unzip(make([]*zip.File, maxEntries+1)); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("error %v", err)
	}
}
