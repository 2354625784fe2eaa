package core

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// URI names a store, an artifact root or a project. It keeps the text as it was given, since net/url refuses some that
// MLflow takes (`databricks://scope:prefix`) and trips over plain paths (`C:\mlruns`, `/tmp/100% done`). Text without a
// scheme is a local path. The zero value is no URI.
//
// The userinfo of a URI is a part of its identity for the schemes of which it names a container or a profile
// (`wasbs://container@account…`), and a credential for all others. A credential is shown by Raw and Credential alone,
// but for one that is not encoded and so stands where host and path do: Host and Path follow RFC 3986 to the letter.
type URI struct {
	raw    string
	scheme string // lower case; empty for a path
}

// ParseURI checks text: no control characters, no surrounding white space, valid UTF-8. What it returns keeps text.
func ParseURI(text string) (URI, error) {
	switch {
	case !utf8.ValidString(text):
		return URI{}, Invalid("uri", "the URI is not valid UTF-8")
	case strings.ContainsFunc(text, unicode.IsControl):
		return URI{}, Invalid("uri", "the URI has a control character in it")
	case strings.TrimSpace(text) != text:
		return URI{}, Invalid("uri", "the URI has white space around it: remove it")
	}
	return URI{raw: text, scheme: schemeOf(text)}, nil
}

// schemeOf returns the lower-cased scheme of text. One letter is a Windows drive.
func schemeOf(text string) string {
	name, _, found := strings.Cut(text, ":")
	if !found || len(name) < 2 || !letter(name[0]) {
		return ""
	}
	for i := range len(name) {
		if c := name[i]; !letter(c) && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return ""
		}
	}
	return strings.ToLower(name)
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// IsZero reports whether there is no URI.
func (u URI) IsZero() bool { return u.raw == "" }

// Raw is the text as it was given, credentials included: for the store that opens it, not for logs, keys or errors.
func (u URI) Raw() string { return u.raw }

// Scheme is the scheme in lower case, without the colon; empty for a local path.
func (u URI) Scheme() string { return u.scheme }

// opaque is what follows the scheme, before query and fragment, for a path all of it.
func (u URI) opaque() string {
	if u.scheme == "" {
		return u.raw
	}
	rest := u.raw[len(u.scheme)+1:]
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	return rest
}

// authority is what stands between // and the next slash, and whether there is one.
func (u URI) authority() (string, bool) {
	rest, found := strings.CutPrefix(u.opaque(), "//")
	if !found || u.scheme == "" {
		return "", false
	}
	authority, _, _ := strings.Cut(rest, "/")
	return authority, true
}

// Host is the authority without userinfo: host and port, bucket, account or profile. It may be empty.
func (u URI) Host() string {
	authority, _ := u.authority()
	return authority[strings.LastIndexByte(authority, '@')+1:]
}

// User is the userinfo where it is a part of the identity, such as the container of `wasbs://container@account`.
func (u URI) User() string {
	authority, _ := u.authority()
	at := strings.LastIndexByte(authority, '@')
	if at < 0 || !identityUserinfo(u.scheme) {
		return ""
	}
	return authority[:at]
}

// Path is what follows the authority, not decoded, with its leading slash; for a local path it is the path.
func (u URI) Path() string {
	rest := u.opaque()
	authority, found := u.authority()
	if !found {
		return rest
	}
	return rest[len("//")+len(authority):]
}

// Query is the text after ?, not decoded.
func (u URI) Query() string {
	if u.scheme == "" {
		return ""
	}
	head, _, _ := strings.Cut(u.raw, "#")
	_, query, _ := strings.Cut(head, "?")
	return query
}

// Fragment is the text after #, not decoded.
func (u URI) Fragment() string {
	if u.scheme == "" {
		return ""
	}
	_, fragment, _ := strings.Cut(u.raw, "#")
	return fragment
}

// IsLocal reports whether the URI names a file or folder of this machine: a path or a `file:` URI.
func (u URI) IsLocal() bool { return u.scheme == "" || u.scheme == "file" }

// LocalPath is the path of a local URI in the form of this machine. A `file:` URI is percent-decoded and its host must be
// empty or this machine; a plain path is taken as it is.
func (u URI) LocalPath() (string, error) {
	switch u.scheme {
	case "":
		return filepath.FromSlash(u.raw), nil
	case "file":
	default:
		return "", Invalid("uri", "%s is not a local path", u)
	}
	if host := u.Host(); host != "" && host != "localhost" && host != "127.0.0.1" {
		return "", Invalid("uri", "%s names the host %q: a file URI must name this machine, as file:///path", u, host)
	}
	path, err := url.PathUnescape(u.Path())
	if err != nil {
		return "", Invalid("uri", "%s cannot be decoded: %w", u, err)
	}
	if len(path) > 2 && path[0] == '/' && path[2] == ':' && letter(path[1]) { // file:///C:/x
		path = path[1:]
	}
	return filepath.FromSlash(path), nil
}

// userinfo is where the credential before the host stands in the text: raw[start:end], with the '@' at end. A password
// that is not encoded and has a slash or the like in it ends the authority before its '@'; what it leaves there, unlike a
// port, is no number. Containers and profiles are no credentials, unless something like a password follows them.
func (u URI) userinfo() (start, end int, found bool) {
	if u.IsLocal() {
		return 0, 0, false
	}
	rest := u.raw[len(u.scheme)+1:]
	start = len(u.raw) - len(strings.TrimLeft(rest, "/"))
	authority, _ := u.authority()
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		return start, start + at, !identityUserinfo(u.scheme) || strings.Contains(authority[:at], ":")
	}
	end = strings.LastIndexByte(u.raw, '@')
	if end <= start || strings.HasPrefix(rest, "///") {
		return 0, 0, false
	}
	host := u.raw[start:end]
	if cut := strings.IndexAny(host, "/?#"); cut >= 0 {
		host = host[:cut]
	}
	host = host[strings.LastIndexByte(host, ']')+1:] // an IPv6 address
	_, port, colon := strings.Cut(host, ":")
	return start, end, colon && (port == "" || strings.Trim(port, "0123456789") != "")
}

// Credential is the secret part of the text: userinfo where it is no identity, and the values of query fields that hold
// secrets. It tells two openings of one store apart; the store itself reads Raw.
func (u URI) Credential() Secret {
	var parts []string
	if start, end, found := u.userinfo(); found {
		parts = append(parts, u.raw[start:end])
	}
	for field := range strings.SplitSeq(u.Query(), "&") {
		if name, value, _ := strings.Cut(field, "="); secretField(name) {
			parts = append(parts, value)
		}
	}
	return NewSecret(strings.Join(parts, "\n"))
}

// String is the text with every credential replaced by three stars.
func (u URI) String() string {
	text := u.raw
	if start, end, found := u.userinfo(); found {
		text = text[:start] + mask + text[end:]
	}
	query := URI{raw: text, scheme: u.scheme}.Query()
	if query == "" {
		return text
	}
	fields := strings.Split(query, "&")
	for i, field := range fields {
		if name, _, found := strings.Cut(field, "="); found && secretField(name) {
			fields[i] = name + "=" + mask
		}
	}
	return strings.Replace(text, "?"+query, "?"+strings.Join(fields, "&"), 1)
}

// GoString hides credentials from %#v.
func (u URI) GoString() string { return "core.URI(" + u.String() + ")" }

// MarshalText is String: encoders and logs see no credential.
func (u URI) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// identityUserinfo reports whether the scheme puts a container or profile where others put a user and password.
func identityUserinfo(scheme string) bool {
	return slices.Contains([]string{
		"wasb", "wasbs", "abfs", "abfss", "r2", "b2", "dbfs", "runs", "models", "databricks", "databricks-uc",
	}, scheme)
}

// secretField reports whether a query field of this name holds a secret, whatever its case and prefix.
func secretField(name string) bool {
	name = strings.ToLower(name)
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	words := []string{
		"password", "passwd", "pwd", "passphrase", "token", "secret", "sig", "signature", "credential", "key", "apikey", "accesskey",
	}
	for _, word := range words {
		if name == word || strings.HasSuffix(name, "_"+word) || strings.HasSuffix(name, "-"+word) ||
			len(word) > 4 && strings.HasSuffix(name, word) {
			return true
		}
	}
	return false
}
