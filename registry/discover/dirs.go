package discover

import (
	"os"
	"path/filepath"
	"runtime"
)

// The environment variables that say where plugins are.
const (
	PathVariable   = "MLSTORE_PLUGIN_PATH"   // folders that are searched first, separated as in $PATH; each must be absolute
	LockedVariable = "MLSTORE_PLUGIN_LOCKED" // 1 or true: only plugins that a lock file pins are used
)

// Places says where to look.
type Places struct {
	Env        func(string) string // the environment; nil has no variable
	Executable string              // of this process, absolute and without symbolic links; empty is unknown
}

// Default is the options for this process: the folders of its Places, and what $MLSTORE_PLUGIN_LOCKED says.
func Default(env func(string) string) Options {
	p := Here(env)
	return Options{Dirs: p.Dirs(), Locked: p.Locked()}
}

// Here is the places of the process that asks.
func Here(env func(string) string) Places {
	p := Places{Env: env}
	if path, err := os.Executable(); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && filepath.IsAbs(path) {
			p.Executable = path
		}
	}
	return p
}

// Dirs lists the folders that are searched, in order: those that $MLSTORE_PLUGIN_PATH names, the user's, the folder
// `plugins` beside the program that runs, and the program's own.
func (p Places) Dirs() []string {
	var dirs []string
	for _, dir := range filepath.SplitList(p.env(PathVariable)) {
		if dir != "" {
			dirs = append(dirs, filepath.Clean(dir))
		}
	}
	if home := p.Home(); home != "" {
		dirs = append(dirs, home)
	}
	if p.Executable != "" {
		beside := filepath.Dir(p.Executable)
		dirs = append(dirs, filepath.Join(beside, "plugins"), beside)
	}
	return dirs
}

// Home is the user's own folder of plugins, where they are installed: `mlstore/plugins` below $XDG_DATA_HOME, or below what
// stands for it on this system. It is empty when the environment does not tell.
func (p Places) Home() string {
	below := func(base string, parts ...string) string {
		if !filepath.IsAbs(base) {
			return ""
		}
		return filepath.Join(append([]string{base}, append(parts, "mlstore", "plugins")...)...)
	}
	switch {
	case p.env("XDG_DATA_HOME") != "":
		return below(p.env("XDG_DATA_HOME"))
	case runtime.GOOS == "windows":
		return below(p.env("LOCALAPPDATA"))
	case runtime.GOOS == "darwin":
		return below(p.env("HOME"), "Library", "Application Support")
	}
	return below(p.env("HOME"), ".local", "share")
}

// Locked reports whether only pinned plugins may be used.
func (p Places) Locked() bool {
	value := p.env(LockedVariable)
	return value == "1" || value == "true"
}

func (p Places) env(name string) string {
	if p.Env == nil {
		return ""
	}
	return p.Env(name)
}
