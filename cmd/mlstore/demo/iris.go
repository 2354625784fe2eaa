// Package demo trains a small model on real measurements and keeps everything about it through package mlflow, as a user's
// program would.
package demo

import (
	"bytes"
	_ "embed" // for the measurements
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"strconv"
)

//go:embed iris.csv
var irisCSV []byte

// features is the number of measurements of a flower: length and width of sepal and petal, in centimetres.
const features = 4

// Flower is one row of the data.
type Flower struct {
	Measures [features]float64
	Species  int // index into the list of species
}

// Iris returns the 150 flowers and the names of their species.
func Iris() (flowers []Flower, species []string, err error) {
	rows, err := csv.NewReader(bytes.NewReader(irisCSV)).ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("read iris.csv: %w", err)
	}
	index := map[string]int{}
	for _, row := range rows[1:] {
		var f Flower
		for i := range f.Measures {
			if f.Measures[i], err = strconv.ParseFloat(row[i], 64); err != nil {
				return nil, nil, fmt.Errorf("read iris.csv: %w", err)
			}
		}
		name := row[features]
		if _, known := index[name]; !known {
			index[name] = len(species)
			species = append(species, name)
		}
		f.Species = index[name]
		flowers = append(flowers, f)
	}
	return flowers, species, nil
}

// Split shuffles the flowers by the seed and puts every fifth one aside for testing.
func Split(flowers []Flower, seed uint64) (train, test []Flower) {
	rng := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a shuffle that can be repeated
	for i, at := range rng.Perm(len(flowers)) {
		if i%5 == 0 {
			test = append(test, flowers[at])
		} else {
			train = append(train, flowers[at])
		}
	}
	return train, test
}
