package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func pathCases() []entry {
	return []entry{
		{
			ID: "AR-071", Name: "path/dotdot", Rule: "A path with a component .. is ErrInvalid on every method, never cleaned.",
			Run: inYard(pathDotDot),
		},
		{
			ID: "AR-072", Name: "path/absolute", Rule: "A path with a leading slash, drive or share is ErrInvalid on every method.",
			Run: inYard(pathAbsolute),
		},
		{
			ID: "AR-073", Name: "path/encoded-dotdot", Rule: "No spelling of .. leads out of the root.", Run: inYard(pathEncoded),
		},
		{ID: "AR-074", Name: "path/nul", Rule: "A path with a NUL is ErrInvalid on every method.", Run: inYard(pathNUL)},
		{
			ID: "AR-075", Name: "path/dot-and-empty-components",
			Rule: "The components . and the empty one are ErrInvalid on every method.", Run: inYard(pathDots),
		},
		{
			ID: "AR-078", Name: "path/scheme-like", Rule: "What looks like a URL is a plain name or ErrInvalid, and is never fetched.",
			Run: inYard(pathScheme),
		},
	}
}

// method is one method of a repository on a path.
type method struct {
	name string
	call func(context.Context, store, string) error
}

// methods are those that take the path of a file.
func methods() []method {
	return []method{
		{"Stat", func(ctx context.Context, s store, path string) error {
			_, err := s.Stat(ctx, path)
			return err
		}},
		{"List", func(ctx context.Context, s store, path string) error {
			_, err := s.List(ctx, path, core.ListOptions{})
			return err
		}},
		{"recursive List", func(ctx context.Context, s store, path string) error {
			_, err := s.List(ctx, path, core.ListOptions{Recursive: true})
			return err
		}},
		{"Open", func(ctx context.Context, s store, path string) error {
			r, err := s.Open(ctx, path, core.ReadOptions{})
			if err == nil {
				_, err = io.Copy(io.Discard, r)
				_ = r.Close() // the error of the read is what counts
			}
			return err
		}},
		{"Put", func(ctx context.Context, s store, path string) error {
			_, err := s.Put(ctx, path, newText("written by a test of bad paths"), core.PutOptions{})
			return err
		}},
		{"Delete", func(ctx context.Context, s store, path string) error {
			return s.Delete(ctx, path, core.DeleteOptions{})
		}},
	}
}

// refusedEverywhere holds every method to refuse the path. The methods in spared take it.
func (y *yard) refusedEverywhere(path string, spared ...string) {
	y.Helper()
	for _, m := range methods() {
		if len(spared) > 0 && strings.Contains(strings.Join(spared, " "), m.name) {
			continue
		}
		conformance.Refused(y, fmt.Sprintf("%s(%.60q)", m.name, path), m.call(y.ctx, y.store, path), core.ErrInvalid)
	}
}

// canary stores what bad paths could reach when they were cleaned.
func (y *yard) canary() func() {
	y.Helper()
	y.put("x", "canary")
	y.put("a/x", "canary")
	return func() {
		y.Helper()
		y.listsAll("", "a/x", "x")
		y.holds("x", "canary")
		y.holds("a/x", "canary")
	}
}

func pathDotDot(y *yard) {
	intact := y.canary()
	for _, path := range []string{"..", "../x", "../../x", "../"} {
		y.refusedEverywhere(path)
	}
	for _, name := range []string{"..", "../x", "a/..", "a/../x", "a/../../x", "a/b/../../x", "a/../a/x", "missing/../x"} {
		y.refusedEverywhere(y.at(name))
	}
	intact()
}

func pathAbsolute(y *yard) {
	intact := y.canary()
	for _, path := range []string{
		"/", "/x", "//x", "/" + y.at("x"), "//" + y.at("x"), "/etc/passwd", `C:\x`, "C:/x", "c:", `\\host\x`, `\x`, "//host/share/x",
	} {
		y.refusedEverywhere(path)
	}
	intact()
}

func pathEncoded(y *yard) {
	intact := y.canary()
	for _, name := range []string{
		"%2e%2e/x", "%2E%2E/x", ".%2e/x", "a/%2e%2e/x", "%252e%252e/x", "%25252e%25252e/x", "..%2fx", "a/..%2fx", "..%252fx",
		`..\x`, `a\..\x`, "..%5cx", "%c0%ae%c0%ae/x",
	} {
		y.refusedEverywhere(y.at(name))
	}
	for _, name := range []string{"\uff0e\uff0e/y", "\u2025/y", "\u2024\u2024/y", "....", "..;/y", ". ./y", ".. /y", "..\u200b/y"} {
		_, err := y.store.Put(y.ctx, y.at(name), newText("inside"), core.PutOptions{})
		if errors.Is(err, core.ErrInvalid) {
			continue
		}
		conformance.NoError(y, fmt.Sprintf("Put(%q), which is not ErrInvalid", name), err)
		y.holds(name, "inside")
		y.remove(name)
	}
	intact()
}

func pathNUL(y *yard) {
	intact := y.canary()
	for _, name := range []string{"x\x00", "\x00", "x\x00y", "a\x00/x", "a/x\x00.txt", "x%00", "x%2500"} {
		y.refusedEverywhere(y.at(name))
	}
	intact()
}

func pathDots(y *yard) {
	intact := y.canary()
	for _, path := range []string{".", "./", "./" + y.at("x")} {
		y.refusedEverywhere(path)
	}
	for _, name := range []string{".", "./x", "a/.", "a/./x", "a//x", "/x", "a///x", "x//"} {
		y.refusedEverywhere(y.at(name))
	}
	y.refusedEverywhere(y.at("x/"), "List", "recursive List")
	y.refusedEverywhere("", "List", "recursive List", "Stat")
	intact()
}

func pathScheme(y *yard) {
	intact := y.canary()
	for _, name := range []string{
		"file:///etc/passwd", "file:/etc/passwd", "file:etc", "http://localhost/x", "s3://bucket/key", "data:,x", "mlflow-artifacts:/x",
		"runs:/x", "http:x",
	} {
		for _, path := range []string{name, y.at(name)} {
			got, err := readAll(y.ctx, y.store, path, core.ReadOptions{})
			if err == nil {
				y.Errorf("Open(%q): got %d bytes, want an error", path, len(got))
				continue
			}
			conformance.RefusedAs(y, fmt.Sprintf("Open(%q)", path), err, core.ErrInvalid, core.ErrNotFound)
		}
		_, err := y.store.Put(y.ctx, y.at(name), newText("a name"), core.PutOptions{})
		if errors.Is(err, core.ErrInvalid) {
			continue
		}
		conformance.NoError(y, fmt.Sprintf("Put(%q), which is not ErrInvalid", name), err)
		y.holds(name, "a name")
		y.remove(name)
	}
	intact()
}
