package server

import (
	"errors"
	"math"

	"github.com/mlstore/mlstore/core"
)

// retryAfter is what err says of the seconds after which trying again makes sense; 0 is nothing.
func retryAfter(err error) int {
	if e, ok := errors.AsType[*core.Error](err); ok {
		return int(math.Ceil(e.RetryAfter.Seconds()))
	}
	return 0
}
