package wire

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
)

// TestFramesAreOrdinaryMessages: what the codec writes without copying, every protobuf reads.
func TestFramesAreOrdinaryMessages(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 127, 128, 16383, 16384, frameSize} {
		pool := &framePool{}
		buffer := pool.Get(size)
		for i := range *buffer {
			(*buffer)[i] = byte(i * 7)
		}
		want := bytes.Clone(*buffer)
		encoded, err := newCodec().Marshal(&outFrame{mem.NewBuffer(buffer, pool)})
		if err != nil {
			t.Fatal(err)
		}
		up, down := &artifactv1.UploadRequest{}, &artifactv1.DownloadResponse{}
		for _, message := range []proto.Message{up, down} {
			if err := proto.Unmarshal(encoded.Materialize(), message); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(want, up.GetData()) || !bytes.Equal(want, down.GetData()) {
			t.Errorf("%d bytes did not come through", size)
		}
		encoded.Free()
	}
}

// inPieces cuts a message as a transport does.
func inPieces(message []byte, size int) mem.BufferSlice {
	var pieces mem.BufferSlice
	for len(message) > 0 {
		n := min(size, len(message))
		pieces, message = append(pieces, mem.SliceBuffer(message[:n])), message[n:]
	}
	return pieces
}

func TestFramesAreReadInAnyPieces(t *testing.T) {
	t.Parallel()
	want := bytes.Repeat([]byte("0123456789"), 100)
	message, err := proto.Marshal(&artifactv1.UploadRequest{Frame: &artifactv1.UploadRequest_Data{Data: want}})
	if err != nil {
		t.Fatal(err)
	}
	for size := 1; size < 40; size++ {
		frame := &inFrame{message: &artifactv1.UploadRequest{}}
		if err := newCodec().Unmarshal(inPieces(message, size), frame); err != nil || frame.data == nil {
			t.Fatalf("pieces of %d: %v", size, err)
		}
		var got []byte
		for !frame.data.empty() {
			part := make([]byte, 1+size%7)
			got = append(got, part[:frame.data.read(part)]...)
		}
		if !bytes.Equal(want, got) || frame.data.size != len(want) {
			t.Errorf("pieces of %d: %q", size, got)
		}
	}
}

// FuzzFrame compares the codec with protobuf's own reading of the same bytes.
func FuzzFrame(f *testing.F) {
	for _, frame := range []*artifactv1.UploadRequest{
		{Frame: &artifactv1.UploadRequest_Data{Data: []byte("data")}},
		{Frame: &artifactv1.UploadRequest_Data{}},
		{Frame: &artifactv1.UploadRequest_Begin{Begin: &artifactv1.UploadBegin{Path: "p"}}},
		{Frame: &artifactv1.UploadRequest_Commit{Commit: &artifactv1.UploadCommit{Size: 4, Crc32: 5}}},
	} {
		seed, err := proto.Marshal(frame)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed, uint8(3))
	}
	f.Fuzz(func(t *testing.T, message []byte, size uint8) {
		want := &artifactv1.UploadRequest{}
		wantErr := proto.Unmarshal(message, want)
		got := &artifactv1.UploadRequest{}
		frame := &inFrame{message: got}
		gotErr := newCodec().Unmarshal(inPieces(message, 1+int(size)), frame)
		if (wantErr == nil) != (gotErr == nil) {
			t.Fatalf("protobuf says %v, the codec %v", wantErr, gotErr)
		}
		if wantErr != nil {
			return
		}
		if frame.data != nil {
			data := make([]byte, frame.data.size)
			data = data[:frame.data.read(data)]
			got.Frame = &artifactv1.UploadRequest_Data{Data: data}
		}
		if !proto.Equal(want, got) {
			t.Error(cmp.Diff(want.String(), got.String()))
		}
	})
}
