package server_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/rest"
)

// A history that is longer than what the server holds at a time comes in the pages that were asked for, each point once.
func TestLongHistoryInPages(t *testing.T) {
	t.Parallel()
	const points = 8_000
	c := newClient(t, nil)
	id := c.run()
	for from := 0; from < points; from += 1000 {
		var b strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&b, `,{"key":"m","value":1,"timestamp":%d,"step":%d}`, from+i, from+i)
		}
		c.ok("runs/log-batch", `{"run_id":"`+id+`","metrics":[`+b.String()[1:]+`]}`, nil)
	}
	for ask, want := range map[string][]int{
		"":                   {points},
		"&max_results=25000": {points},
		"&max_results=8000":  {points},
		"&max_results=7999":  {7999, 1},
		"&max_results=3000":  {3000, 3000, 2000},
		"&max_results=2500":  {2500, 2500, 2500, 500},
	} {
		t.Run(ask, func(t *testing.T) {
			t.Parallel()
			var sizes []int
			var next rest.Int
			for token := ""; ; {
				var page rest.MetricsPage
				c.ok("metrics/get-history?run_id="+id+"&metric_key=m"+ask+"&page_token="+url.QueryEscape(token), "", &page)
				sizes = append(sizes, len(page.Metrics))
				for _, m := range page.Metrics {
					if m.Step != next {
						t.Fatalf("step %d comes where %d should", m.Step, next)
					}
					next++
				}
				if token = page.NextPageToken; token == "" {
					break
				}
			}
			if !slices.Equal(sizes, want) {
				t.Errorf("pages of %v, want %v", sizes, want)
			}
		})
	}
}
