package core_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
)

func goodManifest() core.Manifest {
	return core.Manifest{
		Format: core.ManifestFormat, Name: "s3", Version: "1.0.0", SDK: "go/1.0.0", Contract: core.ContractVersion,
		Services: []string{"mlstore.plugin.v1", "mlstore.artifact.v1"}, Command: []string{"bin/s3", "--quiet"},
		Schemes: []core.ManifestScheme{
			{
				Scheme: "s3", Kinds: []string{"artifacts"}, Form: "s3://bucket/path", About: "S3", Capabilities: []core.Capability{core.PutIfAbsent},
				Options: []core.ManifestOption{{Name: "region", Default: "eu-1"}, {Name: "session.token", Secret: true}},
			},
			{Scheme: "git+s3", Kinds: []string{"projects", "tracking", "registry"}},
		},
		Env: []string{"AWS_*", "NO_PROXY", "https_proxy"},
	}
}

func TestManifestCheckTakesAProperOne(t *testing.T) {
	t.Parallel()
	if err := goodManifest().Check(); err != nil {
		t.Error(err)
	}
}

// Each change is refused and named.
func TestManifestCheckNamesTheField(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*core.Manifest){
		"format":                     func(m *core.Manifest) { m.Format = 0 },
		"name":                       func(m *core.Manifest) { m.Name = "S3" },
		"version":                    func(m *core.Manifest) { m.Version = "" },
		"sdk":                        func(m *core.Manifest) { m.SDK = "a\nb" },
		"contract":                   func(m *core.Manifest) { m.Contract = "new" },
		"homepage":                   func(m *core.Manifest) { m.Homepage = strings.Repeat("x", 501) },
		"services":                   func(m *core.Manifest) { m.Services = nil },
		"services[1]":                func(m *core.Manifest) { m.Services[1] = "mlstore/artifact" },
		"command[0]":                 func(m *core.Manifest) { m.Command[0] = "bin/../../s3" },
		"command[1]":                 func(m *core.Manifest) { m.Command[1] = "\x00" },
		"schemes":                    func(m *core.Manifest) { m.Schemes[1].Scheme = "s3" },
		"schemes[0].scheme":          func(m *core.Manifest) { m.Schemes[0].Scheme = "models" },
		"schemes[1].scheme":          func(m *core.Manifest) { m.Schemes[1].Scheme = "git..s3" },
		"schemes[0].kinds":           func(m *core.Manifest) { m.Schemes[0].Kinds = nil },
		"schemes[0].kinds[0]":        func(m *core.Manifest) { m.Schemes[0].Kinds[0] = "artifact" },
		"schemes[0].about":           func(m *core.Manifest) { m.Schemes[0].About = "\xff" },
		"schemes[0].capabilities[0]": func(m *core.Manifest) { m.Schemes[0].Capabilities[0] = "put if absent" },
		"schemes[0].options":         func(m *core.Manifest) { m.Schemes[0].Options[1].Name = "region" },
		"schemes[0].options[0].name": func(m *core.Manifest) { m.Schemes[0].Options[0].Name = "" },
		"schemes[0].options[1].default": func(m *core.Manifest) {
			m.Schemes[0].Options[1].Default = "hunter2"
		},
		"env":    func(m *core.Manifest) { m.Env = make([]string, 101) },
		"env[0]": func(m *core.Manifest) { m.Env[0] = "A*" },
		"env[1]": func(m *core.Manifest) { m.Env[1] = "1ST" },
		"env[2]": func(m *core.Manifest) { m.Env[2] = "a=b" },
	} {
		m := goodManifest()
		spoil(&m)
		err := m.Check()
		e, ok := errors.AsType[*core.Error](err)
		if !ok || !errors.Is(err, core.ErrInvalid) || e.Key != field || e.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestManifestOfANewerContractNamesBothVersions(t *testing.T) {
	t.Parallel()
	m := goodManifest()
	m.Contract = "99.1"
	if err := m.Check(); err == nil || !strings.Contains(err.Error(), "99.1") || !strings.Contains(err.Error(), core.ContractVersion) {
		t.Errorf("error %v", err)
	}
	m.Contract = core.ContractVersion + ".7"
	if err := m.Check(); err != nil {
		t.Errorf("a patch of this contract: %v", err)
	}
}
