package wire_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/mlstore/mlstore/sdk/wire"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

// methods lists every method of the wire by its full name.
func methods() []string {
	var names []string
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				if strings.HasPrefix(string(file.Package()), "mlstore.") {
					names = append(names, "/"+string(service.FullName())+"/"+string(service.Methods().Get(j).Name()))
				}
			}
		}
		return true
	})
	return names
}

// TestNatureOfEveryMethod holds what the files in sdk/proto say of repeating a call against what its name says: a forgotten
// option would make a read unrepeatable, a wrong one would repeat a write.
func TestNatureOfEveryMethod(t *testing.T) {
	t.Parallel()
	repeatable := map[string]bool{ // writes of which the second time changes nothing
		"LogBatch": true, "LogBatches": true, "LogInputs": true, "LogOutputs": true, "ImportExperiment": true, "ImportRun": true,
		"ImportLoggedModel": true, "ImportModel": true, "ImportVersion": true, "SetAlias": true, "DeleteAlias": true, "Delete": true, "GetFile": true, "Cancel": true,
		"Close": true, "UpdateSecrets": true, "Drain": true, "UpgradeSchema": true, "OptimizeSchema": true,
		"AbortUpload": true,
	}
	all := methods()
	if len(all) < 60 {
		t.Fatalf("%d methods", len(all))
	}
	for _, method := range all {
		name := method[strings.LastIndexByte(method, '/')+1:]
		reads := name != "GetFile"
		switch {
		case strings.HasPrefix(name, "Get"), strings.HasPrefix(name, "Search"), strings.HasPrefix(name, "List"):
		case name == "Stat", name == "Download", name == "Describe", name == "ValidateConfig", name == "Check", name == "CheckSchema", name == "Presign":
		case name == "SampleHistory", method == wire.OpenMethod: // what a process that is gone had opened is gone with it
		default:
			reads = false
		}
		n := wire.NatureOf(method, nil, wire.Opened{})
		if n.Reads != reads || n.Repeatable != (reads || repeatable[name]) {
			t.Errorf("%s: reads %v and repeatable %v, want %v and %v", method, n.Reads, n.Repeatable, reads, reads || repeatable[name])
		}
	}
}

func TestCreationsWithAKeyAreRepeatable(t *testing.T) {
	t.Parallel()
	const create = trackingv1.TrackingService_CreateRun_FullMethodName
	keyed, bare := &trackingv1.CreateRunRequest{IdempotencyKey: "k"}, &trackingv1.CreateRunRequest{}
	honours := wire.Opened{HonoursKeys: true}
	if !wire.NatureOf(create, keyed, honours).Repeatable {
		t.Error("a creation with a key in a store that honours keys")
	}
	if wire.NatureOf(create, bare, honours).Repeatable || wire.NatureOf(create, keyed, wire.Opened{}).Repeatable {
		t.Error("a creation without a key, or in a store that does not know keys, is repeatable")
	}
	if n := wire.NatureOf("/example.Service/Get", nil, honours); n.Reads || n.Repeatable {
		t.Error("an unknown method is repeatable")
	}
}
