package server

import (
	stdjson "encoding/json"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// modelsTag holds what log-model was told about a run's models: a JSON list.
const modelsTag = "mlflow.log-model.history"

// logModel notes in a tag that a run made a model. Calls take turns, since each reads the tag that it writes.
func (s *Server) logModel(c *call, q rest.LogModel) (rest.None, error) {
	entry, err := modelEntry(q.ModelJSON)
	if err != nil {
		return rest.None{}, err
	}
	s.logsModel.Lock()
	defer s.logsModel.Unlock()
	run, err := s.tracking.Run(c.ctx(), core.RunID(q.RunID))
	if err != nil {
		return rest.None{}, noRun(err, q.RunID)
	}
	var before []stdjson.RawMessage
	if old := run.Tags[modelsTag]; old != "" {
		if err := stdjson.Unmarshal([]byte(old), &before); err != nil {
			return rest.None{}, core.State(q.RunID, "the tag %s of the run is no JSON list: %v", modelsTag, err)
		}
	}
	value := pythonJSON(append(before, entry))
	err = s.tracking.ChangeRunTags(c.ctx(), run.ID, core.TagChange{Set: map[string]string{modelsTag: value}})
	return rest.None{}, noRun(err, q.RunID)
}

// modelEntry picks from the description of a model what the tag keeps. Source: mlflow/models/model.py, get_tags_dict.
func modelEntry(text string) (stdjson.RawMessage, error) {
	var model map[string]stdjson.RawMessage
	if err := stdjson.Unmarshal([]byte(text), &model); err != nil {
		return nil, core.Invalid("model_json", "Malformed model info. \n %s \n is not a valid JSON.", cut(text))
	}
	var lacks []string
	for _, field := range []string{"artifact_path", "flavors", "run_id", "utc_time_created"} {
		if _, ok := model[field]; !ok {
			lacks = append(lacks, "'"+field+"'")
		}
	}
	if lacks != nil {
		return nil, core.Invalid("model_json", "Model json is missing mandatory fields: {%s}", strings.Join(lacks, ", "))
	}
	var flavors map[string]stdjson.RawMessage
	if err := stdjson.Unmarshal(model["flavors"], &flavors); err != nil {
		return nil, core.Invalid("model_json", "Malformed model info: flavors is no JSON object.")
	}
	for name, flavor := range flavors {
		var fields map[string]stdjson.RawMessage
		if stdjson.Unmarshal(flavor, &fields) == nil && fields != nil {
			delete(fields, "config")
			flavors[name], _ = stdjson.Marshal(fields) // of what was JSON
		}
	}
	return stdjson.Marshal(struct {
		RunID        stdjson.RawMessage            `json:"run_id"`
		ArtifactPath stdjson.RawMessage            `json:"artifact_path"`
		TimeCreated  stdjson.RawMessage            `json:"utc_time_created"`
		ModelUUID    stdjson.RawMessage            `json:"model_uuid"` // null when there is none
		Flavors      map[string]stdjson.RawMessage `json:"flavors"`
	}{model["run_id"], model["artifact_path"], model["utc_time_created"], model["model_uuid"], flavors})
}

// cut is what an error repeats of its input (R12).
func cut(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// pythonJSON writes a list as Python's json.dumps does: with spaces after commas and colons, and in ASCII.
func pythonJSON(list []stdjson.RawMessage) string {
	compact, _ := stdjson.Marshal(list) // of what was JSON
	var b strings.Builder
	quoted := false
	for i := 0; i < len(compact); {
		r, size := utf8.DecodeRune(compact[i:])
		switch {
		case quoted && r == '\\':
			b.Write(compact[i : i+2])
			size = 2
		case r >= utf8.RuneSelf:
			for _, unit := range utf16.AppendRune(nil, r) {
				b.WriteString(`\u`)
				b.WriteString(hex4(unit))
			}
		default:
			quoted = quoted != (r == '"')
			b.WriteRune(r)
			if !quoted && slices.Contains([]rune{',', ':'}, r) {
				b.WriteByte(' ')
			}
		}
		i += size
	}
	return b.String()
}

func hex4(unit uint16) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[unit>>12], digits[unit>>8&15], digits[unit>>4&15], digits[unit&15]})
}
