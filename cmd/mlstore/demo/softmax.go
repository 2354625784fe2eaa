package demo

import "math"

// Model is multinomial logistic regression: for each class a score that is linear in the standardised measurements, and
// probabilities by the softmax of the scores.
type Model struct {
	Species []string            `json:"species"`
	Mean    [features]float64   `json:"mean"`    // of the training data, in centimetres
	Scale   [features]float64   `json:"scale"`   // standard deviation of the training data, in centimetres
	Weights [][features]float64 `json:"weights"` // a row for each species
	Bias    []float64           `json:"bias"`
}

// NewModel returns an untrained model that standardises as the training data asks.
func NewModel(species []string, train []Flower) *Model {
	m := &Model{Species: species, Weights: make([][features]float64, len(species)), Bias: make([]float64, len(species))}
	n := float64(len(train))
	for _, f := range train {
		for i, x := range f.Measures {
			m.Mean[i] += x / n
		}
	}
	for _, f := range train {
		for i, x := range f.Measures {
			m.Scale[i] += (x - m.Mean[i]) * (x - m.Mean[i]) / n
		}
	}
	for i := range m.Scale {
		m.Scale[i] = math.Sqrt(m.Scale[i])
	}
	return m
}

// Probabilities returns how likely each species is.
func (m *Model) Probabilities(f Flower) []float64 {
	p := make([]float64, len(m.Weights))
	highest := math.Inf(-1)
	for class, w := range m.Weights {
		p[class] = m.Bias[class]
		for i, x := range f.Measures {
			p[class] += w[i] * (x - m.Mean[i]) / m.Scale[i]
		}
		highest = max(highest, p[class])
	}
	sum := 0.0
	for class := range p {
		p[class] = math.Exp(p[class] - highest)
		sum += p[class]
	}
	for class := range p {
		p[class] /= sum
	}
	return p
}

// Epoch takes one step of gradient descent over all flowers, with L2 regularisation of the weights.
func (m *Model) Epoch(train []Flower, rate, regularisation float64) {
	gradient := make([][features]float64, len(m.Weights))
	bias := make([]float64, len(m.Weights))
	n := float64(len(train))
	for _, f := range train {
		for class, p := range m.Probabilities(f) {
			if class == f.Species {
				p--
			}
			bias[class] += p / n
			for i, x := range f.Measures {
				gradient[class][i] += p * (x - m.Mean[i]) / m.Scale[i] / n
			}
		}
	}
	for class := range m.Weights {
		m.Bias[class] -= rate * bias[class]
		for i := range m.Weights[class] {
			m.Weights[class][i] -= rate * (gradient[class][i] + regularisation*m.Weights[class][i])
		}
	}
}

// Score returns the mean cross-entropy, in nats, and the share of flowers whose species is the likeliest one.
func (m *Model) Score(flowers []Flower) (loss, accuracy float64) {
	n, right := float64(len(flowers)), 0
	for _, f := range flowers {
		p := m.Probabilities(f)
		loss -= math.Log(p[f.Species]) / n
		if likeliest(p) == f.Species {
			right++
		}
	}
	return loss, float64(right) / n
}

func likeliest(p []float64) int {
	best := 0
	for class := range p {
		if p[class] > p[best] {
			best = class
		}
	}
	return best
}
