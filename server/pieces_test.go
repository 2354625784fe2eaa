package server_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mlstore/mlstore/rest"
)

// A search of more runs than the server holds at a time answers in the pages that were asked for, each run once.
func TestLongSearchInPages(t *testing.T) {
	t.Parallel()
	const runs = 2_300
	c := newClient(t, nil)
	for i := range runs {
		c.ok("runs/create", fmt.Sprintf(`{"experiment_id":"0","start_time":%d}`, i+1), nil)
	}
	for ask, want := range map[string][]int{
		"":                     {1000, 1000, 300},
		`,"max_results":50000`: {runs},
		`,"max_results":2300`:  {runs},
		`,"max_results":1500`:  {1500, 800},
		`,"max_results":999`:   {999, 999, 302},
	} {
		t.Run(ask, func(t *testing.T) {
			t.Parallel()
			var sizes []int
			next := rest.Int(1)
			for token := ""; ; {
				var page rest.RunsPage
				c.ok("runs/search", `{"experiment_ids":["0"],"order_by":["start_time"],"page_token":"`+token+`"`+ask+`}`, &page)
				sizes = append(sizes, len(page.Runs))
				for _, r := range page.Runs {
					if r.Info.StartTime != next {
						t.Fatalf("the run of %d comes where that of %d should", r.Info.StartTime, next)
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
	code, text := c.send("runs/search", `{"experiment_ids":["0"],"max_results":50001}`)
	if code != 400 {
		t.Errorf("more than the store gives: %d, %s", code, text)
	}
}
