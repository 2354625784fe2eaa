package supervise

import (
	"io/fs"
	"time"
)

// stamp tells a file and its content from all others, short of reading it. The time of change (ctime) is what nobody can
// set back. Times are nanoseconds since 1970.
type stamp struct {
	Device, Inode uint64
	Size          int64
	Modified      int64
	Changed       int64
}

// settled reports whether the file had not changed for so long that a change to come must show in its times, whatever the
// granularity of the file system's clock.
func (s stamp) settled(now time.Time) bool {
	const granule = 2 * time.Second
	return now.UnixNano()-max(s.Modified, s.Changed) > int64(granule)
}

func stampOf(info fs.FileInfo) stamp {
	s := stamp{Size: info.Size(), Modified: info.ModTime().UnixNano()}
	s.Device, s.Inode, s.Changed = identity(info)
	return s
}
