//go:build unix

package s3_test

// children are what a copy of this test program can do.
func children() map[string]func() error {
	return map[string]func() error{"memory": serveMemoryS3, "upload": uploadForEver, "file": uploadFile}
}
