package sdktest

import (
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that newer decorates
	"google.golang.org/grpc/mem"
)

// newer is a codec whose messages have a field that nobody knows yet, as those of a newer release may have.
type newer struct{ encoding.CodecV2 }

func newerCodec() encoding.CodecV2 { return newer{encoding.GetCodecV2("proto")} }

// Marshal adds field 20000, the number 1. Source: protobuf.dev/programming-guides/encoding.
func (n newer) Marshal(message any) (mem.BufferSlice, error) {
	out, err := n.CodecV2.Marshal(message)
	if err != nil {
		return out, err
	}
	return append(out, mem.SliceBuffer{0x80, 0xe2, 0x09, 0x01}), nil
}
