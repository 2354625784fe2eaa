package core

import "time"

// Millis is a point in time in milliseconds since the Unix epoch, as MLflow keeps it. In the fields of an entity 0 means
// absent, but for the timestamp of a metric, where 0 is the epoch.
type Millis int64

// Now is the present time.
func Now() Millis { return MillisOf(time.Now()) }

// MillisOf cuts t to milliseconds.
func MillisOf(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time is the point in time in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }
