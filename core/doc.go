// Package core is the contract between programs that keep machine-learning experiments and the stores that hold them.
//
// It defines the entities (experiments, runs, metrics, artifacts, registered models, project jobs), four interfaces
// that a store implements, and everything both sides need to agree on: errors with codes, pages, limits, capabilities
// and validation. It compiles nothing but the standard library, so that a store's author pays for nothing else.
//
//	TrackingStore       experiments, runs, metrics, params, tags
//	ArtifactRepository  files below one root
//	RegistryStore       registered models and their versions
//	ProjectBackend      jobs that run a project
//
// The comment of each interface is a list of promises. A word in capitals (MUST) marks one; the ids in brackets name
// the cases of the conformance suite that check it. What a caller finds convenient on top of the interfaces lives in
// core/client and package mlflow, so that adding to it breaks no store.
//
// Rules that hold for every method of every interface:
//
//   - It MUST return promptly with the context's error, and without effect, when the context has ended before the call
//     [TS-180 TS-181 AR-084 RG-097 PB-048], and soon after the context ends during it [TS-182].
//   - An error MUST carry a Code and name the offending key, and MUST NOT hold a secret [TS-194].
//   - Returned values MUST be copies: changing one never changes the store [TS-163].
//   - It MUST work with a context that carries nothing [TS-184] and be safe for concurrent use [TS-177], and after
//     Close it MUST fail with ErrClosed [TS-179].
//   - Acknowledged means durable: what a nil error confirmed is there after Close and a new open [TS-193 AR-093
//     RG-101].
//   - What a store does MUST be explained by its calls in some order: whatever they are, it ends where the reference
//     store ends [TS-198 TS-199], and it leaves no goroutine or file behind [TS-196] and touches nothing else [TS-197].
//   - An ability that is not declared is not found, or answers ErrUnsupported without effect [TS-195].
//   - Lengths count Unicode code points [TS-009]. Text that is not valid UTF-8 MUST be refused [TS-013 TS-096].
package core
