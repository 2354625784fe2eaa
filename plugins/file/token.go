package file

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math"

	"github.com/mlstore/mlstore/core"
)

// tokenSum is the number of bytes of SHA-256 that a page token of a history begins with.
const tokenSum = 12

// seal makes the page token that continues a history behind a point. It depends on nothing else, so that it outlives the
// store that made it.
func seal(query string, m core.Metric) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(m.Timestamp))
	b = binary.BigEndian.AppendUint64(b, uint64(m.Step))
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(m.Value))
	b = appendField(b, []byte(m.DatasetName))
	b = appendField(b, []byte(m.DatasetDigest))
	return base64.RawURLEncoding.EncodeToString(append(tokenDigest(query, b), b...))
}

// unseal reads a token of the query. One that seal did not make for it is ErrInvalid.
func unseal(query, token string) (*core.Metric, error) {
	packed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(packed) < tokenSum+24 || base64.RawURLEncoding.EncodeToString(packed) != token ||
		!bytes.Equal(packed[:tokenSum], tokenDigest(query, packed[tokenSum:])) {
		return nil, core.Invalid("page_token", "Invalid page token: this store did not make it, or made it for another query")
	}
	b := packed[tokenSum:]
	m := &core.Metric{
		Timestamp: core.Millis(binary.BigEndian.Uint64(b)), Step: int64(binary.BigEndian.Uint64(b[8:])),
		Value: math.Float64frombits(binary.BigEndian.Uint64(b[16:])),
	}
	b = b[24:]
	for _, field := range []*string{&m.DatasetName, &m.DatasetDigest} {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return nil, core.Invalid("page_token", "Invalid page token: it is garbled")
		}
		*field = string(b[used : used+int(n)])
		b = b[used+int(n):]
	}
	return m, nil
}

func tokenDigest(query string, body []byte) []byte {
	h := sha256.New()
	h.Write([]byte(query))
	h.Write([]byte{0})
	h.Write(body)
	return h.Sum(nil)[:tokenSum]
}
