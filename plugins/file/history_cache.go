package file

import (
	"slices"
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
)

// historyCache keeps the last histories that were read, so that the pages of one are read from the file once. Together they
// have at most maxRows points.
type historyCache struct {
	mu    sync.Mutex
	kept  []cachedHistory // the last used one comes last
	count int             // points
}

type historyName struct {
	run core.RunID
	key string
}

type cachedHistory struct {
	name historyName
	at   stamp
	rows *rows
}

// get returns a history if its file is as it was.
func (c *historyCache) get(name historyName, at stamp) *rows {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.kept, func(k cachedHistory) bool { return k.name == name })
	if i < 0 || c.kept[i].at != at {
		return nil
	}
	found := c.kept[i]
	c.kept = append(slices.Delete(c.kept, i, i+1), found)
	return found.rows
}

// put keeps a history, unless its file was changed so lately that the next change might not show.
func (c *historyCache) put(name historyName, at stamp, h *rows) {
	if len(h.all) > maxRows || !at.firm(time.Now()) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = slices.DeleteFunc(c.kept, func(k cachedHistory) bool {
		if k.name == name {
			c.count -= len(k.rows.all)
		}
		return k.name == name
	})
	c.kept = append(c.kept, cachedHistory{name, at, h})
	c.count += len(h.all)
	for c.count > maxRows || len(c.kept) > 64 {
		c.count -= len(c.kept[0].rows.all)
		c.kept = slices.Delete(c.kept, 0, 1)
	}
}
