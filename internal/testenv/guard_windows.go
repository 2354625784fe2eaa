package testenv

import (
	"errors"
	"syscall"
)

var errNoServers = errors.New("servers for tests are started on Linux and macOS only: set " + postgresVariable + " to a server that runs")

// An account is the user as which servers run.
type account struct{ name string }

func serverAccount() (account, error) { return account{}, errNoServers }

func (a account) attributes() *syscall.SysProcAttr { return nil }

func (a account) own(string) error { return errNoServers }

func ownSession() *syscall.SysProcAttr { return nil }

const signalFast, signalNow = 2, 3

func kill(int) error { return errNoServers }
