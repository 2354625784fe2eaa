package discover_test

import (
	"context"
	"fmt"
	"os"

	"github.com/mlstore/mlstore/registry/discover"
)

func ExampleFind() {
	found, err := discover.Find(context.Background(), discover.Default(os.Getenv))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, rejected := range found.Rejected {
		fmt.Println(rejected.Name, "is not used:", rejected.Err)
	}
	if _, err := found.For("no-such-scheme", "tracking"); err != nil {
		fmt.Println(err)
	}
	// Output: no plugin serves the scheme no-such-scheme
}
