package supervise

import (
	"os"
	"os/exec"
)

// execute makes cmd run the very file that was verified: in the child it is descriptor 3, whatever has become of its path.
func (b *binary) execute(cmd *exec.Cmd) {
	cmd.Path = "/proc/self/fd/3"
	cmd.ExtraFiles = []*os.File{b.file}
}

// stands reports whether what was executed is what was verified.
func (b *binary) stands(string) bool { return b.unchanged() }
