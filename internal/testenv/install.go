package testenv

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// pythonVersion is the interpreter that the pins were resolved for.
const pythonVersion = "3.11"

// install makes dir an environment with exactly what pins lists, byte-compiled so that a test's first import is quick.
// The pins are complete, so nothing is resolved: that is how one release can run on another's dependencies.
func (v venvs) install(ctx context.Context, dir, pins string) error {
	_, err := v.installPins(ctx, dir, pins)
	return err
}

// installPins is install, and returns the command line that installs more.
func (v venvs) installPins(ctx context.Context, dir, pins string) (pip []string, err error) {
	tools, err := v.ensure(ctx, "uv", v.bootstrap)
	if err != nil {
		return nil, fmt.Errorf("prepare uv: %w", err)
	}
	uv := program(tools, "uv")
	if err := v.run(ctx, uv, "venv", "--quiet", "--python", pythonVersion, dir); err != nil {
		return nil, fmt.Errorf("%w\nCPython %s must be on PATH, or to be had by uv", err, pythonVersion)
	}
	if err := os.Mkdir(filepath.Join(dir, homeDir), 0o700); err != nil {
		return nil, err
	}
	pip = []string{uv, "pip", "install", "--quiet", "--no-deps", "--compile-bytecode", "--python", program(dir, "python")}
	return pip, v.run(ctx, append(pip, "--requirements", pins)...)
}

// installMLflow is install for an environment with a release of MLflow.
func (v venvs) installMLflow(ctx context.Context, dir, pins string) error {
	pip, err := v.installPins(ctx, dir, pins)
	if err != nil {
		return err
	}
	// mlflow and mlflow-skinny hold the same files, and wheels are unpacked side by side: the release that is meant comes last.
	return v.run(ctx, append(pip, "--reinstall-package", "mlflow", "--constraints", pins, "mlflow")...)
}

// bootstrap makes dir a small environment with the installer of the others, using nothing but the machine's python3.
func (v venvs) bootstrap(ctx context.Context, dir, pins string) error {
	if v.run(ctx, "python3", "-c", "import ensurepip, venv") != nil { // Debian splits them off from python3
		if err := v.aptInstall(ctx, "python3-venv"); err != nil {
			return err
		}
	}
	if err := v.run(ctx, "python3", "-m", "venv", dir); err != nil {
		return err
	}
	return v.run(ctx, program(dir, "python"), "-m", "pip", "install", "--quiet", "--requirement", pins)
}

// run runs one installation step in the project's environment, with caches below the project's own cache folder.
// Its error carries what the step printed.
func (v venvs) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = v.root
	cmd.Env = append(os.Environ(),
		"UV_CACHE_DIR="+filepath.Join(v.root, ".cache", "uv"),
		"UV_PYTHON_INSTALL_DIR="+filepath.Join(v.root, ".cache", "python"),
		"UV_SYSTEM_CERTS=true", // trust what Go and git trust here
		"DEBIAN_FRONTEND=noninteractive",
	)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
