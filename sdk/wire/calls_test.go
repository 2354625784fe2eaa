package wire_test

import (
	"io"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

// exact compares what came with what was sent, to the last field.
func exact() cmp.Option {
	return cmp.Options{
		cmp.Comparer(func(a, b core.URI) bool { return a.Raw() == b.Raw() }),
		cmp.Comparer(func(a, b core.Secret) bool { return a.Reveal() == b.Reveal() }),
	}
}

// interfaces lists what a store of each kind can be asked, abilities included.
func interfaces() map[string][]reflect.Type {
	return map[string][]reflect.Type{
		"tracking": {
			reflect.TypeFor[core.Experiments](), reflect.TypeFor[core.Runs](), reflect.TypeFor[core.Metrics](),
			reflect.TypeFor[core.BulkHistory](), reflect.TypeFor[core.SampledHistory](), reflect.TypeFor[core.Lineage](),
			reflect.TypeFor[core.LoggedModels](), reflect.TypeFor[core.Importer](), reflect.TypeFor[core.Purger](),
			reflect.TypeFor[core.SecretUpdater](), reflect.TypeFor[core.SchemaKeeper](), reflect.TypeFor[core.Accounts](),
		},
		"registry": {
			reflect.TypeFor[core.Models](), reflect.TypeFor[core.Versions](), reflect.TypeFor[core.Webhooks](), reflect.TypeFor[core.Aliases](),
			reflect.TypeFor[core.Stages](), reflect.TypeFor[core.RegistryImporter](),
		},
		"projects": {reflect.TypeFor[core.ProjectBackend]()},
		"artifacts": {
			reflect.TypeFor[core.ArtifactRepository](), reflect.TypeFor[core.Presigner](), reflect.TypeFor[core.Multipart](),
		},
	}
}

// TestCallsCarryEveryField makes every call of every interface with all fields filled, and compares what the store was asked
// and what the caller got.
func TestCallsCarryEveryField(t *testing.T) {
	t.Parallel()
	for kind, types := range interfaces() {
		for _, of := range types {
			for i := range of.NumMethod() {
				method := of.Method(i)
				if method.Name == "Describe" || method.Name == "Close" || method.Name == "Open" || method.Name == "Put" {
					continue
				}
				t.Run(kind+"/"+method.Name, func(t *testing.T) {
					t.Parallel()
					r := &recorder{}
					b := open(t, serve(t, core.Manifest{}, r.opener()), "xx://host")
					stores := map[string]core.Store{
						"tracking": b.Tracking, "artifacts": b.Artifacts, "registry": b.Registry, "projects": b.Projects,
					}
					checkCall(t, r, reflect.ValueOf(stores[kind]).MethodByName(method.Name))
				})
			}
		}
	}
}

func checkCall(t *testing.T, r *recorder, method reflect.Value) {
	t.Helper()
	n := 1000
	in := []reflect.Value{reflect.ValueOf(t.Context())}
	var sent []any
	for i := 1; i < method.Type().NumIn(); i++ {
		arg := reflect.New(method.Type().In(i)).Elem()
		fillValue(arg, &n)
		in, sent = append(in, arg), append(sent, arg.Interface())
	}
	out := method.Call(in)
	if err, _ := out[len(out)-1].Interface().(error); err != nil {
		t.Fatal(err)
	}
	asked, answered := r.last()
	if diff := cmp.Diff(sent, asked, exact()); diff != "" {
		t.Errorf("the store was asked (-sent +asked):\n%s", diff)
	}
	if len(out) == 2 {
		if diff := cmp.Diff(answered, out[0].Interface(), exact()); diff != "" {
			t.Errorf("the caller got (-answered +got):\n%s", diff)
		}
	}
}

func TestOpenCarriesEveryField(t *testing.T) {
	t.Parallel()
	r, n := &recorder{}, 0
	request := filled[core.OpenRequest](&n)
	b, err := serve(t, core.Manifest{}, r.opener()).Open(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	asked, _ := r.last()
	if diff := cmp.Diff([]any{request}, asked, exact()); diff != "" {
		t.Errorf("the opener was asked (-sent +asked):\n%s", diff)
	}
	// Whoever adds an ability to the contract adds it to the wire, to the recorder and to interfaces above.
	found := []core.Capability{"path_transfer"} // has tests of its own
	for _, s := range b.Stores() {
		found = append(found, core.CapabilitiesOf(s)...)
	}
	slices.Sort(found)
	if diff := cmp.Diff(core.AbilityNames(), slices.Compact(found)); diff != "" {
		t.Errorf("abilities (-of the contract +through the wire):\n%s", diff)
	}
	want, _ := r.Describe(t.Context())
	for _, s := range b.Stores() {
		info, err := s.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, info); diff != "" {
			t.Errorf("%T (-want +got):\n%s", s, diff)
		}
	}
}

func TestManifestCarriesEveryField(t *testing.T) {
	t.Parallel()
	n := 0
	want := filled[core.Manifest](&n)
	got, err := serve(t, want, (&recorder{}).opener()).Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestArtifactStreams covers the two calls that have readers.
func TestArtifactStreams(t *testing.T) {
	t.Parallel()
	r, n := &recorder{}, 0
	store := open(t, serve(t, core.Manifest{}, r.opener()), "xx://host").Artifacts
	put := filled[core.PutOptions](&n)
	put.SHA256 = someDigest
	got, err := store.Put(t.Context(), "a/b", io.LimitReader(zeroes{}, 5<<20+1), put)
	if err != nil {
		t.Fatal(err)
	}
	asked, answered := r.last()
	if diff := cmp.Diff([]any{"a/b", put, int64(5<<20 + 1)}, asked); diff != "" {
		t.Errorf("the store was asked (-sent +asked):\n%s", diff)
	}
	if diff := cmp.Diff(answered, any(got)); diff != "" {
		t.Errorf("(-answered +got):\n%s", diff)
	}
	read := filled[core.ReadOptions](&n)
	file, err := store.Open(t.Context(), "a/b", read)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	size, err := io.Copy(io.Discard, file)
	if err != nil || size != 3<<20 {
		t.Errorf("%d bytes, %v", size, err)
	}
	asked, _ = r.last()
	if diff := cmp.Diff([]any{"a/b", read}, asked); diff != "" {
		t.Errorf("the store was asked (-sent +asked):\n%s", diff)
	}
}

// TestEmptyIsNil shows that empty lists and maps come as nil, and that what is absent stays apart from zero (D-20).
func TestEmptyIsNil(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	store := open(t, serve(t, core.Manifest{}, r.opener()), "xx://host").Tracking
	for _, change := range []core.TagChange{{}, {Set: map[string]string{}, Delete: []string{}}} {
		if err := store.ChangeRunTags(t.Context(), "r", change); err != nil {
			t.Fatal(err)
		}
		asked, _ := r.last()
		if diff := cmp.Diff([]any{core.RunID("r"), core.TagChange{}}, asked); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	zero := core.Millis(0)
	for _, change := range []core.RunChange{{}, {EndTime: &zero}} {
		if _, err := store.UpdateRun(t.Context(), "r", change); err != nil {
			t.Fatal(err)
		}
		asked, _ := r.last()
		if diff := cmp.Diff([]any{core.RunID("r"), change}, asked); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
