// Package names decides which keys, names, ids, artifact paths and URIs are well formed.
//
// Every function is pure: it looks at its argument only, never at a file system, a clock or the environment, and it returns
// nil or an [*Error]. Lengths that a store may choose (how long a key or a name may be) are not checked here; a store
// publishes them and core checks them.
package names
