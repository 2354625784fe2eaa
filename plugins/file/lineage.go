package file

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // MLflow names folders so; nothing depends on its strength
	"encoding/hex"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// What a run read and made lies in folders of its own, each with a meta.yaml: inputs/<hash of dataset or model, and run>,
// outputs/<model>, and for the datasets themselves, in the experiment, datasets/<hash of name and digest>. MLflow does not
// keep the order of a run's inputs; we note it in a field that MLflow passes over.
// Source: MLflow, mlflow/store/tracking/file_store.py.
const orderField = "mlstore_order"

func hashOf(parts ...string) string {
	h := md5.New() //nolint:gosec // as above
	for _, part := range parts {
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func inputDocument(kind, id string, tags map[string]string, order int) document {
	return document{
		"destination_id":   id, // MLflow writes the source here too
		"destination_type": "RUN", "source_id": id, "source_type": kind, "tags": copied(tags), orderField: int64(order),
	}
}

func outputDocument(o core.ModelOutput, order int) document {
	return document{
		"destination_id": string(o.ModelID), "destination_type": "MODEL_OUTPUT", "source_id": string(o.ModelID),
		"source_type": "RUN_OUTPUT", "step": o.Step, "tags": map[string]string{}, orderField: int64(order),
	}
}

func datasetDocument(d core.Dataset) document {
	return document{
		"digest": d.Digest, "name": d.Name, "profile": orNull(d.Profile), "schema": orNull(d.Schema), "source": d.Source,
		"source_type": d.SourceType,
	}
}

// LogInputs adds datasets and models to what a run read.
func (t *Tracking) LogInputs(ctx context.Context, id core.RunID, in core.Inputs) (err error) {
	defer named(&err, "log inputs", string(id))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	if err := core.CheckInputs(in, t.limits); err != nil {
		return err
	}
	return t.withRun(ctx, id, exclusive, func(r *run, f *folder) error {
		if _, err := t.activeRun(ctx, r, f, need{lineage: true}); err != nil {
			return err
		}
		ops, err := t.inputSteps(r, in)
		if err != nil {
			return err
		}
		return t.commitAndForget(r, f, ops)
	})
}

// inputSteps are the steps that add what the run does not have yet. A dataset that the experiment knows stays as it is.
func (t *Tracking) inputSteps(r *run, in core.Inputs) ([]op, error) {
	var ops []op
	seen := map[string]bool{}
	order := len(r.inputs.items)
	add := func(kind, id string, tags map[string]string) bool {
		p := "inputs/" + hashOf(id, string(r.id)) + "/" + metaFile
		if seen[p] || r.inputs.isFile(strings.TrimPrefix(p, "inputs/")) {
			return false
		}
		seen[p] = true
		order++
		ops = append(ops, op{kind: opWrite, path: p, data: inputDocument(kind, id, tags, order).bytes()})
		return true
	}
	for _, use := range in.Datasets {
		id := hashOf(use.Dataset.Name, use.Dataset.Digest)
		if !add("DATASET", id, use.Tags) {
			continue
		}
		below := "datasets/" + id + "/" + metaFile
		at, err := stat(t.top.dir, path.Dir(r.base)+"/"+below)
		if err != nil {
			return nil, ioError("look for", below, err)
		}
		if at.absent() {
			ops = append(ops, op{kind: opWrite, path: opUp + below, data: datasetDocument(use.Dataset).bytes()})
		}
	}
	for _, id := range in.Models {
		add("MODEL", string(id), nil)
	}
	return ops, nil
}

// LogOutputs adds models to what a run made.
func (t *Tracking) LogOutputs(ctx context.Context, id core.RunID, out []core.ModelOutput) (err error) {
	defer named(&err, "log outputs", string(id))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	if err := core.CheckOutputs(out); err != nil {
		return err
	}
	return t.withRun(ctx, id, exclusive, func(r *run, f *folder) error {
		if _, err := t.activeRun(ctx, r, f, need{lineage: true}); err != nil {
			return err
		}
		return t.commitAndForget(r, f, r.outputSteps(out))
	})
}

func (r *run) outputSteps(out []core.ModelOutput) []op {
	var ops []op
	seen := map[core.ModelID]bool{}
	for _, o := range out {
		p := string(o.ModelID) + "/" + metaFile
		if seen[o.ModelID] || r.outputs.isFile(p) {
			continue
		}
		seen[o.ModelID] = true
		data := outputDocument(o, len(r.outputs.items)+len(ops)+1).bytes()
		ops = append(ops, op{kind: opWrite, path: "outputs/" + p, data: data})
	}
	return ops
}

// lineage reads what a run read and made. Its inputs and outputs must be up to date.
func (t *Tracking) lineage(_ context.Context, r *run) (core.Inputs, []core.ModelOutput, error) {
	var in core.Inputs
	err := eachDocument(r, &r.inputs, func(f *fields) error {
		id := f.need("source_id")
		switch f.need("source_type") {
		case "MODEL":
			in.Models = append(in.Models, core.ModelID(id))
		case "DATASET":
			d, err := t.dataset(path.Dir(r.base), id)
			if err != nil {
				return err
			}
			tags, _ := f.doc["tags"].(map[string]string)
			in.Datasets = append(in.Datasets, core.DatasetInput{Dataset: d, Tags: copied(tags)})
		}
		return f.err
	})
	if err != nil {
		return core.Inputs{}, nil, err
	}
	var out []core.ModelOutput
	err = eachDocument(r, &r.outputs, func(f *fields) error {
		out = append(out, core.ModelOutput{ModelID: core.ModelID(f.need("destination_id")), Step: f.number("step")})
		return f.err
	})
	return in, out, err
}

// eachDocument calls do for the documents of a shelf, in the order in which they were logged as far as that is known.
func eachDocument(r *run, s *shelf, do func(*fields) error) error {
	if len(s.items) == 0 {
		return nil
	}
	type entry struct {
		order int64
		key   string
		f     fields
	}
	all := make([]entry, 0, len(s.items))
	for _, key := range slices.Sorted(maps.Keys(s.items)) {
		i := s.items[key]
		if path.Base(i.path) != metaFile {
			continue
		}
		if i.err != nil {
			return i.err
		}
		doc, err := parseYAML([]byte(i.text))
		if err != nil {
			return malformed(r.base+"/"+i.path, "%w", err)
		}
		e := entry{key: key, f: fields{doc: doc}}
		e.order = e.f.number(orderField)
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.key, b.key)) })
	for n := range all {
		if err := do(&all[n].f); err != nil {
			if errors.Is(err, core.ErrDataLoss) {
				return err
			}
			return malformed(r.base+"/"+s.items[all[n].key].path, "%w", err)
		}
	}
	return nil
}

// dataset reads a dataset of an experiment. Datasets never change once they are whole.
func (t *Tracking) dataset(experiment, id string) (core.Dataset, error) {
	p := experiment + "/datasets/" + id + "/" + metaFile
	at, err := stat(t.top.dir, p)
	if err != nil {
		return core.Dataset{}, ioError("read", p, err)
	}
	if d, known := t.datasets.get(p, at); known {
		return d, nil
	}
	data, at, err := t.top.read(p, maxDatasetYAML)
	if err != nil {
		return core.Dataset{}, unreadable(p, err)
	}
	doc, err := parseYAML(data)
	if err != nil {
		return core.Dataset{}, malformed(p, "%w", err)
	}
	f := fields{doc: doc}
	d := core.Dataset{
		Name: f.need("name"), Digest: f.need("digest"), SourceType: f.text("source_type"), Source: f.text("source"),
		Schema: f.text("schema"), Profile: f.text("profile"),
	}
	if f.err != nil {
		return core.Dataset{}, malformed(p, "%w", f.err)
	}
	t.datasets.put(p, at, d)
	return d, nil
}

// SearchDatasets lists the distinct uses of datasets in the experiments, by active and deleted runs.
func (t *Tracking) SearchDatasets(
	ctx context.Context, in []core.ExperimentID,
) (_ []core.DatasetSummary, err error) {
	defer named(&err, "search datasets", "")
	ctx, done, err := t.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := core.CheckDatasetSearch(in); err != nil {
		return nil, err
	}
	uses := map[core.DatasetSummary]bool{}
	for _, id := range in {
		err := t.eachRun(ctx, id, need{lineage: true}, &look{}, func(r *run) error {
			inputs, _, err := t.lineage(ctx, r)
			for _, use := range inputs.Datasets {
				uses[core.DatasetSummary{
					ExperimentID: id, Name: use.Dataset.Name, Digest: use.Dataset.Digest, Context: use.Tags[core.DataContextTag],
				}] = true
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	list := slices.SortedFunc(maps.Keys(uses), func(a, b core.DatasetSummary) int {
		return cmp.Or(
			cmp.Compare(a.ExperimentID, b.ExperimentID), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Context, b.Context),
		)
	})
	const most = 1000
	return list[:min(len(list), most)], nil
}
