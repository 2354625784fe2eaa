package testenv

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// homeDir is the home directory, inside its environment, of the programs that an environment runs.
const homeDir = "home"

// Python is a Python environment that is installed and ready. It may be used by several goroutines at the same time.
type Python struct {
	dir string
}

// Run runs a Python script, given as text, with arguments that it finds in sys.argv[1:], and returns what it wrote to
// standard output. The script runs in an empty folder of its own, in the environment that Command describes.
//
// It fails the test, showing the script's standard error, when the script does not exit with 0. The script is killed
// when the test ends.
func (p *Python) Run(t testing.TB, script string, args ...string) string {
	t.Helper()
	out, err := p.output(t.Context(), t.TempDir(), append([]string{"-c", script}, args...))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// output runs the interpreter in dir and returns its standard output. An error carries standard error.
func (p *Python) output(ctx context.Context, dir string, args []string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := p.Command(ctx, args...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("python: %w\n%s", err, &stderr)
	}
	return stdout.String(), nil
}

// Command returns a command, not yet started, that runs the environment's interpreter with args, for example
// "-m", "mlflow", "server". It is killed when ctx ends.
//
// Its environment is the same on every machine: the environment's programs come first on PATH, the home directory is
// a private one, MLflow's telemetry is off, its file store is allowed, and no variable of MLflow's or Python's is
// inherited. A caller may append to the command's Env, and should set its Dir.
func (p *Python) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program(p.dir, "python"), args...)
	cmd.Env = p.env()
	cmd.WaitDelay = 10 * time.Second // for children that keep its output open
	return cmd
}

func (p *Python) env() []string {
	env := []string{
		"PATH=" + binDir(p.dir) + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + filepath.Join(p.dir, homeDir),
		"LANG=C.UTF-8",
		"PYTHONUNBUFFERED=1",
		"MLFLOW_DISABLE_TELEMETRY=true",
		"MLFLOW_ALLOW_FILE_STORE=true",
	}
	// A folder for temporary files, what Windows cannot start a program without, and how OpenBLAS is told which
	// processor it runs on where it cannot find out.
	for _, name := range []string{"TMPDIR", "SYSTEMROOT", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// program returns the path of a program that the environment in dir has.
func program(dir, name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(binDir(dir), name)
}

func binDir(dir string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, "Scripts")
	}
	return filepath.Join(dir, "bin")
}
