package registry

import (
	"fmt"
	"strings"

	"github.com/mlstore/mlstore/core"
)

const hidden = "***"

// checkPassword refuses a URI whose password ends the authority too early, as in `postgresql://u:p/w@host`: the opener
// would take a part of it for a path.
func checkPassword(u core.URI) error {
	rest, found := strings.CutPrefix(u.Raw()[min(len(u.Scheme())+1, len(u.Raw())):], "//")
	if u.Scheme() == "" || !found {
		return nil
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	if strings.HasPrefix(u.String(), u.Scheme()+"://"+hidden+"@") && !strings.Contains(authority, "@") {
		return core.Invalid("uri", "%s: the password holds a /, ? or #: write it percent-encoded, / as %%2F", u)
	}
	return nil
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
				text := strings.TrimPrefix(hide(err.Error(), secrets), "open: ")
				return &core.Error{Code: codeOf(err), Op: "open", Err: errorf("%s", text)}
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
		if uri.String() != uri.Raw() {
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
