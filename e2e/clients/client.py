"""Uses a server through gRPC for Python, with stubs made from our own .proto files.

Python's gRPC is the C core: another HTTP/2 and another protobuf than the Go client's, and the one
that most languages but Go and Java stand on.
"""

import argparse
import asyncio
import queue
import sys

import grpc

import rpc_pb2 as pb
import rpc_pb2_grpc as services

TIMEOUT_S = 20
SHORT_S = 0.3
BIG_BYTES = 1_400_000
PARALLEL = 200


class Requests:
    """Feeds a stream; iteration ends when the stream is closed."""

    def __init__(self):
        self.waiting = queue.Queue()

    def send(self, message):
        self.waiting.put(message)

    def close(self):
        self.waiting.put(None)

    def __iter__(self):
        return self

    def __next__(self):
        message = self.waiting.get()
        if message is None:
            raise StopIteration
        return message


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def refused(call, request, code, text):
    """The call must fail with exactly this code and text, and without details."""
    try:
        call(request, timeout=TIMEOUT_S)
    except grpc.RpcError as error:
        expect(error.code() == code, f"{error.code()} instead of {code}")
        expect(error.details() == text, f"{error.details()!r} instead of {text!r}")
        keys = [key for key, _ in error.trailing_metadata() or ()]
        expect("grpc-status-details-bin" not in keys, "error details were sent")
        return
    raise AssertionError(f"{request} was not refused")


def keys_and_values(channel):
    kv = services.KVStub(channel)
    put = kv.Put(pb.PutRequest(key=b"a", value=b"1"), timeout=TIMEOUT_S)
    expect(put.header.revision > 1 and put.header.member_id != 0, "header of a put")
    again = kv.Put(pb.PutRequest(key=b"a", value=b"2", prev_kv=True), timeout=TIMEOUT_S)
    expect(again.prev_kv.value == b"1", "previous value")
    expect(again.header.revision == put.header.revision + 1, "one revision a put")
    got = kv.Range(pb.RangeRequest(key=b"a"), timeout=TIMEOUT_S)
    expect(got.count == 1 and got.kvs[0].value == b"2" and got.kvs[0].version == 2, "a range")
    old = kv.Range(pb.RangeRequest(key=b"a", revision=put.header.revision), timeout=TIMEOUT_S)
    expect(old.kvs[0].value == b"1", "a range in the past")
    gone = kv.DeleteRange(pb.DeleteRangeRequest(key=b"a", prev_kv=True), timeout=TIMEOUT_S)
    expect(gone.deleted == 1 and gone.prev_kvs[0].value == b"2", "a deletion")


