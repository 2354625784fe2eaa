package names

import (
	"strconv"
	"strings"
	"unicode"
)

// ModelsRef is what a models:/ URI points at: a logged model (ModelID), or a registered model (Name) with exactly one of
// Version, Stage, Alias and Latest.
type ModelsRef struct {
	Name    string // registered model
	Version int    // 1 or more, 0 when another way to choose is given
	Stage   string // as written; a registry knows its stages
	Alias   string // case-sensitive
	Latest  bool   // the highest version number
	ModelID string // logged model, MLflow 3
	Path    string // artifact path below the model, "" for its root
}

// modelsForm is shown to who got the form wrong.
const modelsForm = "models:/<name>/<version, stage or latest>, models:/<name>@<alias> or models:/<model id>"

// ModelsURI takes a models:/ URI apart. Each form may be followed by "/" and an artifact path. Nothing in it is
// percent-decoded.
//
// A first part with "@" is a name and an alias, cut at the last "@"; only where an alias cannot be spelled like that, as in
// models:/me@example.com/1, the "@" belongs to the name. A first part of "m-" and 32 hexadecimal digits, or one that stands
// alone, is the id of a logged model.
//
// Source: MLflow, mlflow/store/artifact/utils/models.py.
func ModelsURI(uri string) (ModelsRef, error) {
	ref, rule := cutModelsURI(uri)
	if rule != "" {
		return ModelsRef{}, verdict("models URI", redactURI(uri), rule)
	}
	return ref, nil
}

func cutModelsURI(uri string) (ModelsRef, string) {
	rest, rule := cutReference(uri, "models", modelsForm)
	if rule != "" {
		return ModelsRef{}, rule
	}
	first, rest, more := strings.Cut(strings.TrimLeft(rest, "/"), "/")
	at := strings.LastIndexByte(first, '@')
	var ref ModelsRef
	switch {
	case at >= 0 && (!more || aliasRule(first[at+1:]) == ""):
		ref.Name, ref.Alias = first[:at], first[at+1:]
		if rule = aliasRule(ref.Alias); rule != "" {
			return ref, "has an alias that " + rule
		}
	case !more || isModelID(first):
		ref.ModelID = first
		if rule = idRule(first, maxLoggedModelID); rule != "" {
			return ref, "has a model id that " + rule + "; the forms are " + modelsForm
		}
	default:
		var choice string
		ref.Name = first
		choice, rest, more = strings.Cut(rest, "/")
		if rule = ref.choose(choice); rule != "" {
			return ref, rule
		}
	}
	if ref.ModelID == "" {
		if rule = modelNameRule(ref.Name); rule != "" {
			return ref, "has a model name that " + rule
		}
	}
	if more {
		if rule = artifactPathRule(rest); rule != "" {
			return ref, "has a path that " + rule
		}
	}
	ref.Path = rest
	return ref, ""
}

// choose reads the second part of models:/<name>/<choice>.
func (ref *ModelsRef) choose(choice string) string {
	switch {
	case choice == "":
		return "must have the form " + modelsForm
	case only(choice, unicode.IsDigit):
		version, err := strconv.Atoi(asciiDigits(choice))
		if err != nil || version < 1 {
			return "has a version that is not a number from 1 up"
		}
		ref.Version = version
	case strings.EqualFold(choice, latest):
		ref.Latest = true
	case !only(choice, isWordOrDash):
		return "has a stage that may only contain letters, numbers, underscores and dashes"
	default:
		ref.Stage = choice
	}
	return ""
}

// isModelID reports the ids that MLflow gives to logged models.
func isModelID(s string) bool {
	digits, ok := strings.CutPrefix(s, "m-")
	return ok && len(digits) == 32 && strings.Trim(digits, "0123456789abcdef") == ""
}

// asciiDigits rewrites decimal digits of any script as 0–9. Unicode assigns each script's ten digits in order and without
// gaps.
func asciiDigits(s string) string {
	return strings.Map(func(r rune) rune {
		for _, block := range unicode.Nd.R16 {
			if low := rune(block.Lo); r >= low && r <= rune(block.Hi) {
				return '0' + (r-low)%10
			}
		}
		for _, block := range unicode.Nd.R32 {
			if low := rune(block.Lo); r >= low && r <= rune(block.Hi) {
				return '0' + (r-low)%10
			}
		}
		return r
	}, s)
}
