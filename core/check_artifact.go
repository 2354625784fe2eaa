package core

import (
	"encoding/hex"

	"github.com/mlstore/mlstore/core/names"
)

// CheckArtifactPath refuses what is no path of a file or directory in a repository.
func CheckArtifactPath(path string) error { return invalidName("path", names.ArtifactPath(path)) }

// CheckArtifactDir returns the directory to list for dir: "" is the root, and one trailing slash is dropped.
func CheckArtifactDir(dir string) (string, error) {
	clean, err := names.ArtifactDir(dir)
	return clean, invalidName("path", err)
}

// CheckRead refuses a negative offset or length.
func CheckRead(o ReadOptions) error {
	if o.Offset < 0 || o.Length != nil && *o.Length < 0 {
		return fieldError("offset", "offset and length of a read must not be negative")
	}
	return nil
}

// CheckPut refuses a negative size, a size above the limit and a digest that is none.
func CheckPut(o PutOptions, l Limits) error {
	if o.Size != nil && (*o.Size < 0 || l.ArtifactSize > 0 && *o.Size > l.ArtifactSize) {
		return fieldError("size", "the size %d is negative or above the store's limit", *o.Size)
	}
	if o.SHA256 == "" {
		return nil
	}
	if digest, err := hex.DecodeString(o.SHA256); err != nil || len(digest) != 32 {
		return fieldError("sha256", "a SHA-256 has 64 hexadecimal digits, got %q", short(o.SHA256))
	}
	return nil
}

// CheckDelete refuses a bad path, and the root unless o.All says so.
func CheckDelete(path string, o DeleteOptions) error {
	if path == "" {
		if o.All {
			return nil
		}
		return fieldError("path", "deleting everything needs DeleteOptions.All")
	}
	return CheckArtifactPath(path)
}
