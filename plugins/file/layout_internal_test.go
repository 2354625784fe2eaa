package file

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/names"
)

func TestFloatsAsPythonWritesThem(t *testing.T) {
	t.Parallel()
	tenth := 0.1
	for want, value := range map[string]float64{
		"1.0": 1, "0.1": 0.1, "1e+22": 1e22, "1e-07": 1e-7, "nan": math.NaN(), "inf": math.Inf(1), "-inf": math.Inf(-1),
		"-0.0": math.Copysign(0, -1), "0.0": 0, "1e+16": 1e16, "9999999999999998.0": 9999999999999998, "0.0001": 1e-4, "1e-05": 1e-5,
		"1.7976931348623157e+308": math.MaxFloat64, "5e-324": 5e-324, "0.30000000000000004": tenth + 0.2, "123456789.125": 123456789.125,
	} {
		got := string(appendFloat(nil, value))
		if got != want {
			t.Errorf("%v: wrote %s, want %s", value, got, want)
		}
		back, ok := parseFloat(got)
		if !ok || core.CompareValues(back, value) != 0 {
			t.Errorf("%s: read as %v, %v", got, back, ok)
		}
	}
	for _, text := range []string{"", "x", "0x1p3", "1_0", "1,0", "one"} {
		if got, ok := parseFloat(text); ok {
			t.Errorf("%q: read as %v", text, got)
		}
	}
}

// files is what is there already; true is a folder.
type files map[string]bool

func (f files) isFile(p string) bool { folder, found := f[p]; return found && !folder }
func (f files) isDir(p string) bool  { return f[p] }

func TestKeysThatCannotBeTheirFilesName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 250)
	for _, c := range []struct {
		key, want string
		there     files
	}{
		{"a", "a", nil},
		{"a/b", "a/b", nil},
		{"a/b", "a.mlstore-dir/b", files{"a": false}},
		{"a", "a.mlstore-file", files{"a": true}},
		{"a/b/c", "a/b.mlstore-dir/c", files{"a": true, "a/b": false}},
		{"a.mlstore-file", "a.mlstore-file.mlstore-file", nil},
		{"a.mlstore-dir/b", "a.mlstore-dir.mlstore-dir/b", nil},
		{"a.mlstore-part/b", "a.mlstore-part.mlstore-dir/b", nil},
		{long, strings.Repeat("é", 100) + ".mlstore-part/" + strings.Repeat("é", 100) + ".mlstore-part/" + strings.Repeat("é", 50), nil},
	} {
		got := keyPath(c.key, c.there)
		if got != c.want {
			t.Errorf("%q among %v: %q, want %q", c.key, c.there, got, c.want)
		}
		if back, ok := pathKey(got); back != c.key || !ok {
			t.Errorf("%q is the file of %q, %v, want %q", got, back, ok, c.key)
		}
	}
	for _, p := range []string{"a~", "#x", "a\tb", ".mlstore-file"} {
		if key, ok := pathKey(p); ok {
			t.Errorf("%q is the file of %q", p, key)
		}
	}
}

func FuzzKeyPath(f *testing.F) {
	f.Add("a/b", "a")
	f.Add("x.mlstore-dir/y.mlstore-file", "x.mlstore-dir")
	f.Fuzz(func(t *testing.T, key, taken string) {
		if names.Key(key) != nil {
			return
		}
		for _, there := range []files{nil, {taken: false}, {taken: true}} {
			p := keyPath(key, there)
			if back, ok := pathKey(p); back != key || !ok {
				t.Errorf("%q is kept at %q, the file of %q, %v", key, p, back, ok)
			}
			if there.isDir(p) {
				t.Errorf("%q is kept at %q, which is a folder", key, p)
			}
			for component := range strings.SplitSeq(p, "/") {
				if len(component) > 255 {
					t.Errorf("%q is kept at a name of %d bytes", key, len(component))
				}
			}
		}
	})
}

