package testenv

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Keys lists what is in a bucket.
func (s *S3Server) Keys(t testing.TB, bucket string) []string {
	t.Helper()
	out, err := s.Client("").ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, o := range out.Contents {
		all = append(all, *o.Key)
	}
	return all
}

// Uploads lists the keys of the uploads in parts that are open in a bucket.
func (s *S3Server) Uploads(t testing.TB, bucket string) []string {
	t.Helper()
	out, err := s.Client("").ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, u := range out.Uploads {
		all = append(all, *u.Key)
	}
	return all
}
