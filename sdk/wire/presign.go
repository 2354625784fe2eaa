package wire

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
)

type presignerServer struct {
	artifactv1.UnimplementedPresignerServiceServer
}

func (presignerServer) Presign(ctx context.Context, r *artifactv1.PresignRequest) (*artifactv1.PresignResponse, error) {
	store, err := abilityOf[core.Presigner](ctx, kindArtifacts)
	if err != nil {
		return nil, err
	}
	signed, err := store.Presign(ctx, r.GetPath(), core.PresignOptions{
		Upload: r.GetUpload(), Expires: time.Duration(r.GetExpiresNs()), ContentType: r.GetContentType(),
	})
	return pbPresigned(signed), err
}

func pbPresigned(p core.PresignedRequest) *artifactv1.PresignResponse {
	return &artifactv1.PresignResponse{
		Method: p.Method, Url: p.URL.Reveal(), Headers: p.Headers, ExpiresMs: int64(p.Expires), Size: p.Size,
	}
}

// Presign signs a request.
func (a *artifacts) Presign(ctx context.Context, path string, o core.PresignOptions) (core.PresignedRequest, error) {
	reply, err := a.presigns.Presign(ctx, &artifactv1.PresignRequest{
		Path: path, Upload: o.Upload, ExpiresNs: int64(o.Expires), ContentType: o.ContentType,
	})
	if err != nil {
		return core.PresignedRequest{}, err
	}
	signed, err := corePresigned(reply)
	return signed, a.blame(err)
}

func corePresigned(pb *artifactv1.PresignResponse) (core.PresignedRequest, error) {
	if !requestOfHTTP(pb.GetMethod(), pb.GetUrl()) {
		return core.PresignedRequest{}, lie("it signed what is no request of HTTP")
	}
	return core.PresignedRequest{
		Method: pb.GetMethod(), URL: core.NewSecret(pb.GetUrl()), Headers: pb.GetHeaders(),
		Expires: core.Millis(pb.GetExpiresMs()), Size: pb.GetSize(),
	}, nil
}

// requestOfHTTP reports whether somebody may be told to make the request.
func requestOfHTTP(method, text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		(method == http.MethodGet || method == http.MethodPut)
}
