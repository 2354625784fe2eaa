// Package edge is what a request meets before any route: the limits of its size and pace, the check of the host that it
// names, of where a browser says that it comes from, and the headers that every answer carries. None of it knows what is
// served behind.
package edge
