package access_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/server/access"
)

// read reads settings of a file, and of variables.
func read(t *testing.T, text string, variables map[string]string) (access.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "basic_auth.ini")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return access.ReadConfig(func(name string) (string, bool) {
		if name == access.ConfigVariable {
			return path, true
		}
		value, set := variables[name]
		return value, set
	})
}

func TestSettingsAreMLflows(t *testing.T) {
	t.Parallel()
	c, err := read(t, `# a comment
; another
[mlflow]
default_permission = NO_PERMISSIONS
database_uri: postgresql://user:a%%40b@db/auth
ADMIN_USERNAME = root
admin_password = from the file
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 30
[other]
database_uri = nothing
`, map[string]string{access.AdminPasswordVariable: "from the environment"})
	if err != nil {
		t.Fatal(err)
	}
	password := c.AdminPassword.Reveal()
	c.AdminPassword = core.Secret{}
	want := access.Config{Default: access.Nothing, Database: "postgresql://user:a%40b@db/auth", AdminName: "root", LoginTTL: 30 * time.Second}
	if c != want || password != "from the environment" {
		t.Errorf("%+v with the password %q, want %+v", c, password, want)
	}
	c, err = access.ReadConfig(func(string) (string, bool) { return "", false })
	if err != nil || c.Default != access.Read || c.Database != "sqlite:///basic_auth.db" || c.AdminName != "admin" || !c.AdminPassword.IsZero() {
		t.Errorf("without a file: %+v, %v", c, err)
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[mlflow]\ndefault_permission = ALL\n":          "READ, USE, EDIT",
		"[mlflow]\nauthorization_function = mine:login": "Python",
		"[mlflow]\nauth_cache_ttl_seconds = for ever":   "0 to 3600",
		"[mlflow]\nwhat is this":                        "line 2",
	} {
		if _, err := read(t, text, nil); !errors.Is(err, core.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
