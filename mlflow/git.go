package mlflow

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// gitPatience is how long git may take for one question: a slow file system must not hold up training.
const gitPatience = 2 * time.Second

// sourceVersion tells the commit of a program, and its branch and first remote where there are. A program that lies in a git
// work tree is taken to belong to it, as MLflow takes a script. Otherwise what the Go tool stamped into it counts, and for
// `go run`, whose programs lie nowhere and have no stamp, the working directory.
func sourceVersion(ctx context.Context, program string) map[string]string {
	path := program
	if found, err := os.Executable(); err == nil {
		path = found
	}
	folder := filepath.Dir(path)
	if tags := gitTags(ctx, folder); tags != nil {
		return tags
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" && setting.Value != "" {
				return map[string]string{core.GitCommitTag: setting.Value}
			}
		}
	}
	if strings.Contains(filepath.ToSlash(path), "/go-build") {
		return gitTags(ctx, ".")
	}
	return nil
}

// gitTags asks git about the work tree around a folder; nil when there is none, or no commit, or no git.
func gitTags(ctx context.Context, folder string) map[string]string {
	head, err := git(ctx, folder, "rev-parse", "HEAD", "--abbrev-ref", "HEAD")
	commit, branch, found := strings.Cut(head, "\n")
	if err != nil || !found {
		return nil
	}
	tags := map[string]string{core.GitCommitTag: commit}
	if branch != "HEAD" { // which stands for "not on a branch"
		tags[core.GitBranchTag] = branch
	}
	remotes, err := git(ctx, folder, "config", "--local", "--get-regexp", `^remote\..*\.url$`)
	first, _, _ := strings.Cut(remotes, "\n")
	if _, url, found := strings.Cut(first, " "); err == nil && found {
		tags[core.GitRepoURLTag] = withoutCredentials(url)
	}
	return tags
}

// git runs git without the user's and the machine's configuration and without variables that would lead it elsewhere: what
// is asked needs neither, and a work tree of a stranger is refused by git itself (safe.directory).
func git(ctx context.Context, folder string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, gitPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = folder
	cmd.WaitDelay = time.Second
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "GIT_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0",
		"GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// withoutCredentials removes user and password from a URL with a scheme; `git@host:path` has none and stays.
func withoutCredentials(url string) string {
	scheme, rest, found := strings.Cut(url, "://")
	if !found {
		return url
	}
	authority, path, hasPath := strings.Cut(rest, "/")
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	if hasPath {
		path = "/" + path
	}
	return scheme + "://" + authority + path
}
