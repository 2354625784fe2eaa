package registry

import (
	"sync/atomic"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// use is one use of an instance. Handles hand it out as a store; after Close they answer ErrClosed, also while others
// still use the instance.
type use struct {
	pool   *pool
	in     *instance
	closed atomic.Bool
}

// release gives the use back, once.
func (u *use) release() error {
	if u.closed.Swap(true) {
		return nil
	}
	return u.pool.release(u.in)
}

// alive refuses calls after Close.
func (u *use) alive(kind Kind) error {
	if u.closed.Load() {
		return core.Closed(string(kind))
	}
	return nil
}

// lacks gives the use back and says that the store does not serve the kind after all.
func (u *use) lacks(uri core.URI, kind Kind) error {
	err := core.Errorf(core.Unimplemented, "%s serves no %s", uri.String(), kind)
	return u.abandon(core.Do("open", uri.String(), err))
}

// abandon gives the use back because of err.
func (u *use) abandon(err error) error {
	_ = u.release()
	return err
}

// ability passes the abilities of the store on, but not past Close.
func (u *use) ability(target any, store core.Store) bool {
	return !u.closed.Load() && client.PassAbility(target, store)
}
