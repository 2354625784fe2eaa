package file

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// List returns what lies in a directory. See core.ArtifactRepository. A page reads the directories that it shows once, and
// holds the entries of one directory at a time for each level.
func (a *Artifacts) List(ctx context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	page, err := a.list(ctx, dir, o)
	if err != nil {
		return core.Page[core.Artifact]{}, core.Do("list artifacts", dir, err)
	}
	return page, nil
}

func (a *Artifacts) list(ctx context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	var page core.Page[core.Artifact]
	if err := a.at.begin(ctx); err != nil {
		return page, err
	}
	dir, err := core.CheckArtifactDir(dir)
	if err != nil {
		return page, err
	}
	limit, err := core.CheckPage(o.PageOptions, core.DefaultLimits().ArtifactPage)
	if err != nil {
		return page, err
	}
	l := listing{ctx: ctx, dir: dir, recursive: o.Recursive, limit: limit}
	if err := l.resume(o.Token); err != nil {
		return page, err
	}
	root, err := a.at.open(ifThere)
	if err == nil && !reserved(dir) {
		l.root = root
		err = l.walk(dir)
	}
	switch {
	case errors.Is(err, errFull):
		last := l.items[limit-1].Path
		return core.Page[core.Artifact]{Items: l.items[:limit], Next: l.token(last)}, nil
	case err != nil && !nothing(err) && !errors.Is(err, disk.ErrLink) && !errors.Is(err, disk.ErrSpecial):
		return page, err
	}
	return core.Page[core.Artifact]{Items: l.items}, nil
}

// errFull ends a walk that has found more than fits.
var errFull = errors.New("the page is full")

// listing is one page in the making.
type listing struct {
	ctx       context.Context //nolint:containedctx // lives as long as the call
	root      *disk.Root
	dir       string
	recursive bool
	after     string // the last path of the page before
	limit     int
	items     []core.Artifact
}

// walk adds what lies in dir, in the order of the paths.
func (l *listing) walk(dir string) error {
	if err := core.Interrupted(l.ctx); err != nil {
		return err
	}
	entries, err := plainEntries(l.root, dir)
	if err != nil {
		return err
	}
	if l.recursive {
		// A directory sorts by the paths below it: "a.txt" < "a/b" < "a0".
		slices.SortFunc(entries, func(x, y fs.DirEntry) int { return strings.Compare(treeKey(x), treeKey(y)) })
	}
	for _, entry := range entries {
		path := below(dir, entry.Name())
		err := error(nil)
		switch {
		case !entry.IsDir():
			err = l.add(path)
		case !l.recursive:
			err = l.add(path)
		case !l.passed(path + "/"):
			err = l.walk(path)
		}
		// What was removed or replaced meanwhile is not there.
		if err != nil && !nothing(err) && !errors.Is(err, disk.ErrLink) && !errors.Is(err, disk.ErrSpecial) {
			return err
		}
	}
	return nil
}

func treeKey(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}

func below(dir, base string) string {
	if dir == "" {
		return base
	}
	return dir + "/" + base
}

// passed reports that all paths with the prefix were on the pages before.
func (l *listing) passed(prefix string) bool {
	return prefix < l.after && !strings.HasPrefix(l.after, prefix)
}

func (l *listing) add(path string) error {
	if path <= l.after && l.after != "" {
		return nil
	}
	info, err := l.root.Stat(path)
	if err != nil {
		return err
	}
	item, err := describe(l.root, path, info)
	if errors.Is(err, core.ErrState) || l.recursive && item.Dir {
		return nil // replaced meanwhile
	}
	if err != nil {
		return err
	}
	l.items = append(l.items, item)
	if len(l.items) > l.limit {
		return errFull
	}
	return nil
}

// plainEntries lists the files and directories in dir that can be artifacts, sorted by name: no links, no special files, no
// names that no path may have.
func plainEntries(root *disk.Root, dir string) ([]fs.DirEntry, error) {
	name := dir
	if name == "" {
		name = "."
	}
	entries, err := root.ReadDir(name)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		plain := e.IsDir() || e.Type().IsRegular()
		return !plain || reserved(e.Name()) || core.CheckArtifactPath(below(dir, e.Name())) != nil
	}), nil
}

// hasFile reports whether any artifact lies below dir.
func hasFile(root *disk.Root, dir string) (bool, error) {
	entries, err := plainEntries(root, dir)
	if err != nil {
		if nothing(err) || errors.Is(err, disk.ErrLink) {
			return false, nil
		}
		return false, err
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			return true, nil
		}
	}
	for _, entry := range entries {
		if found, err := hasFile(root, below(dir, entry.Name())); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// token makes the token of the page after path: the path, with a checksum that binds it to the listing.
func (l *listing) token(path string) string {
	sum := binary.BigEndian.AppendUint32(nil, l.checksum(path))
	return base64.RawURLEncoding.EncodeToString(append(sum, path...))
}

func (l *listing) checksum(path string) uint32 {
	return crc32.ChecksumIEEE([]byte(strings.Join([]string{"list", l.dir, strconv.FormatBool(l.recursive), path}, "\x00")))
}

// resume continues after the page whose token it gets.
func (l *listing) resume(token string) error {
	if token == "" {
		return nil
	}
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(data) < 5 || l.checksum(string(data[4:])) != binary.BigEndian.Uint32(data) {
		return core.Invalid("page_token", "Invalid page token: it does not belong to this listing")
	}
	l.after = string(data[4:])
	return nil
}
