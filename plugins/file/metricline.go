package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/mlstore/mlstore/core"
)

// A metric file has a line for each point: timestamp, value and step, then, when the point was measured on a dataset, its
// name and digest. In the metric file of a logged model the run stands before the dataset. MLflow splits lines at spaces, so
// a name or digest that would not survive that is escaped and marked.
// Source: MLflow, mlflow/store/tracking/file_store.py.
const escapedName = "%:"

// point is a line of a metric file.
type point struct {
	timestamp, step int64
	value           float64
	run             core.RunID // in files of logged models
	name, digest    string
}

func (p point) metric(key string) core.Metric {
	return core.Metric{
		Key: key, Value: p.value, Timestamp: core.Millis(p.timestamp), Step: p.step,
		DatasetName: p.name, DatasetDigest: p.digest,
	}
}

// appendLine writes the line of a point; run is given for the file of a logged model.
func appendLine(to []byte, m core.Metric, run core.RunID) []byte {
	to = strconv.AppendInt(to, int64(m.Timestamp), 10)
	to = append(to, ' ')
	to = appendFloat(to, m.Value)
	to = append(to, ' ')
	to = strconv.AppendInt(to, m.Step, 10)
	if run != "" {
		to = append(to, ' ')
		to = append(to, run...)
	}
	if m.DatasetName != "" {
		to = append(to, ' ')
		to = append(to, escapeName(m.DatasetName)...)
		to = append(to, ' ')
		to = append(to, escapeName(m.DatasetDigest)...)
	}
	return append(to, '\n')
}

func escapeName(name string) string {
	splits := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	if !strings.ContainsFunc(name, splits) && !strings.HasPrefix(name, escapedName) {
		return name
	}
	return escapedName + url.PathEscape(name)
}

func unescapeName(name string) string {
	escaped, found := strings.CutPrefix(name, escapedName)
	if !found {
		return name
	}
	if plain, err := url.PathUnescape(escaped); err == nil && escapeName(plain) == name {
		return plain
	}
	return name // somebody else's, which only looks like ours
}

// parseLine reads a line of a run's metric file, or of a logged model's. Very old lines have no step.
func parseLine(line string, ofModel bool) (point, error) {
	var fields [7]string
	count := 0
	rest := strings.TrimSpace(line)
	for found := true; found && count < len(fields); count++ {
		fields[count], rest, found = strings.Cut(rest, " ")
	}
	dataset := 3
	if ofModel {
		dataset = 4
	}
	if legal := count == dataset || count == dataset+2 || count == 2 && !ofModel; !legal {
		return point{}, fmt.Errorf("it has %d fields", count)
	}
	p := point{}
	var ok bool
	var err error
	if p.timestamp, err = parseMillis(fields[0]); err != nil {
		return point{}, errors.New("its timestamp is no number of milliseconds")
	}
	if p.value, ok = parseFloat(fields[1]); !ok {
		return point{}, errors.New("its value is no number")
	}
	if count > 2 {
		if p.step, err = parseStep(fields[2]); err != nil {
			return point{}, errors.New("its step is no whole number")
		}
	}
	if ofModel {
		p.run = core.RunID(fields[3])
	}
	if count > dataset {
		p.name, p.digest = unescapeName(fields[dataset]), unescapeName(fields[dataset+1])
	}
	return p, nil
}

// parseMillis reads a time. MLflow writes what its callers give it, also time.time()*1000, and then finds the run no more; the
// part of a millisecond is left off.
func parseMillis(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		return n, nil
	}
	if value, ok := parseFloat(text); ok && math.Abs(value) < 1<<53 {
		return int64(value), nil
	}
	return 0, err
}

// parseStep reads a step, which MLflow writes as 2.0 when that is what its caller gives.
func parseStep(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		return n, nil
	}
	if value, ok := parseFloat(text); ok && math.Abs(value) < 1<<53 && value == math.Trunc(value) {
		return int64(value), nil
	}
	return 0, err
}

// scanChunk is how much of a metric file is read at once.
const scanChunk = 256 << 10

// scanPoints reads the first size bytes of a metric file point by point. A last line without its end was cut short by a
// crash or a full disk: it was never acknowledged and is left out.
func scanPoints(file io.Reader, size int64, ofModel bool, take func(point) error) error {
	reader := io.LimitReader(file, size)
	buffer := make([]byte, min(size, scanChunk))
	held, number := 0, 0
	for {
		n, err := reader.Read(buffer[held:])
		held += n
		end := bytes.LastIndexByte(buffer[:held], '\n') + 1
		if err := scanLines(string(buffer[:end]), &number, ofModel, take); err != nil {
			return err
		}
		held = copy(buffer, buffer[end:held])
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case held == len(buffer):
			longer := make([]byte, 2*len(buffer))
			copy(longer, buffer)
			buffer = longer
			if len(buffer) > maxYAML {
				return fmt.Errorf("line %d is too long", number+1)
			}
		}
	}
}

func scanLines(text string, number *int, ofModel bool, take func(point) error) error {
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		*number++
		p, err := parseLine(line, ofModel)
		if err != nil {
			return fmt.Errorf("line %d is malformed: %w", *number, err)
		}
		if err := take(p); err != nil {
			return err
		}
	}
	return nil
}
