package mlflow

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

// repository makes a work tree with one commit and tells the commit.
func repository(t *testing.T) (dir, commit string) {
	t.Helper()
	dir = t.TempDir()
	inGit(t, dir, "init", "-q", "-b", "trunk")
	inGit(t, dir, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x")
	return dir, inGit(t, dir, "rev-parse", "HEAD")
}

func inGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestGitTags(t *testing.T) {
	t.Parallel()
	dir, commit := repository(t)
	below := filepath.Join(dir, "cmd", "train")
	must(t, os.MkdirAll(below, 0o755))
	check := func(what string, want map[string]string) {
		t.Helper()
		if diff := cmp.Diff(want, gitTags(t.Context(), below)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	check("no remote", map[string]string{core.GitCommitTag: commit, core.GitBranchTag: "trunk"})
	inGit(t, dir, "remote", "add", "zeta", "https://user:secret@example.com:8443/team/repo.git")
	inGit(t, dir, "remote", "add", "alpha", "https://example.com/other.git")
	check("two remotes", map[string]string{
		core.GitCommitTag: commit, core.GitBranchTag: "trunk", core.GitRepoURLTag: "https://example.com:8443/team/repo.git",
	})
	inGit(t, dir, "checkout", "-q", "--detach")
	check("no branch", map[string]string{
		core.GitCommitTag: commit, core.GitRepoURLTag: "https://example.com:8443/team/repo.git",
	})
	empty := t.TempDir()
	inGit(t, empty, "init", "-q")
	for what, folder := range map[string]string{
		"no work tree": t.TempDir(), "no commit": empty, "no folder": filepath.Join(empty, "none"),
	} {
		if tags := gitTags(t.Context(), folder); tags != nil {
			t.Errorf("%s: %v", what, tags)
		}
	}
}

// A variable that points git at another repository, as inside a git hook, must not decide.
func TestGitIsNotLedElsewhere(t *testing.T) {
	dir, commit := repository(t)
	other, _ := repository(t)
	inGit(t, other, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "y")
	t.Setenv("GIT_DIR", filepath.Join(other, ".git"))
	if got := gitTags(t.Context(), dir)[core.GitCommitTag]; got != commit {
		t.Errorf("the commit is %s, want %s", got, commit)
	}
}

func TestWithoutCredentials(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://user:p@ss@host/a@b": "https://host/a@b",
		"https://token@host":         "https://host",
		"ssh://git@host:22/r.git":    "ssh://host:22/r.git",
		"git@host:team/r.git":        "git@host:team/r.git",
		"/srv/git/r.git":             "/srv/git/r.git",
		"https://host/r.git":         "https://host/r.git",
	} {
		if got := withoutCredentials(url); got != want {
			t.Errorf("%s became %s, want %s", url, got, want)
		}
	}
}
