package wire

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/pluginv1"
)

func pbOpen(r core.OpenRequest) *pluginv1.OpenRequest {
	return &pluginv1.OpenRequest{
		Uri: r.URI.Raw(), Options: r.Options, Secrets: reveal(r.Secrets), TrackingUri: r.Tracking.Raw(),
		RegistryUri: r.Registry.Raw(), Workspace: r.Workspace, ReadOnly: r.ReadOnly,
	}
}

func coreOpen(pb *pluginv1.OpenRequest) (core.OpenRequest, error) {
	uri, err := core.ParseURI(pb.GetUri())
	if err != nil {
		return core.OpenRequest{}, err
	}
	tracking, err := coreURI(pb.GetTrackingUri())
	if err != nil {
		return core.OpenRequest{}, core.Invalid("tracking_uri", "the tracking URI: %w", err)
	}
	registry, err := coreURI(pb.GetRegistryUri())
	if err != nil {
		return core.OpenRequest{}, core.Invalid("registry_uri", "the registry URI: %w", err)
	}
	return core.OpenRequest{
		URI: uri, Options: mapped(pb.GetOptions()), Secrets: conceal(pb.GetSecrets()), Tracking: tracking, Registry: registry,
		Workspace: pb.GetWorkspace(), ReadOnly: pb.GetReadOnly(),
	}, nil
}

// coreURI reads a URI that may be absent.
func coreURI(text string) (core.URI, error) {
	if text == "" {
		return core.URI{}, nil
	}
	return core.ParseURI(text)
}

// reveal takes secrets out of their hiding, for the wire alone.
func reveal(in map[string]core.Secret) map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, len(in))
	for name, secret := range in {
		out[name] = secret.Reveal()
	}
	return out
}

func conceal(in map[string]string) map[string]core.Secret {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]core.Secret, len(in))
	for name, text := range in {
		out[name] = core.NewSecret(text)
	}
	return out
}

func pbManifest(m core.Manifest) *pluginv1.Manifest {
	return &pluginv1.Manifest{
		Format: int64(m.Format), Name: m.Name, Version: m.Version, Sdk: m.SDK, Contract: m.Contract, Homepage: m.Homepage,
		License: m.License, Services: m.Services, Command: m.Command, Env: m.Env,
		Schemes: each(m.Schemes, func(s core.ManifestScheme) *pluginv1.ManifestScheme {
			return &pluginv1.ManifestScheme{
				Scheme: s.Scheme, Kinds: s.Kinds, Form: s.Form, About: s.About, RootShared: s.RootShared,
				Capabilities: retype[string](s.Capabilities),
				Options: each(s.Options, func(o core.ManifestOption) *pluginv1.ManifestOption {
					return &pluginv1.ManifestOption{
						Name: o.Name, About: o.About, Default: o.Default, Required: o.Required, Secret: o.Secret,
					}
				}),
			}
		}),
	}
}

func coreManifest(pb *pluginv1.Manifest) core.Manifest {
	return core.Manifest{
		Format: int(pb.GetFormat()), Name: pb.GetName(), Version: pb.GetVersion(), SDK: pb.GetSdk(), Contract: pb.GetContract(),
		Homepage: pb.GetHomepage(), License: pb.GetLicense(), Services: pb.GetServices(), Command: pb.GetCommand(), Env: pb.GetEnv(),
		Schemes: each(pb.GetSchemes(), func(s *pluginv1.ManifestScheme) core.ManifestScheme {
			return core.ManifestScheme{
				Scheme: s.GetScheme(), Kinds: s.GetKinds(), Form: s.GetForm(), About: s.GetAbout(), RootShared: s.GetRootShared(),
				Capabilities: retype[core.Capability](s.GetCapabilities()),
				Options: each(s.GetOptions(), func(o *pluginv1.ManifestOption) core.ManifestOption {
					return core.ManifestOption{
						Name: o.GetName(), About: o.GetAbout(), Default: o.GetDefault(), Required: o.GetRequired(), Secret: o.GetSecret(),
					}
				}),
			}
		}),
	}
}
