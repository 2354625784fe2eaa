package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing/iotest"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func putCases() []entry {
	return []entry{
		{
			ID: "AR-001", Name: "put/read-back", Rule: "What Put stored, Open reads back, byte by byte.",
			Run: inYard(putReadBack),
		},
		{
			ID: "AR-002", Name: "put/empty", Rule: "A file may be empty.",
			Run: inYard(putEmpty),
		},
		{
			ID: "AR-003", Name: "put/sizes", Rule: "A file of any size comes back whole.",
			Why: "chunks, pages and parts end at round numbers, and so do the mistakes", Run: inYard(putSizes),
		},
		{
			ID: "AR-005", Name: "put/overwrite", Rule: "Put replaces what was there entirely.", Run: inYard(putOverwrite),
		},
		{
			ID: "AR-006", Name: "put/overwrite-shorter", Rule: "A shorter file leaves no tail of the longer one before it.",
			Run: inYard(putShorter),
		},
		{
			ID: "AR-007", Name: "put/if-absent", Needs: []core.Capability{core.PutIfAbsent},
			Rule: "With IfAbsent a path that is taken is ErrExists and stays as it is.", Run: inYard(putIfAbsent),
		},
		{
			ID: "AR-107", Name: "put/if-absent-is-never-ignored",
			Rule: "With IfAbsent a store stores at a free path, or refuses with ErrUnsupported and stores nothing.",
			Run:  inYard(putIfAbsentHonest),
		},
		{
			ID: "AR-008", Name: "put/nested-creates-parents", Rule: "Put makes the directories that it needs.",
			Run: inYard(putNested),
		},
		{
			ID: "AR-009", Name: "put/file-over-directory", Rule: "A file where there is a directory is ErrState, and nothing is lost.",
			Run: inYard(putOverDirectory),
		},
		{
			ID: "AR-010", Name: "put/under-a-file", Rule: "A file below a file is ErrState, and nothing is lost.",
			Run: inYard(putUnderFile),
		},
		{
			ID: "AR-014", Name: "put/odd-readers", Rule: "Put takes any io.Reader, however it slices its bytes.",
			Run: inYard(putOddReaders),
		},
		{
			ID: "AR-015", Name: "put/does-not-close-reader", Rule: "Put leaves closing the reader to its caller.",
			Run: inYard(putDoesNotClose),
		},
		{
			ID: "AR-016", Name: "put/reader-not-seekable", Rule: "Put needs neither the size nor a reader that seeks.",
			Run: inYard(putNotSeekable),
		},
		{
			ID: "AR-018", Name: "put/returns-attributes", Rule: "Put returns path, size and SHA-256 of what it stored.",
			Run: inYard(putAttributes),
		},
	}
}

func putReadBack(y *yard) {
	content := noise(y.env.Rand, 10_000)
	y.put("f.bin", content)
	y.holds("f.bin", content)
}

func putEmpty(y *yard) {
	a := y.put("empty", "")
	conformance.Equal(y, "Put's size", a.Size, 0)
	y.holds("empty", "")
	got := y.stat("empty")
	conformance.Equal(y, "Stat's size", got.Size, 0)
	conformance.Equal(y, "Stat's Dir", got.Dir, false)
}

func putSizes(y *yard) {
	for _, n := range around(1, 4<<10, 64<<10, 1<<20, 5<<20, 8<<20) {
		name := fmt.Sprintf("%d.bin", n)
		content := noise(y.env.Rand, n)
		conformance.Equal(y, name+": Put's size", y.put(name, content).Size, int64(n))
		y.holds(name, content)
		conformance.Equal(y, name+": Stat's size", y.stat(name).Size, int64(n))
		y.remove(name)
	}
}

// around lists each number with its two neighbors.
func around(numbers ...int) []int {
	var all []int
	for _, n := range numbers {
		all = append(all, n-1, n, n+1)
	}
	return all
}

func putOverwrite(y *yard) {
	y.put("f", strings.Repeat("old", 1000))
	y.holds("f", strings.Repeat("old", 1000))
	longer := strings.Repeat("new and longer", 1000)
	y.put("f", longer)
	y.holds("f", longer)
	y.lists("", "f")
	conformance.Equal(y, "Stat's size", y.stat("f").Size, int64(len(longer)))
}

func putShorter(y *yard) {
	y.put("f", strings.Repeat("long", 50_000))
	for _, content := range []string{"short", "x", ""} {
		y.put("f", content)
		y.holds("f", content)
		conformance.Equal(y, "Stat's size", y.stat("f").Size, int64(len(content)))
	}
}

func putIfAbsent(y *yard) {
	at := y.at("f")
	_, err := y.store.Put(y.ctx, at, strings.NewReader("first"), core.PutOptions{IfAbsent: true})
	conformance.NoError(y, "the first Put with IfAbsent", err)
	_, err = y.store.Put(y.ctx, at, strings.NewReader("second"), core.PutOptions{IfAbsent: true})
	conformance.Refused(y, "the second Put with IfAbsent", err, core.ErrExists, at)
	y.holds("f", "first")
	y.remove("f")
	_, err = y.store.Put(y.ctx, at, strings.NewReader("third"), core.PutOptions{IfAbsent: true})
	conformance.NoError(y, "Put with IfAbsent after Delete", err)
	y.holds("f", "third")
}

