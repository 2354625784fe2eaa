package s3

import (
	"cmp"
	"context"
	"os"
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Opener opens repositories of artifacts in S3 and services that speak its protocol: s3://bucket or s3://bucket/prefix. The
// zero value works. Openings with equal settings share connections, credentials and what is known of the bucket, so that the
// roots of many runs cost nothing beyond their own names; those with others, such as another profile, share nothing.
//
// What it takes is told by [Plugin]. Options come from the request, the query of the URI, or the environment, in this order.
type Opener struct {
	Getenv  func(string) string // reads MLflow's variables; nil is os.Getenv
	Journal string              // folder for the journals of uploads; empty is a folder of the user's cache

	// Resume is how long after an opening one may go on with uploads of files that a process which has died left open, before
	// they are aborted; 0 is a minute, and below 0 they are aborted at once.
	Resume time.Duration

	mu       sync.Mutex
	accounts map[settings]*account
}

// Open opens the repository. A bad URI or option is ErrInvalid, without a look at the service. Uploads in several parts that
// a process which has died left open under the same settings are aborted first, as far as that can be done in ten seconds.
// Those of files that are there as they were wait for Resume, or until all repositories with these settings are closed:
// PutFile of the same file to the same artifact sends only the parts that are not there.
func (o *Opener) Open(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
	a, err := o.open(ctx, request)
	if err != nil {
		return core.Backend{}, core.Do("open", request.URI.String(), err)
	}
	return core.Backend{Artifacts: a}, nil
}

func (o *Opener) open(ctx context.Context, request core.OpenRequest) (*Artifacts, error) {
	at, err := locate(request.URI)
	if err != nil {
		return nil, err
	}
	getenv := o.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	s, err := settingsOf(request, getenv)
	if err != nil {
		return nil, err
	}
	acc, err := o.account(ctx, s)
	if err != nil {
		return nil, err
	}
	return newArtifacts(ctx, acc, at, request.ReadOnly), nil
}

// account returns the shared connection of the settings, made when nobody has one.
func (o *Opener) account(ctx context.Context, s settings) (*account, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a, found := o.accounts[s]; found {
		a.users++
		return a, nil
	}
	client, id, err := newClient(ctx, s)
	if err != nil {
		return nil, err
	}
	j := newJournal(o.Journal, s.id())
	a := &account{settings: s, client: client, identity: id, journal: j, trees: map[string]*tree{}, users: 1}
	resume := cmp.Or(o.Resume, time.Minute)
	var late *time.Timer
	a.release = func() error {
		if !o.leave(a) {
			return nil
		}
		late.Stop()
		a.abortLeft(ctx)
		closeIdle(client)
		return j.close()
	}
	if o.accounts == nil {
		o.accounts = map[settings]*account{}
	}
	o.accounts[s] = a
	a.takeOver(ctx, resume > 0)
	late = time.AfterFunc(max(resume, 0), func() { a.abortLeft(ctx) })
	return a, nil
}

// leave gives one use of the account back, and reports whether it was the last.
func (o *Opener) leave(a *account) (last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a.users--; a.users == 0 {
		delete(o.accounts, a.settings)
	}
	return a.users == 0
}
