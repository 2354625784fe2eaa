package mem

import (
	"encoding/json"
	"fmt"

	"github.com/mlstore/mlstore/core"
)

// creations remembers by their idempotency keys what was created, so that a call that is repeated because its answer got
// lost creates nothing more.
type creations[T any] struct {
	byKey map[string]creation[T]
}

type creation[T any] struct {
	request string // what was asked for, to tell a repeated call from another one under the same key
	made    T
}

// made returns what an earlier call with the key created. Another request under the same key is ErrAborted.
func (c *creations[T]) made(key, request string) (T, bool, error) {
	var none T
	if key == "" {
		return none, false, nil
	}
	earlier, found := c.byKey[key]
	if found && earlier.request != request {
		return none, false, &core.Error{
			Code: core.Aborted, Reason: core.ReasonResourceConflict, Key: key,
			Err: fmt.Errorf("the idempotency key %q was used for another request before", key),
		}
	}
	return earlier.made, found, nil
}

// remember notes what the request created under the key.
func (c *creations[T]) remember(key, request string, made T) {
	if key == "" {
		return
	}
	if c.byKey == nil {
		c.byKey = map[string]creation[T]{}
	}
	c.byKey[key] = creation[T]{request: request, made: made}
}

// forget drops the keys of what is gone for good.
func (c *creations[T]) forget(gone func(T) bool) {
	for key, earlier := range c.byKey {
		if gone(earlier.made) {
			delete(c.byKey, key)
		}
	}
}

// fingerprint tells requests under one key apart; without a key there is nothing to tell. Secrets are masked by their type
// and do not count.
func fingerprint(key string, request ...any) (string, error) {
	if key == "" {
		return "", nil
	}
	text, err := json.Marshal(request)
	if err != nil {
		return "", core.Invalid("request", "the request cannot be encoded: %w", err)
	}
	return string(text), nil
}

// orNil makes an empty map a nil one: for a request they are the same (D-20).
func orNil[M ~map[K]V, K comparable, V any](m M) M {
	if len(m) == 0 {
		return nil
	}
	return m
}
