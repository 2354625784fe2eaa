package edge_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/server/edge"
)

// let asks an edge with a request that head describes, and returns the answer. Status 299 is that of what stands behind.
func let(t *testing.T, c edge.Config, method, target string, head ...string) *http.Response {
	t.Helper()
	e, err := edge.New(c)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	r.Host = "localhost:5000"
	for i := 0; i < len(head); i += 2 {
		if head[i] == "Host" {
			r.Host = head[i+1]
			continue
		}
		r.Header.Add(head[i], head[i+1])
	}
	w := httptest.NewRecorder()
	e.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(299) })).ServeHTTP(w, r)
	return w.Result()
}

func TestHosts(t *testing.T) {
	t.Parallel()
	named := []string{"mlflow.example.com", "*.corp.example:8443", "10.*", "192.0.2.7:80", "[2001:db8::1]:*", "::2"}
	tests := []struct {
		host    string
		allowed []string
		ok      bool
	}{
		{"localhost", nil, true},
		{"localhost:5000", nil, true},
		{"LOCALHOST.:5000", nil, true},
		{"127.0.0.1:1", nil, true},
		{"127.8.9.10", nil, true},
		{"[::1]:5000", nil, true},
		{"[::ffff:127.0.0.1]", nil, true},
		{"10.1.2.3", nil, true},
		{"172.31.0.1:5000", nil, true},
		{"192.168.0.1", nil, true},
		{"[fd00::5]:5000", nil, true},
		{"evil.example", nil, false},
		{"10.evil.example", nil, false}, // 1J-a: no glob matches text
		{"192.168.evil.example", nil, false},
		{"192.168.0.1.evil.example", nil, false},
		{"127.0.0.1.evil.example", nil, false},
		{"localhost.evil.example", nil, false},
		{"[::1]evil", nil, false},
		{"[::1", nil, false},
		{"[fe80::1%25eth0]", nil, false},
		{"172.32.0.1", nil, false},
		{"127.1", nil, false}, // no address in Go, whatever a browser makes of it
		{"0x7f.1", nil, false},
		{"169.254.169.254", nil, false},
		{"localhost:0", nil, false},
		{"localhost:99999", nil, false},
		{"localhost:5000:5000", nil, false},
		{"user@localhost", nil, false},
		{"a b", nil, false},
		{"", nil, false},
		{"mlflow.example.com:1", named, true},
		{"a.corp.example:8443", named, true},
		{"a.b.corp.example:8443", named, true},
		{"a.corp.example", named, false},
		{"corp.example:8443", named, false},
		{"evilcorp.example:8443", named, false},
		{"10.9.9.9", named, true},
		{"10.evil.example", named, false},
		{"192.0.2.7:80", named, true},
		{"192.0.2.7:81", named, false},
		{"[2001:db8::1]:7", named, true},
		{"[::2]", named, true},
		{"localhost", named, false},
		{"anything.example", []string{"*"}, true},
		{"a b", []string{"*"}, false},
	}
	for _, test := range tests {
		t.Run(test.host, func(t *testing.T) {
			t.Parallel()
			c := edge.Config{Hosts: test.allowed}
			want := 299
			if !test.ok {
				want = http.StatusForbidden
			}
			answer := let(t, c, http.MethodGet, "/api/2.0/mlflow/experiments/search", "Host", test.host)
			if answer.StatusCode != want {
				t.Errorf("status %d, want %d", answer.StatusCode, want)
			}
			for _, path := range []string{"/health", "/version"} { // a load balancer's
				if answer := let(t, c, http.MethodGet, path, "Host", test.host); answer.StatusCode != 299 {
					t.Errorf("%s: status %d", path, answer.StatusCode)
				}
			}
			for _, path := range []string{"/healthz", "/health/x", "/health%2f..%2fapi", "/static-x", "/"} { // 1J-f
				if answer := let(t, c, http.MethodGet, path, "Host", test.host); answer.StatusCode != want {
					t.Errorf("%s: status %d, want %d", path, answer.StatusCode, want)
				}
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	listed := []string{"https://app.example.com", "http://other.example:8080/"}
	tests := []struct {
		name    string
		origins []string
		head    []string
		ok      bool
		allows  string // Access-Control-Allow-Origin
	}{
		{name: "no browser", ok: true},
		{name: "same", head: []string{"Origin", "http://localhost:5000"}, ok: true},
		{name: "same, another port here", head: []string{"Origin", "http://127.0.0.1:8888"}, ok: true},
		{name: "same by fetch", head: []string{"Sec-Fetch-Site", "same-origin"}, ok: true},
		{name: "typed by a person", head: []string{"Sec-Fetch-Site", "none"}, ok: true},
		{name: "behind a proxy with TLS", head: []string{"Host", "10.0.0.1", "Origin", "https://10.0.0.1"}, ok: true},
		{name: "evil", head: []string{"Origin", "https://evil.example"}},
		{name: "null", head: []string{"Origin", "null"}},
		{name: "empty", head: []string{"Origin", ""}},
		{name: "two", head: []string{"Origin", "http://localhost:5000", "Origin", "https://evil.example"}},
		{name: "cross-site by fetch", head: []string{"Sec-Fetch-Site", "cross-site"}},
		{name: "same-site by fetch", head: []string{"Sec-Fetch-Site", "same-site"}},
		{name: "local page, remote host", head: []string{"Host", "10.0.0.1", "Origin", "http://localhost:3000"}},
		{name: "name that begins alike", head: []string{"Origin", "http://localhost.evil.example"}},
		{name: "other port of a remote host", head: []string{"Host", "10.0.0.1:5000", "Origin", "http://10.0.0.1:5001"}},
		{name: "extension", head: []string{"Origin", "chrome-extension://abc"}},
		{
			name: "listed", origins: listed, ok: true,
			head: []string{"Origin", "https://app.example.com"}, allows: "https://app.example.com",
		},
		{
			name: "listed, usual port", origins: listed, ok: true,
			head: []string{"Origin", "https://app.example.com:443"}, allows: "https://app.example.com:443",
		},
		{name: "listed with another scheme", origins: listed, head: []string{"Origin", "http://app.example.com"}},
		{name: "listed with another port", origins: listed, head: []string{"Origin", "http://other.example:8081"}},
		{name: "any", origins: []string{"*"}, ok: true, head: []string{"Origin", "https://evil.example"}, allows: "*"},
	}
	paths := []string{"/graphql", "/get-artifact", "/ajax-api/2.0/mlflow/upload-artifact", "/api/2.0/mlflow/runs/create", "/nothing"}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := edge.Config{Origins: test.origins}
			for _, path := range paths {
				for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
					answer := let(t, c, method, path, test.head...)
					if ok := answer.StatusCode == 299; ok != test.ok || !ok && answer.StatusCode != http.StatusForbidden {
						t.Errorf("%s %s: status %d", method, path, answer.StatusCode)
					}
					if allows := answer.Header.Get("Access-Control-Allow-Origin"); allows != test.allows {
						t.Errorf("%s %s: allows %q, want %q", method, path, allows, test.allows)
					}
				}
				if answer := let(t, c, http.MethodGet, path, test.head...); answer.StatusCode != 299 {
					t.Errorf("GET %s: status %d", path, answer.StatusCode)
				}
			}
			ask := append([]string{"Access-Control-Request-Method", "POST"}, test.head...)
			answer := let(t, c, http.MethodOptions, "/api/2.0/mlflow/runs/create", ask...)
			for name := range answer.Header {
				if strings.HasPrefix(name, "Access-Control-") && test.allows == "" {
					t.Errorf("preflight: header %s", name)
				}
			}
			if allows := answer.Header.Get("Access-Control-Allow-Origin"); allows != test.allows {
				t.Errorf("preflight allows %q, want %q", allows, test.allows)
			}
			if test.allows != "" && answer.StatusCode != http.StatusNoContent {
				t.Errorf("preflight: status %d", answer.StatusCode)
			}
			if credentials := answer.Header.Get("Access-Control-Allow-Credentials"); credentials != "" && test.allows == "*" {
				t.Error("every page may use the credentials of everybody")
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, target string
		head                 []string
		status               int
	}{
		{"long URL", "GET", "/get-artifact?path=" + strings.Repeat("a", edge.MaxURL), nil, http.StatusRequestURITooLong},
		{"URL of a mebibyte", "GET", "/" + strings.Repeat("a", 1<<20), nil, http.StatusRequestURITooLong},
		{"gzip", "POST", "/api/2.0/mlflow/runs/create", []string{"Content-Encoding", "gzip"}, http.StatusUnsupportedMediaType},
		{"deflate", "PUT", "/x", []string{"Content-Encoding", "identity", "Content-Encoding", "deflate"}, http.StatusUnsupportedMediaType},
		{"not encoded", "PUT", "/x", []string{"Content-Encoding", "identity"}, 299},
		{"TRACE", "TRACE", "/x", nil, http.StatusMethodNotAllowed},
		{"CONNECT", "CONNECT", "/x", nil, http.StatusMethodNotAllowed},
		{"FOO", "FOO", "/x", nil, http.StatusMethodNotAllowed},
		{"default workspace", "GET", "/x", []string{"X-MLFLOW-WORKSPACE", "default"}, 299},
		{"workspace", "GET", "/x", []string{"X-MLFLOW-WORKSPACE", "../other"}, http.StatusBadRequest},
		{"empty workspace", "GET", "/x", []string{"X-MLFLOW-WORKSPACE", ""}, http.StatusBadRequest},
		{"long workspace", "GET", "/x", []string{"X-MLFLOW-WORKSPACE", strings.Repeat("a", 10<<10)}, http.StatusBadRequest},
		{
			"two workspaces", "GET", "/x",
			[]string{"X-MLFLOW-WORKSPACE", "default", "X-MLFLOW-WORKSPACE", "default"},
			http.StatusBadRequest,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answer := let(t, edge.Config{}, test.method, test.target, test.head...)
			if answer.StatusCode != test.status {
				t.Fatalf("status %d, want %d", answer.StatusCode, test.status)
			}
			if answer.Header.Get("X-Content-Type-Options") != "nosniff" || answer.Header.Get("X-Frame-Options") != "SAMEORIGIN" {
				t.Errorf("headers %v", answer.Header)
			}
			if test.status == 299 {
				return
			}
			var body struct {
				Code    string `json:"error_code"`
				Message string `json:"message"`
			}
			if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || body.Code == "" || body.Message == "" {
				t.Errorf("body %+v, error %v", body, err)
			}
			if kind := answer.Header.Get("Content-Type"); kind != "application/json" {
				t.Errorf("content type %q", kind)
			}
		})
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	const shown = "/pre/static-files/lib/notebook-trace-renderer/index.html"
	for option, want := range map[string]string{"": "SAMEORIGIN", "deny": "DENY", "NONE": ""} {
		c := edge.Config{FrameOptions: option, Prefix: "/pre"}
		if got := let(t, c, http.MethodGet, "/pre/").Header.Get("X-Frame-Options"); got != want {
			t.Errorf("option %q: header %q, want %q", option, got, want)
		}
		if got := let(t, c, http.MethodGet, shown).Header.Get("X-Frame-Options"); got != "" {
			t.Errorf("option %q: notebooks cannot show their page: %q", option, got)
		}
	}
}

func TestBadConfigurationsNameTheOption(t *testing.T) {
	t.Parallel()
	tests := map[string]edge.Config{
		"--static-prefix: slash": {Prefix: "x"}, "--static-prefix: end": {Prefix: "/x/"},
		"--x-frame-options": {FrameOptions: "MAYBE"},
		"--allowed-hosts":   {Hosts: []string{"http://host"}}, "--allowed-hosts: star": {Hosts: []string{"a*"}},
		"--allowed-hosts: stars": {Hosts: []string{"*.1.2.3.4"}}, "--allowed-hosts: octets": {Hosts: []string{"1.2.3.4.*"}},
		"--cors-allowed-origins": {Origins: []string{"host"}}, "--cors-allowed-origins: path": {Origins: []string{"https://a/b"}},
	}
	for name, c := range tests {
		option, _, _ := strings.Cut(name, ":")
		if _, err := edge.New(c); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(option, "--")) &&
			!strings.Contains(err.Error(), "slash") && !strings.Contains(err.Error(), "SAMEORIGIN") &&
			!strings.Contains(err.Error(), "host") && !strings.Contains(err.Error(), "origin") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func FuzzHost(f *testing.F) {
	for _, seed := range []string{"localhost:5000", "[::1]:80", "10.evil.example", "127.1", "a b", "[::ffff:169.254.169.254]"} {
		f.Add(seed)
	}
	e, err := edge.New(edge.Config{Hosts: []string{"10.0.0.0/8", "*.corp.example"}})
	if err != nil {
		f.Fatal(err)
	}
	handler := e.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(299) }))
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host = text
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		name, _, _ := strings.Cut(strings.ToLower(text), ":")
		name = strings.TrimSuffix(name, ".")
		inside := strings.HasPrefix(name, "10.") && strings.Trim(name, "0123456789.") == "" ||
			strings.HasPrefix(name, "[::ffff:") || strings.HasSuffix(name, ".corp.example")
		if w.Code == 299 && !inside && !strings.HasPrefix(text, "[") {
			t.Errorf("%q is let in", text)
		}
	})
}
