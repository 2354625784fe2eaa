package wire

import (
	"errors"
	"strings"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/errorsv1"
)

// The domains of ErrorInfo: of errors that a store returned, and of those that the machinery around it made.
const (
	storeDomain  = "mlstore"
	pluginDomain = "mlstore.plugin"
)

// ReasonInstanceUnknown is the reason of the FailedPrecondition that a plugin answers to the id of an instance that it does
// not have, such as one from before a restart. The call has had no effect.
const ReasonInstanceUnknown = "INSTANCE_UNKNOWN"

// How much of an error travels, in bytes: a status goes in trailers, twice, and peers cap these.
const (
	maxStatus  = 4 << 10
	maxMessage = 1500
	maxKey     = 1024
	maxOp      = 128
	maxField   = 300
)

// answered is an error that has its form on the wire already.
type answered struct{ *status.Status }

func (a *answered) Error() string { return a.Err().Error() }

// GRPCStatus makes package grpc send the status as it is.
func (a *answered) GRPCStatus() *status.Status { return a.Status }

// toStatus makes the status of an error that a store returned. hide takes secrets out of a text.
func toStatus(err error, hide func(string) string) *status.Status {
	e := asError(err)
	text := e.Code.String()
	if e.Err != nil {
		text = e.Err.Error()
	}
	tidy := func(text string, most int) string { return cut(hide(text), most) }
	reason := e.Reason
	if reason == "" {
		reason = e.Code.Reason()
	}
	domain := storeDomain
	if reason == ReasonInstanceUnknown {
		domain = pluginDomain
	}
	failure := &errorsv1.Failure{
		Outcome: errorsv1.Outcome(e.Outcome), Op: tidy(e.Op, maxOp), Key: tidy(e.Key, maxKey), UsualReason: e.Reason == "",
	}
	details := []protoadapt.MessageV1{
		protoadapt.MessageV1Of(&errdetails.ErrorInfo{Domain: domain, Reason: cut(string(reason), maxOp)}),
		protoadapt.MessageV1Of(failure),
	}
	if e.RetryAfter > 0 {
		details = append(details, protoadapt.MessageV1Of(&errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)}))
	}
	fields := &errdetails.BadRequest{}
	for _, f := range e.Fields {
		fields.FieldViolations = append(fields.FieldViolations, &errdetails.BadRequest_FieldViolation{
			Field: tidy(f.Field, maxField), Description: tidy(f.Rule, maxField),
		})
	}
	plain := status.New(codes.Code(e.Code), tidy(text, maxMessage))
	return fitted(plain, details, fields)
}

// fitted adds the details, and as many fields as there is room for.
func fitted(plain *status.Status, details []protoadapt.MessageV1, fields *errdetails.BadRequest) *status.Status {
	for {
		all := details
		if len(fields.GetFieldViolations()) > 0 {
			all = append(all[:len(all):len(all)], protoadapt.MessageV1Of(fields))
		}
		full, err := plain.WithDetails(all...)
		if err != nil { // of an OK status, or a detail that cannot be encoded: neither is made here
			return plain
		}
		n := len(fields.GetFieldViolations())
		if n == 0 || proto.Size(full.Proto()) < maxStatus {
			return full
		}
		fields.FieldViolations = fields.FieldViolations[:n-1]
	}
}

// asError returns err as the *core.Error that says what its tree says.
func asError(err error) *core.Error {
	named, _ := errors.AsType[*core.Error](core.Do("", "", err)) // Do returns nothing else
	if named.Code <= core.OK || named.Code > core.Unauthenticated {
		unknown := *named
		unknown.Code = core.Unknown
		return &unknown
	}
	return named
}

// cut shortens text to valid UTF-8 of at most so many bytes.
func cut(text string, most int) string {
	const gap = "…"
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= most {
		return text
	}
	end := most - len(gap)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + gap
}

// fromStatus makes the error that the other side meant. Without ErrorInfo nobody meant it: found is false, and the error
// says what the transport says.
func fromStatus(st *status.Status) (_ *core.Error, found bool) {
	e := &core.Error{Code: core.Code(st.Code()), Err: errors.New(st.Message())}
	if e.Code <= core.OK || e.Code > core.Unauthenticated {
		e.Code = core.Unknown
	}
	usual := false
	for _, detail := range st.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.GetDomain() == storeDomain || detail.GetDomain() == pluginDomain {
				e.Reason, found = core.Reason(detail.GetReason()), true
			}
		case *errorsv1.Failure:
			e.Op, e.Key, usual = detail.GetOp(), detail.GetKey(), detail.GetUsualReason()
			if detail.GetOutcome() != errorsv1.Outcome_OUTCOME_UNSPECIFIED {
				e.Outcome = core.OutcomeUnknown
			}
		case *errdetails.BadRequest:
			for _, f := range detail.GetFieldViolations() {
				e.Fields = append(e.Fields, core.FieldError{Field: f.GetField(), Rule: f.GetDescription()})
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = max(0, detail.GetRetryDelay().AsDuration())
		}
	}
	if usual {
		e.Reason = ""
	}
	return e, found
}
