package testenv

import (
	"context"
	"os/exec"
	"testing"
)

// Chromium returns the path of a Chromium that runs without a screen. It installs Debian's package when there is none and the
// test runs as root. It fails the test, naming the line to run, when it may not.
func Chromium(t testing.TB) string {
	t.Helper()
	const plain = "chromium-headless-shell"
	for _, name := range []string{plain, "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	if err := (venvs{root: Root(t), logf: t.Logf}).aptInstall(ctx, plain); err != nil {
		t.Fatalf("prepare Chromium: %v", err)
	}
	path, err := exec.LookPath(plain)
	if err != nil {
		t.Fatalf("prepare Chromium: installed, but %v", err)
	}
	return path
}
