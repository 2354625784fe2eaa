package restclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// asError is err as an *core.Error.
func asError(err error) *core.Error {
	e, ok := errors.AsType[*core.Error](core.Do("", "", err))
	if !ok {
		return &core.Error{Code: core.Internal, Err: err}
	}
	return e
}

// broken is the error of a connection that failed, unless the caller's context is why.
func broken(ctx, attempt context.Context, err error) *core.Error {
	if silent, ok := errors.AsType[silentError](context.Cause(attempt)); ok {
		return &core.Error{Code: core.Unavailable, Err: silent}
	}
	if ctx.Err() != nil {
		return &core.Error{Code: core.CodeOf(ctx.Err()), Err: ctx.Err()}
	}
	cause := err
	if of, ok := errors.AsType[*url.Error](err); ok { // which repeats the URL
		cause = of.Err
	}
	unknown, dns := errors.AsType[*net.DNSError](err)
	switch {
	case dns && unknown.IsNotFound:
		return &core.Error{Code: core.Unavailable, Err: fmt.Errorf("the server cannot be reached: %w: is the host's name in the "+
			"URI right?", cause)}
	case errors.Is(err, errRedirect):
		return &core.Error{Code: core.FailedPrecondition, Err: cause}
	case certificate(err):
		return &core.Error{Code: core.Unavailable, Err: fmt.Errorf("%w: set MLFLOW_TRACKING_SERVER_CERT_PATH to the "+
			"certificates that signed the server's", cause)}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		cause = fmt.Errorf("the connection broke: %w", cause)
	}
	return &core.Error{Code: core.Unavailable, Err: fmt.Errorf("the server cannot be reached: %w", cause)}
}

// certificate reports a server whose certificate is not trusted.
func certificate(err error) bool {
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, other := errors.AsType[x509.HostnameError](err)
	return unverified || unknown || other
}

// refusal is the failure that an answer tells.
func refusal(r Request, resp *http.Response) *failure {
	const most = 64 << 10
	body, _ := io.ReadAll(io.LimitReader(resp.Body, most)) // what there is of it
	f := &failure{sent: true, status: resp.StatusCode, after: retryAfter(resp.Header)}
	var told rest.Error
	if json.Unmarshal(body, &told) == nil && (told.ErrorCode != "" || told.Message != "") {
		told.Message = readable(told.Message)
		f.err = asError(told.Err(resp.StatusCode))
	} else {
		f.err = asError(rest.Error{Message: plain(resp, body)}.Err(resp.StatusCode))
		if resp.StatusCode >= http.StatusInternalServerError && r.changes() {
			f.err.Outcome = core.OutcomeUnknown // it may be a proxy that speaks
		}
	}
	if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		f.err.Code, f.err.Reason = core.OutOfRange, ""
	}
	f.err.RetryAfter = f.after
	return f
}

// plain words an answer that is not MLflow's.
func plain(resp *http.Response, body []byte) string {
	text := fmt.Sprintf("the server answers %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		text += ": set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		text += ": is the URI right?"
	}
	said := struct {
		Detail string `json:"detail"` // of FastAPI
	}{}
	switch {
	case json.Unmarshal(body, &said) == nil && said.Detail != "":
		text += ": " + readable(said.Detail)
	case strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain"):
		text += ": " + readable(string(body))
	}
	return text
}

// readable cuts a remote's text to 2000 bytes and takes control characters out of it.
func readable(text string) string {
	const most = 2000
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
}
