package file

import (
	"errors"

	"github.com/mlstore/mlstore/core"
)

// Finding is something in the store's folder that is not as it should be. It never keeps the rest from being used.
type Finding struct {
	Path    string // from the store's root
	Kind    string // experiment, run, metric, param, tag, input, output, logged model, dataset, journal, temporary, file
	Problem string
	Fix     string // what to do about it
	Unread  bool   // what lies there is not shown by the store: a copy of the store would not have it
}

// report tells about something malformed that is skipped.
func (t *Tracking) report(err error) {
	if t.options.Report == nil {
		return
	}
	t.options.Report(findingOf("", err))
}

func findingOf(kind string, err error) Finding {
	f := Finding{Kind: kind, Problem: err.Error(), Fix: "repair it from a backup, or remove it"}
	if e, ok := errors.AsType[*core.Error](err); ok {
		f.Path = e.Key
	}
	return f
}
