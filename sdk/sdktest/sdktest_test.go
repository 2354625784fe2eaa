package sdktest_test

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/sdk"
	"github.com/mlstore/mlstore/sdk/sdktest"
	"github.com/mlstore/mlstore/sdk/wire"
)

func TestMain(m *testing.M) { sdktest.Main(m, reference(), twofaced(), broken()) }

// reference is the reference store as a plugin.
func reference() sdk.Plugin {
	return sdk.Plugin{
		Name: "mem", Version: "1.0.0", Opener: mem.NewOpener(),
		Schemes: []core.ManifestScheme{{Scheme: "mem", Kinds: []string{"tracking", "artifacts", "registry", "projects"}, Form: "mem://name"}},
	}
}

func fresh(t conformance.T) core.OpenRequest {
	uri, err := core.ParseURI("mem://" + strings.ToLower(rand.Text()))
	conformance.NoError(t, "the URI", err)
	return core.OpenRequest{URI: uri}
}

func TestReference(t *testing.T) {
	t.Parallel()
	sdktest.Test(t, reference(), sdktest.Options{Fresh: fresh})
}

// twofaced is a plugin whose store forgets a capability where it runs as a process.
func twofaced() sdk.Plugin {
	p := reference()
	p.Name, p.Schemes[0].Kinds = "twofaced", []string{"tracking"}
	p.Opener = opening(p.Opener, func(s core.TrackingStore) core.TrackingStore { return forgetful{s} })
	return p
}

// broken is a plugin whose store is wrong on every way.
func broken() sdk.Plugin {
	p := reference()
	p.Name, p.Schemes[0].Kinds = "broken", []string{"tracking"}
	p.Opener = opening(p.Opener, func(s core.TrackingStore) core.TrackingStore { return nameless{s} })
	return p
}

func opening(below core.Opener, decorate func(core.TrackingStore) core.TrackingStore) core.Opener {
	return core.OpenerFunc(func(ctx context.Context, r core.OpenRequest) (core.Backend, error) {
		b, err := below.Open(ctx, r)
		if err == nil {
			b.Tracking = decorate(b.Tracking)
		}
		return b, err
	})
}

type forgetful struct{ core.TrackingStore }

func (f forgetful) Describe(ctx context.Context) (core.Info, error) {
	info, err := f.TrackingStore.Describe(ctx)
	if os.Getenv(wire.CookieName) != "" {
		info.Capabilities = slices.DeleteFunc(info.Capabilities, func(c core.Capability) bool { return c == core.HistoryMissingRun })
	}
	return info, err
}

type nameless struct{ core.TrackingStore }

func (n nameless) Experiment(ctx context.Context, ref core.ExperimentRef) (core.Experiment, error) {
	e, err := n.TrackingStore.Experiment(ctx, ref)
	e.Name = ""
	return e, err
}

// TestRed runs within TestWhatIsWrongFails alone, in a process of its own, and must fail there.
func TestRed(t *testing.T) {
	t.Parallel()
	plugins := map[string]sdk.Plugin{"twofaced": twofaced(), "broken": broken()}
	p, wanted := plugins[os.Getenv(redVariable)]
	if !wanted {
		return
	}
	sdktest.Test(t, p, sdktest.Options{Fresh: fresh, Shape: func(o *conformance.Options) { o.Only = []string{"TS-016", "TS-080"} }})
}

const redVariable = "MLSTORE_SDKTEST_RED"

func TestWhatIsWrongFails(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, words := range map[string][]string{
		"twofaced": {"the transports differ", "TS-080", "process", "Info.Capabilities"},
		"broken":   {"--- FAIL: TestRed/tracking/linked/TS-016", "--- FAIL: TestRed/tracking/wire/TS-016", "--- FAIL: TestRed/tracking/process/TS-016"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), self, "-test.run", "^TestRed$")
			cmd.Env = append(os.Environ(), redVariable+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Errorf("the tests of a plugin that is %s pass", name)
			}
			for _, word := range words {
				if !strings.Contains(string(out), word) {
					t.Errorf("the output does not say %q:\n%s", word, out)
				}
			}
		})
	}
}
