package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// giveBack collects garbage, returns what is free to the system, and lets go of the pages of the program's own file that are
// mapped, code and constants. The system maps a page again when it is touched, from its cache of the file; as it maps sixteen
// around each, most of what a start has mapped was never touched. A part with pages of its own, such as those in which a
// tracer has set probes, stays as it is: it would lose them. Where the system does not tell what is mapped, all stays.
func giveBack() {
	parts, _ := programParts()
	debug.FreeOSMemory() // now, for the collector goes through the program too, and there is garbage of reading the parts
	for _, p := range parts {
		if !p.writable && p.own == 0 {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, p.from, p.to-p.from, unix.MADV_DONTNEED) // where refused, it stays
		}
	}
}

// programPart is a part of the program's file that is mapped.
type programPart struct {
	from, to    uintptr
	writable    bool
	mapped, own int // KiB in memory, and those of them that are no longer the file's
}

// programParts are all that are mapped. Source of the format: proc_pid_smaps(5).
func programParts() ([]programPart, error) {
	name, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var parts []programPart
	ours := false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		var p programPart
		var rights string
		switch n, _ := fmt.Sscanf(line, "%x-%x %s", &p.from, &p.to, &rights); {
		case n == 3:
			if ours = strings.HasSuffix(line, " "+name); ours {
				p.writable = strings.Contains(rights, "w")
				parts = append(parts, p)
			}
		case ours:
			last := &parts[len(parts)-1]
			_, _ = fmt.Sscanf(line, "Rss: %d kB", &last.mapped) // most lines tell other things
			_, _ = fmt.Sscanf(line, "Anonymous: %d kB", &last.own)
		}
	}
	return parts, lines.Err()
}
