package registry

import (
	"fmt"
	"strings"

	"github.com/mlstore/mlstore/core"
)

const hidden = "***"

// shown is the text of a URI for people. Beyond core.URI.String it hides what stands where a password was meant: before an
// '@' that the password itself keeps out of the authority, as in `postgresql://u:p/w@host`, and in opaque forms.
func shown(u core.URI) string {
	text := u.String()
	scheme := u.Scheme()
	if scheme == "" {
		return text
	}
	rest := text[len(scheme)+1:]
	start := len(text) - len(strings.TrimLeft(rest, "/"))
	at := strings.LastIndexByte(text, '@')
	if at <= start || u.User() != "" || text[start:at] == hidden {
		return text
	}
	first, _, _ := strings.Cut(text[start:at], "/")
	if _, port, found := strings.Cut(first, ":"); !found || strings.Trim(port, "0123456789") == "" && port != "" {
		return text
	}
	return text[:start] + hidden + text[at:]
}

// scrubbed returns err, or an error of the same code without the secrets if its text holds one: openers are not trusted
// to hide what drivers repeat.
func scrubbed(err error, secrets []string) error {
	if err == nil {
		return nil
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		for _, secret := range secrets {
			if secret != "" && strings.Contains(text, secret) {
				return &core.Error{Code: codeOf(err), Op: "open", Err: errorf("%s", hide(err.Error(), secrets))}
			}
		}
	}
	return err
}

func codeOf(err error) core.Code {
	if code := core.CodeOf(err); code != core.Unknown {
		return code
	}
	return core.Internal
}

func hide(text string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, hidden)
		}
	}
	return text
}

// secretsOf lists the texts that must not be repeated: of the URI the credentials, as a whole and in their parts, and all
// secrets of the settings.
func secretsOf(u core.URI, s Settings) []string {
	var all []string
	for _, uri := range []core.URI{u, s.Tracking, s.Registry} {
		for secret := range strings.SplitSeq(uri.Credential().Reveal(), "\n") {
			_, password, _ := strings.Cut(secret, ":")
			all = append(all, secret, password)
		}
		if masked := shown(uri); masked != uri.Raw() {
			all = append(all, uri.Raw())
		}
	}
	for _, secret := range s.Secrets {
		all = append(all, secret.Reveal())
	}
	return all
}

func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }

// short cuts what an error repeats of its input.
func short(text string) string {
	const most = 200
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
