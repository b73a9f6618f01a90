package main

import (
	"bytes"
	"slices"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// mendSortTies lets the order inside of equal sort values pass, at the top and inside transactions.
func mendSortTies(c call, want, got *answer) (mended bool) {
	u, ok := c.(*unary)
	if !ok || len(want.messages) != 1 || len(got.messages) != 1 {
		return false
	}
	switch request := u.request.(type) {
	case *pb.RangeRequest:
		return mendTies(request, want.messages[0].(*pb.RangeResponse), got.messages[0].(*pb.RangeResponse))
	case *pb.TxnRequest:
		return mendTxnTies(request, want.messages[0].(*pb.TxnResponse), got.messages[0].(*pb.TxnResponse))
	}
	return false
}

func mendTxnTies(request *pb.TxnRequest, want, got *pb.TxnResponse) (mended bool) {
	ops := request.Failure
	if want.Succeeded {
		ops = request.Success
	}
	for i := range min(len(ops), len(want.Responses), len(got.Responses)) {
		w, g := want.Responses[i], got.Responses[i]
		if r := ops[i].GetRequestRange(); r != nil && w.GetResponseRange() != nil && g.GetResponseRange() != nil {
			mended = mendTies(r, w.GetResponseRange(), g.GetResponseRange()) || mended
		}
		if t := ops[i].GetRequestTxn(); t != nil && w.GetResponseTxn() != nil && g.GetResponseTxn() != nil {
			mended = mendTxnTies(t, w.GetResponseTxn(), g.GetResponseTxn()) || mended
		}
	}
	return mended
}

func mendTies(request *pb.RangeRequest, want, got *pb.RangeResponse) bool {
	value := sortValue(request.SortTarget)
	if value == nil || len(want.Kvs) != len(got.Kvs) || slices.EqualFunc(want.Kvs, got.Kvs, equalKV) {
		return false
	}
	for from := 0; from < len(want.Kvs); {
		to := from + 1
		for to < len(want.Kvs) && value(want.Kvs[to], want.Kvs[from]) {
			to++
		}
		for i := from; i < to; i++ {
			if !value(want.Kvs[i], got.Kvs[i]) {
				return false
			}
		}
		// The limit cuts through the last group: which of its keys remain is then free as well.
		cut := to == len(want.Kvs) && want.More
		if !cut && !slices.EqualFunc(byKey(want.Kvs[from:to]), byKey(got.Kvs[from:to]), equalKV) {
			return false
		}
		from = to
	}
	got.Kvs = want.Kvs
	return true
}

// sortValue compares two keys' values of a sort target; nil for KEY, which has no ties.
func sortValue(target pb.RangeRequest_SortTarget) func(a, b *mvccpb.KeyValue) bool {
	switch target {
	case pb.RangeRequest_VERSION:
		return func(a, b *mvccpb.KeyValue) bool { return a.Version == b.Version }
	case pb.RangeRequest_CREATE:
		return func(a, b *mvccpb.KeyValue) bool { return a.CreateRevision == b.CreateRevision }
	case pb.RangeRequest_MOD:
		return func(a, b *mvccpb.KeyValue) bool { return a.ModRevision == b.ModRevision }
	case pb.RangeRequest_VALUE:
		return func(a, b *mvccpb.KeyValue) bool { return bytes.Equal(a.Value, b.Value) }
	}
	return nil
}

func equalKV(a, b *mvccpb.KeyValue) bool { return proto.Equal(a, b) }

func byKey(kvs []*mvccpb.KeyValue) []*mvccpb.KeyValue {
	kvs = slices.Clone(kvs)
	slices.SortFunc(kvs, func(a, b *mvccpb.KeyValue) int { return bytes.Compare(a.Key, b.Key) })
	return kvs
}
