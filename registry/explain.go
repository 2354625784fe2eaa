package registry

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// Explanation tells how a URI is resolved, without any credential.
type Explanation struct {
	URI      string `json:"uri"`
	Hops     []Hop  `json:"hops,omitempty"` // what runs:/ and models:/ URIs led to, one after the other
	Scheme   string `json:"scheme"`         // of the last one
	Kinds    []Kind `json:"kinds"`
	About    string `json:"about,omitempty"`
	Origin   string `json:"origin,omitempty"`
	Instance string `json:"instance"`         // the store that is opened
	Prefix   string `json:"prefix,omitempty"` // where the artifact root lies in it
	Key      string `json:"key"`              // what tells opened stores apart
	ReadOnly bool   `json:"read_only,omitempty"`
}

// Hop is one step on the way of a runs:/ or models:/ URI.
type Hop struct {
	URI string `json:"uri"` // where the step led
	Why string `json:"why"` // such as "artifacts of run 4f…"
}

// Explain tells how uri is resolved. It opens the stores that runs:/ and models:/ URIs lead through, and not the last one.
func (r *Resolver) Explain(ctx context.Context, uri core.URI, s Settings) (Explanation, error) {
	return Explanation{}, core.Errorf(core.Unimplemented, "not yet")
}
