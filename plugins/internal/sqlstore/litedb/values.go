package litedb

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"

	"github.com/mlstore/mlstore/core"
)

// named turns arguments into those of the driver.
func named(args []any) ([]driver.NamedValue, error) {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		v, err := value(arg)
		if err != nil {
			return nil, core.Errorf(core.Internal, "argument %d: %w", i+1, err)
		}
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return values, nil
}

func value(arg any) (driver.Value, error) {
	switch v := arg.(type) {
	case nil, string, int64, float64, bool, []byte:
		return v, nil
	case int:
		return int64(v), nil
	case *string:
		return pointed(v), nil
	case *int64:
		return pointed(v), nil
	case *float64:
		return pointed(v), nil
	case *bool:
		return pointed(v), nil
	case []string, []int64, []float64, []bool:
		text, err := json.Marshal(v)
		if string(text) == "null" {
			text = []byte("[]")
		}
		return string(text), err
	}
	return nil, fmt.Errorf("a %T is no argument of a statement", arg)
}

func pointed[T any](p *T) driver.Value {
	if p == nil {
		return nil
	}
	return *p
}

// scan puts a value of the driver where dest points to.
func scan(dest any, v driver.Value) error {
	switch d := dest.(type) {
	case *string:
		return scanInto(d, v, asString)
	case *[]byte:
		return scanInto(d, v, asBytes)
	case *int64:
		return scanInto(d, v, asInt)
	case *int:
		var n int64
		err := scanInto(&n, v, asInt)
		*d = int(n)
		return err
	case *float64:
		return scanInto(d, v, asFloat)
	case *bool:
		return scanInto(d, v, asBool)
	case **string:
		return scanNullable(d, v, asString)
	case **int64:
		return scanNullable(d, v, asInt)
	case **float64:
		return scanNullable(d, v, asFloat)
	case **bool:
		return scanNullable(d, v, asBool)
	}
	return fmt.Errorf("a value cannot go into a %T", dest)
}

func scanInto[T any](dest *T, v driver.Value, as func(driver.Value) (T, bool)) error {
	converted, ok := as(v)
	if !ok {
		return fmt.Errorf("a %T of the database is no %T", v, *dest)
	}
	*dest = converted
	return nil
}

func scanNullable[T any](dest **T, v driver.Value, as func(driver.Value) (T, bool)) error {
	if v == nil {
		*dest = nil
		return nil
	}
	*dest = new(T)
	return scanInto(*dest, v, as)
}

func asString(v driver.Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

func asBytes(v driver.Value) ([]byte, bool) {
	switch v := v.(type) {
	case string:
		return []byte(v), true
	case []byte:
		return v, true
	}
	return nil, v == nil
}

// asInt takes whole floats too: a column without a type keeps a number as it came.
func asInt(v driver.Value) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		return int64(v), float64(int64(v)) == v
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func asFloat(v driver.Value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}

func asBool(v driver.Value) (bool, bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case int64:
		return v != 0, true
	case float64:
		return v != 0, true
	}
	return false, false
}