func TestLinesOfPoints(t *testing.T) {
	t.Parallel()
	for line, m := range map[string]core.Metric{
		"5 1.0 -3\n":                 {Value: 1, Timestamp: 5, Step: -3},
		"5 1.0 -3 data d1\n":         {Value: 1, Timestamp: 5, Step: -3, DatasetName: "data", DatasetDigest: "d1"},
		"0 2.0 0 %:my%20data d1\n":   {Value: 2, DatasetName: "my data", DatasetDigest: "d1"},
		"0 2.0 0 %:%25:x %:a%0Ab\n":  {Value: 2, DatasetName: "%:x", DatasetDigest: "a\nb"},
		"0 2.0 0 100% 50%25\n":       {Value: 2, DatasetName: "100%", DatasetDigest: "50%25"},
		"0 2.0 0 %:caf%C3%A9%20 x\n": {Value: 2, DatasetName: "café ", DatasetDigest: "x"},
	} {
		if got := string(appendLine(nil, m, "")); got != line {
			t.Errorf("wrote %q, want %q", got, line)
		}
		p, err := parseLine(strings.TrimSuffix(line, "\n"), false)
		if diff := cmp.Diff(m, p.metric("")); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", line, err, diff)
		}
		withRun := string(appendLine(nil, m, "r1"))
		p, err = parseLine(withRun, true)
		if diff := cmp.Diff(m, p.metric("")); err != nil || diff != "" || p.run != "r1" {
			t.Errorf("%q: run %q, %v (-want +got):\n%s", withRun, p.run, err, diff)
		}
	}
	if p, err := parseLine("7 1.5", false); err != nil || p != (point{timestamp: 7, value: 1.5}) {
		t.Errorf("a line of two fields: %+v, %v", p, err)
	}
	if p, err := parseLine("7 1.5 1 %:x y", false); err != nil || p.name != "%:x" {
		t.Errorf("a name that only looks escaped: %+v, %v", p, err)
	}
	if p, err := parseLine("1700000000000.25 1.5 2.0", false); err != nil || p != (point{1700000000000, 2, 1.5, "", "", ""}) {
		t.Errorf("a line that MLflow writes for time.time()*1000 and a step of 2.0: %+v, %v", p, err)
	}
	for _, line := range []string{
		"", "1", "1 1.0 1 x", "1 1.0 1 x y z", "x 1.0 1", "1 x 1", "1 1.0 x", "1 1.0 1.5", "1  1.0 1", "nan 1.0 1", "1e300 1.0 1",
		"1 1.0 inf", "1 1.0 1e300",
	} {
		if p, err := parseLine(line, false); err == nil {
			t.Errorf("%q: read as %+v", line, p)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add("data", "digest", 1.5, int64(3), int64(-4))
	f.Fuzz(func(t *testing.T, name, digest string, value float64, timestamp, step int64) {
		m := core.Metric{Value: value, Timestamp: core.Millis(timestamp), Step: step}
		if name != "" && digest != "" {
			m.DatasetName, m.DatasetDigest = name, digest
		}
		line := string(appendLine(nil, m, ""))
		if strings.Count(line, "\n") != 1 || len(strings.Fields(line)) != len(strings.Split(strings.TrimSpace(line), " ")) {
			t.Fatalf("%q is no line that MLflow can split", line)
		}
		p, err := parseLine(strings.TrimSuffix(line, "\n"), false)
		if err != nil || core.CompareMetrics(p.metric(""), m) != 0 {
			t.Errorf("%q: read as %+v, %v", line, p, err)
		}
	})
}

func TestOnlyOldStatesAreFirm(t *testing.T) {
	t.Parallel()
	now := time.Now()
	old, young := now.Add(-2*slack).UnixNano(), now.Add(-slack/2).UnixNano()
	for _, c := range []struct {
		s    stamp
		want bool
	}{
		{stamp{Mtime: old, Ctime: old}, true},
		{stamp{Mtime: young, Ctime: young}, false},
		{stamp{Mtime: old, Ctime: young}, false}, // written now, its time set back
		{stamp{Mtime: now.Add(time.Hour).UnixNano(), Ctime: old}, false},
	} {
		if got := c.s.firm(now); got != c.want {
			t.Errorf("%+v is firm: %v, want %v", c.s, got, c.want)
		}
	}
}
