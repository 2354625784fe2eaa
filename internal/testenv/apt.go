package testenv

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// aptInstall installs Debian packages when it may: as root, where apt-get is. Otherwise its error names the line to run.
func (v venvs) aptInstall(ctx context.Context, packages ...string) error {
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		names := strings.Join(packages, " ")
		return fmt.Errorf("%s is missing; run: sudo apt-get update && sudo apt-get install -y %s", names, names)
	}
	unlock, err := lock(ctx, filepath.Join(v.root, ".cache", "apt.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	v.logf("installing %s with apt-get", strings.Join(packages, " "))
	if err := v.run(ctx, "apt-get", "update", "-qq"); err != nil {
		return err
	}
	return v.run(ctx, append([]string{"apt-get", "install", "-y", "-qq", "--no-install-recommends"}, packages...)...)
}
