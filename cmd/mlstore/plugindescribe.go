package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/discover"
)

const (
	describeTime = 10 * time.Second
	describeMost = 256 << 10 // bytes of its answer
)

// describeProgram runs a program that the user has named to ask for its manifest. The program sees nothing of the environment
// but where programs and files are.
func describeProgram(ctx context.Context, path string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	stdout, stderr := &bounded{most: describeMost}, &bounded{most: 64 << 10}
	cmd := exec.CommandContext(ctx, path, slices.Concat(args, []string{"describe"})...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = time.Second // for children that keep its output open
	cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return !slices.Contains([]string{"PATH", "HOME", "TMPDIR", "LANG", "SYSTEMROOT", "TEMP", "TMP", "PATHEXT"}, name)
	})
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("%s describe did not end within %v", path, describeTime)
	case stdout.over:
		err = fmt.Errorf("%s describe printed more than %d bytes", path, describeMost)
	case err != nil:
		err = fmt.Errorf("%s describe: %w\n%s", path, err, strings.TrimSpace(stderr.kept.String()))
	default:
		if _, err = discover.Parse(stdout.kept.Bytes()); err == nil {
			return stdout.kept.Bytes(), nil
		}
		err = fmt.Errorf("%s describe: %w", path, err)
	}
	return nil, coded(exitPlugin, core.Do("describe plugin", path, err))
}

// bounded keeps the first bytes that are written to it, and refuses the others.
type bounded struct {
	kept bytes.Buffer
	most int
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	rest := b.most - b.kept.Len()
	if b.over = len(p) > rest; b.over {
		n, _ := b.kept.Write(p[:rest])
		return n, io.ErrShortWrite
	}
	return b.kept.Write(p)
}
