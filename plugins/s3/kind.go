package s3

import (
	"mime"
	"path"
	"strings"
)

// kindOf returns the content type and encoding of an artifact by its name, as Python's mimetypes does for MLflow's uploads;
// nil is unknown. A hint of the caller stands above the type. The names that matter are listed here, since what Go knows
// otherwise depends on the files of the machine.
func kindOf(name, hint string) (kind, encoding *string) {
	ext := strings.ToLower(path.Ext(name))
	encodings := map[string]string{".gz": "gzip", ".z": "compress", ".bz2": "bzip2", ".xz": "xz", ".br": "br"}
	if e, found := encodings[ext]; found {
		encoding = &e
		ext = strings.ToLower(path.Ext(strings.TrimSuffix(name, path.Ext(name))))
	}
	if hint != "" {
		return &hint, encoding
	}
	types := map[string]string{
		".txt": "text/plain", ".log": "text/plain", ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".md": "text/markdown",
		".html": "text/html", ".htm": "text/html", ".css": "text/css", ".py": "text/x-python", ".xml": "text/xml",
		".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json", ".pdf": "application/pdf",
		".zip": "application/zip", ".tar": "application/x-tar", ".tgz": "application/x-tar", ".h5": "application/x-hdf5",
		".bin": "application/octet-stream", ".wasm": "application/wasm", ".png": "image/png", ".jpg": "image/jpeg",
		".jpeg": "image/jpeg", ".gif": "image/gif", ".svg": "image/svg+xml", ".webp": "image/webp", ".bmp": "image/bmp",
		".mp4": "video/mp4", ".mp3": "audio/mpeg", ".wav": "audio/x-wav", ".yaml": "", ".yml": "", ".pkl": "", ".pt": "",
	}
	guess, known := types[ext]
	if !known && ext != "" {
		guess, _, _ = strings.Cut(mime.TypeByExtension(ext), ";")
	}
	if guess == "" {
		return nil, encoding
	}
	return &guess, encoding
}
