package discover

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core"
)

const (
	manifestLimit = 256 << 10 // bytes of a manifest
	depthLimit    = 16        // of its JSON
)

// Parse reads a manifest and checks it. Fields that this release does not know are ignored; a field that stands there twice,
// deep nesting, and text after the manifest are refused.
func Parse(text []byte) (core.Manifest, error) {
	var m core.Manifest
	if len(text) > manifestLimit {
		return m, core.Invalid("manifest", "the manifest is longer than %d bytes", manifestLimit)
	}
	if err := strict(text); err != nil {
		return m, core.Invalid("manifest", "the manifest is no proper JSON: %w", err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return core.Manifest{}, core.Invalid("manifest", "the manifest cannot be read: %w", err)
	}
	return m, m.Check()
}

// strict refuses JSON that two readers could understand differently, or that is nested for its own sake.
func strict(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("it is not valid UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := strictValue(decoder, 0); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return nil
}

func strictValue(decoder *json.Decoder, depth int) error {
	if depth > depthLimit {
		return errors.New("it is nested too deeply")
	}
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	opening, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for decoder.More() {
		if opening == '{' {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			name, _ := key.(string)
			if name = strings.ToLower(name); seen[name] { // encoding/json takes a field in any case
				return errors.New("it has the field " + name + " twice")
			}
			seen[name] = true
		}
		if err := strictValue(decoder, depth+1); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}
