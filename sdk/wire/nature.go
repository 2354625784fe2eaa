package wire

import (
	"errors"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/pluginv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

// The methods that whoever keeps a connection alive over restarts has to know.
const (
	OpenMethod          = pluginv1.LifecycleService_Open_FullMethodName
	CloseMethod         = pluginv1.LifecycleService_Close_FullMethodName
	UpdateSecretsMethod = pluginv1.LifecycleService_UpdateSecrets_FullMethodName
)

// InstanceKey is the key of the metadata in which the id of an instance travels.
const InstanceKey = "mlstore-instance"

// Nature is what may be done with a call that failed without an answer.
type Nature struct {
	Reads      bool // it changes nothing
	Repeatable bool // it may be made again: it reads, or the second time changes nothing more
	Moves      bool // it transfers an artifact, or goes through a whole database, and takes as long as that takes
}

// NatureOf is the nature of a call, as the files in sdk/proto say it. A creation with a key may be repeated in a store that
// honours keys. An unknown method changes things.
func NatureOf(method string, request any, opened Opened) Nature {
	var n Nature
	level := idempotency(method)
	if method == OpenMethod { // what a process that is gone had opened is gone with it
		level = descriptorpb.MethodOptions_NO_SIDE_EFFECTS
	}
	switch level {
	case descriptorpb.MethodOptions_NO_SIDE_EFFECTS:
		n.Reads, n.Repeatable = true, true
	case descriptorpb.MethodOptions_IDEMPOTENT:
		n.Repeatable = true
	default:
		n.Repeatable = opened.HonoursKeys && hasKey(request)
	}
	switch method {
	case artifactv1.PathTransferService_PutFile_FullMethodName, artifactv1.PathTransferService_GetFile_FullMethodName,
		trackingv1.SchemaKeeperService_UpgradeSchema_FullMethodName, trackingv1.SchemaKeeperService_CheckSchema_FullMethodName,
		trackingv1.SchemaKeeperService_OptimizeSchema_FullMethodName:
		n.Moves = true
	}
	return n
}

func idempotency(method string) descriptorpb.MethodOptions_IdempotencyLevel {
	name := strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", ".")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN
	}
	options, ok := found.Options().(*descriptorpb.MethodOptions)
	if !ok {
		return descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN
	}
	return options.GetIdempotencyLevel()
}

func hasKey(request any) bool {
	keyed, ok := request.(interface{ GetIdempotencyKey() string })
	return ok && keyed.GetIdempotencyKey() != ""
}

// Opened is what the answer to OpenMethod says of the instance.
type Opened struct {
	Instance    string
	Kinds       []string
	HonoursKeys bool // every store of it declares core.IdempotentCreate
}

// OpenedBy reads the answer to OpenMethod.
func OpenedBy(reply any) Opened {
	answer, ok := reply.(*pluginv1.OpenResponse)
	if !ok {
		return Opened{}
	}
	o := Opened{Instance: answer.GetInstanceId(), HonoursKeys: true}
	for _, store := range answer.GetStores() {
		if !slices.Contains([]string{kindTracking, kindArtifacts, kindRegistry, kindProjects}, store.GetKind()) {
			continue // nobody will use it, nor close it
		}
		o.Kinds = append(o.Kinds, store.GetKind())
		if !slices.Contains(store.GetInfo().GetCapabilities(), string(core.IdempotentCreate)) && store.GetKind() != kindArtifacts {
			o.HonoursKeys = false
		}
	}
	return o
}

// Reopen returns a copy of a request of OpenMethod, with the secrets of the last request of UpdateSecretsMethod if there was
// one, and an empty answer.
func Reopen(open, update any) (request, reply any) {
	fresh, ok := open.(*pluginv1.OpenRequest)
	if !ok {
		return open, &pluginv1.OpenResponse{}
	}
	fresh = proto.CloneOf(fresh)
	if newer, ok := update.(*pluginv1.UpdateSecretsRequest); ok {
		fresh.Secrets = newer.GetSecrets()
	}
	return fresh, &pluginv1.OpenResponse{}
}

// Closing is the kind of store that a request of CloseMethod closes; empty is the whole instance.
func Closing(request any) string {
	closing, ok := request.(*pluginv1.CloseRequest)
	if !ok {
		return ""
	}
	return closing.GetKind()
}

// CloseKind is a request of CloseMethod, with an answer to fill.
func CloseKind(kind string) (request, reply any) {
	return &pluginv1.CloseRequest{Kind: kind}, &pluginv1.CloseResponse{}
}

// Answered reports whether an error of a call came from the plugin itself, and its reason. What did not come from there is
// of the transport, or the context's.
func Answered(err error) (reason core.Reason, answered bool) {
	if _, ours := errors.AsType[*core.Error](err); ours {
		return "", false
	}
	s, ok := status.FromError(err)
	if !ok {
		return "", false
	}
	for _, detail := range s.Details() {
		if info, isInfo := detail.(*errdetails.ErrorInfo); isInfo && strings.HasPrefix(info.GetDomain(), "mlstore") {
			return core.Reason(info.GetReason()), true
		}
	}
	return "", false
}
