//go:build unix

package testenv

import (
	"errors"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// An account is the user as which servers run, because they refuse to run as root.
type account struct {
	name     string // empty: the user who runs the tests
	uid, gid int
}

// serverAccount chooses the account: another one than the present one only when that is root.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil {
			return account{name: name, uid: uid, gid: gid}, nil
		}
	}
	return account{}, errors.New("servers refuse to run as root, and there is no user postgres or nobody: " +
		"run the tests as another user")
}

// attributes makes a command run as the account.
func (a account) attributes() *syscall.SysProcAttr {
	if a.name == "" {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}}
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if a.name == "" {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// ownSession keeps a guard apart from the terminal and from the process group of the test run, which may be killed as one.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// The signals that end a Postgres server without waiting for its clients: after it wrote back what it holds, or at once.
const (
	signalFast = int(syscall.SIGINT)
	signalNow  = int(syscall.SIGQUIT)
)

// kill ends a process as kill -9 does.
func kill(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }
