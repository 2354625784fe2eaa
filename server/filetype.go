package server

import (
	"mime"
	"path"
	"strings"
)

// contentType guesses what a file is from its name: text where MLflow shows text, and else what Python's mimetypes say of the
// kinds that people log. It looks at no table of the machine, so that all servers answer alike. Source:
// mlflow/utils/mime_type_utils.py.
func contentType(name string) string {
	base := path.Base(name)
	suffix := strings.TrimPrefix(path.Ext(base), ".")
	switch suffix {
	case "txt", "log", "err", "cfg", "conf", "cnf", "cf", "ini", "properties", "prop", "hocon", "toml", "yaml", "yml", "xml",
		"json", "js", "py", "py3", "csv", "tsv", "md", "rst":
		return "text/plain"
	case "":
		if base == "MLmodel" || base == "mlproject" {
			return "text/plain"
		}
	}
	known := map[string]string{
		"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "svg": "image/svg+xml",
		"bmp": "image/bmp", "webp": "image/webp", "tif": "image/tiff", "tiff": "image/tiff", "ico": "image/vnd.microsoft.icon",
		"pdf": "application/pdf", "html": "text/html", "htm": "text/html", "css": "text/css",
		"mp4": "video/mp4", "webm": "video/webm", "mpeg": "video/mpeg", "mov": "video/quicktime", "avi": "video/x-msvideo",
		"mp3": "audio/mpeg", "wav": "audio/x-wav", "ogg": "audio/ogg", "flac": "audio/flac",
		"zip": "application/zip", "tar": "application/x-tar", "h5": "application/x-hdf5", "wasm": "application/wasm",
	}
	if kind, found := known[strings.ToLower(suffix)]; found {
		return kind
	}
	return "application/octet-stream"
}

// attachment is the field Content-Disposition that has a browser save a file under its name (RFC 6266). A name that is not of
// ASCII is given twice: so that old clients can read it, and as it is.
func attachment(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '_'
		}
		return r
	}, name)
	fields := map[string]string{"filename": plain}
	if plain != name {
		fields["filename*"] = "UTF-8''" + extended(name)
	}
	return mime.FormatMediaType("attachment", fields)
}

// extended escapes a text as the values of extended parameters are (RFC 8187, section 3.2.1).
func extended(text string) string {
	const hexadecimal = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexadecimal[c>>4])
		b.WriteByte(hexadecimal[c&15])
	}
	return b.String()
}
