// Package sdk makes a program of a store. An author fills in one Plugin and calls Serve:
//
//	func main() { sdk.Serve(mystore.Plugin()) }
//
// The program then serves its stores to any host of mlstore, in a process of its own. With the argument `describe` it prints
// its manifest, which lies beside it as NAME.json; with `debug` it waits for a host while a debugger is attached. Package
// sdktest runs the same Plugin within a test.
//
// Nothing of gRPC, protobuf or the handshake reaches the author. What a store logs through log/slog reaches the host's log;
// what it prints goes to standard error; a panic becomes an error of the one call that it happened in.
package sdk
