package s3

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/mlstore/mlstore/core"
)

var _ core.Presigner = (*Artifacts)(nil)

// Presign signs a GetObject or a PutObject. The arguments of uploads and the expected owner are signed too, and come back
// among the headers.
func (a *Artifacts) Presign(ctx context.Context, path string, o core.PresignOptions) (core.PresignedRequest, error) {
	signed, err := a.presign(ctx, path, o)
	return signed, a.failed(ctx, "presign artifact", path, err)
}

func (a *Artifacts) presign(ctx context.Context, path string, o core.PresignOptions) (core.PresignedRequest, error) {
	ctx, done, err := a.begin(ctx)
	if err != nil {
		return core.PresignedRequest{}, err
	}
	defer done()
	good, err := core.CheckPresign(path, o)
	if err != nil {
		return core.PresignedRequest{}, err
	}
	signer := a.signer(good)
	expires := core.MillisOf(time.Now().Add(good))
	var signed *v4.PresignedHTTPRequest
	var size int64
	if o.Upload {
		signed, err = a.presignPut(ctx, signer, path, o)
	} else {
		signed, size, err = a.presignGet(ctx, signer, path)
	}
	if err != nil {
		return core.PresignedRequest{}, err
	}
	request := requestOf(signed, expires)
	request.Size = size
	return request, nil
}

// signer signs requests that are good for so long. What else they need, unread, goes with each of them: a client of its own
// would share state with the store's, which is in use.
func (a *Artifacts) signer(good time.Duration) *s3.PresignClient {
	return s3.NewPresignClient(a.client, s3.WithPresignExpires(good))
}

// unread leaves out checksums, since the bytes are not known.
func unread(o *s3.PresignOptions) {
	o.ClientOptions = append(o.ClientOptions, func(o *s3.Options) {
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})
}

func requestOf(signed *v4.PresignedHTTPRequest, expires core.Millis) core.PresignedRequest {
	headers := map[string]string{}
	for name, values := range signed.SignedHeader {
		if name != "Host" && name != "Content-Length" {
			headers[name] = strings.Join(values, ",")
		}
	}
	return core.PresignedRequest{Method: signed.Method, URL: core.NewSecret(signed.URL), Headers: headers, Expires: expires}
}

func (a *Artifacts) presignPut(
	ctx context.Context, signer *s3.PresignClient, path string, o core.PresignOptions,
) (*v4.PresignedHTTPRequest, error) {
	if err := a.writable(); err != nil {
		return nil, err
	}
	if err := a.vacant(ctx, path, false); err != nil {
		return nil, err
	}
	key := a.key(path)
	input := &s3.PutObjectInput{Bucket: &a.bucket, Key: &key}
	input.ContentType, input.ContentEncoding = kindOf(path, o.ContentType)
	if input.ContentType == nil {
		input.ContentType = aws.String("application/octet-stream")
	}
	if err := a.settings.access(input); err != nil {
		return nil, err
	}
	if err := a.settings.extra.put(input); err != nil {
		return nil, err
	}
	return signer.PresignPutObject(ctx, input, unread)
}

func (a *Artifacts) presignGet(
	ctx context.Context, signer *s3.PresignClient, path string,
) (*v4.PresignedHTTPRequest, int64, error) {
	head, err := a.head(ctx, path)
	if err != nil {
		return nil, 0, a.unreadable(ctx, path, err)
	}
	key := a.key(path)
	input := &s3.GetObjectInput{Bucket: &a.bucket, Key: &key}
	if err := a.settings.access(input); err != nil {
		return nil, 0, err
	}
	signed, err := signer.PresignGetObject(ctx, input, unread)
	return signed, aws.ToInt64(head.ContentLength), err
}
