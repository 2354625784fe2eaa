package boundary

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
)

func versionCases[S core.Store]() []entry[S] {
	return []entry[S]{
		{
			id: "PL-031", name: "version/older-and-newer", hooks: []conformance.Hook{versionHook}, run: otherVersions[S],
			rule: "A plugin whose wire is one version older works; one whose wire is newer is refused, and both numbers are named.",
		},
		{
			id: "PL-032", name: "version/unknown-fields", hooks: []conformance.Hook{newerHook}, run: unknownFields[S],
			rule: "Fields of a message that this side does not know are passed over.",
		},
		{
			id: "PL-036", name: "version/unknown-enum", hooks: []conformance.Hook{riggedHook, statusHook}, run: unknownEnum[S],
			rule: "A value of a list of values that this side does not know arrives as the number that it is, not as another value.",
		},
		{
			id: "PL-033", name: "security/impostors", hooks: []conformance.Hook{conformance.OwnProcess, impostorsHook}, run: impostors[S],
			rule: "A program started without the host's cookie serves nobody; one that differs from what was pinned is not started.",
		},
		{
			id: "PL-034", name: "uri/scheme-resolution", hooks: []conformance.Hook{resolveHook, openerHook}, run: resolution[S],
			rule: "Schemes are read in any case; a scheme that nobody serves is an error that says so and how to help, without passwords.",
		},
	}
}

func otherVersions[S core.Store](b *bench[S]) {
	older, err := b.hooks.Version(b, -1)
	conformance.NoError(b, "opening a plugin of the version before", err)
	b.works(older)
	conformance.NoError(b, "Close", older.Close())
	newer, err := b.hooks.Version(b, 1)
	if err == nil {
		conformance.NoError(b, "Close", newer.Close())
		b.Fatal("a plugin of the version to come was opened")
	}
	numbers := regexp.MustCompile(`\d+`).FindAllString(err.Error(), -1)
	slices.Sort(numbers)
	if len(slices.Compact(numbers)) < 2 {
		b.Errorf("the error does not name both versions: %v", err)
	}
}

func unknownFields[S core.Store](b *bench[S]) {
	s := b.hooks.Newer(b)
	b.Cleanup(func() { conformance.NoError(b, "closing the store", s.Close()) })
	b.works(s)
	err := b.knock(b.Context(), s, "conformance-is-not-there")
	conformance.Refused(b, "an error with fields that nobody knows", err, core.ErrNotFound)
}

func unknownEnum[S core.Store](b *bench[S]) {
	s := b.rigged()
	for _, status := range []core.RunStatus{core.Finished, 9, 99} {
		got, err := b.status(b.Context(), s, fault.Word(fault.Strange, strconv.Itoa(int(status))))
		conformance.NoError(b, fmt.Sprintf("reading what has the status %d", int(status)), err)
		conformance.Equal(b, "status", got, status)
	}
}

func impostors[S core.Store](b *bench[S]) {
	all := b.hooks.Impostors(b)
	for _, what := range []string{"cookie", "checksum"} {
		err, tried := all[what]
		switch {
		case !tried:
			b.Errorf("the harness has not tried %q", what)
		case err == nil:
			b.Errorf("%s: it was started and serves", what)
		case what == "checksum":
			conformance.RefusedAs(b, "a program that is not the one pinned", err,
				core.ErrState, core.ErrPermission, core.ErrUnavailable, core.ErrInvalid)
		}
	}
}

func resolution[S core.Store](b *bench[S]) {
	uri := b.hooks.Fresh(b).URI
	conformance.NoError(b, "the URI as it is", b.hooks.Resolve(b.Context(), uri.Raw()))
	if rest, ok := strings.CutPrefix(uri.Raw(), uri.Scheme()+":"); ok && uri.Scheme() != "" {
		for _, scheme := range []string{strings.ToUpper(uri.Scheme()), strings.ToUpper(uri.Scheme()[:1]) + uri.Scheme()[1:]} {
			conformance.NoError(b, "the scheme written "+scheme, b.hooks.Resolve(b.Context(), scheme+":"+rest))
		}
	}
	const secret = "hunter2SECRET"
	for _, text := range []string{
		"conformance-nobody://user:" + secret + "@host/path", uri.Scheme() + "+conformance-nobody://user:" + secret + "@host/path",
	} {
		err := b.hooks.Resolve(b.Context(), text)
		if err == nil {
			b.Errorf("a scheme that nobody serves has opened")
			continue
		}
		if !strings.Contains(err.Error(), "conformance-nobody") || strings.Contains(err.Error(), secret) {
			b.Errorf("want an error that names the scheme and not the password, got %q",
				strings.ReplaceAll(err.Error(), secret, "<password>"))
		}
		if core.CodeOf(err) == core.Unknown {
			b.Errorf("got %T (%v), want a *core.Error", err, err)
		}
	}
}
