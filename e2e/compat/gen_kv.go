package main

import (
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

const (
	methodRange       = "/etcdserverpb.KV/Range"
	methodRangeStream = "/etcdserverpb.KV/RangeStream"
	methodPut         = "/etcdserverpb.KV/Put"
	methodDelete      = "/etcdserverpb.KV/DeleteRange"
	methodTxn         = "/etcdserverpb.KV/Txn"
	methodCompact     = "/etcdserverpb.KV/Compact"
)

func (w *world) rangeRequest() *pb.RangeRequest {
	key := w.key()
	r := &pb.RangeRequest{
		Key: key, RangeEnd: w.rangeEnd(key), Revision: w.readRevision(), Serializable: w.chance(30),
	}
	if w.chance(30) {
		r.Limit = pick[int64](w, 1, 2, 3, 5, 10, 1000, -1)
	}
	if w.chance(25) {
		w.sorting(r)
	}
	r.KeysOnly, r.CountOnly = w.chance(10), w.chance(8)
	if w.chance(12) {
		w.revisionFilters(r)
	}
	return r
}

func (w *world) sorting(r *pb.RangeRequest) {
	r.SortOrder = pb.RangeRequest_SortOrder(w.rng.IntN(3))
	r.SortTarget = pb.RangeRequest_SortTarget(w.rng.IntN(5))
	if w.chance(4) {
		r.SortOrder = pb.RangeRequest_SortOrder(pick[int32](w, 3, -1, 100))
	}
	if w.chance(4) {
		r.SortTarget = pb.RangeRequest_SortTarget(pick[int32](w, 5, -1, 100))
	}
}

func (w *world) revisionFilters(r *pb.RangeRequest) {
	for _, field := range []*int64{
		&r.MinModRevision, &r.MaxModRevision, &r.MinCreateRevision, &r.MaxCreateRevision,
	} {
		if w.chance(40) {
			*field = w.between(0, w.revision+1)
		}
	}
	if w.chance(5) {
		r.MinModRevision = -1
	}
}

func genRange(w *world) call { return &unary{method: methodRange, request: w.rangeRequest()} }

func genRangeStream(w *world) call {
	r := w.rangeRequest()
	if w.chance(60) {
		// Most drawn requests are refused for their sort or filters; let the others be seen, too.
		r.SortOrder, r.SortTarget = 0, 0
		r.MinModRevision, r.MaxModRevision, r.MinCreateRevision, r.MaxCreateRevision = 0, 0, 0, 0
	}
	if r.SortOrder == pb.RangeRequest_NONE {
		// With a target but no order etcd sorts inside each chunk and goes on behind the key that
		// came last in it, so that keys come twice or not at all: nothing to compare with.
		r.SortTarget = pb.RangeRequest_KEY
	}
	return &serverStream{method: methodRangeStream, request: r}
}

func (w *world) putRequest() *pb.PutRequest {
	p := &pb.PutRequest{Key: w.key(), Value: w.value(), PrevKv: w.chance(25)}
	if w.chance(15) {
		p.Lease = w.someLease()
	}
	if w.chance(6) {
		p.IgnoreValue = true
		if w.chance(80) {
			p.Value = nil
		}
	}
	if w.chance(6) {
		p.IgnoreLease = true
		if w.chance(80) {
			p.Lease = 0
		}
	}
	return p
}

func genPut(w *world) call { return &unary{method: methodPut, request: w.putRequest()} }

func (w *world) deleteRequest() *pb.DeleteRangeRequest {
	key := w.key()
	d := &pb.DeleteRangeRequest{Key: key, PrevKv: w.chance(30)}
	if w.chance(30) {
		d.RangeEnd = w.rangeEnd(key)
	}
	if len(d.RangeEnd) > 0 && w.chance(60) {
		// Deleting everything every few requests would leave nothing to read.
		d.Key = w.poolKey()
		d.RangeEnd = append(d.Key[:len(d.Key):len(d.Key)], 0)
	}
	return d
}

func genDelete(w *world) call { return &unary{method: methodDelete, request: w.deleteRequest()} }

func genCompact(w *world) call {
	revision := draw(w, []weighted[int64]{
		{60, w.between(w.compacted+1, w.revision)},
		{12, w.between(w.revision-5, w.revision)},
		{8, w.compacted},
		{5, w.between(0, w.compacted)},
		{8, w.revision + 1 + w.rng.Int64N(3)},
		{4, 0},
		{3, -1},
	})
	if revision == 0 && w.compacted == 0 {
		// A fresh etcd accepts 0 once. It keeps the hash of that compaction and from then on gives
		// it for HashKV at revision 0, which asks for the current one.
		revision = 1
	}
	for w.perilous[revision] {
		revision--
	}
	return &unary{method: methodCompact, request: &pb.CompactionRequest{
		Revision: revision, Physical: w.chance(50),
	}}
}

// genBigPut goes to both sides of the size limits: 1.5 MiB for a request, 2 MiB for a message.
func genBigPut(w *world) call {
	size := pick(w, 1_400_000, 1572864-100, 1572864-30, 1572864, 1_700_000, 2097152-20, 2097152, 2_300_000)
	return &unary{method: methodPut, label: "PutBig", request: &pb.PutRequest{
		Key: []byte("big"), Value: w.bytes(size),
	}}
}