func putIfAbsentHonest(y *yard) {
	_, err := y.store.Put(y.ctx, y.at("f"), strings.NewReader("content"), core.PutOptions{IfAbsent: true})
	if y.env.Info.Has(core.PutIfAbsent) {
		conformance.NoError(y, "Put with IfAbsent", err)
		y.holds("f", "content")
		return
	}
	conformance.Refused(y, "Put with IfAbsent, which is not declared", err, core.ErrUnsupported)
	y.lacks("f")
}

func putNested(y *yard) {
	y.put("a/b/c/d", "deep")
	y.holds("a/b/c/d", "deep")
	for _, dir := range []string{"a", "a/b", "a/b/c"} {
		conformance.Equal(y, dir+" is a directory", y.stat(dir).Dir, true)
	}
}

func putOverDirectory(y *yard) {
	y.put("a/b", "below")
	_, err := y.store.Put(y.ctx, y.at("a"), strings.NewReader("file"), core.PutOptions{})
	conformance.Refused(y, "Put over a directory", err, core.ErrState)
	y.holds("a/b", "below")
	conformance.Equal(y, "a is a directory", y.stat("a").Dir, true)
	y.listsAll("", "a/b")
}

func putUnderFile(y *yard) {
	y.put("a", "file")
	for _, name := range []string{"a/b", "a/b/c"} {
		_, err := y.store.Put(y.ctx, y.at(name), strings.NewReader("below"), core.PutOptions{})
		conformance.Refused(y, "Put below a file", err, core.ErrState)
	}
	y.holds("a", "file")
	y.listsAll("", "a")
}

func putOddReaders(y *yard) {
	content := noise(y.env.Rand, 70_001)
	readers := []struct {
		name string
		wrap func(io.Reader) io.Reader
	}{
		{"one-byte", iotest.OneByteReader},
		{"half", iotest.HalfReader},
		{"data-with-EOF", iotest.DataErrReader},
		{"nothing-now-and-then", func(r io.Reader) io.Reader { return &hesitant{r: r} }},
	}
	for _, odd := range readers {
		_, err := y.store.Put(y.ctx, y.at(odd.name), odd.wrap(strings.NewReader(content)), core.PutOptions{})
		conformance.NoError(y, "Put from a "+odd.name+" reader", err)
		y.holds(odd.name, content)
	}
}

// hesitant returns nothing, without an error, every other time, as io.Reader allows.
type hesitant struct {
	r   io.Reader
	odd bool
}

func (h *hesitant) Read(p []byte) (int, error) {
	if h.odd = !h.odd; h.odd {
		return 0, nil
	}
	return h.r.Read(p)
}

// plain is a reader and nothing else, which notices when somebody closes it.
type plain struct {
	io.Reader
	closed bool
}

func (p *plain) Close() error {
	p.closed = true
	return nil
}

func putDoesNotClose(y *yard) {
	r := &plain{Reader: strings.NewReader("content")}
	_, err := y.store.Put(y.ctx, y.at("f"), r, core.PutOptions{})
	conformance.NoError(y, "Put", err)
	conformance.Equal(y, "the reader was closed", r.closed, false)
	y.holds("f", "content")
}

func putNotSeekable(y *yard) {
	content := noise(y.env.Rand, 200_000)
	pipe, w := io.Pipe()
	defer pipe.Close()
	go func() {
		_, err := io.WriteString(w, content)
		_ = w.CloseWithError(err) // never fails
	}()
	a, err := y.store.Put(y.ctx, y.at("f"), pipe, core.PutOptions{})
	conformance.NoError(y, "Put from a pipe", err)
	conformance.Equal(y, "Put's size", a.Size, int64(len(content)))
	y.holds("f", content)
}

func putAttributes(y *yard) {
	content := noise(y.env.Rand, 12_345)
	sum := sha256.Sum256([]byte(content))
	digest := hex.EncodeToString(sum[:])
	for _, o := range []core.PutOptions{{}, {Size: ptr(int64(len(content))), SHA256: digest}} {
		a, err := y.store.Put(y.ctx, y.at("f"), strings.NewReader(content), o)
		conformance.NoError(y, "Put", err)
		conformance.Equal(y, "path", a.Path, y.at("f"))
		conformance.Equal(y, "size", a.Size, int64(len(content)))
		conformance.Equal(y, "SHA-256", a.SHA256, digest)
		conformance.Equal(y, "Dir", a.Dir, false)
		y.env.Observe(y, func(ctx context.Context, s store) error {
			got, err := s.Stat(ctx, y.at("f"))
			if got.SHA256 == "" { // a store need not keep it
				got.SHA256 = a.SHA256
			}
			if err == nil && got != a {
				return fmt.Errorf("got %+v from Stat, want what Put returned, %+v", got, a)
			}
			return err
		})
	}
}
