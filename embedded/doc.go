// Package embedded joins the stores that every program links into one resolver.
package embedded
