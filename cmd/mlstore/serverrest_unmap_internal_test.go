//go:build linux

package main

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// program is how many KiB of the program's code and constants are in memory.
func program(t *testing.T) int {
	t.Helper()
	parts, err := programParts()
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, p := range parts {
		if !p.writable && p.own == 0 {
			total += p.mapped
		}
	}
	return total
}

//nolint:paralleltest // other tests map pages meanwhile
func TestRestLetsTheProgramGo(t *testing.T) {
	touched := mapProgram(t, unix.PROT_READ)
	sum := byte(0)
	for i := 0; i < len(touched); i += os.Getpagesize() {
		sum += touched[i]
	}
	before := program(t)
	giveBack()
	if after := program(t); after > before/2 || before < len(touched)>>10 {
		t.Errorf("%d KiB of the program are in memory, before %d", after, before)
	}
	for i := 0; i < len(touched); i += os.Getpagesize() {
		sum -= touched[i]
	}
	if sum != 0 {
		t.Error("the program is another one")
	}
}

//nolint:paralleltest // as above
func TestRestKeepsWhatIsNotTheFiles(t *testing.T) {
	page := mapProgram(t, unix.PROT_READ|unix.PROT_WRITE)[:os.Getpagesize()]
	probe := ^page[7]
	page[7] = probe
	if err := unix.Mprotect(page, unix.PROT_READ); err != nil {
		t.Fatal(err)
	}
	giveBack()
	if page[7] != probe {
		t.Error("what was changed in the program is gone")
	}
}

// mapProgram maps the file of the program once more, for the length of the test.
func mapProgram(t *testing.T, access int) []byte {
	t.Helper()
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	content, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), access, unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(content); err != nil {
			t.Error(err)
		}
	})
	return content
}
