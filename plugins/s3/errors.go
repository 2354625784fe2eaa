package s3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/mlstore/mlstore/core"
)

var errNoKey = errors.New("there is no such key")

// verdict is what a code of S3 means to us, and what to do about it.
type verdict struct {
	code core.Code
	fix  string
}

// verdictOf knows the codes of AWS (API reference of S3, error responses) and those of servers that speak its protocol.
func verdictOf(code string) (verdict, bool) {
	const keys = "check the access key and its secret, or the profile"
	switch code {
	case "NoSuchKey", "NotFound", "NoSuchUpload", "NoSuchVersion":
		return verdict{core.NotFound, ""}, true
	case "NoSuchBucket":
		return verdict{core.NotFound, "make the bucket, or correct its name or the endpoint"}, true
	case "AccessDenied", "AllAccessDisabled", "AccountProblem", "Forbidden", "InvalidPayer", "NotSignedUp":
		return verdict{
			core.PermissionDenied, "the identity needs s3:GetObject, PutObject, DeleteObject, ListBucket and AbortMultipartUpload",
		}, true
	case "ExpiredToken", "TokenRefreshRequired", "ExpiredTokenException", "RequestExpired":
		return verdict{core.Unauthenticated, "the session has expired: sign in again, or renew AWS_SESSION_TOKEN"}, true
	case "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity", "UnrecognizedClientException",
		"InvalidClientTokenId", "MissingAuthenticationToken", "Unauthorized", "XAdminUserNotFound":
		return verdict{core.Unauthenticated, keys}, true
	case "RequestTimeTooSkewed":
		return verdict{core.Unauthenticated, "set the clock of this machine"}, true
	case "SlowDown", "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestLimitExceeded",
		"TooManyRequests", "TooManyRequestsException", "BandwidthLimitExceeded", "RequestThrottledException":
		return verdict{core.ResourceExhausted, ""}, true
	case "QuotaExceeded", "TooManyBuckets", "StorageFull", "InsufficientCapacity", "XMinioStorageFull":
		return verdict{core.ResourceExhausted, ""}, true
	case "ServiceUnavailable", "InternalError", "RequestTimeout", "Busy", "ServerBusy", "BadGateway", "GatewayTimeout":
		return verdict{core.Unavailable, ""}, true
	case "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
		"MovedPermanently", "IncorrectEndpoint":
		return verdict{core.FailedPrecondition, "the bucket is in another region: set AWS_DEFAULT_REGION or the option region"}, true
	case "PreconditionFailed":
		return verdict{core.AlreadyExists, ""}, true
	case "ConditionalRequestConflict", "OperationAborted":
		return verdict{core.Aborted, ""}, true
	case "BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody":
		return verdict{core.DataLoss, "the bytes were damaged on their way"}, true
	case "InvalidRange":
		return verdict{core.OutOfRange, ""}, true
	case "KeyTooLongError", "KeyTooLong", "EntityTooLarge", "EntityTooSmall", "InvalidArgument", "InvalidRequest",
		"MetadataTooLarge", "InvalidBucketName", "InvalidStorageClass", "InvalidTag", "InvalidURI":
		return verdict{core.InvalidArgument, ""}, true
	case "InvalidObjectState":
		return verdict{core.FailedPrecondition, "the object is archived: restore it first"}, true
	case "ObjectParentIsFile", "ExistingObjectIsDirectory", "XMinioParentIsObject", "XMinioObjectExistsAsDirectory":
		return verdict{core.FailedPrecondition, ""}, true
	case "NotImplemented", "MethodNotAllowed":
		return verdict{core.Unimplemented, ""}, true
	}
	return verdict{}, false
}

// codeError is the error for a code of S3.
func codeError(code, message string, status int) *core.Error {
	v, known := verdictOf(code)
	if !known {
		v = statusVerdict(status)
	}
	text := fmt.Sprintf("S3 answers %s", code)
	if message != "" && message != code {
		text += ": " + message
	}
	if v.fix != "" {
		text += " (" + v.fix + ")"
	}
	e := &core.Error{Code: v.code, Err: errors.New(text)}
	switch code {
	case "NoSuchKey", "NotFound":
		e.Err = fmt.Errorf("%s: %w", text, errNoKey)
	}
	return e
}

