package http

import (
	"context"
	"errors"
	"net/http"
	"path"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

// direct says which files go past a server, to and from where it keeps them, by requests that it signs. The server tells
// whether it can, and whoever opens the store may say otherwise. Source: MLflow 3.18, mlflow/utils/server_info.py and
// mlflow/store/artifact/mlflow_artifacts_repo.py.
type direct struct {
	uploads, downloads *bool // nil is what the server says
	least              int   // bytes of the shortest file that is sent so
	part               int   // bytes of a part, which is held in memory
}

func directly() direct {
	const least, part = 500 << 20, 10 << 20
	return direct{least: least, part: part}
}

// passes is what a server says of files that go past it.
type passes struct{ uploads, downloads, only bool }

func passesOf(info rest.ServerInfoAnswer) passes {
	return passes{info.MultipartUploads, info.MultipartDownloads, info.ArtifactsPresignedOnly}
}

// sends reports whether a file of so many bytes, below 0 when nobody knows, is sent past the server.
func (d direct) sends(p passes, size int64) bool {
	wanted := p.uploads
	if d.uploads != nil {
		wanted = *d.uploads
	}
	return p.only || wanted && size >= int64(d.least)
}

// reads reports whether files are read past the server.
func (d direct) reads(p passes) bool {
	if d.downloads != nil {
		return p.only || *d.downloads
	}
	return p.only || p.downloads
}

// fetch asks where a file is kept, past the server. The answer is ErrUnsupported where that has no such place.
func (a *Artifacts) fetch(ctx context.Context, at string, header map[string]string) (*restclient.Answer, error) {
	var signed rest.PresignProxiedAnswer
	ask := restclient.Request{Method: http.MethodGet, Path: "/api/2.0/mlflow-artifacts/presigned/" + escaped(path.Join(a.root, at))}
	if err := a.client.Read(ctx, ask, &signed); err != nil {
		return nil, unsupported(err)
	}
	all := map[string]string{}
	for _, some := range []map[string]string{signed.Headers, header} {
		for name, value := range some {
			all[name] = value
		}
	}
	answer, err := a.client.Send(ctx, restclient.Request{
		Method: http.MethodGet, Away: core.NewSecret(signed.URL), Header: all,
	})
	if refusedAs(err, core.ReasonEndpointNotFound) { // a bare 404: it was deleted meanwhile
		return nil, core.Missing("artifact", at)
	}
	return answer, err
}

// unsupported turns the answer of a server that knows no such call into ErrUnsupported.
func unsupported(err error) error {
	if refusedAs(err, core.ReasonEndpointNotFound) || errors.Is(err, core.ErrUnsupported) {
		return core.Errorf(core.Unimplemented, "the server cannot let files go past it: %w", err)
	}
	return err
}
