package tracking

import (
	"errors"
	"strconv"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func paramCases() []entry {
	return []entry{
		{ID: "TS-102", Name: "param/log", Run: logParam, Rule: "A param that was logged is there."},
		{
			ID: "TS-103", Name: "param/same-value-again", Run: logParamAgain,
			Rule: "Logging a param again with its value succeeds and changes nothing (D-13).",
		},
		{
			ID: "TS-104", Name: "param/other-value", Run: changeParam,
			Rule: "Another value for a param is ErrInvalid with the key, and the first value stays (D-13).",
		},
		{
			ID: "TS-105", Name: "param/value-limits", Run: limitParams,
			Rule: "Values may be as long as announced, in code points; longer ones are refused, not cut (D-12, D-22).",
		},
		{
			ID: "TS-106", Name: "param/odd-values", Run: oddParams,
			Rule: "Values of params and tags are any text: empty, line breaks, quotes, backslashes, code, emoji.",
			Why:  "The file layout keeps one value a file: a store that trims lines loses line breaks at the end.",
		},
		{ID: "TS-107", Name: "param/nul-byte", Run: nulInParam, Rule: "A value with a NUL is kept exactly or refused, never cut."},
		{
			ID: "TS-108", Name: "param/case-and-space-distinct", Run: distinctParams,
			Rule: "Keys and values that differ in case or blanks are different.",
		},
	}
}

func logParam(t check, e *env) {
	r := newRunAlone(t, e)
	logBatch(t, e, r.ID, core.Batch{Params: []core.Param{{Key: "lr", Value: "0.1"}, {Key: "depth", Value: "3"}}})
	logBatch(t, e, r.ID, core.Batch{Params: []core.Param{{Key: "seed", Value: ""}}})
	r.Params = map[string]string{"lr": "0.1", "depth": "3", "seed": ""}
	sawRun(t, e, r)
}

func logParamAgain(t check, e *env) {
	r := newRunAlone(t, e)
	for range 3 {
		logBatch(t, e, r.ID, core.Batch{Params: []core.Param{{Key: "lr", Value: "0.1"}, {Key: "empty", Value: ""}}})
	}
	r.Params = map[string]string{"lr": "0.1", "empty": ""}
	sawRun(t, e, r)
}

func changeParam(t check, e *env) {
	r := newRunAlone(t, e)
	logBatch(t, e, r.ID, core.Batch{Params: []core.Param{{Key: "lr", Value: "0.1"}, {Key: "empty", Value: ""}}})
	for key, value := range map[string]string{"lr": "0.2", "empty": "x"} {
		for _, v := range []string{value, value + "\n", "LONG"} {
			err := e.Store.LogBatch(t.Context(), r.ID, core.Batch{Params: []core.Param{{Key: key, Value: v}}})
			conformance.Refused(t, "another value for "+key, err, core.ErrInvalid, key)
		}
	}
	for _, value := range []string{"0.10", "0.1 ", "0.1\n", ""} {
		err := e.Store.LogBatch(t.Context(), r.ID, core.Batch{Params: []core.Param{{Key: "lr", Value: value}}})
		conformance.Refused(t, "the value "+strconv.Quote(value), err, core.ErrInvalid, "lr")
	}
	r.Params = map[string]string{"lr": "0.1", "empty": ""}
	sawRun(t, e, r)
}

func limitParams(t check, e *env) {
	r := newRunAlone(t, e)
	r.Params = map[string]string{}
	for i, row := range limitTable(e.Limits.Key, e.Limits.ParamValue) {
		p := core.Param{Key: padded("k"+strconv.Itoa(i), row.key), Value: padded("v", row.value)}
		err := e.Store.LogBatch(t.Context(), r.ID, core.Batch{Params: []core.Param{p}})
		if !row.fits {
			conformance.Refused(t, row.name, err, core.ErrInvalid)
			continue
		}
		conformance.NoError(t, row.name, err)
		r.Params[p.Key] = p.Value
	}
	sawRun(t, e, r)
}

// oddValues are texts that stores have lost or changed.
func oddValues() []string {
	return []string{
		"", " ", "\n", "a\n", "a\n\n", "\na", "a\r\nb", "\t", "\r", "'", `"`, `\`, `\n`, "%s%d", "'; DROP TABLE params; --", "null",
		"None",
		"true", "1e3", "0x10", "~", "- a", "a: b", "# a", "{}", "[]", "&a", "*a", "!a", "|", ">", "😀", "e\u0301", "\u202eabc",
		"\ufeffa", "\u2028",
		"\u0085", "a\u00a0", "<b>&amp;", "\x1b[0m", "\x7f", "\U0010ffff",
	}
}

func oddParams(t check, e *env) {
	r := newRunAlone(t, e)
	var batch core.Batch
	r.Params = map[string]string{}
	for i, v := range oddValues() {
		key := "k" + strconv.Itoa(i)
		batch.Params = append(batch.Params, core.Param{Key: key, Value: v})
		batch.Tags = append(batch.Tags, core.Tag{Key: key, Value: v})
		r.Params[key], r.Tags = v, with(r.Tags, key, v)
	}
	logBatch(t, e, r.ID, batch)
	sawRun(t, e, r)
	logBatch(t, e, r.ID, batch) // the same values again: they compare equal
	sawRun(t, e, r)
}

func nulInParam(t check, e *env) {
	r := newRunAlone(t, e)
	r.Params = map[string]string{}
	for key, value := range map[string]string{"middle": "a\x00b", "end": "a\x00", "alone": "\x00"} {
		err := e.Store.LogBatch(t.Context(), r.ID, core.Batch{Params: []core.Param{{Key: key, Value: value}}})
		if errors.Is(err, core.ErrInvalid) {
			conformance.Refused(t, "a value with NUL", err, core.ErrInvalid)
			continue
		}
		conformance.NoError(t, "a value with NUL", err)
		r.Params[key] = value
	}
	sawRun(t, e, r)
}

func distinctParams(t check, e *env) {
	r := newRunAlone(t, e)
	params := map[string]string{"lr": "a", "LR": "A", "lr ": "a ", " lr": " a", "l r": "A "}
	var batch core.Batch
	for key, value := range params {
		batch.Params = append(batch.Params, core.Param{Key: key, Value: value})
		r.Params = with(r.Params, key, value)
	}
	logBatch(t, e, r.ID, batch)
	sawRun(t, e, r)
	for _, p := range batch.Params {
		err := e.Store.LogBatch(t.Context(), r.ID, core.Batch{Params: []core.Param{{Key: p.Key, Value: p.Value + "x"}}})
		conformance.Refused(t, "another value", err, core.ErrInvalid)
	}
	sawRun(t, e, r)
}
