package file

import "time"

// stamp tells one state of a file or folder from every other: the zero value is that of something absent. Every change of
// a file's content, also one that keeps its size or sets its times back, moves ctime; every entry that comes into a folder
// or leaves it does the same for the folder. A file or folder that replaces another has another inode.
type stamp struct {
	Dev, Ino uint64
	Size     int64
	Mtime    int64 // nanoseconds
	Ctime    int64
}

// slack is how long after a change the clock of a file system may still show the same time for another one: the kernel's
// clock ticks every 1 to 10 ms, and a writer may be held up between its tick and its bytes.
const slack = 100 * time.Millisecond

// firm reports whether a state read at the time now can be known again by its stamp. A younger state is used, but read
// again next time, since a change in the same tick would not show.
func (s stamp) firm(now time.Time) bool {
	return now.UnixNano()-max(s.Mtime, s.Ctime) > int64(slack)
}

// absent reports whether there is nothing.
func (s stamp) absent() bool { return s == stamp{} }
