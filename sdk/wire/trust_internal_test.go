package wire

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

func TestHostileListingsAreRefused(t *testing.T) {
	t.Parallel()
	file := func(paths ...string) (items []core.Artifact) {
		for _, path := range paths {
			items = append(items, core.Artifact{Path: path})
		}
		return items
	}
	refused := map[string]struct {
		dir       string
		recursive bool
		items     []core.Artifact
	}{
		"absolute":           {"", false, file("/etc/passwd")},
		"up":                 {"", true, file("../x")},
		"up in the middle":   {"", true, file("a/../../x")},
		"up at the end":      {"", true, file("a/..")},
		"dot":                {"", false, file(".")},
		"empty":              {"", false, file("")},
		"empty component":    {"", true, file("a//b")},
		"slash at the end":   {"", true, file("a/")},
		"NUL":                {"", false, file("a\x00b")},
		"backslash":          {"", false, file(`..\x`)},
		"outside":            {"a", false, file("b")},
		"sibling":            {"a", false, file("ab")},
		"the dir itself":     {"a", true, file("a")},
		"too deep":           {"a", false, file("a/b/c")},
		"twice":              {"", false, file("a", "a")},
		"twice, not in turn": {"", false, file("a", "c", "b", "a")},
		"negative size":      {"", false, []core.Artifact{{Path: "a", Size: -1}}},
		"size of a dir":      {"", false, []core.Artifact{{Path: "a", Dir: true, Size: 1}}},
		"digest":             {"", false, []core.Artifact{{Path: "a", SHA256: "xyz"}}},
	}
	for name, test := range refused {
		if err := checkListing(test.dir, test.recursive, test.items); !errors.Is(err, core.ErrDataLoss) {
			t.Errorf("%s: got %v, want ErrDataLoss", name, err)
		}
	}
	if err := checkListing("a/", true, file("a/b", "a/b/c", "a/..d", "a/é %#+")); err != nil {
		t.Error(err)
	}
}

func TestHostilePagesAreRefused(t *testing.T) {
	t.Parallel()
	bound := core.Bound{Default: 2, Max: 3}
	for name, err := range map[string]error{
		"longer than asked for":   checkPage(2, "", core.PageOptions{Limit: 1}, bound),
		"longer than the maximum": checkPage(4, "", core.PageOptions{}, bound),
		"leads to itself":         checkPage(1, "t", core.PageOptions{Token: "t"}, bound),
	} {
		if !errors.Is(err, core.ErrDataLoss) {
			t.Errorf("%s: got %v, want ErrDataLoss", name, err)
		}
	}
	for name, err := range map[string]error{
		"full":     checkPage(3, "u", core.PageOptions{Token: "t"}, bound),
		"no bound": checkPage(1000, "u", core.PageOptions{}, core.Bound{}),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []core.RunID{"", ".", "..", "a/b", `a\b`, "a\x00", core.RunID(strings.Repeat("x", 256))} {
		if err := checkID("run", id); !errors.Is(err, core.ErrDataLoss) {
			t.Errorf("id %q: got %v, want ErrDataLoss", id, err)
		}
	}
}

// FuzzListing: whatever a plugin lists, what the host takes stays below the directory that was listed.
func FuzzListing(f *testing.F) {
	for _, paths := range [][]string{{"a", "b"}, {"../a"}, {"a/../../b"}, {`a\b`}, {"/a"}, {"a", "a"}} {
		reply := &artifactv1.ListResponse{}
		for _, path := range paths {
			reply.Artifacts = append(reply.Artifacts, &typesv1.Artifact{Path: path})
		}
		seed, err := proto.Marshal(reply)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("", true, seed)
		f.Add("a", false, seed)
	}
	f.Fuzz(func(t *testing.T, dir string, recursive bool, message []byte) {
		reply := &artifactv1.ListResponse{}
		if core.CheckArtifactPath(dir) != nil && dir != "" || proto.Unmarshal(message, reply) != nil {
			return
		}
		items := each(reply.GetArtifacts(), coreArtifact)
		if checkListing(dir, recursive, items) != nil {
			return
		}
		root := filepath.Join(string(filepath.Separator)+"root", filepath.FromSlash(dir))
		seen := map[string]bool{}
		for _, item := range items {
			at := filepath.Join(string(filepath.Separator)+"root", filepath.FromSlash(item.Path))
			inside, err := filepath.Rel(root, at)
			if err != nil || !filepath.IsLocal(inside) || inside == "." || !filepath.IsLocal(filepath.FromSlash(item.Path)) || seen[at] {
				t.Errorf("%q in the listing of %q", item.Path, dir)
			}
			seen[at] = true
		}
	})
}
