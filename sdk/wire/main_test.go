package wire_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when something is still running after all tests: a stream that nobody ended, a call that was forgotten.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
