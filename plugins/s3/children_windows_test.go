package s3_test

func children() map[string]func() error { return nil }
