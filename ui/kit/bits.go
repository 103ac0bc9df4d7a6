package kit

import "math/bits"

// A bitset holds which of n things are chosen: a million rows in 125 kB.
type bitset struct {
	words []uint64
	count int
}

func newBitset(n int) bitset { return bitset{words: make([]uint64, (n+63)/64)} }

func (b *bitset) has(i int) bool {
	return i >= 0 && i/64 < len(b.words) && b.words[i/64]&(1<<(i%64)) != 0
}

func (b *bitset) set(i int, on bool) {
	if b.has(i) == on || i < 0 || i/64 >= len(b.words) {
		return
	}
	b.words[i/64] ^= 1 << (i % 64)
	if on {
		b.count++
	} else {
		b.count--
	}
}

func (b *bitset) clear() {
	clear(b.words)
	b.count = 0
}

// fill chooses the first n.
func (b *bitset) fill(n int) {
	b.clear()
	for i := range b.words {
		b.words[i] = ^uint64(0)
	}
	if n%64 != 0 && len(b.words) > 0 {
		b.words[len(b.words)-1] = 1<<(n%64) - 1
	}
	b.count = n
}

// keep drops all that are not in other.
func (b *bitset) keep(other bitset) {
	b.count = 0
	for i := range b.words {
		b.words[i] &= other.words[i]
		b.count += bits.OnesCount64(b.words[i])
	}
}

// each calls f for every chosen one, ascending.
func (b *bitset) each(f func(i int)) {
	for w, word := range b.words {
		for word != 0 {
			f(w*64 + bits.TrailingZeros64(word))
			word &= word - 1
		}
	}
}
