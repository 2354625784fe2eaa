package file

import (
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
)

// datasetCache keeps datasets that were read: many runs use one.
type datasetCache struct {
	mu   sync.Mutex
	kept map[string]cachedDataset
}

type cachedDataset struct {
	at stamp
	d  core.Dataset
}

func (c *datasetCache) get(path string, at stamp) (core.Dataset, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.kept[path]
	return found.d, ok && found.at == at
}

func (c *datasetCache) put(path string, at stamp, d core.Dataset) {
	const most, largest = 1000, 64 << 10
	if at.Size > largest || !at.firm(time.Now()) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) >= most || c.kept == nil {
		c.kept = map[string]cachedDataset{}
	}
	c.kept[path] = cachedDataset{at, d}
}
