package demo

import (
	"bytes"
	"image/png"
	"math"
	"os"
	"testing"
)

func trained(t *testing.T) (*Model, []Flower, []Flower) {
	t.Helper()
	flowers, species, err := Iris()
	if err != nil {
		t.Fatal(err)
	}
	if len(flowers) != 150 || len(species) != 3 {
		t.Fatalf("%d flowers of %d species, want 150 of 3", len(flowers), len(species))
	}
	train, test := Split(flowers, 1)
	if len(train) != 120 || len(test) != 30 {
		t.Fatalf("%d to train and %d to test, want 120 and 30", len(train), len(test))
	}
	m := NewModel(species, train)
	loss, _ := m.Score(train)
	if math.Abs(loss-math.Log(3)) > 1e-9 {
		t.Errorf("an untrained model loses %v, want ln 3", loss)
	}
	for range 200 {
		m.Epoch(train, 0.5, 0.001)
		now, _ := m.Score(train)
		if now > loss {
			t.Fatalf("the loss rose from %v to %v", loss, now)
		}
		loss = now
	}
	return m, train, test
}

func TestTheModelLearns(t *testing.T) {
	t.Parallel()
	m, _, test := trained(t)
	if _, accuracy := m.Score(test); accuracy < 0.9 {
		t.Errorf("accuracy on unseen flowers is %v, want 0.9 at least", accuracy)
	}
}

func TestConfusionPNG(t *testing.T) {
	t.Parallel()
	m, _, test := trained(t)
	c := Confuse(m, test)
	total := 0
	for _, row := range c.Counts {
		for _, n := range row {
			total += n
		}
	}
	if total != len(test) {
		t.Errorf("the matrix counts %d flowers, want %d", total, len(test))
	}
	var b bytes.Buffer
	if err := c.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	if path := os.Getenv("MLSTORE_DEMO_PNG"); path != "" { // to look at it
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if r, g, bl, _ := img.At(margin+4, margin+4).RGBA(); r>>8 > 40 || bl <= g {
		t.Errorf("the first square, all right, is not dark blue: %d %d %d", r>>8, g>>8, bl>>8)
	}
}
