package supervise_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestMain makes of the test binary the plugins and hosts that the tests start.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "play" {
		play(os.Args[2], os.Args[3:])
		return
	}
	os.Exit(m.Run())
}

// command is the test binary as one of them.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	return exec.CommandContext(t.Context(), self, append([]string{"play"}, args...)...)
}
