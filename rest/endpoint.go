package rest

import "strings"

// Endpoint is one call of the API: a method and a path below /api/2.0 or, where it begins with /3.0, below /api. A segment in
// braces, as in /mlflow/logged-models/{model_id}, is a parameter.
type Endpoint string

// Method returns the HTTP method.
func (e Endpoint) Method() string {
	method, _, _ := strings.Cut(string(e), " ")
	return method
}

// Version returns the version of the API that has the call, "2.0" or "3.0".
func (e Endpoint) Version() string {
	if _, path, _ := strings.Cut(string(e), " "); strings.HasPrefix(path, "/3.0/") {
		return "3.0"
	}
	return "2.0"
}

// Path returns the path below /api/2.0 or /api/3.0.
func (e Endpoint) Path() string {
	_, path, _ := strings.Cut(string(e), " ")
	return strings.TrimPrefix(path, "/3.0")
}
