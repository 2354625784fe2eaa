package sqlstore

import "sync"

// locations remembers where the artifacts of experiments go, so that creating a run need not read it first. Whoever uses
// one must ask the database whether it is still true. The zero value is ready to use.
type locations struct {
	mu   sync.RWMutex
	byID map[int64]string
}

func (l *locations) get(experiment int64) (string, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	location, known := l.byID[experiment]
	return location, known
}

func (l *locations) set(experiment int64, location string) {
	const most = 10_000 // beyond which it begins anew
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byID == nil || len(l.byID) >= most {
		l.byID = map[int64]string{}
	}
	l.byID[experiment] = location
}
