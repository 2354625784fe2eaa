package s3

import "hash/crc32"

// A CRC-32 is a polynomial over the field of two elements, modulo that of hash/crc32's IEEE: bit 31 is the coefficient of
// x⁰, bit 0 that of x³¹. Appending n bytes to a text multiplies its polynomial by x to the 8n.

const one = 1 << 31 // the polynomial 1

// times multiplies two polynomials.
func times(a, b uint32) uint32 {
	var product uint32
	for term := uint32(one); term != 0; term >>= 1 {
		if a&term != 0 {
			product ^= b
		}
		carry := b & 1
		b >>= 1
		if carry != 0 {
			b ^= crc32.IEEE
		}
	}
	return product
}

// joinCRC returns the CRC-32 of two texts one after the other, of which the second has the length.
func joinCRC(first, second uint32, length int64) uint32 {
	power, square := uint32(one), uint32(one>>8) // x⁸, squared with each bit of the length
	for ; length > 0; length >>= 1 {
		if length&1 != 0 {
			power = times(power, square)
		}
		square = times(square, square)
	}
	return times(power, first) ^ second
}
