package http_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/http"
)

// A bad URI or option is an error before anything is sent, and names the field.
func TestWhatIsNotOpened(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		uri     string
		env     map[string]string
		options map[string]string
		code    error
		says    string
	}{
		"no host":          {"http:///x", nil, nil, core.ErrInvalid, "host"},
		"a query":          {"http://h/?a=b", nil, nil, core.ErrInvalid, "query"},
		"too many retries": {"http://h", map[string]string{"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "11"}, nil, core.ErrInvalid, "max_retries"},
		"no time":          {"http://h", nil, map[string]string{"timeout": "0"}, core.ErrInvalid, "timeout"},
		"no option":        {"http://h", nil, map[string]string{"retries": "1"}, core.ErrInvalid, "retries"},
		"a secret as an option": {
			"http://h", nil, map[string]string{"token": "t0ken"}, core.ErrInvalid, `"token"`,
		},
		"trust and mistrust": {
			"https://h",
			map[string]string{"MLFLOW_TRACKING_INSECURE_TLS": "true", "MLFLOW_TRACKING_SERVER_CERT_PATH": "/x"},
			nil,
			core.ErrInvalid, "contradict",
		},
		"certificates that are not there": {
			"https://h", map[string]string{"MLFLOW_TRACKING_SERVER_CERT_PATH": "/nowhere.pem"}, nil, core.ErrInvalid, "nowhere.pem",
		},
		"a way to sign in of Python": {
			"http://h", map[string]string{"MLFLOW_TRACKING_AUTH": "kerberos"}, nil, core.ErrUnsupported, "MLFLOW_TRACKING_AUTH",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := core.ParseURI(c.uri)
			if err != nil {
				t.Fatal(err)
			}
			o := http.Opener{Getenv: func(name string) string { return c.env[name] }}
			_, err = o.Open(t.Context(), core.OpenRequest{URI: u, Options: c.options})
			if !errors.Is(err, c.code) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "t0ken") {
				t.Errorf("%v, want %v that says %q", err, c.code, c.says)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	u, err := core.ParseURI("http://user:pa55word@127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	o := http.Opener{Getenv: func(string) string { return "" }}
	b, err := o.Open(t.Context(), core.OpenRequest{URI: u, Options: map[string]string{"max_retries": "0"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = b.Tracking.Describe(t.Context()); !errors.Is(err, core.ErrUnavailable) || strings.Contains(err.Error(), "pa55word") {
		t.Errorf("%v", err)
	}
}

func ExampleOpener() {
	ctx := context.Background()
	server, err := core.ParseURI("http://127.0.0.1:5000")
	if err != nil {
		fmt.Println(err)
		return
	}
	stores, err := http.Opener{}.Open(ctx, core.OpenRequest{URI: server}) // asks nobody yet
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stores.Close()
	fmt.Println(stores.Tracking != nil, stores.Registry != nil)
	// Output: true true
}
