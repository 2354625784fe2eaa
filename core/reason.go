package core

import "errors"

// Reason is MLflow's name of an error, finer than a Code: several reasons share one code. A remote's reason is kept as it
// came, so that it leaves through our REST layer unchanged. Source: mlflow/protos/databricks.proto, ErrorCode.
type Reason string

// The reasons that MLflow's servers and clients use, and one of our own.
const (
	ReasonInvalidParameterValue  Reason = "INVALID_PARAMETER_VALUE"
	ReasonBadRequest             Reason = "BAD_REQUEST"
	ReasonResourceDoesNotExist   Reason = "RESOURCE_DOES_NOT_EXIST"
	ReasonNotFound               Reason = "NOT_FOUND"
	ReasonEndpointNotFound       Reason = "ENDPOINT_NOT_FOUND"
	ReasonResourceAlreadyExists  Reason = "RESOURCE_ALREADY_EXISTS"
	ReasonAlreadyExists          Reason = "ALREADY_EXISTS"
	ReasonResourceConflict       Reason = "RESOURCE_CONFLICT"
	ReasonPermissionDenied       Reason = "PERMISSION_DENIED"
	ReasonUnauthenticated        Reason = "UNAUTHENTICATED"
	ReasonCustomerUnauthorized   Reason = "CUSTOMER_UNAUTHORIZED"
	ReasonInvalidState           Reason = "INVALID_STATE"
	ReasonFeatureDisabled        Reason = "FEATURE_DISABLED"
	ReasonNotImplemented         Reason = "NOT_IMPLEMENTED"
	ReasonRequestLimitExceeded   Reason = "REQUEST_LIMIT_EXCEEDED"
	ReasonResourceExhausted      Reason = "RESOURCE_EXHAUSTED"
	ReasonAborted                Reason = "ABORTED"
	ReasonCancelled              Reason = "CANCELLED"
	ReasonDeadlineExceeded       Reason = "DEADLINE_EXCEEDED"
	ReasonDataLoss               Reason = "DATA_LOSS"
	ReasonInternalError          Reason = "INTERNAL_ERROR"
	ReasonTemporarilyUnavailable Reason = "TEMPORARILY_UNAVAILABLE"

	// ReasonClosed is ours: a call on a store that was closed.
	ReasonClosed Reason = "STORE_CLOSED"
)

// Code returns the code of a reason; Unknown for a name that we do not know.
func (r Reason) Code() Code {
	switch r {
	case ReasonInvalidParameterValue, ReasonBadRequest:
		return InvalidArgument
	case ReasonResourceDoesNotExist, ReasonNotFound:
		return NotFound
	case ReasonResourceAlreadyExists, ReasonAlreadyExists:
		return AlreadyExists
	case ReasonPermissionDenied:
		return PermissionDenied
	case ReasonUnauthenticated, ReasonCustomerUnauthorized:
		return Unauthenticated
	case ReasonInvalidState, ReasonClosed:
		return FailedPrecondition
	case ReasonNotImplemented, ReasonEndpointNotFound, ReasonFeatureDisabled:
		return Unimplemented
	case ReasonRequestLimitExceeded, ReasonResourceExhausted:
		return ResourceExhausted
	case ReasonAborted, ReasonResourceConflict:
		return Aborted
	case ReasonCancelled:
		return Canceled
	case ReasonDeadlineExceeded:
		return DeadlineExceeded
	case ReasonDataLoss:
		return DataLoss
	case ReasonInternalError:
		return Internal
	case ReasonTemporarilyUnavailable:
		return Unavailable
	}
	return Unknown
}

// Reason returns the usual MLflow name of a code. Every code but OK has one, and Reason.Code gives the code back, but for
// OutOfRange and Unknown, which MLflow does not tell apart from InvalidArgument and Internal.
func (c Code) Reason() Reason {
	switch c {
	case OK:
		return ""
	case InvalidArgument, OutOfRange:
		return ReasonInvalidParameterValue
	case NotFound:
		return ReasonResourceDoesNotExist
	case AlreadyExists:
		return ReasonResourceAlreadyExists
	case PermissionDenied:
		return ReasonPermissionDenied
	case Unauthenticated:
		return ReasonUnauthenticated
	case FailedPrecondition:
		return ReasonInvalidState
	case Unimplemented:
		return ReasonNotImplemented
	case ResourceExhausted:
		return ReasonResourceExhausted
	case Aborted:
		return ReasonAborted
	case Canceled:
		return ReasonCancelled
	case DeadlineExceeded:
		return ReasonDeadlineExceeded
	case DataLoss:
		return ReasonDataLoss
	case Unavailable:
		return ReasonTemporarilyUnavailable
	case Internal, Unknown:
		return ReasonInternalError
	}
	return ReasonInternalError
}

// ReasonOf returns the reason that err carries, or the usual one of its code; empty for nil.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok && e.Reason != "" {
		return e.Reason
	}
	return CodeOf(err).Reason()
}
