package core

import (
	"fmt"
	"slices"
)

// CheckBatch refuses a batch that no store may take: in MLflow's order metrics, params, tags, their numbers, and params
// that are given twice (D-13). The error names the place, such as metrics[3].name.
func CheckBatch(b Batch, l Limits) error {
	for i, m := range b.Metrics {
		if err := checkMetric(m, l); err != nil {
			return at(err, "metrics", i)
		}
	}
	for i, p := range b.Params {
		if err := first(checkKey("key", p.Key, l.Key), checkText("value", p.Value, l.ParamValue)); err != nil {
			return at(err, "params", i)
		}
	}
	for i, t := range b.Tags {
		if err := first(checkKey("key", t.Key, l.Key), checkText("value", t.Value, l.RunTag)); err != nil {
			return at(err, "tags", i)
		}
	}
	if err := checkCounts(b, l); err != nil {
		return err
	}
	return checkParamsOnce(b.Params)
}

func checkMetric(m Metric, l Limits) error {
	if err := checkKey("name", m.Key, l.Key); err != nil {
		return err
	}
	switch {
	case m.Timestamp < 0:
		return fieldError("timestamp", "Invalid value %d for parameter 'timestamp' supplied: metric '%s' (value=%v). "+
			"Timestamp must be a nonnegative long (64-bit integer) ", m.Timestamp, m.Key, m.Value)
	case (m.DatasetName == "") != (m.DatasetDigest == ""):
		return fieldError("dataset_name", "dataset_name and dataset_digest must come together")
	}
	return first(
		checkText("dataset_name", m.DatasetName, l.DatasetName),
		checkText("dataset_digest", m.DatasetDigest, l.DatasetDigest),
	)
}

// at puts the place of a list item before the field of an error that the checks made.
func at(err error, list string, index int) error {
	e := err.(*Error) //nolint:errorlint,forcetypeassert // the checks return *Error
	place := fmt.Sprintf("%s[%d].%s", list, index, e.Key)
	return &Error{
		Code: e.Code, Key: place, Fields: []FieldError{{Field: place, Rule: e.Err.Error()}},
		Err: fmt.Errorf("%s: %w", place, e.Err),
	}
}

func checkCounts(b Batch, l Limits) error {
	counts := []struct {
		what         string
		count, limit int
	}{
		{"metrics", len(b.Metrics), l.BatchMetrics},
		{"params", len(b.Params), l.BatchParams},
		{"tags", len(b.Tags), l.BatchTags},
		{"metrics, params, and tags", len(b.Metrics) + len(b.Params) + len(b.Tags), l.BatchTotal},
	}
	for _, c := range counts {
		if c.limit > 0 && c.count > c.limit {
			return fieldError(c.what, "A batch logging request can contain at most %d %s. Got %d %s. "+
				"Please split up %s across multiple requests and try again.", c.limit, c.what, c.count, c.what, c.what)
		}
	}
	return nil
}

func checkParamsOnce(params []Param) error {
	if len(params) < 2 {
		return nil
	}
	seen := make(map[string]bool, len(params))
	var twice []string
	for _, p := range params {
		if seen[p.Key] && !slices.Contains(twice, p.Key) {
			twice = append(twice, p.Key)
		}
		seen[p.Key] = true
	}
	if twice == nil {
		return nil
	}
	return &Error{
		Code: InvalidArgument, Key: twice[0],
		Err: fmt.Errorf("Duplicate parameter keys have been submitted: %q. "+ //nolint:staticcheck // MLflow's text
			"Please ensure the request contains only one param value per param key.", twice),
	}
}

// ParamConflict is the error for a param that was logged before with another value.
func ParamConflict(id RunID, key, old, value string) error {
	return Invalid(key, "Changing param values is not allowed. Param with key='%s' was already logged with value='%s' "+
		"for run ID='%s'. Attempted logging new value '%s'.", key, short(old), id, short(value))
}
