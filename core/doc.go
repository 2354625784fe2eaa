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
//     [TS-180 TS-181 AR-084 RG-097 PB-048], and soon after the context ends during it [TS-182], also when the store does
//     not answer at all [TS-189 AR-091 RG-100 PB-050].
//   - An error MUST carry a Code and name the offending key, and MUST NOT hold a secret [TS-194 PL-008].
//   - Returned values MUST be copies: changing one never changes the store [TS-163 PB-055].
//   - It MUST work with a context that carries nothing [TS-184] and be safe for concurrent use [TS-177], and after
//     Close it MUST fail with ErrClosed [TS-179 AR-108 RG-107 PB-057].
//   - Acknowledged means durable: what a nil error confirmed is there after Close and a new open [TS-193 AR-093
//     RG-101 PB-024], and when what keeps the data was started anew, without a new open [TS-190].
//   - A call that is lost on its way is ErrUnavailable, not a part of an answer [TS-188]; it was done entirely or not at
//     all [TS-200], and the same call may be made again [TS-187 TS-191].
//   - A store that was opened for reading MUST refuse every change with ErrPermission [TS-192 AR-092 RG-115 PB-059].
//   - What a store does MUST be explained by its calls in some order [TS-201]: whatever they are, it ends where the
//     reference store ends [TS-198 TS-199 RG-102], and it leaves no goroutine or file behind [TS-196 AR-094 RG-114 PB-052]
//     and touches nothing else [TS-197 AR-095 RG-113 PB-058].
//   - What grows, costs no more for it: a batch less than its points one by one [TS-202], a late page what the first one
//     does [TS-203 TS-204], a long history no memory [TS-205].
//   - An ability that is not declared is not found, or answers ErrUnsupported without effect [TS-195].
//   - Lengths count Unicode code points [TS-009]. Text that is not valid UTF-8 MUST be refused [TS-013 TS-096].
//
// A store may be in the caller's process, behind a wire or in a process of its own. Nobody can tell [PL-001]:
//
//   - It describes itself alike [PL-002], as its program does without being used [PL-035], with limits that are true [PL-003]
//     and capabilities that are known [PL-004].
//   - Errors arrive as they left [PL-005], the context's own as what they are [PL-006]; a panic on the far side is an
//     ErrInternal, and others go on [PL-007].
//   - Requests and answers of any size arrive [PL-009 PL-010], with their numbers [PL-011], what is empty and what is absent
//     [PL-012], times [PL-013], texts [PL-014] and values that this side does not know [PL-036].
//   - Deadline and end of the context reach the far side [PL-015 PL-016]; a slow reader slows it down [PL-017], one that
//     leaves frees it [PL-018].
//   - A process that dies [PL-019 PL-020 PL-021], stops [PL-022], cannot start [PL-025] or makes noise [PL-026 PL-027] costs
//     its callers a typed error at most. It ends with its host [PL-023] and leaves nothing behind [PL-024].
//   - Openings share nothing but the process [PL-028 PL-030]. Versions of the wire that do not fit are refused [PL-031],
//     fields that are new passed over [PL-032], and only the program that was meant is started [PL-033]. A scheme that
//     nobody serves is an error that says what to do [PL-034].
package core
