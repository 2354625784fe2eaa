package wire

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/mlstore/mlstore/core"
)

func plain(text string) string { return text }

// overTheWire encodes and decodes an error.
func overTheWire(t testing.TB, err error) (*core.Error, bool) {
	t.Helper()
	encoded, marshaling := proto.Marshal(toStatus(err, plain).Proto())
	if marshaling != nil {
		t.Fatal(marshaling)
	}
	if len(encoded) >= maxStatus {
		t.Errorf("a status of %d bytes", len(encoded))
	}
	pb := &spb.Status{}
	if err := proto.Unmarshal(encoded, pb); err != nil {
		t.Fatal(err)
	}
	return fromStatus(status.FromProto(pb))
}

func TestErrorsComeBackEqual(t *testing.T) {
	t.Parallel()
	texts := cmp.Comparer(func(a, b error) bool { return a.Error() == b.Error() })
	for code := core.Canceled; code <= core.Unauthenticated; code++ {
		for _, e := range []*core.Error{
			{Code: code, Err: errors.New("cause")},
			{Code: code, Err: errors.New("cause"), Reason: code.Reason()},
			{
				Code: code, Reason: core.ReasonEndpointNotFound, Op: "create run", Key: "é/key", Outcome: core.OutcomeUnknown,
				RetryAfter: 1500 * time.Millisecond, Err: errors.New("cause ✓"),
				Fields: []core.FieldError{{Field: "metrics[3].key", Rule: "must not be empty"}, {Field: "x", Rule: "y"}},
			},
		} {
			got, meant := overTheWire(t, e)
			if !meant {
				t.Errorf("%v: taken for an error of the transport", e)
			}
			if diff := cmp.Diff(e, got, texts); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.Error() != e.Error() || core.ReasonOf(got) != core.ReasonOf(e) {
				t.Errorf("got %v (%v), want %v (%v)", got, core.ReasonOf(got), e, core.ReasonOf(e))
			}
		}
	}
}

func TestSentinelsComeBack(t *testing.T) {
	t.Parallel()
	for _, target := range []error{
		core.ErrInvalid, core.ErrNotFound, core.ErrExists, core.ErrPermission, core.ErrUnauthenticated, core.ErrState, core.ErrAborted,
		core.ErrRange, core.ErrUnsupported, core.ErrExhausted, core.ErrUnavailable, core.ErrDataLoss, core.ErrInternal,
		context.Canceled, context.DeadlineExceeded,
	} {
		for _, err := range []error{target, fmt.Errorf("wrapped: %w", target)} {
			got, _ := overTheWire(t, err)
			if !errors.Is(got, target) || got.Error() != err.Error() {
				t.Errorf("%v came back as %v", err, got)
			}
		}
	}
	closed, _ := overTheWire(t, core.Closed("tracking"))
	if !errors.Is(closed, core.ErrClosed) || !errors.Is(closed, core.ErrState) {
		t.Errorf("a closed store came back as %#v", closed)
	}
	foreign, _ := overTheWire(t, errors.New("disk on fire"))
	if !errors.Is(foreign, core.ErrInternal) {
		t.Errorf("a foreign error came back as %#v", foreign)
	}
	odd, _ := overTheWire(t, &core.Error{Code: 99, Err: errors.New("odd")})
	if odd.Code != core.Unknown {
		t.Errorf("an unknown code came back as %v", odd.Code)
	}
}

// TestLongErrorsAreCut: what does not fit into a trailer is shortened, and still says what it is.
func TestLongErrorsAreCut(t *testing.T) {
	t.Parallel()
	e := &core.Error{
		Code: core.InvalidArgument, Reason: core.ReasonBadRequest, Op: strings.Repeat("o", 1000), Key: strings.Repeat("é", 3000),
		Err: errors.New("begin " + strings.Repeat("\xff€", 10_000)),
	}
	for i := range 1000 {
		e.Fields = append(e.Fields, core.FieldError{Field: fmt.Sprintf("metrics[%d].key", i), Rule: strings.Repeat("x", 1000)})
	}
	got, meant := overTheWire(t, e)
	if !meant || got.Code != e.Code || got.Reason != e.Reason || len(got.Fields) == 0 || got.Fields[0].Field != "metrics[0].key" {
		t.Errorf("came back as %#v", got)
	}
	if text := got.Error(); !utf8.ValidString(text) || !strings.Contains(text, "begin ") || !utf8.ValidString(got.Key) {
		t.Errorf("came back as %q", text)
	}
}

