package main

import (
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
)

// genBad draws what no proper client sends: unknown methods, broken messages, odd headers.
func genBad(w *world) call {
	return draw(w, []weighted[func(*world) call]{
		{3, genUnknownMethod}, {3, genBrokenMessage}, {1, genCompressed}, {3, genHeaders},
	})(w)
}

func genUnknownMethod(w *world) call {
	return &raw{label: "UnknownMethod", method: pick(w,
		"/etcdserverpb.KV/Nope", "/etcdserverpb.Watch/Nope", "/etcdserverpb.Nope/Range",
		"/nope.Nope/Nope", "/etcdserverpb.KV/range", "/", "/etcdserverpb.KV", "/a/b/c",
	)}
}

func genBrokenMessage(w *world) call {
	method := pick(w, methodRange, methodPut, methodDelete, methodTxn, methodCompact, methodGrant,
		methodTimeToLive, maintenance+"HashKV", maintenance+"Alarm", cluster+"MemberList")
	body := pick(w,
		[]byte{0x0a},                     // a field without its length
		[]byte{0x0a, 0x05, 'a'},          // a length beyond the end
		[]byte{0xff},                     // half a tag
		[]byte{0x00, 0x01},               // field number 0
		[]byte{0x0f, 0x01},               // a wire type that does not exist
		[]byte{0x0c},                     // the end of a group that never began
		append([]byte{0x0a, 0xff}, 0x7f), // a length of 16 KiB and nothing after it
	)
	return &raw{label: "BrokenMessage", method: method, body: body}
}

func genCompressed(w *world) call {
	return &unary{
		method: methodRange, label: "Compressed", request: &pb.RangeRequest{Key: w.poolKey()},
		options: []grpc.CallOption{grpc.UseCompressor(gzip.Name)},
	}
}

func genHeaders(w *world) call {
	return &unary{
		method: methodRange, label: "Headers",
		request: &pb.RangeRequest{Key: w.poolKey(), Serializable: w.chance(50)},
		headers: pick(w,
			metadata.Pairs("hasleader", "true"), metadata.Pairs("hasleader", "yes"),
			metadata.Pairs("client-api-version", "3.7"), metadata.Pairs("token", "nonsense"),
			metadata.Pairs("authorization", "Bearer x.1"), metadata.Pairs("x-unknown", "y"),
		),
	}
}
