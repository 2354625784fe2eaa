package supervise_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
)

// The file of digests holds what was read of a program, until the program changes; a file that others could have written
// counts for nothing.
func TestDigestsAreRemembered(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	check(t, err)
	dir := t.TempDir()
	program, file := filepath.Join(dir, "program"), filepath.Join(dir, "cache", "digests.json")
	placeCopy(t, self, program)
	digest := digestOf(t, program)
	start := func(digest string) error {
		h := newHost(t, "serve", func(o *supervise.Options, p *supervise.Program) {
			o.Digests, p.Path, p.Digest = file, program, digest
		})
		_, err := h.Open(t.Context(), request(t, "a"))
		check(t, h.Supervisor.Close()) // nobody may write into a program that runs
		return err
	}
	check(t, start(digest))
	if _, err := os.Stat(file); err == nil {
		t.Error("the digest of a program that changed just now is remembered: a change to come may not show")
	}
	settle(t, program)
	check(t, start(digest))
	text, err := os.ReadFile(file)
	check(t, err)
	if !strings.Contains(string(text), digest) {
		t.Fatalf("the file does not hold the digest: %s", text)
	}
	// What the file says is believed: it says something else, and the program is refused.
	other := strings.Repeat("a", 64)
	check(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(text), digest, other)), 0o600))
	wantError(t, start(digest), supervise.ReasonChecksum)
	check(t, start(other))
	// Not where others may write.
	check(t, os.Chmod(file, 0o666))
	wantError(t, start(other), supervise.ReasonChecksum)
	check(t, start(digest))
	check(t, os.Chmod(file, 0o600))
	// The program changes in its place.
	f, err := os.OpenFile(program, os.O_WRONLY|os.O_APPEND, 0)
	check(t, err)
	_, err = fmt.Fprint(f, "x")
	check(t, err)
	check(t, f.Close())
	if err := start(digest); core.ReasonOf(err) != supervise.ReasonChecksum {
		t.Errorf("a program that grew: %v, want %s", err, supervise.ReasonChecksum)
	}
}

// settle waits until the file's last change lies so far back that its stamp is trusted.
func settle(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	check(t, err)
	timer := time.NewTimer(time.Until(info.ModTime().Add(2500 * time.Millisecond)))
	defer timer.Stop()
	<-timer.C
}
