// Package disk holds the crash-safe file primitives of the file store: everything happens below one directory, opened as
// os.Root, and no symbolic link is ever followed, not even one that stays inside.
//
// Names are slash-separated paths relative to the root, as fs.ValidPath has them; "." is the root itself, where a directory
// is meant. Directories are made with mode 0750 and files with 0640, less the umask. Errors are *core.Error; their text names
// the path relative to the root, never the root.
package disk
