// Package wire carries the stores of core between two processes: gRPC services for every interface and ability of the
// contract, generated from the files in sdk/proto, and an adapter on either side. Server answers the services from what a
// core.Opener opens; Client is a core.Opener whose stores call them. Neither an author nor a caller sees anything of it:
// entities, pages and errors come out as they went in.
//
// What comes from a plugin is not trusted. Columns of unequal length, paths that lead out of a listing, pages that are
// longer than asked for and tokens that lead nowhere are errors of the plugin, never a crash of the host.
package wire

//go:generate go tool -modfile=../../tools/buf/go.mod buf generate ../proto --template ../proto/buf.gen.yaml
