package supervise

import "io/fs"

// ownFile trusts the access lists of the file system.
func ownFile(fs.FileInfo) bool { return true }
