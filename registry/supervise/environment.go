package supervise

import (
	"runtime"
	"slices"
	"strings"
)

// everybody lists the variables that every plugin sees: where programs, files and servers are, and how to speak to people.
func everybody() []string {
	names := []string{
		"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_*", "TZ",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
	}
	if runtime.GOOS == "windows" {
		names = append(names,
			"SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PATHEXT", "COMSPEC")
	}
	return names
}

// granted is what of environ a plugin sees: the variables that everybody sees and those that its manifest names.
func granted(environ, names []string) []string {
	names = slices.Concat(everybody(), names)
	var seen []string
	for _, variable := range environ {
		name, _, found := strings.Cut(variable, "=")
		if found && slices.ContainsFunc(names, func(pattern string) bool { return grants(pattern, name) }) {
			seen = append(seen, variable)
		}
	}
	slices.Sort(seen)
	return seen
}

// grants reports whether the pattern of a manifest means the variable. A star alone would be everything, and means nothing;
// what host and plugin tell each other through the environment is never passed on.
func grants(pattern, name string) bool {
	if strings.HasPrefix(name, "MLSTORE_PLUGIN") || strings.HasPrefix(name, "PLUGIN_") {
		return false
	}
	prefix, many := strings.CutSuffix(pattern, "*")
	if many {
		return prefix != "" && strings.HasPrefix(name, prefix)
	}
	return pattern == name || runtime.GOOS == "windows" && strings.EqualFold(pattern, name)
}
