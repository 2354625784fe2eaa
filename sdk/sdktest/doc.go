// Package sdktest runs a plugin within a test, in each of the three ways in which a plugin can run: its opener called as it
// is, served over a wire within the test's process, and as a process of its own. On each way it runs the conformance suites
// of the kinds of store that the plugin serves, and a case that ends otherwise on one way than on another is a failure too.
//
//	func TestMain(m *testing.M) { sdktest.Main(m, mystore.Plugin()) }
//
//	func TestConformance(t *testing.T) {
//		sdktest.Test(t, mystore.Plugin(), sdktest.Options{Fresh: func(t conformance.T) core.OpenRequest { … }})
//	}
package sdktest
