// Package mem keeps everything in memory. It is the reference store: the executable specification of the contract in
// package core for all four kinds of store, and what tests use where others would write a mock.
//
//	tracking := mem.NewTracking()   // TrackingStore with every ability
//	artifacts := mem.NewArtifacts() // ArtifactRepository
//	registry := mem.NewRegistry()   // RegistryStore with aliases and stages
//	projects := mem.NewProjects()   // ProjectBackend whose jobs are steps that the caller drives
//
// A value such as *Tracking is a handle on data. Reopen gives another handle on the same data, also after Close, as a
// second client or a restarted program would have one. The data go when the last handle is garbage.
package mem
