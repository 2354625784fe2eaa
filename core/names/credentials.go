package names

import "strings"

// hidden replaces what error texts must not repeat.
const hidden = "***"

// passwordRule refuses "user:password@" in a URI: everybody who may read the entity would read the password. MLflow's ftp
// and sftp repositories know no other place for it, and before "@databricks" stand names only, of a secret scope and a key
// prefix.
func passwordRule(u uriParts) string {
	at := strings.LastIndexByte(u.authority, '@')
	if at < 0 || u.scheme == "ftp" || u.scheme == "sftp" || u.authority[at+1:] == "databricks" {
		return ""
	}
	return everyRound(u.authority[:at], func(userinfo string) string {
		if strings.Contains(userinfo, ":") {
			return "must not carry a password"
		}
		return ""
	})
}

// redactURI hides the credentials and the query of a URI, however malformed: when in doubt, more than those.
func redactURI(uri string) string {
	if start := strings.Index(uri, "//"); start >= 0 {
		start += len("//")
		at := strings.LastIndexByte(uri, '@')
		if at > start && strings.ContainsAny(uri[start:at], ":%") {
			uri = uri[:start] + hidden + uri[at:]
		}
	}
	if before, _, ok := strings.Cut(uri, "?"); ok {
		uri = before + "?" + hidden
	}
	return uri
}
