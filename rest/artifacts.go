package rest

import (
	"path"

	"github.com/mlstore/mlstore/core"
)

// The calls on artifacts of runs and logged models.
const (
	ArtifactsList         Endpoint = "GET /mlflow/artifacts/list"
	ArtifactsPresignPut   Endpoint = "POST /mlflow/artifacts/presigned-upload-url"
	ArtifactsPresignGet   Endpoint = "POST /mlflow/artifacts/presigned-download-url"
	LoggedModelsArtifacts Endpoint = "GET /mlflow/logged-models/{model_id}/artifacts/directories"
)

// The calls on the files that a server serves itself. A path of several segments stands at the end, escaped.
const (
	ProxyList           Endpoint = "GET /mlflow-artifacts/artifacts"
	ProxyGet            Endpoint = "GET /mlflow-artifacts/artifacts/{path...}"
	ProxyPut            Endpoint = "PUT /mlflow-artifacts/artifacts/{path...}"
	ProxyDelete         Endpoint = "DELETE /mlflow-artifacts/artifacts/{path...}"
	ProxyPresign        Endpoint = "GET /mlflow-artifacts/presigned/{path...}"
	ProxyCreateUpload   Endpoint = "POST /mlflow-artifacts/mpu/create/{path...}"
	ProxyCompleteUpload Endpoint = "POST /mlflow-artifacts/mpu/complete/{path...}"
	ProxyAbortUpload    Endpoint = "POST /mlflow-artifacts/mpu/abort/{path...}"
)

// FileInfo is core.Artifact on the wire. FileSize is nil for directories; MLflow leaves it out for empty files as well.
type FileInfo struct {
	Path     string `json:"path"`
	IsDir    bool   `json:"is_dir"`
	FileSize *Int   `json:"file_size,omitempty"`
}

// FileInfoOf puts an artifact on the wire.
func FileInfoOf(a core.Artifact) FileInfo {
	info := FileInfo{Path: a.Path, IsDir: a.Dir}
	if !a.Dir {
		size := Int(a.Size)
		info.FileSize = &size
	}
	return info
}

// Core takes an artifact from the wire. Its path is as the server gave it.
func (f FileInfo) Core() core.Artifact {
	a := core.Artifact{Path: f.Path, Dir: f.IsDir}
	if f.FileSize != nil {
		a.Size = int64(*f.FileSize)
	}
	return a
}

// Base is f under its last name alone, as the proxy lists files.
func (f FileInfo) Base() FileInfo {
	f.Path = path.Base(f.Path)
	return f
}

// ListArtifacts asks for ArtifactsList.
type ListArtifacts struct {
	RunID     string `json:"run_id" rest:"required,or=run_uuid"`
	RunUUID   string `json:"run_uuid,omitempty"`
	Path      string `json:"path,omitempty"`
	PageToken string `json:"page_token,omitempty"`
}

// ListProxied asks for ProxyList.
type ListProxied struct {
	Path string `json:"path,omitempty"`
}

// ListModelArtifacts asks for LoggedModelsArtifacts; the model is in the path.
type ListModelArtifacts struct {
	Path      string `json:"artifact_directory_path,omitempty"`
	PageToken string `json:"page_token,omitempty"`
}

// ListArtifactsAnswer answers all of them. RootURI is empty in the answer to ProxyList.
type ListArtifactsAnswer struct {
	RootURI       string     `json:"root_uri,omitempty"`
	Files         []FileInfo `json:"files,omitempty"`
	NextPageToken string     `json:"next_page_token,omitempty"`
}

// PresignArtifact asks for ArtifactsPresignPut, for a file of a run or of a logged model, and for ArtifactsPresignGet, for one of
// a run. Expiration is in seconds from now.
type PresignArtifact struct {
	RunID      string `json:"run_id,omitempty"`
	ModelID    string `json:"model_id,omitempty"`
	Path       string `json:"path" rest:"required"`
	Expiration *Int   `json:"expiration,omitempty"`
}

// PresignArtifactAnswer answers it.
type PresignArtifactAnswer struct {
	URL      string            `json:"presigned_url"`
	Headers  map[string]string `json:"headers,omitempty"`
	FileSize *Int              `json:"file_size,omitempty"`
}

// PresignProxiedAnswer answers ProxyPresign.
type PresignProxiedAnswer struct {
	URL      string            `json:"url"`
	Headers  map[string]string `json:"headers"`
	FileSize *Int              `json:"file_size,omitempty"`
}

// CreateUpload asks for ProxyCreateUpload. Path is the name of the file, or where it lies at the client; the directory stands
// in the URL.
type CreateUpload struct {
	Path     string `json:"path" rest:"required"`
	NumParts *Int   `json:"num_parts,omitempty"`
}

// CreateUploadAnswer answers it.
type CreateUploadAnswer struct {
	UploadID    string             `json:"upload_id"`
	Credentials []UploadCredential `json:"credentials"`
}

// UploadCredential is the request that sends a part.
type UploadCredential struct {
	URL        string            `json:"url"`
	PartNumber Int               `json:"part_number"`
	Headers    map[string]string `json:"headers,omitempty"`
}

// CompleteUpload asks for ProxyCompleteUpload.
type CompleteUpload struct {
	Path     string       `json:"path" rest:"required"`
	UploadID string       `json:"upload_id"`
	Parts    []UploadPart `json:"parts" rest:"required"`
}

// UploadPart is a part that was sent.
type UploadPart struct {
	PartNumber Int    `json:"part_number"`
	ETag       string `json:"etag"`
	URL        string `json:"url,omitempty"`
}

// AbortUpload asks for ProxyAbortUpload.
type AbortUpload struct {
	Path     string `json:"path" rest:"required"`
	UploadID string `json:"upload_id"`
}
