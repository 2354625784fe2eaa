package filter

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/mlstore/mlstore/core"
)

// A page token is, in URL-safe base64 without padding: a version, the query's fingerprint, the values of the last item for
// each key of the order, and a checksum of all that. It says everything, so it works after a restart, in every process and
// for as long as the query means the same. The checksum finds damage; a token is no secret and protects nothing.

const (
	tokenVersion  = 1
	checksumSize  = 8
	mostTokenSize = 4 << 20 // base64; several keys of the longest tags
)

// fingerprint identifies what a query finds and in which order, but not its page length.
type fingerprint [8]byte

func fingerprintOf(scope []string, f Filter, order []OrderKey) fingerprint {
	h := sha256.New()
	part := func(text string) { _, _ = fmt.Fprintf(h, "%d:%s", len(text), text) } // a hash never fails
	for _, text := range scope {
		part(text)
	}
	for _, c := range f {
		_, _ = fmt.Fprintf(h, "clause%d,%d", c.Entity, c.Op)
		part(c.Key)
		if items, ok := c.Value.(List); ok {
			_, _ = fmt.Fprintf(h, "list%d", len(items))
			for _, item := range items {
				part(item)
			}
			continue
		}
		part(fmt.Sprintf("%T%v", c.Value, c.Value))
	}
	for _, k := range order {
		_, _ = fmt.Fprintf(h, "key%d,%t", k.Entity, k.Descending)
		part(k.Key)
		part(k.Dataset.Name)
		part(k.Dataset.Digest)
	}
	return fingerprint(h.Sum(nil))
}

func encodeToken(values []KeyValue, id fingerprint, order []OrderKey) string {
	b := append([]byte{tokenVersion}, id[:]...)
	for i, v := range values {
		b = append(b, byte(v.Presence))
		if v.Presence != Present {
			continue
		}
		switch order[i].Type {
		case IntegerType:
			b = binary.AppendVarint(b, v.Integer)
		case FloatType:
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(v.Float))
		case TextType, IDType:
			b = binary.AppendUvarint(b, uint64(len(v.Text)))
			b = append(b, v.Text...)
		}
	}
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(append(b, sum[:checksumSize]...))
}

// decodeToken returns the values that a token holds, or ErrInvalid when it is not one that this query made.
func decodeToken(text string, id fingerprint, order []OrderKey) ([]KeyValue, error) {
	if len(text) > mostTokenSize {
		return nil, badToken("it has %d bytes, more than any", len(text))
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || base64.RawURLEncoding.EncodeToString(b) != text { // it ignores line ends and bits left over
		return nil, badToken("could not base64-decode")
	}
	const head = 1 + len(fingerprint{})
	if len(b) < head+checksumSize {
		return nil, badToken("it is too short")
	}
	body, sum := b[:len(b)-checksumSize], sha256.Sum256(b[:len(b)-checksumSize])
	switch {
	case string(sum[:checksumSize]) != string(b[len(body):]):
		return nil, badToken("it is damaged")
	case body[0] != tokenVersion:
		return nil, badToken("it is of version %d, not %d", body[0], tokenVersion)
	case fingerprint(body[1:head]) != id:
		return nil, badToken("it belongs to a query with another filter, order, view or set of experiments")
	}
	r := tokenReader{rest: body[head:], ok: true}
	values := make([]KeyValue, len(order))
	for i := range order {
		values[i] = r.value(order[i])
	}
	if !r.ok || len(r.rest) > 0 {
		return nil, badToken("it is damaged")
	}
	return values, nil
}

func badToken(format string, args ...any) error {
	return core.Invalid("page_token", "Invalid page token, %s", fmt.Sprintf(format, args...))
}

// tokenReader reads what encodeToken wrote. It goes on after an error, with zeros, and keeps it in ok.
type tokenReader struct {
	rest []byte
	ok   bool
}

func (r *tokenReader) value(k OrderKey) KeyValue {
	v := KeyValue{}
	presence := r.take(1)
	if presence == nil || Presence(presence[0]) > Missing {
		r.ok = false
		return v
	}
	if v.Presence = Presence(presence[0]); v.Presence != Present {
		return v
	}
	switch k.Type {
	case IntegerType:
		n, size := binary.Varint(r.rest)
		v.Integer = n
		r.ok = r.ok && size > 0
		r.take(uint64(max(size, 0)))
	case FloatType:
		if bits := r.take(8); bits != nil {
			v.Float = math.Float64frombits(binary.BigEndian.Uint64(bits))
		}
	case TextType, IDType:
		length, size := binary.Uvarint(r.rest)
		r.ok = r.ok && size > 0
		r.take(uint64(max(size, 0)))
		v.Text = string(r.take(length))
	}
	return v
}

func (r *tokenReader) take(n uint64) []byte {
	if !r.ok || n > uint64(len(r.rest)) {
		r.ok = false
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}
