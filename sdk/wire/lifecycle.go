package wire

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/pluginv1"
)

type identityServer struct {
	pluginv1.UnimplementedIdentityServiceServer
	server *Server
}

func (i *identityServer) Describe(context.Context, *pluginv1.DescribeRequest) (*pluginv1.DescribeResponse, error) {
	return &pluginv1.DescribeResponse{Manifest: pbManifest(i.server.manifest)}, nil
}

func (i *identityServer) ValidateConfig(
	ctx context.Context, r *pluginv1.ValidateConfigRequest,
) (*pluginv1.ValidateConfigResponse, error) {
	uri, err := core.ParseURI(r.GetUri())
	if err != nil {
		return nil, err
	}
	request := core.OpenRequest{URI: uri, Options: mapped(r.GetOptions())}
	for _, name := range r.GetSecrets() {
		if request.Secrets == nil {
			request.Secrets = map[string]core.Secret{}
		}
		request.Secrets[name] = core.Secret{}
	}
	validate := i.server.options.ValidateConfig
	if validate == nil {
		validate = i.server.checkOptions
	}
	reply := &pluginv1.ValidateConfigResponse{}
	if err := validate(ctx, request); err != nil {
		e := asError(err)
		if e.Code != core.InvalidArgument {
			return nil, err
		}
		for _, f := range e.Fields {
			reply.Diagnostics = append(reply.Diagnostics, &pluginv1.Diagnostic{
				Field: cut(f.Field, maxField), Message: cut(f.Rule, maxMessage),
			})
		}
		if len(e.Fields) == 0 {
			reply.Diagnostics = []*pluginv1.Diagnostic{{Field: cut(e.Key, maxField), Message: cut(e.Err.Error(), maxMessage)}}
		}
	}
	return reply, nil
}

// checkOptions holds a request against what the manifest says of the scheme.
func (s *Server) checkOptions(_ context.Context, r core.OpenRequest) error {
	at := slices.IndexFunc(s.manifest.Schemes, func(m core.ManifestScheme) bool { return m.Scheme == r.URI.Scheme() })
	if at < 0 {
		return core.Invalid("uri", "the plugin %s does not serve the scheme %q", s.manifest.Name, r.URI.Scheme())
	}
	var faults []core.FieldError
	fault := func(field, format string, args ...any) {
		faults = append(faults, core.FieldError{Field: field, Rule: fmt.Sprintf(format, args...)})
	}
	known := map[string]core.ManifestOption{}
	for _, o := range s.manifest.Schemes[at].Options {
		known[o.Name] = o
		_, option := r.Options[o.Name]
		_, secret := r.Secrets[o.Name]
		if o.Required && !option && !secret {
			fault("options."+o.Name, "the option %q is needed", o.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Options)) {
		if o, ok := known[name]; !ok || o.Secret {
			fault("options."+name, "there is no option %q", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Secrets)) {
		if o, ok := known[name]; !ok || !o.Secret {
			fault("secrets."+name, "there is no secret %q", name)
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return &core.Error{
		Code: core.InvalidArgument, Key: faults[0].Field, Fields: faults, Err: errors.New(faults[0].Field + ": " + faults[0].Rule),
	}
}

type lifecycleServer struct {
	pluginv1.UnimplementedLifecycleServiceServer
	server *Server
}

func (l *lifecycleServer) Open(ctx context.Context, r *pluginv1.OpenRequest) (*pluginv1.OpenResponse, error) {
	request, err := coreOpen(r)
	if err != nil {
		return nil, err
	}
	probe := &instance{} // an error of the opener must not show the secrets either
	probe.learnFrom(request)
	backend, err := l.server.opener.Open(ctx, request)
	if err != nil {
		return nil, &answered{toStatus(err, probe.hide)}
	}
	reply, err := l.describe(ctx, request, backend)
	if err != nil {
		return nil, &answered{toStatus(errors.Join(err, backend.Close()), probe.hide)}
	}
	return reply, nil
}

func (l *lifecycleServer) describe(
	ctx context.Context, request core.OpenRequest, b core.Backend,
) (*pluginv1.OpenResponse, error) {
	reply := &pluginv1.OpenResponse{}
	stores := storesOf(b)
	for _, kind := range slices.Sorted(maps.Keys(stores)) {
		info, err := stores[kind].Describe(ctx)
		if err != nil {
			return nil, err
		}
		reply.Stores = append(reply.Stores, &pluginv1.OpenedStore{
			Kind: kind, Info: pbInfo(info), Abilities: retype[string](core.CapabilitiesOf(stores[kind])),
		})
	}
	in, err := l.server.add(request, b)
	if err != nil {
		return nil, err
	}
	reply.InstanceId = in.id
	return reply, nil
}

func (l *lifecycleServer) Close(ctx context.Context, r *pluginv1.CloseRequest) (*pluginv1.CloseResponse, error) {
	in, err := instanceOf(ctx)
	if err != nil {
		return nil, err
	}
	last, err := in.close(r.GetKind())
	if last {
		l.server.forget(in.id)
	}
	return &pluginv1.CloseResponse{}, err
}

func (l *lifecycleServer) Check(ctx context.Context, _ *pluginv1.CheckRequest) (*pluginv1.CheckResponse, error) {
	in, err := instanceOf(ctx)
	if err != nil {
		return &pluginv1.CheckResponse{}, nil //nolint:nilerr // without an instance, the process is asked
	}
	for _, kind := range in.open() {
		if _, err := in.stores[kind].Describe(ctx); err != nil {
			return nil, err
		}
	}
	return &pluginv1.CheckResponse{}, nil
}

func (l *lifecycleServer) UpdateSecrets(
	ctx context.Context, r *pluginv1.UpdateSecretsRequest,
) (*pluginv1.UpdateSecretsResponse, error) {
	in, err := instanceOf(ctx)
	if err != nil {
		return nil, err
	}
	secrets := conceal(r.GetSecrets())
	in.learn(slices.Collect(maps.Values(secrets))...)
	taken := false
	for _, kind := range in.open() {
		updater, ok := core.As[core.SecretUpdater](in.stores[kind])
		if !ok {
			continue
		}
		if err := updater.UpdateSecrets(ctx, secrets); err != nil {
			return nil, err
		}
		taken = true
	}
	if !taken {
		return nil, core.Errorf(core.Unimplemented, "no store of the instance takes new secrets: open it again with them")
	}
	return &pluginv1.UpdateSecretsResponse{}, nil
}

func (l *lifecycleServer) Drain(ctx context.Context, _ *pluginv1.DrainRequest) (*pluginv1.DrainResponse, error) {
	return &pluginv1.DrainResponse{}, l.server.drain(ctx)
}
