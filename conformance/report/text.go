package report

import (
	"bufio"
	"io"
	"time"

	"github.com/mlstore/mlstore/conformance"
)

// Text writes what failed or broke, with its rule and the command that repeats it, what was skipped or does not apply and
// why, and the sums.
func Text(w io.Writer, reports ...conformance.Report) error {
	out := bufio.NewWriter(w)
	for _, r := range reports {
		for _, result := range r.Results {
			if result.Verdict != conformance.Pass {
				_, _ = out.WriteString(result.Explain())
			}
		}
		for _, problem := range r.Problems {
			_, _ = out.WriteString("error: " + problem + "\n")
		}
		for _, leftover := range r.Leftovers {
			_, _ = out.WriteString("left behind: " + leftover + "\n")
		}
		_, _ = out.WriteString(r.Summary() + ", " + r.Duration.Round(time.Millisecond).String() + "\n")
	}
	return out.Flush() // a bufio.Writer keeps its first error until here
}
