package main

import (
	"fmt"
	"math/rand/v2"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// world is what the generator knows of the state of both servers. It learns from the reference's
// answers only, and it may be wrong: it only makes interesting requests likely.
type world struct {
	rng       *rand.Rand
	step      int
	revision  int64
	compacted int64
	leases    []int64
	streams   map[int]*streamState
	nextID    int            // of the next watch stream
	perilous  map[int64]bool // revisions that etcd must not be compacted at, see loseable
}

type streamState struct {
	live        []int64 // watch ids in use
	dead        []int64 // those of them that a compaction cancelled
	halfClosed  bool    // the client sends no more, but still listens
	futureStart int64   // progress requests stay unanswered while some watch starts above this
}

func newWorld(seed uint64) *world {
	return &world{
		rng: rand.New(rand.NewPCG(seed, 0x6b65656c)), streams: map[int]*streamState{},
		perilous: map[int64]bool{},
	}
}

// learn takes in an answer of the reference.
func (w *world) learn(c call, a *answer) {
	for _, m := range a.messages {
		// A response nested in RangeStream or none at all simply teaches nothing.
		if h, ok := m.(interface{ GetHeader() *pb.ResponseHeader }); ok {
			w.revision = max(w.revision, h.GetHeader().GetRevision())
		}
	}
	if l, ok := c.(interface{ learned(*world, *answer) }); ok {
		l.learned(w, a)
	}
	u, ok := c.(*unary)
	if !ok || len(a.messages) == 0 {
		return
	}
	switch request := u.request.(type) {
	case *pb.CompactionRequest:
		w.compacted = request.Revision
	case *pb.TxnRequest:
		if response, ok := a.messages[0].(*pb.TxnResponse); ok && loseable(request) {
			w.perilous[response.Header.Revision] = true
		}
	case *pb.LeaseGrantRequest:
		w.leases = append(w.leases, request.ID)
	case *pb.LeaseRevokeRequest:
		w.leases = slices.DeleteFunc(w.leases, func(id int64) bool { return id == request.ID })
	}
}

// chance is true in percent of a hundred cases.
func (w *world) chance(percent int) bool { return w.rng.IntN(100) < percent }

func pick[T any](w *world, choices ...T) T { return choices[w.rng.IntN(len(choices))] }

// weighted is one entry of a table to draw from.
type weighted[T any] struct {
	weight int
	value  T
}

func draw[T any](w *world, table []weighted[T]) T {
	total := 0
	for _, e := range table {
		total += e.weight
	}
	n := w.rng.IntN(total)
	for _, e := range table {
		if n -= e.weight; n < 0 {
			return e.value
		}
	}
	panic("unreachable: the weights were summed above")
}

// keyPool is small, so that requests meet each other's keys.
const keyPool = 40

func (w *world) poolKey() []byte { return fmt.Appendf(nil, "k/%02d", w.rng.IntN(keyPool)) }

// legalKey is mostly a pool key, else one that is legal but odd.
func (w *world) legalKey() []byte {
	if w.chance(88) {
		return w.poolKey()
	}
	odd := []string{
		"\x00", "\xff", "\xff\xff", "k", "k/", "k/0", "k/1\x00", "a\x00b", "gr\u00fc\u00dfe/\u4e16",
		" ", "\n", "l", string(make([]byte, 2000)),
	}
	return []byte(pick(w, odd...))
}

// key may also be empty, which is refused.
func (w *world) key() []byte {
	if w.chance(2) {
		return nil
	}
	return w.legalKey()
}

// prefixEnd is the end of the interval of all keys with this prefix.
func prefixEnd(key []byte) []byte {
	end := slices.Clone(key)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return []byte{0}
}

// rangeEnd draws every kind of end there is for an interval that starts at key.
func (w *world) rangeEnd(key []byte) []byte {
	switch draw(w, []weighted[string]{
		{40, "single"}, {15, "prefix"}, {12, "open"}, {20, "pool"}, {4, "same"}, {4, "next"}, {5, "wide"},
	}) {
	case "prefix":
		return prefixEnd(key)
	case "open":
		return []byte{0}
	case "pool":
		return w.poolKey() // below the start as often as above it
	case "same":
		return slices.Clone(key)
	case "next":
		return append(slices.Clone(key), 0)
	case "wide":
		return []byte("l")
	}
	return nil
}

// value is small most of the time, and never the same twice unless empty.
func (w *world) value() []byte {
	switch draw(w, []weighted[string]{{70, "step"}, {8, "empty"}, {12, "bytes"}, {9, "kilobytes"}, {1, "big"}}) {
	case "empty":
		return nil
	case "bytes":
		return w.bytes(1 + w.rng.IntN(64))
	case "kilobytes":
		return w.bytes(1000 + w.rng.IntN(8000))
	case "big":
		return w.bytes(100_000)
	}
	return fmt.Appendf(nil, "v%d", w.rng.IntN(1000))
}

func (w *world) bytes(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(w.rng.Uint32())
	}
	return data
}

// readRevision draws a revision to read at.
func (w *world) readRevision() int64 {
	switch draw(w, []weighted[string]{
		{60, "latest"}, {22, "past"}, {5, "edge"}, {5, "compacted"}, {5, "future"}, {3, "negative"},
	}) {
	case "past":
		return w.between(w.compacted, w.revision)
	case "edge":
		return w.compacted
	case "compacted":
		return w.between(1, w.compacted-1)
	case "future":
		return w.revision + 1 + w.rng.Int64N(3)
	case "negative":
		return -1 - w.rng.Int64N(5)
	}
	return 0
}

// between is a number of the closed interval, its lower end when the interval is empty.
func (w *world) between(low, high int64) int64 {
	if high <= low {
		return max(low, 0)
	}
	return low + w.rng.Int64N(high-low+1)
}
