package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
	"github.com/mlstore/mlstore/registry"
)

// diagnosis is what doctor finds.
type diagnosis struct {
	Build       build             `json:"build"`
	Environment map[string]string `json:"environment"` // what may hold a secret is masked
	Stores      []storeHealth     `json:"stores"`
	Probes      []probeResult     `json:"probes,omitempty"`
	Findings    []finding         `json:"findings"`
}

// storeHealth is one store, and how it answered.
type storeHealth struct {
	Kind         registry.Kind     `json:"kind"`
	URI          string            `json:"uri"`
	Origin       string            `json:"origin,omitempty"`
	Store        string            `json:"store,omitempty"`
	Capabilities []core.Capability `json:"capabilities,omitempty"`
	Milliseconds float64           `json:"milliseconds"` // for the first answer
	Error        string            `json:"error,omitempty"`

	err error
}

// finding is something in a folder that is not as it should be.
type finding struct {
	Kind    registry.Kind `json:"store"`
	Path    string        `json:"path"`
	What    string        `json:"kind"`
	Problem string        `json:"problem"`
	Fix     string        `json:"fix"`

	unread bool // the store does not show what is there
}

func (a *app) doctorCommand() *cobra.Command {
	var probing bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "Tell whether mlstore and its stores are well", Args: cobra.NoArgs,
		Long: `Tell which mlstore this is, which stores it would use, whether they answer, and what in a folder is malformed.

Of the environment only MLFLOW_* and MLSTORE_* are shown, and of these only values that hold no secret. Nothing is written,
unless --probe asks for it: then an experiment, a run, an artifact and a model are created, read back and deleted. The exit
code is 0 when all is well, that of the error when a store does not answer, and 1 when there are findings.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := a.settings()
			if err != nil {
				return err
			}
			d := diagnosis{Build: version(), Environment: maskedEnvironment(os.Environ()), Findings: []finding{}}
			d.Stores = []storeHealth{
				a.examine(cmd.Context(), registry.Tracking, settings), a.examine(cmd.Context(), registry.Registry, settings),
			}
			if d.Findings, err = inspect(cmd.Context(), settings); err != nil {
				return err
			}
			if probing && d.healthy() == nil {
				d.Probes = a.probe(cmd.Context())
			}
			if err := a.showDiagnosis(d); err != nil {
				return err
			}
			return d.verdict()
		},
	}
	cmd.Flags().BoolVar(&probing, "probe", false, "write, read back and delete something in each store")
	return cmd
}

// healthy is the first error of a store.
func (d diagnosis) healthy() error {
	for _, s := range d.Stores {
		if s.err != nil {
			return s.err
		}
	}
	return nil
}

func (d diagnosis) verdict() error {
	if err := d.healthy(); err != nil {
		return err
	}
	for _, p := range d.Probes {
		if p.err != nil {
			return p.err
		}
	}
	if n := len(d.Findings); n > 0 {
		return coded(exitFailure, fmt.Errorf("findings: %d", n))
	}
	return nil
}

// examine asks a store for an answer, without a write.
func (a *app) examine(ctx context.Context, kind registry.Kind, s registry.Settings) storeHealth {
	uri := s.Tracking
	if kind == registry.Registry {
		uri = s.Registry
	}
	h := storeHealth{Kind: kind, URI: uri.String()}
	resolver, _, err := a.stores()
	if err == nil {
		var e registry.Explanation
		if e, err = resolver.Explain(ctx, uri, s); err == nil {
			h.Origin = e.Origin
		}
	}
	began := time.Now()
	if err == nil {
		err = ping(ctx, resolver, &h, uri, s)
	}
	h.Milliseconds = float64(time.Since(began).Microseconds()) / 1000
	if err != nil {
		h.err, h.Error = err, err.Error()
	}
	return h
}

// ping reads one entity of a store. A folder that is not there is well: the first write makes it.
func ping(ctx context.Context, resolver *registry.Resolver, h *storeHealth, uri core.URI, s registry.Settings) error {
	s.ReadOnly = true
	if dir, err := uri.LocalPath(); err == nil {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			h.Store = "file, not there yet: the first write makes it"
			return nil
		}
	}
	var store core.Store
	var read func() error
	if h.Kind == registry.Tracking {
		t, err := resolver.Tracking(ctx, uri, s)
		if err != nil {
			return err
		}
		store, read = t, func() error {
			_, err := t.SearchExperiments(ctx, core.ExperimentQuery{PageOptions: core.PageOptions{Limit: 1}})
			return err
		}
	} else {
		r, err := resolver.Registry(ctx, uri, s)
		if err != nil {
			return err
		}
		store, read = r, func() error {
			_, err := r.SearchModels(ctx, core.ModelQuery{PageOptions: core.PageOptions{Limit: 1}})
			return err
		}
	}
	info, err := store.Describe(ctx)
	if err == nil {
		h.Store, h.Capabilities = strings.TrimSpace(info.Name+" "+info.Version), info.Capabilities
		err = read()
	}
	return joined(err, store.Close())
}

// inspect lists what is malformed in the stores that are folders of this machine.
func inspect(ctx context.Context, s registry.Settings) ([]finding, error) {
	all := []finding{}
	gather := func(kind registry.Kind, store inspected) error {
		for f, err := range store.Check(ctx) {
			if err != nil {
				return joined(err, store.Close())
			}
			all = append(all, finding{kind, f.Path, f.Kind, f.Problem, f.Fix, f.Unread})
		}
		return store.Close()
	}
	if dir, there := folder(s.Tracking); there {
		store, err := file.NewTracking(dir, file.TrackingOptions{ReadOnly: true})
		if err != nil {
			return nil, err
		}
		if err := gather(registry.Tracking, store); err != nil {
			return nil, err
		}
	}
	if dir, there := folder(s.Registry); there {
		store, err := file.NewRegistry(dir, file.RegistryOptions{ReadOnly: true})
		if err != nil {
			return nil, err
		}
		if err := gather(registry.Registry, store); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// inspected is a store in a folder that can look for what is malformed in it.
type inspected interface {
	Check(ctx context.Context) iter.Seq2[file.Finding, error]
	Close() error
}

// folder is the directory of a local store, and whether it is there.
func folder(uri core.URI) (string, bool) {
	dir, err := uri.LocalPath()
	if err != nil {
		return "", false
	}
	info, err := os.Stat(dir)
	return dir, err == nil && info.IsDir()
}

// maskedEnvironment is the part of the environment that matters. Values are masked but for those of variables that are known
// to hold no secret; of URIs the credentials are.
func maskedEnvironment(environ []string) map[string]string {
	plain := []string{
		"MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID", "MLFLOW_ALLOW_FILE_STORE",
		"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "MLFLOW_TRUNCATE_LONG_VALUES", "MLFLOW_LOGGING_LEVEL",
		"MLSTORE_CONFORMANCE_LEVEL", "MLSTORE_CONFORMANCE_SEED",
	}
	shownAsURI := []string{registry.TrackingVariable, registry.RegistryVariable}
	all := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case !strings.HasPrefix(name, "MLFLOW_") && !strings.HasPrefix(name, "MLSTORE_"):
		case value == "" || slices.Contains(plain, name):
			all[name] = value
		case slices.Contains(shownAsURI, name):
			all[name] = maskedURI(value)
		default:
			all[name] = "***"
		}
	}
	return all
}

// maskedURI is a URI without its credentials; one that cannot be read is masked as a whole.
func maskedURI(text string) string {
	uri, err := core.ParseURI(text)
	if err != nil {
		return "***"
	}
	return uri.String()
}
