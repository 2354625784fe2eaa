package embedded

import (
	"log/slog"
	"sync"

	"github.com/mlstore/mlstore/plugins/file"
)

// skipped warns of what is malformed in folders and left out of searches: once of each, since every search comes upon it.
type skipped struct {
	log *slog.Logger

	mu   sync.Mutex
	told map[string]bool // by folder, path and problem
}

// mostTold bounds what is remembered, and so how many warnings one process gives.
const mostTold = 1000

func (s *skipped) tell(folder string, f file.Finding) {
	key := folder + "\n" + f.Path + "\n" + f.Problem
	s.mu.Lock()
	again := s.told[key] || len(s.told) >= mostTold
	if !again {
		if s.told == nil {
			s.told = map[string]bool{}
		}
		s.told[key] = true
	}
	s.mu.Unlock()
	if !again {
		s.log.Warn("a malformed file or folder is skipped; mlstore doctor tells more", "folder", folder, "problem", f.Problem)
	}
}
