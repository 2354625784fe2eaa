package rest

// Bits of the fields that a request must have.
const (
	hasRunID uint = 1 << iota
	hasKey
	hasValue
	hasTimestamp
	hasStep
	hasDatasetName
	hasDatasetDigest
	hasModelID
	hasMetrics
	hasParams
	hasTags
	hasRunUUID
)

func (l *LogBatch) readFast(body []byte) bool {
	c := cursor{text: body}
	seen := c.object(func(name []byte) uint {
		switch string(name) {
		case "run_id":
			l.RunID = c.str()
			return hasRunID
		case "metrics":
			l.Metrics = make([]Metric, 0, 16)
			c.list(func() { l.Metrics = append(l.Metrics, c.metric()) })
			return hasMetrics
		case "params":
			l.Params = c.tags()
			return hasParams
		case "tags":
			l.Tags = c.tags()
			return hasTags
		}
		return 0
	})
	return c.done() && seen&hasRunID != 0 && l.RunID != ""
}

func (c *cursor) metric() Metric {
	var m Metric
	const need = hasKey | hasValue | hasTimestamp
	if c.object(func(name []byte) uint { return c.metricField(name, &m) })&need != need || m.Key == "" {
		c.bad = true
	}
	return m
}

func (c *cursor) metricField(name []byte, m *Metric) uint {
	switch string(name) {
	case "key":
		m.Key = c.str()
		return hasKey
	case "value":
		c.float(&m.Value)
		return hasValue
	case "timestamp":
		c.int(&m.Timestamp)
		return hasTimestamp
	case "step":
		c.int(&m.Step)
		return hasStep
	case "run_id":
		m.RunID = c.str()
		return hasRunID
	case "dataset_name":
		m.DatasetName = c.str()
		return hasDatasetName
	case "dataset_digest":
		m.DatasetDigest = c.str()
		return hasDatasetDigest
	case "model_id":
		m.ModelID = c.str()
		return hasModelID
	}
	return 0
}

func (c *cursor) tags() []Tag {
	tags := make([]Tag, 0, 16)
	c.list(func() {
		var t Tag
		seen := c.object(func(name []byte) uint {
			switch string(name) {
			case "key":
				t.Key = c.str()
				return hasKey
			case "value":
				t.Value = c.str()
				return hasValue
			}
			return 0
		})
		if seen&hasKey == 0 || t.Key == "" {
			c.bad = true
		}
		tags = append(tags, t)
	})
	return tags
}

func (l *LogMetric) readFast(body []byte) bool {
	c := cursor{text: body}
	var m Metric
	var uuid string
	seen := c.object(func(name []byte) uint {
		if string(name) == "run_uuid" {
			uuid = c.str()
			return hasRunUUID
		}
		return c.metricField(name, &m)
	})
	const need = hasRunID | hasKey | hasValue | hasTimestamp
	if !c.done() || seen&need != need || m.RunID == "" || m.Key == "" || uuid != "" && uuid != m.RunID {
		return false
	}
	*l = LogMetric{
		RunID: m.RunID, Key: m.Key, Value: m.Value, Timestamp: m.Timestamp, Step: m.Step, ModelID: m.ModelID,
		DatasetName: m.DatasetName, DatasetDigest: m.DatasetDigest,
	}
	return true
}
