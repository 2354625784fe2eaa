package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// Schema is the version of the JSON document. It changes when a field goes or changes its meaning, not when one is added.
const Schema = 1

// Document is what JSON writes.
type Document struct {
	Schema   int    `json:"schema"`
	Contract string `json:"contract"`
	Verdict  string `json:"verdict"` // the worst of all runs: pass, fail or error
	Runs     []Run  `json:"runs"`
}

// Run is the outcome of one suite.
type Run struct {
	Kind         string            `json:"kind"`
	Store        string            `json:"store"`
	Version      string            `json:"version"`
	Capabilities []core.Capability `json:"capabilities"`
	Transport    string            `json:"transport"`
	Level        string            `json:"level"`
	Seed         uint64            `json:"seed"`
	Started      time.Time         `json:"started"`
	Seconds      float64           `json:"seconds"`
	OneHandle    bool              `json:"one_handle"`
	Verdict      string            `json:"verdict"`
	Counts       map[string]int    `json:"counts"` // by verdict
	Problems     []string          `json:"problems,omitempty"`
	Leftovers    []string          `json:"leftovers,omitempty"`
	Cases        []Case            `json:"cases"`
}

// Case is the outcome of one case.
type Case struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Level   string   `json:"level"`
	Rule    string   `json:"rule"`
	Verdict string   `json:"verdict"`
	Seconds float64  `json:"seconds"`
	Reason  string   `json:"reason,omitempty"`
	Lacks   []string `json:"lacks,omitempty"` // of n/a: hooks that the harness does not offer
	Message string   `json:"message,omitempty"`
	Log     []string `json:"log,omitempty"`
	Repeat  string   `json:"repeat,omitempty"`
}

// JSON writes a Document.
func JSON(w io.Writer, reports ...conformance.Report) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(DocumentOf(reports...))
}

// DocumentOf is the document about the runs.
func DocumentOf(reports ...conformance.Report) Document {
	d := Document{Schema: Schema, Contract: core.ContractVersion, Verdict: string(Worst(reports...)), Runs: []Run{}}
	for _, r := range reports {
		run := Run{
			Kind: r.Kind, Store: r.Store.Name, Version: r.Store.Version, Capabilities: r.Store.Capabilities,
			Transport: string(r.Transport), Level: r.Level.String(), Seed: r.Seed, Started: r.Started.UTC(), Seconds: r.Duration.Seconds(),
			OneHandle: r.OneHandle, Verdict: string(r.Verdict()), Counts: map[string]int{}, Problems: r.Problems,
			Leftovers: r.Leftovers, Cases: []Case{},
		}
		for _, v := range conformance.Verdicts() {
			run.Counts[string(v)] = r.Count(v)
		}
		for _, result := range r.Results {
			run.Cases = append(run.Cases, Case{
				ID: result.ID, Name: result.Name, Level: result.Level.String(), Rule: result.Rule,
				Verdict: string(result.Verdict), Seconds: result.Duration.Seconds(), Reason: result.Reason,
				Lacks: lacks(result), Message: result.Message, Log: result.Log, Repeat: result.Repro,
			})
		}
		d.Runs = append(d.Runs, run)
	}
	return d
}

func lacks(r conformance.Result) []string {
	var all []string
	for _, hook := range r.Lacks {
		all = append(all, string(hook))
	}
	return all
}

// Worst is the verdict on several runs together; no run at all is an error.
func Worst(reports ...conformance.Report) conformance.Verdict {
	if len(reports) == 0 {
		return conformance.Broken
	}
	worst := conformance.Pass
	for _, r := range reports {
		switch v := r.Verdict(); {
		case v == conformance.Broken:
			return v
		case v == conformance.Fail:
			worst = v
		}
	}
	return worst
}
