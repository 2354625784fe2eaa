package core

import (
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core/names"
)

// This file and its neighbours hold the validation that every store calls before it touches anything. The texts are the
// ones that MLflow's clients and tests look for (mlflow/utils/validation.py).

// checkLength refuses text of more than limit code points; 0 is no limit.
func checkLength(field, text string, limit int) error {
	if limit == 0 || len(text) <= limit || utf8.RuneCountInString(text) <= limit {
		return nil
	}
	return fieldError(field, "'%s' exceeds the maximum length of %d characters", field, limit)
}

// checkText refuses what is not valid UTF-8, or too long.
func checkText(field, text string, limit int) error {
	if !utf8.ValidString(text) {
		return fieldError(field, "'%s' is not valid UTF-8", field)
	}
	return checkLength(field, text, limit)
}

// checkKey refuses what is no key.
func checkKey(field, key string, limit int) error {
	if err := names.Key(key); err != nil {
		return fieldError(field, "Invalid value %q for parameter '%s' supplied: %w", short(key), field, err)
	}
	return checkLength(field, key, limit)
}

// short cuts what an error repeats of its input (security rule R12).
func short(text string) string {
	const most = 200
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

func fieldError(field, format string, args ...any) error {
	err := Invalid(field, format, args...)
	e := err.(*Error) //nolint:errorlint,forcetypeassert // made one line above
	e.Fields = []FieldError{{Field: field, Rule: e.Err.Error()}}
	return e
}

// invalidName turns an error of package names into an ErrInvalid about the field.
func invalidName(field string, err error) error {
	if err == nil {
		return nil
	}
	return fieldError(field, "Invalid value for parameter '%s' supplied: %w", field, err)
}

// first returns the first error that is one.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkTags refuses a set of tags or params whose keys or values are not allowed.
func checkTags(tags map[string]string, key, value int) error {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if err := first(checkKey("key", k, key), checkText("value", tags[k], value)); err != nil {
			return err
		}
	}
	return nil
}

// checkTagChange refuses a change with bad keys or values, or with a key that is both set and deleted.
func checkTagChange(c TagChange, key, value int) error {
	if err := checkTags(c.Set, key, value); err != nil {
		return err
	}
	for _, k := range c.Delete {
		if err := checkKey("key", k, key); err != nil {
			return err
		}
		if _, both := c.Set[k]; both {
			return fieldError("key", "the tag %q is both set and deleted", k)
		}
	}
	return nil
}
