package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"keelson.example/e2e/harness"
)

const madeLeases = 50_000

// oursToReal: a large image that never was in an etcd, with all sizes of values, is good for bbolt,
// etcdutl and real etcd, and the HashKV of it is the one that its rows have.
func (b *bench) oursToReal(ctx context.Context, revisions int) error {
	rows, err := madeRows(revisions, b.seed)
	if err != nil {
		return err
	}
	dir := filepath.Join(b.work.Path, "made")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(dir, "made.db")
	for _, flags := range [][]string{{"digest", "nofreelist", "noinline"}, {"digest"}} {
		if err := b.writeRows(rows, path, flags...); err != nil {
			return err
		}
		if err := copyAlike(path, rows); err != nil {
			return err
		}
	}
	if err := b.readAlike(path); err != nil {
		return err
	}
	said, err := b.status(path)
	if err != nil {
		return err
	}
	if said.Revision != int64(revisions)+1 {
		return fmt.Errorf("status says %+v, the last revision is %d", said, revisions+1)
	}
	fmt.Printf("an image of %d rows made by us: bbolt's check is fine, etcdutl says %+v\n", len(rows), said)
	return b.startMade(ctx, dir, path, rows)
}

func (b *bench) startMade(ctx context.Context, dir, path string, rows []row) error {
	server, err := harness.NewServer(harness.Options{Program: b.etcd, Dir: dir})
	if err != nil {
		return err
	}
	if err := b.restore(path, server.DataDir()); err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	defer server.Kill()
	conn, err := server.Dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	hash, err := pb.NewMaintenanceClient(conn).HashKV(ctx, &pb.HashKVRequest{})
	if err != nil {
		return err
	}
	if want := hashOf(rows); hash.Hash != want {
		return fmt.Errorf("real etcd's HashKV is %d, the rows' is %d", hash.Hash, want)
	}
	leases, err := pb.NewLeaseClient(conn).LeaseLeases(ctx, &pb.LeaseLeasesRequest{})
	if err != nil {
		return err
	}
	if len(leases.Leases) != madeLeases {
		return fmt.Errorf("real etcd has %d leases of %d", len(leases.Leases), madeLeases)
	}
	_, err = pb.NewKVClient(conn).Put(ctx, &pb.PutRequest{Key: []byte("after"), Value: []byte("restore")})
	if err == nil {
		fmt.Printf("restored, real etcd has its HashKV %d, its leases, and takes a put\n", hash.Hash)
	}
	return err
}

// hashOf is HashKV of a state that was never compacted.
func hashOf(rows []row) uint32 {
	hash := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	hash.Write([]byte("key"))
	for _, r := range rows {
		if r.bucket == "key" {
			hash.Write(r.key)
			hash.Write(r.value)
		}
	}
	return hash.Sum32()
}

// madeRows are sorted as bbolt has them.
func madeRows(revisions int, seed uint64) ([]row, error) {
	rng := rand.New(rand.NewPCG(seed, 2))
	var rows []row
	for main := range revisions {
		key, value, err := madeVersion(rng, int64(main)+2)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{"key", key, value})
	}
	for id := int64(1); id <= madeLeases; id++ {
		key := binary.BigEndian.AppendUint64(nil, uint64(id))
		rows = append(rows, row{"lease", key, leaseValue(id)})
	}
	index := binary.BigEndian.AppendUint64(nil, 7)
	return append(rows, row{"meta", []byte("consistent_index"), index},
		row{"meta", []byte("storageVersion"), []byte("3.7.0")},
		row{"meta", []byte("term"), index}), nil
}

// leaseValue is a leasepb.Lease: ID and TTL.
func leaseValue(id int64) []byte {
	out := protowire.AppendTag(nil, 1, protowire.VarintType)
	out = protowire.AppendVarint(out, uint64(id))
	out = protowire.AppendTag(out, 2, protowire.VarintType)
	return protowire.AppendVarint(out, 3600)
}

func madeVersion(rng *rand.Rand, main int64) (key, value []byte, err error) {
	size := rng.IntN(300)
	switch rng.IntN(2000) {
	case 0:
		size = rng.IntN(1536 << 10)
	case 1, 2, 3, 4, 5, 6, 7, 8:
		size = rng.IntN(10_000)
	}
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(rng.Uint32())
	}
	// A key of its own for each, so that none of the rows depends on another.
	kv := &mvccpb.KeyValue{Key: fmt.Appendf(nil, "/made/%08d", main), Value: content,
		CreateRevision: main, ModRevision: main, Version: 1, Lease: rng.Int64N(madeLeases + 1)}
	value, err = proto.MarshalOptions{Deterministic: true}.Marshal(kv)
	key = binary.BigEndian.AppendUint64(nil, uint64(main))
	key = append(key, '_')
	return binary.BigEndian.AppendUint64(key, 0), value, err
}
