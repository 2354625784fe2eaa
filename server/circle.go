package server

import "github.com/mlstore/mlstore/core"

// circle notices page tokens of a store that go in a circle of any length: each is compared with one before it, which moves up
// after 1, 2, 4, 8 … pages (Brent's way). The zero value has seen none.
type circle struct {
	landmark    string
	steps, span int
}

// step takes the token of the next page, and fails when it was there before.
func (c *circle) step(token string) error {
	if token == c.landmark {
		return core.Errorf(core.DataLoss, "the store's page tokens go in a circle: %q leads to itself", cut(token))
	}
	if c.steps++; c.steps > c.span {
		c.landmark, c.steps, c.span = token, 0, 2*c.span+1
	}
	return nil
}
