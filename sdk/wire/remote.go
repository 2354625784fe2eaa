package wire

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/pluginv1"
)

// closeTime is how long a store may take to close.
const closeTime = 10 * time.Second

// remote is what every kind of remote store has. Its calls end with ErrClosed once the store has been closed.
type remote struct {
	link
	kind      string
	info      core.Info
	abilities []core.Capability
	closed    atomic.Bool
}

// Describe answers what the store said when it was opened.
func (r *remote) Describe(ctx context.Context) (core.Info, error) {
	if err := r.check(ctx); err != nil {
		return core.Info{}, core.Do("describe", r.kind, err)
	}
	info := r.info
	info.Capabilities = slices.Clone(info.Capabilities)
	return info, nil
}

// Close closes the store in the plugin. A second time it succeeds.
func (r *remote) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	return r.link.end(r.kind)
}

// end closes one kind of store of the instance, or with "" the whole.
func (l link) end(kind string) error {
	ctx, cancel := context.WithTimeout(l.alive, closeTime)
	defer cancel()
	_, err := pluginv1.NewLifecycleServiceClient(l).Close(ctx, &pluginv1.CloseRequest{Kind: kind})
	if core.ReasonOf(err) == ReasonInstanceUnknown {
		return nil // a process that was started anew has nothing to close
	}
	return err
}

func (r *remote) check(ctx context.Context) error {
	if err := core.Interrupted(ctx); err != nil {
		return err
	}
	if r.closed.Load() {
		return core.Closed(r.kind)
	}
	return nil
}

func (r *remote) Invoke(ctx context.Context, method string, request, reply any, o ...grpc.CallOption) error {
	if err := r.check(ctx); err != nil {
		return core.Do(operation(method), "", err)
	}
	return r.link.Invoke(ctx, method, request, reply, o...)
}

func (r *remote) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, o ...grpc.CallOption,
) (grpc.ClientStream, error) {
	if err := r.check(ctx); err != nil {
		return nil, core.Do(operation(method), "", err)
	}
	return r.link.NewStream(ctx, desc, method, o...)
}

func (r *remote) has(ability core.Capability) bool { return slices.Contains(r.abilities, ability) }

// UpdateSecrets makes every remote store a core.SecretUpdater, where the plugin's is one.
func (r *remote) UpdateSecrets(ctx context.Context, secrets map[string]core.Secret) error {
	_, err := pluginv1.NewLifecycleServiceClient(r).UpdateSecrets(ctx, &pluginv1.UpdateSecretsRequest{Secrets: reveal(secrets)})
	return err
}

// ability answers for an ability of the plugin's store.
func ability[T any](r *remote, name core.Capability, target any, from T) bool {
	return r.has(name) && core.Provide(target, from)
}
