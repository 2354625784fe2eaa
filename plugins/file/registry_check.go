package file

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/names"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// Check reads the whole registry and yields everything in it that is not as it should be. It changes nothing, but for
// finishing what a crash has left half done. An error ends it.
func (r *Registry) Check(ctx context.Context) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		err := r.view(ctx, func(root *disk.Root) error {
			if root == nil {
				return nil
			}
			c := &registryChecker{r: r, ctx: ctx, root: root, yield: yield}
			return c.models()
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(Finding{}, core.Do("check", "registry", err))
		}
	}
}

type registryChecker struct {
	r     *Registry
	ctx   context.Context //nolint:containedctx // of the one call that the checker lives for
	root  *disk.Root
	yield func(Finding, error) bool
}

func (c *registryChecker) found(kind, p, problem, fix string) error {
	return c.tell(Finding{Path: p, Kind: kind, Problem: problem, Fix: fix})
}

// unread is found for what the registry does not show.
func (c *registryChecker) unread(kind, p, problem, fix string) error {
	return c.tell(Finding{Path: p, Kind: kind, Problem: problem, Fix: fix, Unread: true})
}

func (c *registryChecker) tell(f Finding) error {
	if !c.yield(f, nil) {
		return errStop
	}
	return nil
}

// broken reports an error about what is in a folder; other errors end the check.
func (c *registryChecker) broken(kind, folder string, err error) error {
	if nothing(err) {
		return c.unread(kind, path.Join(folder, metaFile), "it is missing", fixMeta)
	}
	if !errors.Is(err, core.ErrDataLoss) && !errors.Is(err, core.ErrState) && !errors.Is(err, core.ErrExhausted) {
		return err
	}
	f := registryFinding(kind, err)
	return c.unread(kind, f.Path, strings.TrimPrefix(f.Problem, f.Path+": "), fixMeta)
}

func (c *registryChecker) models() error {
	entries, err := c.root.ReadDir(modelsName)
	if err != nil {
		return unlessNothing(err)
	}
	for _, entry := range entries {
		folder := path.Join(modelsName, entry.Name())
		if !entry.IsDir() {
			err = c.found("file", folder, "it is no folder of a model", fixRemove)
		} else {
			err = c.model(entry.Name(), folder)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *registryChecker) model(base, folder string) error {
	m, err := c.r.foundModel(c.ctx, c.root, base)
	if err != nil {
		return c.broken("registered model", folder, err)
	}
	if err := c.keys("tag", folder, tagsName); err != nil {
		return err
	}
	entries, err := c.root.ReadDir(folder)
	if err != nil {
		return err
	}
	live := map[int]bool{}
	for _, entry := range entries {
		if err := c.entry(m.Name, folder, entry, live); err != nil {
			return err
		}
	}
	return c.aliases(folder, live)
}

// entry checks what lies in the folder of a model, and notes the versions that have not been deleted.
func (c *registryChecker) entry(model, folder string, entry fs.DirEntry, live map[int]bool) error {
	at := path.Join(folder, entry.Name())
	number, numbered := versionNumber(entry.Name())
	switch {
	case entry.IsDir() && numbered:
	case entry.IsDir() && strings.HasPrefix(entry.Name(), versionPrefix):
		return c.found("model version", at, "its name is no version number", fixRemove)
	case entry.Name() == metaFile || entry.IsDir() && (entry.Name() == tagsName || entry.Name() == aliasesName):
		return nil
	default:
		return c.found("file", at, "it belongs to no model", fixRemove)
	}
	v, d, err := versionIn(c.ctx, c.root, folder, core.VersionRef{Model: model, Number: number})
	if err != nil {
		return c.broken("model version", at, err)
	}
	live[number] = v.Stage != stageDeleted
	if name := (&fields{doc: d}).text("name"); name != model {
		err := c.found("model version", path.Join(at, metaFile), "it has the name of another model, which MLflow shows",
			"write the model's name into it")
		if err != nil {
			return err
		}
	}
	return c.keys("tag", at, tagsName)
}

// keys checks the files in a folder of tags or aliases.
func (c *registryChecker) keys(kind, folder, base string) error {
	k, err := readKeys(c.root, path.Join(folder, base))
	if err != nil {
		return c.broken(kind, folder, err)
	}
	known := map[string]bool{}
	for _, name := range k.paths {
		known[name] = true
	}
	for name := range k.files {
		if !known[name] {
			if err := c.found("file", path.Join(folder, base, name), "it is not the file of a "+kind, fixRemove); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *registryChecker) aliases(folder string, live map[int]bool) error {
	if err := c.keys("alias", folder, aliasesName); err != nil {
		return err
	}
	aliases, err := readAliases(c.root, folder)
	if err != nil {
		return c.broken("alias", folder, err)
	}
	k, err := readKeys(c.root, path.Join(folder, aliasesName))
	if err != nil {
		return c.broken("alias", folder, err)
	}
	for alias, name := range k.paths {
		var problem string
		switch to, read := aliases[alias]; {
		case names.Alias(alias) != nil:
			problem = "its name is no alias"
		case !read:
			problem = "it holds no version number"
		case !live[to]:
			problem = "it points to a version that is not there"
		default:
			continue
		}
		if err := c.found("alias", path.Join(folder, aliasesName, name), problem, "set it anew, or remove it"); err != nil {
			return err
		}
	}
	return nil
}
