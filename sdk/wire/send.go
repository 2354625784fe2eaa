package wire

import (
	"errors"
	"hash/crc32"
	"io"

	"google.golang.org/grpc/mem"
)

// send sends all that r yields in frames of data, and returns its size and CRC-32. An error of r is a *readError.
func (p *framePool) send(r io.Reader, stream interface{ SendMsg(message any) error }) (size int64, crc uint32, _ error) {
	for {
		buffer := p.Get(frameSize)
		n, err := fill(r, *buffer)
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			p.Put(buffer)
			return 0, 0, &readError{err}
		}
		if n == 0 {
			p.Put(buffer)
			return size, crc, nil
		}
		*buffer = (*buffer)[:n]
		size += int64(n)
		crc = crc32.Update(crc, crc32.IEEETable, *buffer)
		if err := stream.SendMsg(&outFrame{mem.NewBuffer(buffer, p)}); err != nil {
			return 0, 0, err
		}
		if ended {
			return size, crc, nil
		}
	}
}

// readError is the error of the reader whose bytes were to be sent.
type readError struct{ cause error }

func (e *readError) Error() string { return e.cause.Error() }

func (e *readError) Unwrap() error { return e.cause }

// fill reads until the buffer is full or the reader has ended. What a reader yields together with its end is not lost.
func fill(r io.Reader, buffer []byte) (n int, err error) {
	const patience = 100 // reads that yield nothing, as package bufio has it
	for empty := 0; n < len(buffer) && err == nil; {
		var more int
		more, err = r.Read(buffer[n:])
		n += more
		if more > 0 {
			empty = 0
			continue
		}
		if empty++; empty == patience && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}