func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	in := &instance{}
	in.learn(core.NewSecret("hunter2"), core.NewSecret("first\nsecond"), core.NewSecret("abc"))
	err := &core.Error{
		Code: core.Internal, Op: "dial hunter2", Key: "hunter2", Err: errors.New("password hunter2, second abc"),
		Fields: []core.FieldError{{Field: "hunter2", Rule: "first"}},
	}
	text := fmt.Sprint(toStatus(err, in.hide).Proto())
	for _, secret := range []string{"hunter2", "first", "second"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q shows in %s", secret, text)
		}
	}
	if !strings.Contains(text, "abc") { // three letters are no secret that could be kept
		t.Errorf("a short text is gone: %s", text)
	}
}

// TestErrorsOfTheTransport: what no plugin said is typed, and a write of which nobody knows the end says so.
func TestErrorsOfTheTransport(t *testing.T) {
	t.Parallel()
	const read, write = "/mlstore.tracking.v1.TrackingService/GetRun", "/mlstore.tracking.v1.TrackingService/CreateRun"
	tests := []struct {
		code      codes.Code
		want      core.Code
		uncertain bool // of a write
	}{
		{codes.Unavailable, core.Unavailable, true},
		{codes.Internal, core.Internal, true},
		{codes.Unknown, core.Internal, true},
		{codes.ResourceExhausted, core.Internal, true},
		{codes.DeadlineExceeded, core.DeadlineExceeded, true},
		{codes.Canceled, core.Canceled, true},
		{codes.Unimplemented, core.Unimplemented, false},
		{codes.NotFound, core.NotFound, false},
		{codes.InvalidArgument, core.InvalidArgument, false},
		{codes.AlreadyExists, core.AlreadyExists, false},
	}
	for _, test := range tests {
		for method, uncertain := range map[string]bool{read: false, write: test.uncertain} {
			err := failure(t.Context(), method, status.Error(test.code, "broken pipe"))
			e, ok := errors.AsType[*core.Error](err)
			if !ok || e.Code != test.want || (e.Outcome == core.OutcomeUnknown) != uncertain || !strings.Contains(err.Error(), "broken pipe") {
				t.Errorf("%v of %s: %#v", test.code, method, err)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := failure(ctx, write, status.Error(codes.Canceled, "x")); !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "create run: ") {
		t.Errorf("a cancelled call: %v", err)
	}
	made := core.State("key", "made by who keeps the connection")
	if err := failure(t.Context(), write, made); !errors.Is(err, core.ErrState) || !errors.Is(err, made) && err.Error() != "create run: made by who keeps the connection" {
		t.Errorf("an error of ours became %v", err)
	}
}

// TestStandardDetailsSuffice: a plugin in another language sends what its gRPC has, without our own detail.
func TestStandardDetailsSuffice(t *testing.T) {
	t.Parallel()
	st, err := status.New(codes.NotFound, "no such run").WithDetails(
		&errdetails.ErrorInfo{Domain: "mlstore", Reason: "RESOURCE_DOES_NOT_EXIST"},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "run_id", Description: "unknown"}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	got, meant := fromStatus(st)
	if !meant || got.Code != core.NotFound || got.Reason != core.ReasonResourceDoesNotExist || len(got.Fields) != 1 || got.Outcome != core.NoEffect {
		t.Errorf("came back as %#v", got)
	}
	foreign, err := status.New(codes.NotFound, "x").WithDetails(&errdetails.ErrorInfo{Domain: "example.org", Reason: "R"})
	if err != nil {
		t.Fatal(err)
	}
	if got, meant := fromStatus(foreign); meant || got.Reason != "" {
		t.Errorf("a stranger's reason was taken: %#v", got)
	}
}

func FuzzStatus(f *testing.F) {
	for _, err := range []error{
		core.Closed("x"), core.Invalid("k", "text"), &core.Error{Code: 3, Fields: []core.FieldError{{Field: "a", Rule: "b"}}, RetryAfter: 1},
	} {
		seed, marshaling := proto.Marshal(toStatus(err, plain).Proto())
		if marshaling != nil {
			f.Fatal(marshaling)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		pb := &spb.Status{}
		if proto.Unmarshal(message, pb) != nil {
			return
		}
		e, _ := fromStatus(status.FromProto(pb))
		if e.Code <= core.OK || e.Code > core.Unauthenticated || e.Err == nil || e.RetryAfter < 0 {
			t.Errorf("became %#v", e)
		}
		_ = e.Error()
		if again, meant := overTheWire(t, e); !meant || again.Code != e.Code {
			t.Errorf("%#v became %#v", e, again)
		}
	})
}