def big_messages(channel):
    kv = services.KVStub(channel)
    value = bytes(range(256)) * (BIG_BYTES // 256)
    for i in range(4):
        kv.Put(pb.PutRequest(key=b"big/%d" % i, value=value), timeout=TIMEOUT_S)
    got = kv.Range(pb.RangeRequest(key=b"big/", range_end=b"big0"), timeout=TIMEOUT_S)
    expect(len(got.kvs) == 4 and all(k.value == value for k in got.kvs), "four big values")
    streamed = kv.RangeStream(pb.RangeRequest(key=b"big/", range_end=b"big0"), timeout=TIMEOUT_S)
    kvs = [k for part in streamed for k in part.range_response.kvs]
    expect(len(kvs) == 4 and all(k.value == value for k in kvs), "four big values in a stream")
    kv.DeleteRange(pb.DeleteRangeRequest(key=b"big/", range_end=b"big0"), timeout=TIMEOUT_S)


def transactions(channel):
    kv = services.KVStub(channel)
    txn = pb.TxnRequest(
        compare=[pb.Compare(key=b"t", target=pb.Compare.VERSION, result=pb.Compare.EQUAL, version=0)],
        success=[pb.RequestOp(request_put=pb.PutRequest(key=b"t", value=b"x"))],
        failure=[pb.RequestOp(request_range=pb.RangeRequest(key=b"t"))],
    )
    first = kv.Txn(txn, timeout=TIMEOUT_S)
    second = kv.Txn(txn, timeout=TIMEOUT_S)
    expect(first.succeeded and not second.succeeded, "compare of a version")
    expect(second.responses[0].response_range.kvs[0].value == b"x", "the branch not taken first")


def errors(channel):
    kv, lease = services.KVStub(channel), services.LeaseStub(channel)
    code = grpc.StatusCode
    refused(kv.Put, pb.PutRequest(), code.INVALID_ARGUMENT, "etcdserver: key is not provided")
    refused(kv.Range, pb.RangeRequest(key=b"a", revision=1 << 40), code.OUT_OF_RANGE,
            "etcdserver: mvcc: required revision is a future revision")
    refused(lease.LeaseRevoke, pb.LeaseRevokeRequest(ID=404), code.NOT_FOUND,
            "etcdserver: requested lease not found")
    refused(kv.Put, pb.PutRequest(key=b"a", value=bytes(1_600_000)), code.INVALID_ARGUMENT,
            "etcdserver: request is too large")
    unknown = channel.unary_unary("/etcdserverpb.KV/Nope", lambda m: b"", lambda b: b)
    refused(unknown, None, code.UNIMPLEMENTED, "unknown method Nope for service etcdserverpb.KV")
    silent = Requests()
    try:
        next(services.WatchStub(channel).Watch(silent, timeout=SHORT_S))
        raise AssertionError("a watch that nothing was asked of answered")
    except grpc.RpcError as error:
        expect(error.code() == code.DEADLINE_EXCEEDED, f"{error.code()} at a deadline")
    silent.close()


def watches(channel):
    kv, requests = services.KVStub(channel), Requests()
    stream = services.WatchStub(channel).Watch(requests)
    requests.send(pb.WatchRequest(create_request=pb.WatchCreateRequest(
        key=b"w/", range_end=b"w0", prev_kv=True)))
    expect(next(stream).created, "the first answer of a watch")
    written = [kv.Put(pb.PutRequest(key=b"w/%d" % (i % 3), value=b"%d" % i), timeout=TIMEOUT_S).header.revision
               for i in range(50)]
    events = []
    while len(events) < len(written):
        events.extend(next(stream).events)
    expect([e.kv.mod_revision for e in events] == written, "revisions of a watch")
    expect(events[3].prev_kv.value == b"0", "previous value in a watch")
    requests.send(pb.WatchRequest(cancel_request=pb.WatchCancelRequest(watch_id=0)))
    expect(next(stream).canceled, "the answer to a cancel")
    stream.cancel()
    requests.close()


def leases(channel):
    lease, kv, requests = services.LeaseStub(channel), services.KVStub(channel), Requests()
    granted = lease.LeaseGrant(pb.LeaseGrantRequest(TTL=600), timeout=TIMEOUT_S)
    expect(granted.TTL == 600 and granted.ID > 0, "a grant")
    kv.Put(pb.PutRequest(key=b"l", value=b"1", lease=granted.ID), timeout=TIMEOUT_S)
    left = lease.LeaseTimeToLive(pb.LeaseTimeToLiveRequest(ID=granted.ID, keys=True), timeout=TIMEOUT_S)
    expect(0 < left.TTL <= 600 and list(left.keys) == [b"l"], "time to live")
    stream = lease.LeaseKeepAlive(requests)
    requests.send(pb.LeaseKeepAliveRequest(ID=granted.ID))
    expect(next(stream).TTL == 600, "a keep-alive")
    requests.close()
    expect(list(stream) == [], "the end of a keep-alive stream")
    lease.LeaseRevoke(pb.LeaseRevokeRequest(ID=granted.ID), timeout=TIMEOUT_S)
    expect(kv.Range(pb.RangeRequest(key=b"l"), timeout=TIMEOUT_S).count == 0, "a key goes with its lease")


def maintenance(channel):
    stub = services.MaintenanceStub(channel)
    status = stub.Status(pb.StatusRequest(), timeout=TIMEOUT_S)
    expect(status.version.startswith("3.") and status.leader == status.header.member_id, "status")
    parts = list(stub.Snapshot(pb.SnapshotRequest(), timeout=TIMEOUT_S))
    expect(parts[-1].remaining_bytes == 0 and sum(len(p.blob) for p in parts) > 0, "a snapshot")
    members = services.ClusterStub(channel).MemberList(pb.MemberListRequest(), timeout=TIMEOUT_S).members
    expect(len(members) == 1 and members[0].ID == status.leader, "members")


def many_at_once(channel):
    kv = services.KVStub(channel)
    calls = [kv.Put.future(pb.PutRequest(key=b"p/%d" % i, value=b"x"), timeout=TIMEOUT_S) for i in range(PARALLEL)]
    revisions = sorted(call.result().header.revision for call in calls)
    expect(len(set(revisions)) == PARALLEL, "each put of many has a revision of its own")


async def from_asyncio(open_channel):
    async with open_channel(grpc.aio) as channel:
        kv = services.KVStub(channel)
        puts = [kv.Put(pb.PutRequest(key=b"a/%d" % i, value=b"x"), timeout=TIMEOUT_S) for i in range(PARALLEL)]
        await asyncio.gather(*puts)
        got = await kv.Range(pb.RangeRequest(key=b"a/", range_end=b"a0", count_only=True), timeout=TIMEOUT_S)
        expect(got.count == PARALLEL, "puts from asyncio")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    for name in ("ca", "cert", "key"):
        parser.add_argument("--" + name)
    args = parser.parse_args()
    options = [("grpc.max_receive_message_length", -1)]

    def open_channel(library):
        if not args.ca:
            return library.insecure_channel(args.endpoint, options=options)
        files = [open(name, "rb").read() for name in (args.ca, args.key, args.cert)]
        return library.secure_channel(args.endpoint, grpc.ssl_channel_credentials(*files), options=options)

    with open_channel(grpc) as channel:
        for part in (keys_and_values, big_messages, transactions, errors, watches, leases, maintenance, many_at_once):
            part(channel)
            print("  python:", part.__name__, "ok")
    asyncio.run(from_asyncio(open_channel))
    print("  python: from_asyncio ok")


if __name__ == "__main__":
    sys.exit(main())
