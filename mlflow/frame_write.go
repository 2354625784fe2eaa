package mlflow

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"strconv"

	"github.com/mlstore/mlstore/core"
)

// timeFormat is RFC 3339 in UTC with the milliseconds that MLflow keeps.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// WriteCSV writes the table as CSV (RFC 4180, lines end in a line feed) with a line of column names. What is absent is an
// empty field; a metric that is NaN, or infinite, is `NaN`, `inf` or `-inf`. Times are RFC 3339 in UTC.
func (f *Frame) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	record := make([]string, len(f.Columns))
	for i, c := range f.Columns {
		record[i] = c.Name
	}
	if err := out.Write(record); err != nil {
		return core.Do("write CSV", "", err)
	}
	for row := range f.rows {
		for i, c := range f.Columns {
			record[i] = c.csv(row)
		}
		if err := out.Write(record); err != nil {
			return core.Do("write CSV", "", err)
		}
	}
	out.Flush()
	return core.Do("write CSV", "", out.Error())
}

func (c Column) csv(row int) string {
	if !c.Present[row] {
		return ""
	}
	switch c.Kind {
	case NumberColumn:
		switch number := c.Numbers[row]; {
		case math.IsNaN(number):
			return "NaN"
		default:
			return pythonFloat(number, 64)
		}
	case TimeColumn:
		return c.Times[row].Format(timeFormat)
	case TextColumn:
	}
	return c.Texts[row]
}

// WriteJSONL writes the table as JSON Lines: an object for each row, with all columns in their order. What is absent is
// null; since JSON has no such numbers, a metric that is NaN or infinite is the text "NaN", "Infinity" or "-Infinity", as in
// MLflow's REST API. Times are RFC 3339 in UTC.
func (f *Frame) WriteJSONL(w io.Writer) error {
	out := bufio.NewWriter(w)
	names := make([][]byte, len(f.Columns))
	for i, c := range f.Columns {
		name, err := json.Marshal(c.Name)
		if err != nil {
			return core.Do("write JSON lines", c.Name, err)
		}
		names[i] = name
	}
	for row := range f.rows {
		line := []byte{'{'}
		for i, c := range f.Columns {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(append(line, names[i]...), ':')
			value, err := c.json(row)
			if err != nil {
				return core.Do("write JSON lines", c.Name, err)
			}
			line = append(line, value...)
		}
		if _, err := out.Write(append(line, '}', '\n')); err != nil {
			return core.Do("write JSON lines", "", err)
		}
	}
	return core.Do("write JSON lines", "", out.Flush())
}

func (c Column) json(row int) ([]byte, error) {
	if !c.Present[row] {
		return []byte("null"), nil
	}
	switch c.Kind {
	case NumberColumn:
		switch number := c.Numbers[row]; {
		case math.IsNaN(number):
			return []byte(`"NaN"`), nil
		case math.IsInf(number, 1):
			return []byte(`"Infinity"`), nil
		case math.IsInf(number, -1):
			return []byte(`"-Infinity"`), nil
		default:
			return strconv.AppendFloat(nil, number, 'g', -1, 64), nil
		}
	case TimeColumn:
		return []byte(`"` + c.Times[row].Format(timeFormat) + `"`), nil
	case TextColumn:
	}
	return json.Marshal(c.Texts[row])
}
