package main

import (
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

const (
	txnDepthMax = 3
	txnOpsLimit = 128 // the server's --max-txn-ops
)

func genTxn(w *world) call {
	return &unary{method: methodTxn, request: w.txnRequest(0)}
}

func (w *world) txnRequest(depth int) *pb.TxnRequest {
	t := &pb.TxnRequest{}
	for range w.rng.IntN(3) {
		t.Compare = append(t.Compare, w.compare())
	}
	for range 1 + w.rng.IntN(4) {
		t.Success = append(t.Success, w.op(depth))
	}
	for range w.rng.IntN(3) {
		t.Failure = append(t.Failure, w.op(depth))
	}
	return t
}

func (w *world) op(depth int) *pb.RequestOp {
	kind := draw(w, []weighted[string]{{35, "put"}, {30, "range"}, {15, "delete"}, {12, "txn"}, {1, "unset"}})
	switch {
	case kind == "put":
		return putOp(w.putRequest())
	case kind == "delete":
		return deleteOp(w.deleteRequest())
	case kind == "txn" && depth < txnDepthMax:
		return &pb.RequestOp{Request: &pb.RequestOp_RequestTxn{RequestTxn: w.txnRequest(depth + 1)}}
	case kind == "unset":
		return &pb.RequestOp{}
	}
	return rangeOp(w.rangeRequest())
}

func putOp(r *pb.PutRequest) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: r}}
}

func rangeOp(r *pb.RangeRequest) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestRange{RequestRange: r}}
}

func deleteOp(r *pb.DeleteRangeRequest) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: r}}
}

// compare draws target and union member apart from each other, so that they also disagree.
func (w *world) compare() *pb.Compare {
	key := w.key()
	c := &pb.Compare{
		Key:    key,
		Result: pb.Compare_CompareResult(w.rng.IntN(4)),
		Target: pb.Compare_CompareTarget(w.rng.IntN(5)),
	}
	if w.chance(3) {
		c.Result = pb.Compare_CompareResult(pick[int32](w, 4, 99, -1))
	}
	if w.chance(3) {
		c.Target = pb.Compare_CompareTarget(pick[int32](w, 5, 99, -1))
	}
	if w.chance(20) {
		c.RangeEnd = w.rangeEnd(key)
	}
	member := int(c.Target)
	if w.chance(8) {
		member = w.rng.IntN(6)
	}
	w.setUnion(c, member)
	return c
}

func (w *world) setUnion(c *pb.Compare, member int) {
	switch member {
	case 0:
		c.TargetUnion = &pb.Compare_Version{Version: w.between(0, 4)}
	case 1:
		c.TargetUnion = &pb.Compare_CreateRevision{CreateRevision: w.compareRevision()}
	case 2:
		c.TargetUnion = &pb.Compare_ModRevision{ModRevision: w.compareRevision()}
	case 3:
		c.TargetUnion = &pb.Compare_Value{Value: w.value()}
	case 4:
		c.TargetUnion = &pb.Compare_Lease{Lease: pick(w, 0, w.someLease())}
	}
}

func (w *world) compareRevision() int64 {
	return pick(w, 0, w.revision, w.between(0, w.revision), w.between(w.revision-10, w.revision))
}

// genUpdateTxn is the shape of kube-apiserver's writes: compare a revision, put, else read.
func genUpdateTxn(w *world) call {
	key := w.poolKey()
	mod := pick(w, 0, w.between(w.revision-30, w.revision))
	return &unary{method: methodTxn, label: "TxnUpdate", request: &pb.TxnRequest{
		Compare: []*pb.Compare{{
			Key: key, Target: pb.Compare_MOD, TargetUnion: &pb.Compare_ModRevision{ModRevision: mod},
		}},
		Success: []*pb.RequestOp{pick(w, putOp(&pb.PutRequest{Key: key, Value: w.value()}),
			deleteOp(&pb.DeleteRangeRequest{Key: key}))},
		Failure: []*pb.RequestOp{rangeOp(&pb.RangeRequest{Key: key})},
	}}
}

// genManyOps goes to both sides of the operation limit, flat and nested.
func genManyOps(w *world) call {
	n := txnOpsLimit - 1 + w.rng.IntN(3)
	t := &pb.TxnRequest{}
	switch w.rng.IntN(4) {
	case 0:
		t.Compare = slices.Repeat([]*pb.Compare{w.compare()}, n)
	case 1:
		t.Failure = slices.Repeat([]*pb.RequestOp{rangeOp(&pb.RangeRequest{Key: w.poolKey()})}, n)
	case 2:
		t.Success = w.distinctPuts(n)
	case 3:
		outer := 1 + w.rng.IntN(txnOpsLimit-2)
		t.Success = slices.Repeat([]*pb.RequestOp{rangeOp(&pb.RangeRequest{Key: w.poolKey()})}, outer)
		inner := &pb.TxnRequest{Success: w.distinctPuts(n - outer)}
		t.Failure = []*pb.RequestOp{{Request: &pb.RequestOp_RequestTxn{RequestTxn: inner}}}
	}
	return &unary{method: methodTxn, label: "TxnManyOps", request: t}
}

func (w *world) distinctPuts(n int) (ops []*pb.RequestOp) {
	for i := range n {
		ops = append(ops, putOp(&pb.PutRequest{Key: []byte{'m', byte(i)}, Value: w.value()}))
	}
	return ops
}

// genBigTxn makes one revision whose watch response needs more than 2 MiB once the previous
// values are in it, which is the only way to see a live response in fragments.
func genBigTxn(w *world) call {
	const valueBytes = 700_000 // two of them stay below the request limit
	return &unary{method: methodTxn, label: "TxnBig", request: &pb.TxnRequest{Success: []*pb.RequestOp{
		putOp(&pb.PutRequest{Key: []byte("k/big1"), Value: w.bytes(valueBytes)}),
		putOp(&pb.PutRequest{Key: []byte("k/big2"), Value: w.bytes(valueBytes)}),
	}}}
}

// loseable tells whether etcd 3.7.1 may lose a key over this transaction. Its check for duplicate
// keys takes a deletion up to "\x00", which has an open end, for an empty one; so the same revision
// can delete a key and put it. A compaction at exactly that revision keeps only the tombstone and
// removes the put, and the first read of the key then ends the server.
func loseable(t *pb.TxnRequest) bool {
	puts, openDeletes := 0, 0
	countOps(t, &puts, &openDeletes)
	return puts > 0 && openDeletes > 0
}

func countOps(t *pb.TxnRequest, puts, openDeletes *int) {
	for _, op := range slices.Concat(t.Success, t.Failure) {
		switch {
		case op.GetRequestPut() != nil:
			*puts++
		case string(op.GetRequestDeleteRange().GetRangeEnd()) == "\x00":
			*openDeletes++
		case op.GetRequestTxn() != nil:
			countOps(op.GetRequestTxn(), puts, openDeletes)
		}
	}
}
