package edge

import "time"

// SetClock has the certificate read the time from now.
func SetClock(c *Certificate, now func() time.Time) { c.now = now }