// statusVerdict judges a code that nobody knows, and answers without one, by their status.
func statusVerdict(status int) verdict {
	switch {
	case status == http.StatusUnauthorized:
		return verdict{core.Unauthenticated, "check the credentials"}
	case status == http.StatusForbidden:
		return verdict{core.PermissionDenied, ""}
	case status == http.StatusNotFound:
		return verdict{core.NotFound, ""}
	case status == http.StatusTooManyRequests:
		return verdict{core.ResourceExhausted, ""}
	case status == http.StatusBadRequest: // a HEAD has no body to say more
		return verdict{core.InvalidArgument, "the session may have expired, or the bucket be in another region"}
	case status >= 300 && status < 400:
		return verdict{core.FailedPrecondition, "the bucket is in another region: set AWS_DEFAULT_REGION or the option region"}
	case status >= 500:
		return verdict{core.Unavailable, ""}
	case status >= 400:
		return verdict{core.InvalidArgument, ""}
	}
	return verdict{core.Internal, ""}
}

// failure turns an error of the SDK into one of the contract. Others pass.
func failure(err error) error {
	if err == nil {
		return nil
	}
	if _, done := errors.AsType[*core.Error](err); done {
		return err
	}
	response, answered := errors.AsType[*awshttp.ResponseError](err)
	answered = answered && response.HTTPStatusCode() != 0 // of a request that was not sent or not answered it is none
	api, named := errors.AsType[smithy.APIError](err)
	switch {
	case named && answered:
		e := codeError(api.ErrorCode(), api.ErrorMessage(), response.HTTPStatusCode())
		e.RetryAfter = retryAfter(e.Code, response)
		if region := response.Response.Header.Get("X-Amz-Bucket-Region"); region != "" && e.Code == core.FailedPrecondition {
			e.Err = fmt.Errorf("%w: its region is %s", e.Err, region)
		}
		return e
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &core.Error{Code: core.CodeOf(err), Err: err}
	case named && !network(err): // of the service that gives credentials
		return codeError(api.ErrorCode(), api.ErrorMessage(), 0)
	case answered && response.HTTPStatusCode() >= http.StatusMultipleChoices:
		v := statusVerdict(response.HTTPStatusCode())
		return &core.Error{Code: v.code, Err: err, RetryAfter: retryAfter(v.code, response)}
	case strings.Contains(err.Error(), "checksum did not match"):
		return &core.Error{Code: core.DataLoss, Err: fmt.Errorf("the bytes were damaged on their way: %w", err)}
	case network(err):
		return core.Errorf(core.Unavailable, "S3 cannot be reached: %w (check the endpoint and the network)", err)
	case withoutCredentials(err):
		return core.Errorf(core.Unauthenticated,
			"there are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE: %w", err)
	}
	return err
}

// change is failure for a request that changes something: one that got no clear answer may have been carried out.
func change(err error) error {
	err = failure(err)
	e, ok := errors.AsType[*core.Error](err)
	if !ok || definite(e) {
		return err
	}
	unsure := *e
	unsure.Outcome = core.OutcomeUnknown
	return &unsure
}

func network(err error) bool {
	var timeout net.Error
	_, sent := errors.AsType[*smithy.OperationError](err)
	return errors.As(err, &timeout) || sent && strings.Contains(err.Error(), "request send failed")
}

func withoutCredentials(err error) bool {
	text := err.Error()
	return strings.Contains(text, "get identity") || strings.Contains(text, "refresh cached credentials") ||
		strings.Contains(text, "failed to retrieve credentials")
}

// retryAfter is when a service that is busy may be asked again: as it says, or after a second.
func retryAfter(code core.Code, response *awshttp.ResponseError) time.Duration {
	if code != core.ResourceExhausted && code != core.Unavailable {
		return 0
	}
	if seconds, err := strconv.Atoi(response.Response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		return min(time.Duration(seconds)*time.Second, time.Hour)
	}
	if code == core.ResourceExhausted {
		return time.Second
	}
	return 0
}
