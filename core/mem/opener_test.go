package mem_test

import (
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func open(t *testing.T, o core.Opener, uri string) core.Backend {
	t.Helper()
	return got(o.Open(t.Context(), core.OpenRequest{URI: got(core.ParseURI(uri))(t)}))(t)
}

func TestOpenerSharesByName(t *testing.T) {
	t.Parallel()
	ctx, opener := t.Context(), mem.NewOpener()
	got(open(t, opener, "mem:").Tracking.CreateExperiment(ctx, core.ExperimentSpec{Name: "e"}))(t)
	for uri, shared := range map[string]bool{"mem:": true, "mem:///": true, "mem://": true, "MEM:": true, "mem://a": false, "mem://b": false} {
		_, err := open(t, opener, uri).Tracking.Experiment(ctx, core.ExperimentRef{Name: "e"})
		if (err == nil) != shared {
			t.Errorf("%s: %v", uri, err)
		}
	}
	_, err := open(t, new(mem.Opener), "mem:").Tracking.Experiment(ctx, core.ExperimentRef{Name: "e"})
	refused(t, err, core.ErrNotFound, "e")
}

func TestOpenerRefuses(t *testing.T) {
	t.Parallel()
	uri := func(text string) core.OpenRequest { return core.OpenRequest{URI: got(core.ParseURI(text))(t)} }
	with := func(change func(*core.OpenRequest)) core.OpenRequest {
		r := uri("mem:")
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		request core.OpenRequest
		key     string
	}{
		"no uri":    {core.OpenRequest{}, "mem:"},
		"scheme":    {uri("file:///x"), "file:///x"},
		"user":      {uri("mem://u:hidden@h"), "mem:"},
		"query":     {uri("mem://h?x=1"), "x=1"},
		"fragment":  {uri("mem://h#f"), "#f"},
		"path":      {uri("mem://h/../x"), ".."},
		"option":    {with(func(r *core.OpenRequest) { r.Options = map[string]string{"size": "1"} }), "size"},
		"secret":    {with(func(r *core.OpenRequest) { r.Secrets = map[string]core.Secret{"token": {}} }), "token"},
		"workspace": {with(func(r *core.OpenRequest) { r.Workspace = "w" }), "w"},
	} {
		t.Log(name)
		refused(t, drop(mem.NewOpener().Open(t.Context(), c.request)), core.ErrInvalid, c.key)
	}
}

func TestOpenerArtifactRoots(t *testing.T) {
	t.Parallel()
	ctx, opener := t.Context(), mem.NewOpener()
	for _, root := range []string{"mem:", "mem://team"} {
		b := open(t, opener, root)
		run := got(b.Tracking.CreateRun(ctx, "0", core.RunSpec{}))(t)
		view := open(t, opener, run.ArtifactURI)
		if len(view.Stores()) != 1 {
			t.Errorf("%s opens %d stores", run.ArtifactURI, len(view.Stores()))
		}
		put(t, view.Artifacts.(*mem.Artifacts), "a/b", "c")
		prefix := "0/" + string(run.ID) + "/artifacts/"
		all := b.Artifacts.(*mem.Artifacts)
		put(t, all, prefix[:len(prefix)-1]+"2/x")
		if list := names(t, all, "", true, 1); list != prefix+"a/b "+prefix+"c "+prefix[:len(prefix)-1]+"2/x" {
			t.Errorf("the whole has %q", list)
		}
		if list := names(t, view.Artifacts, "", false, 1); list != "a/ c" {
			t.Errorf("the view has %q", list)
		}
		if text := content(t, view.Artifacts, "a/b", core.ReadOptions{}); text != "a/b" {
			t.Errorf("the view reads %q", text)
		}
		ok(t, view.Close())
		view.Artifacts = view.Artifacts.(*mem.Artifacts).Reopen()
		ok(t, view.Artifacts.Delete(ctx, "", core.DeleteOptions{All: true}))
		if list := names(t, all, "", true, 0); list != prefix[:len(prefix)-1]+"2/x" {
			t.Errorf("emptying the view left %q", list)
		}
	}
}
