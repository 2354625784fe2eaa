package demo_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mlstore/mlstore/cmd/mlstore/demo"
)

func ExampleNewModel() {
	flowers, species, err := demo.Iris()
	if err != nil {
		log.Fatal(err)
	}
	train, test := demo.Split(flowers, 1)
	m := demo.NewModel(species, train)
	for range 100 {
		m.Epoch(train, 0.5, 0.001)
	}
	_, accuracy := m.Score(test)
	fmt.Println(accuracy > 0.9)
	// Output: true
}

func ExampleRun() {
	ctx := context.Background()
	result, err := demo.Run(ctx, demo.Options{TrackingURI: "./mlruns"}, log.Writer())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("registered", result.Version.Model, result.Version.Number)
}
