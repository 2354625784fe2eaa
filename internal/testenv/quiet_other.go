//go:build !linux

package testenv

func spreadBelow(string) {}
