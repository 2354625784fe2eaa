package names_test

import (
	"fmt"

	"github.com/mlstore/mlstore/core/names"
)

func ExampleArtifactPath() {
	fmt.Println(names.ArtifactPath("model/a%2Fb.txt"))
	fmt.Println(names.ArtifactPath("model/%2e%2e/secret"))
	// Output:
	// <nil>
	// artifact path must not contain a ".." segment when percent-decoded, got "model/%2e%2e/secret"
}

func ExampleModelsURI() {
	ref, err := names.ModelsURI("models:/churn@champion/MLmodel")
	fmt.Println(ref.Name, ref.Alias, ref.Path, err)
	// Output: churn champion MLmodel <nil>
}
