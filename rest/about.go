package rest

import "github.com/mlstore/mlstore/core"

// ServerInfo is asked by clients before they transfer artifacts.
const ServerInfo Endpoint = "GET /3.0/mlflow/server-info"

// None is a request or an answer without fields.
type None struct{}

// ServerInfoAnswer tells what a server can do. Source: mlflow/server/handlers.py, _get_server_info.
type ServerInfoAnswer struct {
	StoreType               string `json:"store_type"`
	WorkspacesEnabled       bool   `json:"workspaces_enabled"`
	TraceArchivalEnabled    bool   `json:"trace_archival_enabled"`
	MultipartUploads        bool   `json:"multipart_uploads_enabled"`
	MultipartDownloads      bool   `json:"multipart_downloads_enabled"`
	PresignedUploadRunID    bool   `json:"presigned_upload_run_id_supported"`
	PresignedUploadModelID  bool   `json:"presigned_upload_model_id_supported"`
	PresignedModelDownloads bool   `json:"model_artifact_presigned_downloads_supported"`
	ArtifactServingEnabled  bool   `json:"artifact_serving_enabled"`
	SkillContentMaxSize     int64  `json:"skill_content_max_size"`
	SkillContentMaxFiles    int64  `json:"skill_content_max_files"`
	TrackingAuth            string `json:"tracking_auth"`
	ArtifactsPresignedOnly  bool   `json:"artifacts_presigned_only"`

	Mlstore *Promises `json:"mlstore,omitempty"` // of a server of ours; MLflow's clients do not look
}

// Promises are the capabilities of the stores behind a server, for clients that know the contract of package core.
type Promises struct {
	Contract  string            `json:"contract"` // core.ContractVersion
	Tracking  []core.Capability `json:"tracking"`
	Registry  []core.Capability `json:"registry"`
	Artifacts []core.Capability `json:"artifacts,omitempty"` // of the files that it serves itself

	TrackingLimits *core.Limits `json:"tracking_limits,omitempty"`
	RegistryLimits *core.Limits `json:"registry_limits,omitempty"`
}
