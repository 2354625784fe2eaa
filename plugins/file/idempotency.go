package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mlstore/mlstore/core"
)

// A run that is created under an idempotency key gets its id from the key, so that the second call with the key finds it:
// a lost answer makes no second run. What was asked for is noted in the run's meta.yaml, in a field that MLflow passes over,
// until the file is written anew.
const requestField = "mlstore_request"

var errMadeBefore = errors.New("there is a run of this idempotency key")

// newRunID makes the id of a run: from the key if there is one, else a random one.
func newRunID(key string) core.RunID {
	if key == "" {
		return core.NewRunID()
	}
	sum := sha256.Sum256([]byte("mlstore run\x00" + key))
	sum[6] = sum[6]&0x0f | 0x80 // version 8 and variant of RFC 9562: the content is the maker's business
	sum[8] = sum[8]&0x3f | 0x80
	return core.RunID(hex.EncodeToString(sum[:16]))
}

// requestOf tells requests under one key apart; empty without a key.
func requestOf(in core.ExperimentID, spec core.RunSpec) string {
	if spec.IdempotencyKey == "" {
		return ""
	}
	if len(spec.Tags) == 0 {
		spec.Tags = nil // the same for a request
	}
	text, err := json.Marshal([]any{in, spec})
	if err != nil {
		panic(err) // strings, numbers and a map of strings
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// madeBefore returns the run that an earlier call with the key has made. Another request under the same key is ErrAborted.
func (t *Tracking) madeBefore(ctx context.Context, in core.ExperimentID, spec core.RunSpec) (core.Run, error) {
	id := newRunID(spec.IdempotencyKey)
	var made core.Run
	request := ""
	err := t.withRun(ctx, id, shared, func(r *run, f *folder) error {
		if err := r.refresh(ctx, f, wholeRun()); err != nil {
			return err
		}
		var err error
		if made, err = t.whole(ctx, r); err != nil {
			return err
		}
		data, _, err := f.read(metaFile, maxYAML)
		if err != nil {
			return ioError("read", f.path+"/"+metaFile, err)
		}
		doc, err := parseYAML(data)
		request, _ = doc[requestField].(string)
		return err
	})
	if err != nil {
		return core.Run{}, err
	}
	if made.ExperimentID != in || request != "" && request != requestOf(in, spec) {
		return core.Run{}, &core.Error{
			Code: core.Aborted, Reason: core.ReasonResourceConflict, Key: spec.IdempotencyKey,
			Err: fmt.Errorf("the idempotency key %q was used for another request before", spec.IdempotencyKey),
		}
	}
	return made, nil
}
