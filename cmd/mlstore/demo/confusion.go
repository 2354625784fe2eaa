package demo

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"strconv"
	"strings"
)

// Confusion counts, for each true species, what the model took its flowers for.
type Confusion struct {
	Species []string
	Counts  [][]int // true species, then predicted
}

// Confuse judges the model on the flowers.
func Confuse(m *Model, flowers []Flower) Confusion {
	c := Confusion{Species: m.Species, Counts: make([][]int, len(m.Species))}
	for i := range c.Counts {
		c.Counts[i] = make([]int, len(m.Species))
	}
	for _, f := range flowers {
		c.Counts[f.Species][likeliest(m.Probabilities(f))]++
	}
	return c
}

const (
	cell   = 128 // side of a square, in pixels
	margin = 150 // left and top, for the labels
)

// WritePNG draws the matrix: true species downwards, predicted ones to the right, darker for larger shares.
func (c Confusion) WritePNG(w io.Writer) error {
	side := margin + cell*len(c.Species) + 20
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	ink := color.RGBA{33, 37, 41, 255}
	write(img, image.Pt(margin, 30), "PREDICTED", 3, ink)
	write(img, image.Pt(16, margin-30), "TRUE", 3, ink)
	for row, counts := range c.Counts {
		total := 0
		for _, n := range counts {
			total += n
		}
		write(img, image.Pt(16, margin+row*cell+cell/2-7), strings.ToUpper(c.Species[row]), 2, ink)
		write(img, image.Pt(margin+row*cell+4, margin-30), strings.ToUpper(c.Species[row]), 2, ink)
		for column, n := range counts {
			share := float64(n) / float64(max(total, 1))
			box := image.Rect(0, 0, cell-4, cell-4).Add(image.Pt(margin+column*cell, margin+row*cell))
			draw.Draw(img, box, image.NewUniform(shade(share)), image.Point{}, draw.Src)
			text := strconv.Itoa(n)
			at := box.Min.Add(image.Pt((cell-width(text, 5))/2, cell/2-18))
			digits := ink
			if share > 0.5 {
				digits = color.RGBA{255, 255, 255, 255}
			}
			write(img, at, text, 5, digits)
		}
	}
	return png.Encode(w, img)
}

// shade goes from nearly white to a dark blue.
func shade(share float64) color.Color {
	between := func(light, dark float64) uint8 { return uint8(light + (dark-light)*share) }
	return color.RGBA{between(240, 20), between(244, 70), between(250, 140), 255}
}
