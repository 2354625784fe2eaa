package registry

import (
	"context"
	"path"

	"github.com/mlstore/mlstore/core"
)

// Explanation tells how a URI is resolved, without any credential.
type Explanation struct {
	URI      string `json:"uri"`
	Hops     []Hop  `json:"hops,omitempty"` // where runs:/ and models:/ URIs led, one after the other
	Scheme   string `json:"scheme"`         // of the last one
	Kinds    []Kind `json:"kinds"`          // what it offers
	About    string `json:"about,omitempty"`
	Origin   string `json:"origin,omitempty"`
	Instance string `json:"instance"`            // the store that is opened
	Prefix   string `json:"prefix,omitempty"`    // where the artifact root lies in it
	Key      string `json:"key"`                 // what tells opened stores apart
	ReadOnly bool   `json:"read_only,omitempty"` // the files of a registered model
}

// Hop is one step on the way of a runs:/ or models:/ URI.
type Hop struct {
	URI string `json:"uri"` // where the step led
	Why string `json:"why"` // such as "artifacts of run 4f…"
}

// Explain tells how uri is resolved. It opens the stores that runs:/ and models:/ URIs lead through, and not the last one.
func (r *Resolver) Explain(ctx context.Context, uri core.URI, s Settings) (Explanation, error) {
	t, err := r.follow(ctx, uri, s)
	if err != nil {
		return Explanation{}, err
	}
	if len(t.hops) > 0 {
		s = s.related()
	}
	scheme, rule, err := r.rule(ctx, t.root, "")
	if err != nil {
		return Explanation{}, t.failed(err)
	}
	instance, prefix := t.root, ""
	if rule.Offers(Artifacts) {
		if instance, prefix, err = rule.mount(t.root); err != nil {
			return Explanation{}, t.failed(err)
		}
	}
	key, err := r.shared.key(target{scheme, rule, instance}, s)
	if err != nil {
		return Explanation{}, t.failed(err)
	}
	return Explanation{
		URI: uri.String(), Hops: t.hops, Scheme: scheme, Kinds: rule.Kinds, About: rule.About, Origin: rule.Origin,
		Instance: instance.String(), Prefix: path.Join(prefix, t.path), Key: key, ReadOnly: t.readOnly,
	}, nil
}
