// Command plain runs random sequences in a program that is no test: package testing has set nothing up.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/model"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func main() {
	s := conformance.Suite[core.RegistryStore]{Kind: "model", Cases: model.RegistryCases()}
	h := conformance.Harness[core.RegistryStore]{Open: func(conformance.T) core.RegistryStore { return mem.NewRegistry() }}
	r := conformance.Run(context.Background(), s, h, conformance.Options{Level: conformance.Extended, Seed: 1})
	fmt.Println(r.Summary())
	for _, f := range r.Failures() {
		fmt.Print(f.Explain())
	}
	if r.Verdict() != conformance.Pass {
		os.Exit(1)
	}
}
