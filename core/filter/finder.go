package filter

import (
	"strings"
	"unicode/utf8"
)

// finder finds the first place of a piece of a pattern in texts. Where the piece stands for itself alone it searches for
// a string; else it is the Shift-And algorithm (Baeza-Yates and Gonnet, A New Approach to Text Searching, 1992): bit i of
// its state says that the last i+1 runes of the text fit the first i+1 of the piece.
type finder struct {
	literal string
	fold    func(rune) rune
	words   int
	accept  uint64                   // the bit of the piece's last rune, in the last word
	any     []uint64                 // where the piece has _
	fits    map[rune][]uint64        // where it has the rune or _, for the runes that it has
	ascii   *[utf8.RuneSelf][]uint64 // the same, for all of ASCII
}

const wordBits = 64

// newFinder prepares a piece of at most mostBetween runes, folded.
func newFinder(piece string, fold func(rune) rune, exact bool) finder {
	if exact && !strings.Contains(piece, "_") {
		return finder{literal: piece}
	}
	length := utf8.RuneCountInString(piece)
	f := finder{
		fold: fold, words: (length + wordBits - 1) / wordBits, accept: 1 << ((length - 1) % wordBits),
		fits: map[rune][]uint64{}, ascii: &[utf8.RuneSelf][]uint64{},
	}
	f.any = make([]uint64, f.words)
	for i, r := range []rune(piece) {
		bits := f.any
		if r != '_' {
			if f.fits[r] == nil {
				f.fits[r] = make([]uint64, f.words)
			}
			bits = f.fits[r]
		}
		bits[i/wordBits] |= 1 << (i % wordBits)
	}
	for _, bits := range f.fits {
		for word := range bits {
			bits[word] |= f.any[word]
		}
	}
	for r := range f.ascii {
		f.ascii[r] = f.lookup(rune(r))
	}
	return f
}

func (f *finder) lookup(r rune) []uint64 {
	if bits, there := f.fits[f.fold(r)]; there {
		return bits
	}
	return f.any
}

// find returns the end of the first part of text that fits the piece, or -1.
func (f *finder) find(text string) int {
	if f.literal != "" {
		if start := strings.Index(text, f.literal); start >= 0 {
			return start + len(f.literal)
		}
		return -1
	}
	var state [mostBetween / wordBits]uint64
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		at += size
		var bits []uint64
		if r < utf8.RuneSelf {
			bits = f.ascii[r]
		} else {
			bits = f.lookup(r)
		}
		carry := uint64(1) // a part may begin at every rune
		for word := range f.words {
			moved := state[word]<<1 | carry
			carry = state[word] >> (wordBits - 1)
			state[word] = moved & bits[word]
		}
		if state[f.words-1]&f.accept != 0 {
			return at
		}
	}
	return -1
}
