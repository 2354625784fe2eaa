package access

import (
	"bufio"
	"cmp"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// The variables of MLflow's basic-auth app.
const (
	ConfigVariable        = "MLFLOW_AUTH_CONFIG_PATH"
	AdminNameVariable     = "MLFLOW_AUTH_ADMIN_USERNAME"
	AdminPasswordVariable = "MLFLOW_AUTH_ADMIN_PASSWORD" //nolint:gosec // the name of a variable
)

// builtin is the only authorization_function that needs no Python.
const builtin = "mlflow.server.auth:authenticate_request_basic_auth"

// Config is what MLflow's file of settings, basic_auth.ini, says.
type Config struct {
	Default       Level
	Database      string // database_uri
	AdminName     string
	AdminPassword core.Secret
	LoginTTL      time.Duration // auth_cache_ttl_seconds; 0 is ours
}

// ReadConfig reads the file that MLFLOW_AUTH_CONFIG_PATH names, if any, and the variables, which win also when they are empty.
func ReadConfig(lookup func(string) (string, bool)) (Config, error) {
	values := map[string]string{}
	if path, _ := lookup(ConfigVariable); path != "" {
		var err error
		if values, err = readINI(path); err != nil {
			return Config{}, err
		}
	}
	for name, variable := range map[string]string{"admin_username": AdminNameVariable, "admin_password": AdminPasswordVariable} {
		if text, set := lookup(variable); set {
			values[name] = text
		}
	}
	c := Config{
		Database:  cmp.Or(values["database_uri"], "sqlite:///basic_auth.db"),
		AdminName: valueOr(values, "admin_username", "admin"), AdminPassword: core.NewSecret(values["admin_password"]),
	}
	if f := values["authorization_function"]; f != "" && f != builtin {
		return Config{}, core.Invalid("authorization_function", "authorization_function %q is Python, which this server does not "+
			"run: leave it out, or put a proxy that logs users in before the server", f)
	}
	if text := values["auth_cache_ttl_seconds"]; text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 0 || seconds > 3600 {
			return Config{}, core.Invalid("auth_cache_ttl_seconds", "auth_cache_ttl_seconds is %q: it must be from 0 to 3600", text)
		}
		c.LoginTTL = time.Duration(seconds) * time.Second
	}
	var err error
	c.Default, err = ParseLevel(valueOr(values, "default_permission", core.GrantRead))
	return c, err
}

func valueOr(values map[string]string, name, otherwise string) string {
	if text, set := values[name]; set {
		return text
	}
	return otherwise
}

// readINI reads the section mlflow of a file as Python's configparser does, as far as this file needs it.
func readINI(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, core.Invalid(ConfigVariable, "%s: %w", ConfigVariable, err)
	}
	defer file.Close()
	values, section := map[string]string{}, ""
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[' && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
		default:
			at := strings.IndexAny(line, "=:")
			if at < 0 {
				return nil, core.Invalid(ConfigVariable, "%s: line %d is neither a section nor name = value", path, n)
			}
			if section == "mlflow" {
				name, value := strings.ToLower(strings.TrimSpace(line[:at])), strings.TrimSpace(line[at+1:])
				values[name] = strings.ReplaceAll(value, "%%", "%")
			}
		}
	}
	return values, lines.Err()
}
