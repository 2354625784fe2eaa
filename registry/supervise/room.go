package supervise

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

const (
	roomPrefix  = "mlstore-plugins-"
	roomLock    = "lock"
	longestRoom = 64 // bytes: a socket's path takes up to 38 more, and 103 is the most that every system allows
)

// room is the folder, closed to all others, in which the processes of a supervisor have their sockets. A lock on a file in
// it says that the host lives, so that whoever comes later can remove what a host left behind that was killed.
type room struct {
	within string // where to make it; empty is the system's folder for temporary files

	mu   sync.Mutex
	path string
	lock *os.File
}

// enter makes the room, once, and returns its path.
func (r *room) enter() (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.path != "" {
		return r.path, nil
	}
	within := r.within
	if within == "" {
		within = os.TempDir()
	}
	if len(within)+len(roomPrefix)+10 > longestRoom {
		within = shortTempDir(within)
	}
	sweep(within)
	const tries = 3 // a sweeper may take a room for abandoned before its lock is held
	for range tries {
		path, lock, err := makeRoom(within)
		if err != nil {
			return "", fmt.Errorf("make a folder for the sockets of plugins: %w", err)
		}
		if lock != nil {
			r.path, r.lock = path, lock
			return path, nil
		}
	}
	return "", fmt.Errorf("make a folder for the sockets of plugins in %s: others remove it again and again", within)
}

// makeRoom makes a folder and locks it. It returns no lock when somebody else was quicker.
func makeRoom(within string) (string, *os.File, error) {
	path, err := os.MkdirTemp(within, roomPrefix) // mode 0700
	if err != nil {
		return "", nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, roomLock), os.O_CREATE|os.O_RDWR, 0o600)
	if os.IsNotExist(err) {
		return "", nil, nil
	}
	if err != nil {
		_ = os.RemoveAll(path)
		return "", nil, err
	}
	if held, err := tryLock(lock); err != nil || !held || !stillThere(lock) {
		_ = lock.Close()
		_ = os.RemoveAll(path)
		return "", nil, err
	}
	return path, lock, nil
}

// stillThere reports whether the file is still the one at its path.
func stillThere(file *os.File) bool {
	mine, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(file.Name())
	return err == nil && os.SameFile(mine, there)
}

// leave removes the room.
func (r *room) leave() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.path == "" {
		return nil
	}
	err := os.RemoveAll(r.path)
	_ = r.lock.Close()
	r.path, r.lock = "", nil
	return err
}

// sweep removes the rooms of this user whose hosts are gone.
func sweep(within string) {
	entries, err := os.ReadDir(within)
	if err != nil {
		return
	}
	for _, e := range entries {
		path := filepath.Join(within, e.Name())
		info, err := os.Lstat(path)
		if !strings.HasPrefix(e.Name(), roomPrefix) || err != nil || !info.IsDir() || !ownFile(info) {
			continue
		}
		lock, err := os.OpenFile(filepath.Join(path, roomLock), os.O_RDWR, 0)
		if err != nil { // it is being made, or being removed
			continue
		}
		if held, err := tryLock(lock); held && err == nil {
			_ = os.RemoveAll(path)
		}
		_ = lock.Close()
	}
}
