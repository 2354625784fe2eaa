// Package boundary is the conformance suite of what lies between a caller and a store: the same for every kind of store and
// over every transport.
//
// Most cases need nothing but a store. What reaches behind it (ending its process, looking at what its plugin prints, a
// store that misbehaves on request) comes from Hooks, which package sdk/sdktest fills in. A case without its hook, or
// without the transport that it is about, is n/a and says so.
package boundary
