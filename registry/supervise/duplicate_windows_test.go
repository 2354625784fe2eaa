package supervise_test

import "os"

func duplicate(fd int) int { return int(os.NewFile(uintptr(fd), "").Fd()) }
