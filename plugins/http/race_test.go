package http_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/core"
	store "github.com/mlstore/mlstore/plugins/http"
)

// What MLflow's database says when somebody else is quicker.
const (
	foreignKey = `{"error_code":"BAD_REQUEST","message":"(sqlite3.IntegrityError) FOREIGN KEY constraint failed\n[SQL: DELETE]"}`
	stale      = `{"error_code":"BAD_REQUEST","message":"UPDATE statement expected to update 1 row(s); 0 were matched."}`
	missing    = `{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Registered Model with name=m not found"}`
)

func registryOf(t *testing.T, mux *http.ServeMux) core.RegistryStore {
	t.Helper()
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "2.22.5") })
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	uri, err := core.ParseURI(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	o := store.Opener{Getenv: func(string) string { return "" }}
	b, err := o.Open(t.Context(), core.OpenRequest{URI: uri})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b.Registry
}

func refuse(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func TestAModelIsDeletedBesideNewVersions(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("DELETE /api/2.0/mlflow/registered-models/delete", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 4 {
			refuse(w, http.StatusBadRequest, foreignKey)
			return
		}
		_, _ = io.WriteString(w, "{}")
	})
	if err := registryOf(t, mux).DeleteModel(t.Context(), "m"); err != nil || asked.Load() != 4 {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
}

func TestAVersionOfAModelThatIsDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/2.0/mlflow/model-versions/create", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusBadRequest, stale)
	})
	mux.HandleFunc("GET /api/2.0/mlflow/registered-models/get", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, missing)
	})
	_, err := registryOf(t, mux).CreateVersion(t.Context(), "m", core.VersionSpec{Source: "s3://b/k"})
	if !errors.Is(err, core.ErrNotFound) {
		t.Errorf("%v, want ErrNotFound", err)
	}
}
