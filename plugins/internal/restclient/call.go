package restclient

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// Call is one call of the API.
type Call struct {
	Endpoint rest.Endpoint
	Ajax     bool // it is asked where MLflow's web page asks, since MLflow serves it nowhere else
	Honest   bool // as in Request
	In       any  // the request; nil is none
	Out      any  // where the answer goes; nil is nowhere
}

// mostJSON bounds an answer in JSON, in bytes.
const mostJSON = 256 << 20

// Call makes a call: a GET with its request in the query, all others with it in the body.
func (c *Client) Call(ctx context.Context, call Call) error {
	r := Request{Method: call.Endpoint.Method(), Path: call.path(), Once: !repeatable(call.Endpoint), Honest: call.Honest}
	if call.In != nil {
		body, err := json.Marshal(call.In)
		if err != nil {
			return core.Invalid("request", "the request cannot be written as JSON: %w", err)
		}
		if r.Method == http.MethodGet {
			if r.Query, err = query(body); err != nil {
				return err
			}
		} else {
			r.Body.JSON = body
		}
	}
	return c.Read(ctx, r, call.Out)
}

// Read sends a request and reads its answer in JSON into out; nil is nowhere. A search whose answer breaks off is sent again.
func (c *Client) Read(ctx context.Context, r Request, out any) error {
	for attempt := 0; ; attempt++ {
		answer, err := c.Send(ctx, r)
		if err != nil {
			return err
		}
		body, err := answer.All(mostJSON)
		if err == nil {
			return decode(body, out)
		}
		e := asError(err)
		if e.Code == core.Unavailable && !r.Once && attempt < c.settings.Retries && ctx.Err() == nil {
			if wait(ctx, c.pause(attempt, 0)) == nil {
				continue
			}
		}
		if r.changes() {
			e.Outcome = core.OutcomeUnknown
		}
		return e
	}
}

// decode reads an answer. An empty one and MLflow's "OK" are an object without fields.
func decode(body []byte, out any) error {
	body = bytes.TrimSpace(body)
	if out == nil || len(body) == 0 || string(body) == "OK" {
		return nil
	}
	err := json.Unmarshal(body, out)
	if err != nil {
		if whole := quoteNumbers(body); whole != nil {
			err = json.Unmarshal(whole, out)
		}
	}
	if err != nil {
		return core.Errorf(core.Internal, "the server answers 200 with something other than the JSON that was asked for "+
			"(is it an MLflow server, and the path of the URI right?): %w", err)
	}
	return nil
}

// quoteNumbers puts NaN and Infinity into quotes, which MLflow forgets in bulk histories; nil when there are none.
func quoteNumbers(body []byte) []byte {
	var b []byte
	quoted, start := false, 0
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == 'N' || c == 'I' || c == '-':
			for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
				if bytes.HasPrefix(body[i:], []byte(word)) {
					b = append(append(b, body[start:i]...), `"`+word+`"`...)
					i += len(word) - 1
					start = i + 1
					break
				}
			}
		}
	}
	if b == nil {
		return nil
	}
	return append(b, body[start:]...)
}

func (c Call) path() string {
	path := rest.PathOf(c.Endpoint, c.In)
	if c.Ajax {
		return "/ajax-api/" + c.Endpoint.Version() + path
	}
	return "/api/" + c.Endpoint.Version() + path
}

// query turns a request in JSON into arguments: lists repeat their name.
func query(body []byte) (url.Values, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, core.Errorf(core.Internal, "the request is no JSON object: %w", err)
	}
	values := url.Values{}
	for name, raw := range fields {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			list = []json.RawMessage{raw}
		}
		for _, item := range list {
			var text string
			if json.Unmarshal(item, &text) != nil {
				text = string(item)
			}
			values.Add(name, text)
		}
	}
	return values, nil
}

// repeatable reports a call that does the same when it is made twice: of those that are no POST, all, since the server sees
// to that. Source: mlflow/utils/rest_utils.py, 3.18, the list of POSTs.
func repeatable(e rest.Endpoint) bool {
	if e.Method() != http.MethodPost {
		return true
	}
	switch e.Path() {
	case "/mlflow/runs/log-batch", "/mlflow/runs/log-metric", "/mlflow/runs/log-parameter", "/mlflow/runs/set-tag",
		"/mlflow/runs/update", "/mlflow/runs/delete", "/mlflow/runs/restore",
		"/mlflow/experiments/set-experiment-tag", "/mlflow/experiments/search", "/mlflow/experiments/search-datasets",
		"/mlflow/runs/search", "/mlflow/logged-models/search",
		"/mlflow/registered-models/set-tag", "/mlflow/registered-models/alias", "/mlflow/registered-models/get-latest-versions",
		"/mlflow/model-versions/set-tag":
		return true
	}
	return false
}
