package wire

import (
	"hash/crc32"
	"sync"

	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// codec is package grpc's for protobuf, but for the frames of a transfer: outFrame and inFrame are those same messages,
// written and read without copying the data. What is on the wire is the same.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2(protocodec.Name)} }

func (c codec) Marshal(message any) (mem.BufferSlice, error) {
	if frame, ok := message.(*outFrame); ok {
		return frame.encode(), nil
	}
	return c.CodecV2.Marshal(message)
}

func (c codec) Unmarshal(data mem.BufferSlice, message any) error {
	if frame, ok := message.(*inFrame); ok {
		return frame.decode(data)
	}
	return c.CodecV2.Unmarshal(data, message)
}

// dataField is the number of the field `data` in UploadRequest and DownloadResponse.
const dataField = 2

// outFrame is a frame of data to send. Sending takes over the reference to the data.
type outFrame struct{ data mem.Buffer }

func (f *outFrame) encode() mem.BufferSlice {
	head := protowire.AppendTag(nil, dataField, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(f.data.Len()))
	return mem.BufferSlice{mem.SliceBuffer(head), f.data}
}

// inFrame is any frame that was received: data, or the message.
type inFrame struct {
	message proto.Message // to fill when the frame is not data alone
	data    *block        // nil when it is a message
}

func (f *inFrame) decode(received mem.BufferSlice) error {
	if head := dataHead(received); head > 0 {
		f.data = newBlock(received, head)
		return nil
	}
	f.data = nil
	whole := received.MaterializeToBuffer(mem.DefaultBufferPool())
	defer whole.Free()
	return proto.Unmarshal(whole.ReadOnlyData(), f.message)
}

// dataHead returns the length of what stands before the data of a frame that has nothing else, or 0.
func dataHead(received mem.BufferSlice) int {
	var head [16]byte
	n := received.CopyTo(head[:])
	number, kind, tag := protowire.ConsumeTag(head[:n])
	if tag < 0 || number != dataField || kind != protowire.BytesType {
		return 0
	}
	size, length := protowire.ConsumeVarint(head[tag:n])
	if length < 0 || size == 0 || size != uint64(received.Len()-tag-length) {
		return 0
	}
	return tag + length
}

// block is the data of a frame in the pieces in which it came.
type block struct {
	held mem.BufferSlice
	rest [][]byte
	size int
}

func newBlock(received mem.BufferSlice, head int) *block {
	received.Ref()
	b := &block{held: received, size: received.Len() - head}
	for _, piece := range received {
		data := piece.ReadOnlyData()
		skip := min(head, len(data))
		head -= skip
		if len(data) > skip {
			b.rest = append(b.rest, data[skip:])
		}
	}
	return b
}

// read copies out of the block, and frees it with its last byte.
func (b *block) read(p []byte) int {
	n := 0
	for n < len(p) && len(b.rest) > 0 {
		m := copy(p[n:], b.rest[0])
		n += m
		if b.rest[0] = b.rest[0][m:]; len(b.rest[0]) == 0 {
			b.rest = b.rest[1:]
		}
	}
	if len(b.rest) == 0 && b.held != nil {
		b.held.Free()
		b.held = nil
	}
	return n
}

// sum adds the block to a CRC-32.
func (b *block) sum(crc uint32) uint32 {
	for _, piece := range b.rest {
		crc = crc32.Update(crc, crc32.IEEETable, piece)
	}
	return crc
}

// empty reports whether everything was read; a missing block is empty.
func (b *block) empty() bool { return b == nil || len(b.rest) == 0 }

// framePool keeps the buffers of frames that are on their way out, for one client or server.
type framePool struct{ free sync.Pool }

// Get returns a buffer of n bytes, at most frameSize.
func (p *framePool) Get(n int) *[]byte {
	buffer, ok := p.free.Get().(*[]byte)
	if !ok {
		fresh := make([]byte, frameSize)
		buffer = &fresh
	}
	*buffer = (*buffer)[:n]
	return buffer
}

// Put takes a buffer back.
func (p *framePool) Put(buffer *[]byte) { p.free.Put(buffer) }
