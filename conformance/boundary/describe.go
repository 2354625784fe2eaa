package boundary

import (
	"slices"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/report"
	"github.com/mlstore/mlstore/core"
)

func describeCases[S core.Store]() []entry[S] {
	return []entry[S]{
		{
			id: "PL-001", name: "transport/equal-verdicts", hooks: []conformance.Hook{verdictsHook},
			rule: "A store gets the same verdict from every case, however it is reached.", run: equalVerdicts[S],
		},
		{
			id: "PL-002", name: "describe/static", run: staticInfo[S],
			rule: "A store describes itself alike before and after use and through every handle, with name, version and contract.",
		},
		{
			id: "PL-035", name: "describe/manifest", hooks: []conformance.Hook{manifestHook}, run: manifest[S],
			rule: "What a program says of itself without being used is true of its stores.",
		},
		{
			id: "PL-003", name: "describe/limits-true", run: limitsTrue[S],
			rule: "What has the length of an announced limit is accepted, and one more is refused with ErrInvalid.",
		},
		{
			id: "PL-004", name: "describe/capabilities-known", run: capabilitiesKnown[S],
			rule: "Capabilities are those of the contract, sorted, each once; an ability is declared exactly when it is found.",
		},
	}
}

func equalVerdicts[S core.Store](b *bench[S]) {
	for _, difference := range report.Differences(b.hooks.Verdicts(b)...) {
		b.Error(difference)
	}
}

func staticInfo[S core.Store](b *bench[S]) {
	if b.env.Info.Name == "" || b.env.Info.Version == "" || b.env.Info.Contract == "" {
		b.Errorf("name %q, version %q and contract %q: want all of them", b.env.Info.Name, b.env.Info.Version, b.env.Info.Contract)
	}
	b.add("some text")
	for what, s := range map[string]S{
		"after use": b.env.Store, "through a second handle": b.env.Second(), "through a fresh handle": b.env.Fresh(b),
	} {
		for range 2 {
			info, err := s.Describe(b.Context())
			conformance.NoError(b, "Describe "+what, err)
			conformance.Equal(b, "Info "+what, info, b.env.Info)
		}
	}
}

func manifest[S core.Store](b *bench[S]) {
	m := b.hooks.Manifest(b)
	conformance.Equal(b, "the manifest when asked again", b.hooks.Manifest(b), m)
	conformance.Equal(b, "format", m.Format, core.ManifestFormat)
	conformance.Equal(b, "contract", m.Contract, b.env.Info.Contract)
	for what, text := range map[string]string{"name": m.Name, "version": m.Version, "sdk": m.SDK} {
		if text == "" {
			b.Errorf("the manifest has no %s", what)
		}
	}
	served := false
	for _, scheme := range m.Schemes {
		if !slices.Contains(scheme.Kinds, b.serv) {
			continue
		}
		served = true
		if len(m.Schemes) > 1 { // which of them the store came by is not known here
			continue
		}
		for _, c := range scheme.Capabilities {
			if !b.env.Info.Has(c) && slices.Contains(capabilitiesOf(b.serv), c) {
				b.Errorf("the manifest promises %q for every store of the scheme %q, and this one does not declare it", c, scheme.Scheme)
			}
		}
	}
	if !served {
		b.Errorf("no scheme of the manifest serves %q: %+v", b.serv, m.Schemes)
	}
}

// capabilitiesOf lists the promises that mean something for a kind. A scheme that serves several kinds names those of all.
func capabilitiesOf(kind string) []core.Capability {
	switch kind {
	case "tracking":
		return []core.Capability{
			core.AtomicBatch, core.PagesKeyset, core.FloatInf, core.FloatNegativeZero, core.IdempotentCreate, core.HistoryMissingRun,
			core.SearchNative, core.DefaultExperiment, core.MetricDataset, core.MetricNaNOrder, core.ExperimentTagDelete,
			core.ModelStatusMessage,
		}
	case "artifacts":
		return []core.Capability{core.PagesKeyset, core.PutIfAbsent, core.PutAtomic, core.ArtifactMtime, core.ArtifactVerbatim}
	case "registry":
		return []core.Capability{
			core.AtomicBatch, core.PagesKeyset, core.IdempotentCreate, core.SearchNative, core.VersionUser, core.VersionVerbatim,
			core.VersionTouchesModel,
		}
	}
	return []core.Capability{core.PagesKeyset, core.IdempotentCreate}
}

func limitsTrue[S core.Store](b *bench[S]) {
	const affordable = 64 << 20
	id := b.add("some text")
	for _, l := range b.limits(b.env.Limits) {
		if l.most == 0 || l.most > affordable { // any length, or more than a test should write
			continue
		}
		made, err := l.try(b.Context(), b.env.Store, id, b.env.Name("at"), l.most)
		if err != nil {
			b.Errorf("%s of %d, as announced: got error %v, want success", l.name, l.most, err)
		} else if made != "" {
			b.undo(b.env.Store, made)
		}
		made, err = l.try(b.Context(), b.env.Store, id, b.env.Name("above"), l.most+1)
		if err == nil && made != "" {
			b.undo(b.env.Store, made)
		}
		conformance.Refused(b, l.name+" above what is announced", err, core.ErrInvalid)
	}
	conformance.NoError(b, "the thing itself afterwards", ignore(b.env.Store.Describe(b.Context())))
}

func ignore[V any](_ V, err error) error { return err }

func capabilitiesKnown[S core.Store](b *bench[S]) {
	declared := b.env.Info.Capabilities
	known := slices.Concat(core.AbilityNames(), core.PromiseNames())
	for i, c := range declared {
		if !slices.Contains(known, c) {
			b.Errorf("the capability %q is none of the contract: %v", c, known)
		}
		if i > 0 && declared[i-1] >= c {
			b.Errorf("the capabilities are not sorted, or one is there twice: %v", declared)
		}
	}
	found := core.CapabilitiesOf(b.env.Store)
	for _, ability := range core.AbilityNames() {
		if is, has := slices.Contains(declared, ability), slices.Contains(found, ability); is != has {
			b.Errorf("the ability %q: declared %v, found by As %v", ability, is, has)
		}
	}
}
