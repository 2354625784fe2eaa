package server

import "sync"

// buffers are kept for answers, so that not each grows a new one. The zero value is ready to use.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() *[]byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return buffer
	}
	const usual = 4 << 10
	buffer := make([]byte, 0, usual)
	return &buffer
}

// put takes a buffer back. One that has become very large is not kept.
func (b *buffers) put(buffer *[]byte) {
	const most = 1 << 20
	if cap(*buffer) <= most {
		b.pool.Put(buffer)
	}
}
