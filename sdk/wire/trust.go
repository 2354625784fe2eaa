package wire

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// What a plugin answers is held against what was asked. A plugin that lies gets an ErrDataLoss, without a retry: it would
// lie again.

func lie(format string, args ...any) error {
	return &core.Error{Code: core.DataLoss, Err: &wrong{fmt.Sprintf("the plugin answered wrongly: "+format, args...)}}
}

// wrong is an answer that no plugin may give.
type wrong struct{ text string }

func (w *wrong) Error() string { return w.text }

// Blamer is a connection that can tell which plugin answered wrongly, and what it printed.
type Blamer interface {
	// Blame returns the error of a wrong answer with what is known of the plugin.
	Blame(wrong *core.Error) error
}

// blame lets the connection say more of an error, if that is of a wrong answer.
func (c caller) blame(err error) error {
	b, knows := c.conn.(Blamer)
	if _, lied := errors.AsType[*wrong](err); !knows || !lied {
		return err
	}
	e, _ := errors.AsType[*core.Error](err)
	return b.Blame(e)
}

// checkSame refuses an entity that is another than the one asked for.
func checkSame[T ~string](kind string, asked, got T) error {
	if asked != got {
		return lie("asked for the %s %q, it answered with %q", kind, asked, got)
	}
	return nil
}

// checkID refuses an id that is no single component of a path: callers build paths of ids.
func checkID[T ~string](kind string, id T) error {
	text := string(id)
	if text == "" || text == "." || text == ".." || strings.ContainsAny(text, "/\\\x00") || len(text) > 255 {
		return lie("the id %q of a %s", cut(text, maxKey), kind)
	}
	return nil
}

// checkPage refuses a page that is longer than asked for, and a token that leads to the page that it stands on.
func checkPage(n int, next string, asked core.PageOptions, bound core.Bound) error {
	limit := asked.Limit
	if limit <= 0 {
		limit = bound.Max
	}
	switch {
	case limit > 0 && n > limit:
		return lie("a page of %d items, where %d were asked for", n, limit)
	case next != "" && next == asked.Token:
		return lie("the page token %q leads to itself", cut(next, maxKey))
	}
	return nil
}

// checkArtifact refuses a description that is no file or directory.
func checkArtifact(a core.Artifact) error {
	switch {
	case a.Size < 0 || a.Dir && a.Size != 0:
		return lie("%q has the size %d", cut(a.Path, maxKey), a.Size)
	case a.SHA256 != "" && !isDigest(a.SHA256):
		return lie("%q has the SHA-256 %q", cut(a.Path, maxKey), cut(a.SHA256, maxKey))
	}
	return nil
}

func isDigest(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdefABCDEF") == ""
}

// checkListing refuses entries that do not belong below dir, and those that come twice.
func checkListing(dir string, recursive bool, items []core.Artifact) error {
	prefix := strings.TrimSuffix(dir, "/")
	if prefix != "" {
		prefix += "/"
	}
	var seen map[string]bool
	for i, item := range items {
		rest, inside := strings.CutPrefix(item.Path, prefix)
		switch {
		case !inside || !isPath(item.Path) || rest == "":
			return lie("it listed %q below %q", cut(item.Path, maxKey), cut(dir, maxKey))
		case !recursive && strings.Contains(rest, "/"):
			return lie("it listed %q, which is not directly in %q", cut(item.Path, maxKey), cut(dir, maxKey))
		}
		if err := checkArtifact(item); err != nil {
			return err
		}
		if i == 0 {
			continue
		}
		if seen == nil {
			if item.Path > items[i-1].Path {
				continue // in order, nothing comes twice
			}
			seen = make(map[string]bool, len(items))
			for _, earlier := range items[:i] {
				seen[earlier.Path] = true
			}
		}
		if seen[item.Path] {
			return lie("it listed %q twice", cut(item.Path, maxKey))
		}
		seen[item.Path] = true
	}
	return nil
}

// isPath reports whether text is a relative path in normal form that stays where it is, on every system.
func isPath(text string) bool {
	return text != "" && path.Clean(text) == text && text != "." && text != ".." && !strings.HasPrefix(text, "../") &&
		!strings.HasPrefix(text, "/") && !strings.ContainsAny(text, "\\\x00")
}
