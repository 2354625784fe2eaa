package wire

import (
	"context"
	"slices"

	"google.golang.org/grpc"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/pluginv1"
)

// Client is the other end of a Server: an opener whose stores are those of a plugin. It is safe for concurrent use.
type Client struct{ conn caller }

var _ core.Opener = (*Client)(nil)

// NewClient makes a client of the plugin at the other end of a connection, which should have been made with DialOptions.
// It does not close the connection.
func NewClient(conn grpc.ClientConnInterface) *Client { return &Client{caller{conn}} }

// Describe returns the manifest of the plugin.
func (c *Client) Describe(ctx context.Context) (core.Manifest, error) {
	reply, err := pluginv1.NewIdentityServiceClient(c.conn).Describe(ctx, &pluginv1.DescribeRequest{})
	if err != nil {
		return core.Manifest{}, err
	}
	return coreManifest(reply.GetManifest()), nil
}

// ValidateConfig says what is wrong with a request, without any input or output; nil is nothing. A plugin that does not
// know is ErrUnsupported.
func (c *Client) ValidateConfig(ctx context.Context, r core.OpenRequest) ([]core.FieldError, error) {
	request := &pluginv1.ValidateConfigRequest{Uri: r.URI.Raw(), Options: r.Options}
	for name := range r.Secrets {
		request.Secrets = append(request.Secrets, name)
	}
	slices.Sort(request.Secrets)
	reply, err := pluginv1.NewIdentityServiceClient(c.conn).ValidateConfig(ctx, request)
	return each(reply.GetDiagnostics(), func(d *pluginv1.Diagnostic) core.FieldError {
		return core.FieldError{Field: d.GetField(), Rule: d.GetMessage()}
	}), err
}

// Check reports whether the process answers.
func (c *Client) Check(ctx context.Context) error {
	_, err := pluginv1.NewLifecycleServiceClient(c.conn).Check(ctx, &pluginv1.CheckRequest{})
	return err
}

// Drain lets the plugin refuse calls from now on, and returns when those that run have ended, or when ctx ends.
func (c *Client) Drain(ctx context.Context) error {
	_, err := pluginv1.NewLifecycleServiceClient(c.conn).Drain(ctx, &pluginv1.DrainRequest{})
	return err
}

// Open opens the stores of a URI in the plugin. Those that it answers have the abilities that the plugin's have; new
// secrets are given to them as a core.SecretUpdater.
func (c *Client) Open(ctx context.Context, r core.OpenRequest) (core.Backend, error) {
	reply, err := pluginv1.NewLifecycleServiceClient(c.conn).Open(ctx, pbOpen(r))
	if err != nil {
		return core.Backend{}, err
	}
	base := link{caller: c.conn, id: reply.GetInstanceId(), alive: context.WithoutCancel(ctx)}
	backend, err := backendOf(reply, base)
	if err != nil {
		_ = base.end("") //nolint:contextcheck // it ends what was begun, also when ctx has ended
		return core.Backend{}, core.Do("open", r.URI.String(), base.blame(err))
	}
	return backend, nil
}

// backendOf makes the stores of an instance. Kinds that this version does not know are left out.
func backendOf(reply *pluginv1.OpenResponse, base link) (core.Backend, error) {
	var b core.Backend
	if base.id == "" {
		return b, malformed("the instance has no id")
	}
	seen := map[string]bool{}
	for _, opened := range reply.GetStores() {
		if seen[opened.GetKind()] {
			return b, malformed("the instance has two stores of the kind %q", opened.GetKind())
		}
		seen[opened.GetKind()] = true
		s := &remote{
			link: base, kind: opened.GetKind(), info: coreInfo(opened.GetInfo()),
			abilities: retype[core.Capability](opened.GetAbilities()),
		}
		switch s.kind {
		case kindTracking:
			b.Tracking = newTracking(s)
		case kindArtifacts:
			b.Artifacts = newArtifacts(s)
		case kindRegistry:
			b.Registry = newRegistry(s)
		case kindProjects:
			b.Projects = newProjects(s)
		}
	}
	return b, nil
}
