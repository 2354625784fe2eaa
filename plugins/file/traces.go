package file

import (
	"context"
	"path"

	"github.com/mlstore/mlstore/core"
)

// CountTraces counts the traces in the folders of experiments, where there are any. MLflow 3 keeps them there; this store
// leaves them as they are, and has no other use for them.
func (t *Tracking) CountTraces(ctx context.Context) (map[core.ExperimentID]int, error) {
	ctx, done, err := t.begin(ctx)
	if err != nil {
		return nil, core.Do("count traces", "file", err)
	}
	defer done()
	folders, err := t.experimentFolders()
	if err != nil {
		return nil, core.Do("count traces", "file", err)
	}
	counts := map[core.ExperimentID]int{}
	for _, folder := range folders {
		if ctx.Err() != nil {
			return nil, core.Interrupted(ctx)
		}
		entries, err := t.top.list(folder + "/" + tracesName)
		if err != nil {
			return nil, core.Do("count traces", "file", ioError("list", folder+"/"+tracesName, err))
		}
		for _, entry := range entries {
			if entry.IsDir() {
				counts[core.ExperimentID(path.Base(folder))]++
			}
		}
	}
	return counts, nil
}
