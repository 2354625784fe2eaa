package rest

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/mlstore/mlstore/core"
)

var errEnum = errors.New("no such name or number")

// ViewType is a core.View on the wire, where it is a name; a number is read too. Source: mlflow/protos/service.proto.
type ViewType core.View

// The names of views, at the numbers that they have on the wire, less 1.
func viewNames() [3]string { return [3]string{"ACTIVE_ONLY", "DELETED_ONLY", "ALL"} }

// MarshalJSON writes the name.
func (v ViewType) MarshalJSON() ([]byte, error) {
	names := viewNames()
	if v < 0 || int(v) >= len(names) {
		return nil, errEnum
	}
	return json.Marshal(names[v])
}

// UnmarshalJSON reads a name or number.
func (v *ViewType) UnmarshalJSON(text []byte) error {
	names := viewNames()
	n, err := enumOf(text, names[:])
	*v = ViewType(n)
	return err
}

// RunStatus is a core.RunStatus on the wire, where it is a name; a number is read too. 0 is none.
type RunStatus core.RunStatus

// MarshalJSON writes the name.
func (s RunStatus) MarshalJSON() ([]byte, error) {
	if !core.RunStatus(s).Valid() {
		return nil, errEnum
	}
	return json.Marshal(core.RunStatus(s).String())
}

// UnmarshalJSON reads a name or number.
func (s *RunStatus) UnmarshalJSON(text []byte) error {
	var names []string
	for status := core.Running; status <= core.Killed; status++ {
		names = append(names, status.String())
	}
	n, err := enumOf(text, names)
	*s = RunStatus(n + 1)
	return err
}

// enumOf reads one of the names, or its number, which counts from 1, and returns its index.
func enumOf(text []byte, names []string) (int, error) {
	number := text
	if len(text) > 2 && text[0] == '"' {
		number = text[1 : len(text)-1]
		for i, name := range names {
			if string(number) == name {
				return i, nil
			}
		}
	}
	n, err := strconv.Atoi(string(number))
	if err != nil || n < 1 || n > len(names) {
		return -1, errEnum
	}
	return n - 1, nil
}
