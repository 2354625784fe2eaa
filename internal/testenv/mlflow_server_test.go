package testenv_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/mlstore/mlstore/internal/testenv"
)

func TestMLflowServesItsVersion(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2.22.5", "3.18.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := testenv.ServeMLflow(t, version)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/version", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatalf("%v\n%s", err, server.Log())
			}
			defer answer.Body.Close()
			text, err := io.ReadAll(answer.Body)
			if err != nil || string(text) != version {
				t.Errorf("/version answers %q, %v", text, err)
			}
		})
	}
}
