package wire

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

// columns turns points into columns, one after the other.
type columns struct {
	pb      *typesv1.MetricColumns
	keys    map[string]uint32
	origins map[typesOrigin]uint32
	lastKey uint32
}

type typesOrigin struct {
	model        core.ModelID
	name, digest string
}

func newColumns(n int) *columns {
	return &columns{pb: &typesv1.MetricColumns{
		Values: make([]float64, 0, n), Timestamps: make([]int64, 0, n), Steps: make([]int64, 0, n),
	}}
}

// add appends a point.
func (c *columns) add(m *core.Metric) {
	c.addKey(m.Key, len(c.pb.Values))
	c.addValue(m)
}

// addValue appends all of a point but its key.
func (c *columns) addValue(m *core.Metric) {
	c.addOrigin(m, len(c.pb.Values))
	c.pb.Values = append(c.pb.Values, m.Value)
	c.pb.Timestamps = append(c.pb.Timestamps, int64(m.Timestamp))
	c.pb.Steps = append(c.pb.Steps, m.Step)
}

// addKey appends the index of the key of point i. While all points have one key, the column stays empty.
func (c *columns) addKey(key string, i int) {
	keys := c.pb.Keys
	switch next := c.after(); {
	case len(keys) == 0:
		c.pb.Keys = []string{key}
		return
	case keys[next] == key: // most who log many points log the same keys in the same order again and again
		c.lastKey = next
	case keys[c.lastKey] == key:
	case len(keys) == 1:
		c.pb.Key = make([]uint32, i, cap(c.pb.Values))
		c.keys = map[string]uint32{keys[0]: 0}
		fallthrough
	default:
		at, known := c.keys[key]
		if !known {
			at = uint32(len(keys))
			c.keys[key] = at
			c.pb.Keys = append(keys, key) //nolint:gocritic // keys is c.pb.Keys
		}
		c.lastKey = at
	}
	if c.keys != nil {
		c.pb.Key = append(c.pb.Key, c.lastKey)
	}
}

// after is the index of the key that came after the last one when it came first, and of the first after all.
func (c *columns) after() uint32 {
	if next := c.lastKey + 1; int64(next) < int64(len(c.pb.Keys)) {
		return next
	}
	return 0
}

// addOrigin likewise; while no point has one, the column stays empty.
func (c *columns) addOrigin(m *core.Metric, i int) {
	at := uint32(0)
	if m.ModelID != "" || m.DatasetName != "" || m.DatasetDigest != "" {
		if c.origins == nil {
			c.origins = map[typesOrigin]uint32{}
			c.pb.Origin = make([]uint32, i, cap(c.pb.Values))
		}
		o := typesOrigin{m.ModelID, m.DatasetName, m.DatasetDigest}
		known, found := c.origins[o]
		if at = known; !found {
			c.pb.Origins = append(c.pb.Origins, &typesv1.MetricOrigin{
				ModelId: string(o.model), DatasetName: o.name, DatasetDigest: o.digest,
			})
			at = uint32(len(c.pb.Origins))
			c.origins[o] = at
		}
	}
	if c.origins != nil {
		c.pb.Origin = append(c.pb.Origin, at)
	}
}

func pbMetrics(in []core.Metric) *typesv1.MetricColumns {
	if len(in) == 0 {
		return nil
	}
	c := newColumns(len(in))
	for i := range in {
		c.add(&in[i])
	}
	return c.pb
}

// coreMetrics refuses columns that do not belong together.
func coreMetrics(pb *typesv1.MetricColumns) ([]core.Metric, error) {
	values, n := pb.GetValues(), len(pb.GetValues())
	timestamps, steps, keys, origins := pb.GetTimestamps(), pb.GetSteps(), pb.GetKey(), pb.GetOrigin()
	switch {
	case len(timestamps) != n || len(steps) != n:
		return nil, malformed("columns of metrics have %d values, %d timestamps and %d steps", n, len(timestamps), len(steps))
	case len(keys) != 0 && len(keys) != n || len(origins) != 0 && len(origins) != n:
		return nil, malformed("columns of metrics have %d values, %d keys and %d origins", n, len(keys), len(origins))
	case n > 0 && len(pb.GetKeys()) == 0:
		return nil, malformed("columns of metrics have %d values and no key", n)
	case n == 0:
		return nil, nil
	}
	out, names := make([]core.Metric, n), pb.GetKeys()
	for i := range out {
		key := uint32(0)
		if len(keys) != 0 {
			key = keys[i]
		}
		if int64(key) >= int64(len(names)) {
			return nil, malformed("metric %d has the key %d of %d", i, key, len(names))
		}
		m := &out[i]
		m.Key, m.Value, m.Timestamp, m.Step = names[key], values[i], core.Millis(timestamps[i]), steps[i]
		if len(origins) == 0 || origins[i] == 0 {
			continue
		}
		if int64(origins[i]) > int64(len(pb.GetOrigins())) {
			return nil, malformed("metric %d has the origin %d of %d", i, origins[i], len(pb.GetOrigins()))
		}
		o := pb.GetOrigins()[origins[i]-1]
		m.ModelID, m.DatasetName, m.DatasetDigest = core.ModelID(o.GetModelId()), o.GetDatasetName(), o.GetDatasetDigest()
	}
	return out, nil
}

func pbRunMetrics(in []core.RunMetric) *typesv1.RunMetricColumns {
	if len(in) == 0 {
		return nil
	}
	points, index := newColumns(len(in)), map[core.RunID]uint32{}
	pb := &typesv1.RunMetricColumns{Points: points.pb, Run: make([]uint32, 0, len(in))}
	for _, m := range in {
		at, known := index[m.RunID]
		if !known {
			at = uint32(len(pb.Runs))
			index[m.RunID] = at
			pb.Runs = append(pb.Runs, string(m.RunID))
		}
		pb.Run = append(pb.Run, at)
		points.add(&m.Metric)
	}
	return pb
}

func coreRunMetrics(pb *typesv1.RunMetricColumns) ([]core.RunMetric, error) {
	points, err := coreMetrics(pb.GetPoints())
	if err != nil {
		return nil, err
	}
	if len(pb.GetRun()) != len(points) {
		return nil, malformed("%d points have %d runs", len(points), len(pb.GetRun()))
	}
	if len(points) == 0 {
		return nil, nil
	}
	out := make([]core.RunMetric, len(points))
	for i, m := range points {
		run := pb.GetRun()[i]
		if int64(run) >= int64(len(pb.GetRuns())) {
			return nil, malformed("point %d has the run %d of %d", i, run, len(pb.GetRuns()))
		}
		out[i] = core.RunMetric{RunID: core.RunID(pb.GetRuns()[run]), Metric: m}
	}
	return out, nil
}
