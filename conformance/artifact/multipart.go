package artifact

import (
	"errors"
	"fmt"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

const multipart core.Capability = "multipart"

func multipartCases() []entry {
	needs := []core.Capability{multipart}
	return []entry{
		{
			ID: "AR-099", Name: "multipart/out-of-order", Level: conformance.Extended, Needs: needs, Run: inYard(partsInAnyOrder),
			Rule: "Parts that somebody without credentials sends in any order make the file, which is visible when it is complete.",
		},
		{
			ID: "AR-116", Name: "multipart/abort", Level: conformance.Extended, Needs: needs, Run: inYard(partsAborted),
			Rule: "An upload that is aborted leaves nothing and cannot be completed; to abort it again succeeds.",
		},
		{
			ID: "AR-117", Name: "multipart/refused", Level: conformance.Extended, Needs: needs, Run: inYard(partsRefused),
			Rule: "What is no upload, no part or no path of one is refused without effect, and a second completion changes nothing.",
		},
	}
}

// begins begins an upload in so many parts.
func (y *yard) begins(name string, parts int) core.Upload {
	y.Helper()
	uploads, _ := core.As[core.Multipart](y.store)
	begun, err := uploads.CreateUpload(y.ctx, y.at(name), core.UploadOptions{Parts: parts})
	conformance.NoError(y, fmt.Sprintf("CreateUpload(%.80q)", name), err)
	if begun.ID == "" || len(begun.Parts) != max(parts, 1) {
		y.Fatalf("CreateUpload(%.80q) in %d parts: got the id %q and %d requests", name, parts, begun.ID, len(begun.Parts))
	}
	return begun
}

// sendsPart sends the part of the number, from 1.
func (y *yard) sendsPart(u core.Upload, number int, content string) core.UploadedPart {
	y.Helper()
	p := u.Parts[number-1]
	got := y.asks(p.Method, p, p.URL.Reveal(), content)
	if !got.done() {
		y.Fatalf("sending part %d by the request that was signed: status %d: %.300s", number, got.status, got.text)
	}
	return core.UploadedPart{Number: number, ETag: got.etag, URL: p.URL}
}

func partsInAnyOrder(y *yard) {
	uploads, _ := core.As[core.Multipart](y.store)
	content := noise(y.env.Rand, 2*core.LeastPart+1000)
	y.put("taken", "before")
	for _, name := range []string{"taken", "dir/free"} {
		u := y.begins(name, 3)
		sent := []core.UploadedPart{
			y.sendsPart(u, 3, content[2*core.LeastPart:]),
			y.sendsPart(u, 1, "a first try, which is shorter"),
			y.sendsPart(u, 2, content[core.LeastPart:2*core.LeastPart]),
			y.sendsPart(u, 1, content[:core.LeastPart]), // and once more, as after a lost answer
		}
		if name == "taken" {
			y.holds("taken", "before")
		} else {
			y.lacks(name)
		}
		err := uploads.CompleteUpload(y.ctx, y.at(name), u.ID, []core.UploadedPart{sent[0], sent[2], sent[3]})
		conformance.NoError(y, "CompleteUpload", err)
		y.holds(name, content)
		conformance.Equal(y, "size", y.stat(name).Size, int64(len(content)))
	}
	u := y.begins("short", 0)
	err := uploads.CompleteUpload(y.ctx, y.at("short"), u.ID, []core.UploadedPart{y.sendsPart(u, 1, "short")})
	conformance.NoError(y, "CompleteUpload of one short part", err)
	y.holds("short", "short")
	y.listsAll("", "dir/free", "short", "taken")
}

func partsAborted(y *yard) {
	uploads, _ := core.As[core.Multipart](y.store)
	y.put("taken", "before")
	for _, name := range []string{"taken", "dir/free"} {
		u := y.begins(name, 2)
		sent := []core.UploadedPart{y.sendsPart(u, 1, "sent")}
		for range 2 {
			conformance.NoError(y, "AbortUpload", uploads.AbortUpload(y.ctx, y.at(name), u.ID))
		}
		err := uploads.CompleteUpload(y.ctx, y.at(name), u.ID, sent)
		conformance.Refused(y, "CompleteUpload of what was aborted", err, core.ErrNotFound)
		p := u.Parts[1]
		if got := y.asks(p.Method, p, p.URL.Reveal(), "late"); got.done() {
			y.Errorf("a part of an upload that was aborted is taken: status %d", got.status)
		}
	}
	y.listsAll("", "taken")
	y.holds("taken", "before")
}

func partsRefused(y *yard) {
	uploads, _ := core.As[core.Multipart](y.store)
	u := y.begins("f", 1)
	sent := []core.UploadedPart{y.sendsPart(u, 1, "content")}
	complete := func(what, name string, id core.UploadID, parts []core.UploadedPart, want error) {
		y.Helper()
		conformance.Refused(y, "CompleteUpload "+what, uploads.CompleteUpload(y.ctx, y.at(name), id, parts), want)
	}
	complete("of another path", "g", u.ID, sent, core.ErrNotFound)
	complete("without parts", "f", u.ID, nil, core.ErrInvalid)
	complete("without an id", "f", "", sent, core.ErrInvalid)
	complete("with a part twice", "f", u.ID, []core.UploadedPart{sent[0], sent[0]}, core.ErrInvalid)
	complete("with part 0", "f", u.ID, []core.UploadedPart{{ETag: sent[0].ETag}}, core.ErrInvalid)
	complete("with a part that was not sent", "f", u.ID,
		[]core.UploadedPart{sent[0], {Number: 2, ETag: sent[0].ETag}}, core.ErrInvalid)
	complete("with an ETag of nothing that was sent", "f", u.ID,
		[]core.UploadedPart{{Number: 1, ETag: `"d41d8cd98f00b204e9800998ecf8427e"`}}, core.ErrInvalid)
	complete("of a path that is none", "../up", u.ID, sent, core.ErrInvalid)
	y.lacks("f")

	conformance.NoError(y, "CompleteUpload", uploads.CompleteUpload(y.ctx, y.at("f"), u.ID, sent))
	if err := uploads.CompleteUpload(y.ctx, y.at("f"), u.ID, sent); err != nil && !errors.Is(err, core.ErrNotFound) {
		y.Errorf("CompleteUpload a second time: got error %v, want %v or success", err, core.ErrNotFound)
	}
	y.holds("f", "content")

	for what, c := range map[string]struct {
		name string
		o    core.UploadOptions
		want error
	}{
		"of a path that is none":    {"../up", core.UploadOptions{}, core.ErrInvalid},
		"below a file":              {"f/below", core.UploadOptions{}, core.ErrState},
		"in less than no parts":     {"new", core.UploadOptions{Parts: -1}, core.ErrInvalid},
		"in too many parts":         {"new", core.UploadOptions{Parts: core.MostParts + 1}, core.ErrInvalid},
		"with requests for a month": {"new", core.UploadOptions{Expires: 30 * 24 * core.MostUpload}, core.ErrInvalid},
	} {
		_, err := uploads.CreateUpload(y.ctx, y.at(c.name), c.o)
		conformance.Refused(y, "CreateUpload "+what, err, c.want)
	}
	y.listsAll("", "f")
}
