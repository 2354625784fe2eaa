package rest

import (
	"errors"
	"net/http"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// Error is the body of an answer that is not 200. Source: mlflow/exceptions.py, serialize_as_json.
type Error struct {
	ErrorCode  core.Reason `json:"error_code"`
	Message    string      `json:"message"`
	SQLState   string      `json:"sqlstate,omitempty"`
	ErrorClass string      `json:"error_class,omitempty"`
}

// ErrorOf returns the body for err and its HTTP status. A wrong state that a caller brought about is a bad request (D-24), as
// Python's client repeats every 500 for minutes.
func ErrorOf(err error) (Error, int) {
	reason := core.ReasonOf(err)
	if errors.Is(err, core.ErrState) && !errors.Is(err, core.ErrClosed) {
		reason = core.ReasonInvalidParameterValue
	}
	if errors.Is(err, core.ErrClosed) {
		reason = core.ReasonTemporarilyUnavailable
	}
	state, class := stateOf(reason)
	return Error{ErrorCode: reason, Message: MessageOf(err), SQLState: state, ErrorClass: class}, StatusOf(reason)
}

// MessageOf is the text of err for a client: that of its cause, without what was tried, which the client knows.
func MessageOf(err error) string {
	e, ok := err.(*core.Error) //nolint:errorlint // the words of what wraps an error of core belong to its text
	if !ok || e.Err == nil {
		return err.Error()
	}
	text := MessageOf(e.Err)
	if e.Outcome == core.OutcomeUnknown {
		text += unknown
	}
	return text
}

// unknown ends the message of an error whose outcome is unknown: MLflow's answers have no other place for it.
const unknown = " (the outcome is unknown)"

// StatusOf returns the HTTP status of a reason. Source: mlflow/exceptions.py, ERROR_CODE_TO_HTTP_STATUS.
func StatusOf(r core.Reason) int {
	switch r { //nolint:exhaustive // the others are 500
	case core.ReasonInvalidParameterValue, core.ReasonBadRequest, core.ReasonResourceAlreadyExists:
		return http.StatusBadRequest
	case core.ReasonResourceDoesNotExist, core.ReasonEndpointNotFound, core.ReasonNotFound:
		return http.StatusNotFound
	case core.ReasonPermissionDenied:
		return http.StatusForbidden
	case core.ReasonCustomerUnauthorized, core.ReasonUnauthenticated:
		return http.StatusUnauthorized
	case core.ReasonTemporarilyUnavailable:
		return http.StatusServiceUnavailable
	case core.ReasonNotImplemented:
		return http.StatusNotImplemented
	case core.ReasonRequestLimitExceeded, core.ReasonResourceExhausted:
		return http.StatusTooManyRequests
	case core.ReasonAborted, core.ReasonResourceConflict, core.ReasonAlreadyExists:
		return http.StatusConflict
	case core.ReasonDeadlineExceeded:
		return http.StatusGatewayTimeout
	case core.ReasonCancelled:
		return 499
	}
	return http.StatusInternalServerError
}

func stateOf(r core.Reason) (state, class string) {
	switch r { //nolint:exhaustive // the others have none
	case core.ReasonInvalidParameterValue, core.ReasonBadRequest:
		return "KAM00", "INVALID_PARAMETER_VALUE"
	case core.ReasonResourceAlreadyExists:
		return "KAM00", "RESOURCE_ALREADY_EXISTS"
	case core.ReasonResourceDoesNotExist, core.ReasonEndpointNotFound, core.ReasonNotFound:
		return "KAM00", "RESOURCE_NOT_FOUND"
	case core.ReasonPermissionDenied, core.ReasonCustomerUnauthorized:
		return "KAM00", "PERMISSION_DENIED"
	case core.ReasonInternalError, core.ReasonInvalidState, core.ReasonTemporarilyUnavailable:
		return "XXM00", "CLIENT_INTERNAL_ERROR"
	}
	return "", ""
}

// Err returns the error of core that the body and status of an answer stand for. Key may be empty.
func (e Error) Err(status int) error {
	reason := e.ErrorCode
	if reason == "" {
		reason = reasonOf(status)
	}
	code := reason.Code()
	if code == core.Unknown {
		code = reasonOf(status).Code()
	}
	message := e.Message
	if message == "" {
		message = http.StatusText(status)
	}
	told := &core.Error{Code: code, Reason: reason}
	if cause, ok := strings.CutSuffix(message, unknown); ok {
		message, told.Outcome = cause, core.OutcomeUnknown
	}
	told.Err = errors.New(message)
	return told
}

// reasonOf is the reason of an answer whose body names none.
func reasonOf(status int) core.Reason {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong,
		http.StatusUnsupportedMediaType, http.StatusRequestHeaderFieldsTooLarge:
		return core.ReasonInvalidParameterValue
	case http.StatusUnauthorized:
		return core.ReasonUnauthenticated
	case http.StatusForbidden:
		return core.ReasonPermissionDenied
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return core.ReasonEndpointNotFound
	case http.StatusConflict:
		return core.ReasonResourceConflict
	case http.StatusTooManyRequests:
		return core.ReasonRequestLimitExceeded
	case http.StatusNotImplemented:
		return core.ReasonNotImplemented
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return core.ReasonTemporarilyUnavailable
	case http.StatusGatewayTimeout:
		return core.ReasonDeadlineExceeded
	}
	return core.ReasonInternalError
}
