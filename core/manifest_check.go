package core

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a manifest: more is no description of a program.
const (
	manifestTextLimit = 500 // code points of one text
	manifestListLimit = 100 // entries of one list
)

// Check refuses a manifest that this release cannot work with, or that names what no plugin may have. Its ErrInvalid has all
// fields at fault, as they are called in JSON.
func (m Manifest) Check() error {
	var c manifestCheck
	c.that(m.Format == ManifestFormat, "format", "is %d, and this release reads %d", m.Format, ManifestFormat)
	c.that(ManifestName(m.Name), "name", "must be a lower-case letter, then up to 31 letters, digits or -")
	c.that(m.Version != "", "version", "must not be empty")
	c.contract(m.Contract)
	for _, text := range []struct{ field, text string }{
		{"version", m.Version}, {"sdk", m.SDK}, {"contract", m.Contract}, {"homepage", m.Homepage}, {"license", m.License},
	} {
		c.text(text.field, text.text)
	}
	c.that(len(m.Services) > 0, "services", "must name what the program serves")
	each(&c, "services", m.Services, func(field, service string) {
		c.that(madeOf(service, lower+digits+"._"), field, "must be a name such as mlstore.tracking.v1")
	})
	c.command(m.Command)
	c.that(len(m.Schemes) > 0, "schemes", "must name a scheme")
	each(&c, "schemes", m.Schemes, c.scheme)
	unique(&c, "schemes", m.Schemes, func(s ManifestScheme) string { return s.Scheme })
	each(&c, "env", m.Env, func(field, name string) {
		c.that(manifestVariable(name), field, "must be the name of a variable, or the first part of names as in AWS_*")
	})
	return c.err()
}

// ManifestName reports whether name may be a plugin's. The rule keeps it from being a path.
func ManifestName(name string) bool {
	return madeOf(name, lower+digits+"-") && len(name) <= 32 && strings.Contains(lower, name[:1])
}

func madeOf(text, letters string) bool { return text != "" && strings.Trim(text, letters) == "" }

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// manifestCheck gathers what is wrong with a manifest.
type manifestCheck struct{ fields []FieldError }

func (c *manifestCheck) that(holds bool, field, format string, args ...any) {
	if !holds {
		c.fields = append(c.fields, FieldError{Field: field, Rule: fmt.Sprintf(format, args...)})
	}
}

func (c *manifestCheck) err() error {
	if len(c.fields) == 0 {
		return nil
	}
	first := c.fields[0]
	text := fmt.Sprintf("the manifest's %s %s", first.Field, first.Rule)
	if more := len(c.fields) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return &Error{Code: InvalidArgument, Key: first.Field, Fields: c.fields, Err: fmt.Errorf("%s", text)}
}

// text refuses what would steer a terminal or fill a screen.
func (c *manifestCheck) text(field, text string) {
	plain := utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
	c.that(plain, field, "must be text without control characters")
	c.that(utf8.RuneCountInString(text) <= manifestTextLimit, field, "must have at most %d characters", manifestTextLimit)
}

// contract refuses a version of the contract that came after this one.
func (c *manifestCheck) contract(version string) {
	theirs, err := major(version)
	ours, _ := major(ContractVersion)
	c.that(err == nil, "contract", "must be a version such as %s", ContractVersion)
	c.that(err != nil || theirs <= ours, "contract",
		"is %s, and this release speaks %s: use a newer mlstore or an older plugin", version, ContractVersion)
}

func major(version string) (int, error) {
	first, _, _ := strings.Cut(version, ".")
	return strconv.Atoi(first)
}

// command keeps the program in the folder of its manifest.
func (c *manifestCheck) command(command []string) {
	each(c, "command", command, func(field, word string) {
		c.that(utf8.ValidString(word) && !strings.ContainsRune(word, 0), field, "must be text without NUL")
		c.that(utf8.RuneCountInString(word) <= manifestTextLimit, field, "must have at most %d characters", manifestTextLimit)
	})
	if len(command) > 0 {
		_, err := CheckArtifactDir(command[0])
		c.that(err == nil && command[0] != "", "command[0]", "must be a path below the manifest's folder, with slashes and without ..")
	}
}

func (c *manifestCheck) scheme(field string, s ManifestScheme) {
	c.that(manifestScheme(s.Scheme), field+".scheme", "must be a lower-case letter, then up to 31 letters, digits, +, - or .")
	c.that(s.Scheme != "runs" && s.Scheme != "models", field+".scheme", "is %s:, which no plugin serves", s.Scheme)
	c.text(field+".form", s.Form)
	c.text(field+".about", s.About)
	c.that(len(s.Kinds) > 0, field+".kinds", "must name a kind of store")
	each(c, field+".kinds", s.Kinds, func(field, kind string) {
		c.that(slices.Contains(manifestKinds(), kind), field, "must be one of %s", strings.Join(manifestKinds(), ", "))
	})
	unique(c, field+".kinds", s.Kinds, func(kind string) string { return kind })
	each(c, field+".capabilities", s.Capabilities, func(field string, capability Capability) {
		c.that(madeOf(string(capability), lower+digits+"._-"), field, "must be the name of a capability")
	})
	each(c, field+".options", s.Options, func(field string, o ManifestOption) {
		c.that(madeOf(o.Name, lower+upper+digits+"._-"), field+".name", "must be letters, digits, ., _ or -")
		c.that(!o.Secret || o.Default == "", field+".default", "must be empty for a secret")
		c.text(field+".about", o.About)
		c.text(field+".default", o.Default)
	})
	unique(c, field+".options", s.Options, func(o ManifestOption) string { return o.Name })
}

func manifestKinds() []string { return []string{"tracking", "artifacts", "registry", "projects"} }

// manifestScheme is what the registry looks up.
func manifestScheme(scheme string) bool {
	return madeOf(scheme, lower+digits+"+-.") && len(scheme) <= 32 && strings.Contains(lower, scheme[:1]) &&
		!strings.Contains(scheme, "..")
}

// manifestVariable takes the name of a variable, and NAME_* for all that begin so; never all there are.
func manifestVariable(name string) bool {
	if stem, prefix := strings.CutSuffix(name, "*"); prefix {
		if name = stem; len(name) < 3 || !strings.HasSuffix(name, "_") {
			return false
		}
	}
	return madeOf(name, lower+upper+digits+"_") && len(name) <= manifestTextLimit && !strings.Contains(digits, name[:1])
}

// each calls check with the name of every entry's field, and refuses a list that is too long.
func each[T any](c *manifestCheck, field string, list []T, check func(field string, entry T)) {
	c.that(len(list) <= manifestListLimit, field, "must have at most %d entries", manifestListLimit)
	for i, entry := range list[:min(len(list), manifestListLimit)] {
		check(fmt.Sprintf("%s[%d]", field, i), entry)
	}
}

func unique[T any](c *manifestCheck, field string, list []T, key func(T) string) {
	seen := map[string]bool{}
	for _, entry := range list {
		c.that(!seen[key(entry)], field, "names %s twice", key(entry))
		seen[key(entry)] = true
	}
}
