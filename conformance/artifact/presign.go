package artifact

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

const presigner core.Capability = "presigner"

func presignCases() []entry {
	needs := []core.Capability{presigner}
	return []entry{
		{
			ID: "AR-096", Name: "presign/get-put", Level: conformance.Extended, Needs: needs, Run: inYard(presigned),
			Rule: "A signed request needs no credentials, and is good for exactly the verb and the path that were signed.",
		},
		{
			ID: "AR-097", Name: "presign/expiry", Level: conformance.Extended, Needs: needs, Run: inYard(presignedExpires),
			Rule: "A signed request is refused when its time is over.",
		},
		{
			ID: "AR-098", Name: "presign/escape", Level: conformance.Extended, Needs: needs, Run: inYard(presignedKeys),
			Rule: "Requests are signed for names of every kind, and for no path that leads elsewhere or to nothing.",
		},
	}
}

// reply is the answer to a request that was signed.
type reply struct {
	status     int
	etag, text string
}

// done and refused tell the two answers apart that matter.
func (r reply) done() bool    { return r.status/100 == 2 }
func (r reply) refused() bool { return r.status/100 == 4 }

// asks makes a request as somebody who knows nothing but what was signed.
func (y *yard) asks(method string, p core.PresignedRequest, at, body string) reply {
	y.Helper()
	r, err := http.NewRequestWithContext(y.ctx, method, at, strings.NewReader(body))
	conformance.NoError(y, "making the request that was signed", err)
	for name, value := range p.Headers {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	conformance.NoError(y, "the request that was signed", err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	conformance.NoError(y, "the answer to the request that was signed", err)
	return reply{status: answer.StatusCode, etag: answer.Header.Get("ETag"), text: string(content)}
}

// signs signs a request for the file.
func (y *yard) signs(name string, o core.PresignOptions) core.PresignedRequest {
	y.Helper()
	signer, _ := core.As[core.Presigner](y.store)
	p, err := signer.Presign(y.ctx, y.at(name), o)
	conformance.NoError(y, fmt.Sprintf("Presign(%.80q)", name), err)
	return p
}

// fetches reads the file by a signed request.
func (y *yard) fetches(name, want string) {
	y.Helper()
	p := y.signs(name, core.PresignOptions{})
	conformance.Equal(y, "the size that is told with a request", p.Size, int64(len(want)))
	if got := y.asks(p.Method, p, p.URL.Reveal(), ""); !got.done() || got.text != want {
		y.Errorf("reading %.80q by the request that was signed: status %d and %d bytes, want 200 and %d",
			name, got.status, len(got.text), len(want))
	}
}

// sends writes the file by a signed request.
func (y *yard) sends(name, content string) core.PresignedRequest {
	y.Helper()
	p := y.signs(name, core.PresignOptions{Upload: true})
	if got := y.asks(p.Method, p, p.URL.Reveal(), content); !got.done() {
		y.Fatalf("writing %.80q by the request that was signed: status %d: %.300s", name, got.status, got.text)
	}
	return p
}

// refuses makes a request that is not the one that was signed.
func (y *yard) refuses(what, method string, p core.PresignedRequest, at string) {
	y.Helper()
	if got := y.asks(method, p, at, "changed"); !got.refused() {
		y.Errorf("%s: status %d, want a refusal", what, got.status)
	}
}

func presigned(y *yard) {
	content := noise(y.env.Rand, 100_000)
	y.put("d/f", content)
	y.put("d/other", "other")
	y.fetches("d/f", content)
	down := y.signs("d/f", core.PresignOptions{})
	conformance.Equal(y, "the verb", down.Method, http.MethodGet)
	for _, verb := range []string{http.MethodPut, http.MethodDelete} {
		y.refuses(verb+" by a request that was signed for reading", verb, down, down.URL.Reveal())
	}
	y.refuses("reading another file", down.Method, down, elsewhere(y, down))

	for _, name := range []string{"d/f", "new/f"} {
		up := y.sends(name, "sent "+name)
		conformance.Equal(y, "the verb", up.Method, http.MethodPut)
		y.refuses("reading by a request that was signed for writing", http.MethodGet, up, up.URL.Reveal())
		y.refuses("DELETE by a request that was signed for writing", http.MethodDelete, up, up.URL.Reveal())
		y.refuses("writing another file", up.Method, up, elsewhere(y, up))
		y.holds(name, "sent "+name)
	}
	y.holds("d/other", "other")
	y.listsAll("", "d/f", "d/other", "new/f")
}

// elsewhere is the URL of a request with the path changed to that of another file.
func elsewhere(y *yard, p core.PresignedRequest) string {
	y.Helper()
	u, err := url.Parse(p.URL.Reveal())
	conformance.NoError(y, "the URL that was signed", err)
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/f")+"/other", ""
	return u.String()
}

func presignedExpires(y *yard) {
	y.put("f", "content")
	down := y.signs("f", core.PresignOptions{Expires: 2 * time.Second})
	up := y.signs("f", core.PresignOptions{Expires: 2 * time.Second, Upload: true})
	for what, p := range map[string]core.PresignedRequest{"reading": down, "writing": up} {
		if left := time.Until(time.UnixMilli(int64(p.Expires))); left > 3*time.Second {
			y.Errorf("a request for %s that is good for 2 s says that it expires in %v", what, left)
		}
		if got := y.untilRefused(p); !got.refused() {
			y.Errorf("%s by a request that has expired: status %d, want a refusal", what, got.status)
		}
	}
	y.holds("f", "content")
	signer, _ := core.As[core.Presigner](y.store)
	for _, wrong := range []time.Duration{-time.Second, core.MostPresigned + time.Second, 7 * 24 * time.Hour} {
		_, err := signer.Presign(y.ctx, y.at("f"), core.PresignOptions{Expires: wrong})
		conformance.Refused(y, fmt.Sprintf("Presign for %v", wrong), err, core.ErrInvalid)
	}
}

// untilRefused repeats a request until it is refused, or should long have been.
func (y *yard) untilRefused(p core.PresignedRequest) reply {
	y.Helper()
	const between = 250 * time.Millisecond
	ticks := time.NewTicker(between)
	defer ticks.Stop()
	for end := time.Now().Add(patience); ; <-ticks.C {
		if got := y.asks(p.Method, p, p.URL.Reveal(), "content"); !got.done() || time.Now().After(end) {
			return got
		}
	}
}

func presignedKeys(y *yard) {
	names := []string{
		"a b", "a+b", "a%b", "a%20b", "a%2Fb", "é/日本語.csv", "x=y&z;w", "?q=1", "it's (a) [b] {c}", "~a!*", "a,b@c:d$e", "..f",
	}
	if !y.env.Info.Has(core.ArtifactVerbatim) {
		names = []string{"a b", "é/日本語.csv", "..f"}
	}
	for _, name := range names {
		y.put(name, "in "+name)
		y.fetches(name, "in "+name)
		y.sends(name, "sent to "+name)
		y.holds(name, "sent to "+name)
		y.fetches(name, "sent to "+name)
	}
	y.put("d/f", "x")
	signer, _ := core.As[core.Presigner](y.store)
	for _, up := range []bool{false, true} {
		for _, path := range []string{"", "../up", "/abs", "d//f", "d/./f", "d/../f", "d/", "a\x00b", "\xff"} {
			_, err := signer.Presign(y.ctx, path, core.PresignOptions{Upload: up})
			conformance.Refused(y, fmt.Sprintf("Presign(%q)", path), err, core.ErrInvalid)
		}
		_, err := signer.Presign(y.ctx, y.at("d"), core.PresignOptions{Upload: up})
		conformance.RefusedAs(y, "Presign of a directory", err, core.ErrInvalid, core.ErrState)
	}
	_, err := signer.Presign(y.ctx, y.at("missing"), core.PresignOptions{})
	conformance.Refused(y, "Presign of nothing", err, core.ErrNotFound)
	_, err = signer.Presign(y.ctx, y.at("d/f/below"), core.PresignOptions{Upload: true})
	conformance.Refused(y, "Presign of an upload below a file", err, core.ErrState)
}
