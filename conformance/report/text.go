package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mlstore/mlstore/conformance"
)

// Text writes what failed or broke, with its rule and the command that repeats it, what was skipped or does not apply and
// why, which cases the harness could not ask, and the sums.
func Text(w io.Writer, reports ...conformance.Report) error {
	out := bufio.NewWriter(w)
	for _, r := range reports {
		var unasked []string // and not for the store's sake
		for _, result := range r.Results {
			switch {
			case result.Verdict == conformance.Pass:
			case len(result.Lacks) > 0:
				unasked = append(unasked, result.ID)
			default:
				_, _ = out.WriteString(result.Explain())
			}
		}
		if len(unasked) > 0 {
			_, _ = fmt.Fprintf(out, "n/a over the transport %s or with this harness: %s\n", r.Transport, strings.Join(unasked, " "))
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
