package boundary

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

type repository = core.ArtifactRepository

// artifactKind adds files, whose ids are their paths.
func artifactKind() kind[repository] {
	return kind[repository]{
		name: "artifact", serv: "artifacts",
		of: func(b core.Backend) (repository, bool) { return b.Artifacts, b.Artifacts != nil },
		knock: func(ctx context.Context, s repository, name string) error {
			_, err := s.Stat(ctx, name)
			return err
		},
		add: func(ctx context.Context, _ conformance.T, s repository, name, text string) (string, error) {
			_, err := s.Put(ctx, name, strings.NewReader(text), core.PutOptions{})
			return name, err
		},
		read: readFile, page: pageOfFiles,
		remove: func(ctx context.Context, s repository, id string) error {
			return s.Delete(ctx, id, core.DeleteOptions{})
		},
		hugeRequest: func(ctx context.Context, s repository, id string, size int) error {
			_, err := s.Put(ctx, id, strings.NewReader(longText(size)), core.PutOptions{})
			return err
		},
		hugeAnswer: func(ctx context.Context, s repository, id string, size int) error {
			text, err := readFile(ctx, s, id)
			if err == nil && text != longText(size) {
				err = fmt.Errorf("the file came back with %d bytes instead of %d, or others", len(text), size)
			}
			return err
		},
		presence: filePresence, times: fileTimes,
		stream: func(s repository) core.ArtifactRepository { return s },
		limits: artifactLimits,
	}
}

// longText has the size in bytes, and no two parts of it are alike. It is always the same.
func longText(size int) string {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content) // never fails
	return string(content)
}

func readFile(ctx context.Context, s repository, id string) (text string, err error) {
	r, err := s.Open(ctx, id, core.ReadOptions{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	content, err := io.ReadAll(r)
	return string(content), err
}

func pageOfFiles(ctx context.Context, s repository, prefix string, o core.PageOptions) ([]string, string, error) {
	page, err := s.List(ctx, prefix, core.ListOptions{PageOptions: o})
	var all []string
	for _, a := range page.Items {
		all = append(all, a.Path)
	}
	return all, page.Next, err
}

func filePresence(ctx context.Context, s repository, id string) error {
	at := id + ".d/f"
	for _, size := range []*int64{nil, new(int64(3)), new(int64(0))} {
		_, err := s.Put(ctx, at, strings.NewReader("abc"), core.PutOptions{Size: size})
		if wrong := size != nil && *size == 0; wrong != (err != nil) {
			return fmt.Errorf("three bytes with the size %v declared: got error %w", show(size), orNone(err))
		}
	}
	for _, length := range []*int64{nil, new(int64(3)), new(int64(0))} {
		r, err := s.Open(ctx, at, core.ReadOptions{Length: length})
		if err != nil {
			return err
		}
		content, err := io.ReadAll(r)
		want := "abc"
		if length != nil && *length == 0 {
			want = ""
		}
		if err = errors.Join(err, r.Close()); err != nil || string(content) != want {
			return fmt.Errorf("reading the length %v: got %q and error %w, want %q", show(length), content, orNone(err), want)
		}
	}
	return s.Delete(ctx, id+".d", core.DeleteOptions{})
}

func show(n *int64) string {
	if n == nil {
		return "none"
	}
	return strconv.FormatInt(*n, 10)
}

func fileTimes(ctx context.Context, s repository, id string) error {
	dir := id + ".d"
	put, err := s.Put(ctx, dir+"/f", strings.NewReader("abc"), core.PutOptions{})
	if err != nil {
		return err
	}
	a, err := s.Stat(ctx, dir+"/f")
	if err != nil {
		return err
	}
	info, err := s.Describe(ctx)
	if err != nil {
		return err
	}
	if info.Has(core.ArtifactMtime) != (a.ModTime != 0) || put.ModTime != 0 && put.ModTime != a.ModTime {
		return fmt.Errorf("times: Put gives %d, Stat %d; %s is declared: %v", put.ModTime, a.ModTime, core.ArtifactMtime,
			info.Has(core.ArtifactMtime))
	}
	page, err := s.List(ctx, dir, core.ListOptions{})
	if err != nil || len(page.Items) != 1 || page.Items[0].ModTime != a.ModTime {
		return fmt.Errorf("times: Stat gives %d, List %+v and error %w", a.ModTime, page.Items, orNone(err))
	}
	if root, err := s.Stat(ctx, dir); err != nil || root.ModTime != 0 {
		return fmt.Errorf("a directory: got the time %d and error %w, want 0", root.ModTime, orNone(err))
	}
	return s.Delete(ctx, dir, core.DeleteOptions{})
}

func artifactLimits(l core.Limits) []limit[repository] {
	return []limit[repository]{
		{"ArtifactPage", l.ArtifactPage.Max, func(ctx context.Context, s repository, _, name string, n int) (string, error) {
			_, _, err := pageOfFiles(ctx, s, name, core.PageOptions{Limit: n})
			return "", err
		}},
		{"ArtifactSize", int(l.ArtifactSize), func(ctx context.Context, s repository, _, name string, n int) (string, error) {
			_, err := s.Put(ctx, name, io.LimitReader(zeros{}, int64(n)), core.PutOptions{})
			return name, err
		}},
	}
}

// zeros yields bytes for ever.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
