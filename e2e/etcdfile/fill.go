package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"go.etcd.io/etcd/api/v3/authpb"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
)

const (
	fillKeys   = 300
	fillLeases = 20
)

// filler puts something into every table of a real etcd.
type filler struct {
	kv    pb.KVClient
	lease pb.LeaseClient
	rng   *rand.Rand
}

func fill(ctx context.Context, conn *grpc.ClientConn, seed uint64) error {
	if err := fillKeysAndLeases(ctx, conn, seed); err != nil {
		return err
	}
	if err := fillAuth(ctx, pb.NewAuthClient(conn)); err != nil {
		return fmt.Errorf("auth: %w", err)
	}
	if err := fillMembers(ctx, pb.NewClusterClient(conn)); err != nil {
		return fmt.Errorf("members: %w", err)
	}
	if err := fillDowngrade(ctx, pb.NewMaintenanceClient(conn)); err != nil {
		return fmt.Errorf("downgrade: %w", err)
	}
	return fillAlarm(ctx, conn)
}

// fillStore leaves out what our server cannot hold yet, and what would make another out of a
// member that is restored.
func fillStore(ctx context.Context, conn *grpc.ClientConn, seed uint64) error {
	if err := fillKeysAndLeases(ctx, conn, seed); err != nil {
		return err
	}
	return fillAlarm(ctx, conn)
}

func fillKeysAndLeases(ctx context.Context, conn *grpc.ClientConn, seed uint64) error {
	f := &filler{pb.NewKVClient(conn), pb.NewLeaseClient(conn), rand.New(rand.NewPCG(seed, 1))}
	if err := f.leases(ctx); err != nil {
		return fmt.Errorf("leases: %w", err)
	}
	if err := f.changes(ctx, 2000); err != nil {
		return fmt.Errorf("changes: %w", err)
	}
	if _, err := f.kv.Compact(ctx, &pb.CompactionRequest{Revision: 1200, Physical: true}); err != nil {
		return fmt.Errorf("compaction: %w", err)
	}
	if err := f.changes(ctx, 1000); err != nil {
		return fmt.Errorf("changes: %w", err)
	}
	return nil
}

// fillAlarm comes last: from then on puts are refused.
func fillAlarm(ctx context.Context, conn *grpc.ClientConn) error {
	_, err := pb.NewMaintenanceClient(conn).Alarm(ctx, &pb.AlarmRequest{
		Action: pb.AlarmRequest_ACTIVATE, MemberID: 1, Alarm: pb.AlarmType_NOSPACE})
	return err
}

func (f *filler) leases(ctx context.Context) error {
	for id := int64(1); id <= fillLeases; id++ {
		if _, err := f.lease.LeaseGrant(ctx, &pb.LeaseGrantRequest{ID: id, TTL: 3600 + id}); err != nil {
			return err
		}
	}
	_, err := f.lease.LeaseRevoke(ctx, &pb.LeaseRevokeRequest{ID: fillLeases})
	return err
}

func (f *filler) key() []byte { return fmt.Appendf(nil, "/registry/%03d", f.rng.IntN(fillKeys)) }

func (f *filler) put() *pb.PutRequest {
	size := f.rng.IntN(300)
	switch f.rng.IntN(200) {
	case 0:
		size = 1 << 20
	case 1, 2, 3:
		size = 5000
	}
	value := make([]byte, size)
	for i := range value {
		value[i] = byte(f.rng.Uint32())
	}
	return &pb.PutRequest{Key: f.key(), Value: value, Lease: int64(f.rng.IntN(fillLeases))}
}

func (f *filler) changes(ctx context.Context, count int) error {
	for range count {
		var err error
		switch f.rng.IntN(10) {
		case 0, 1:
			_, err = f.kv.DeleteRange(ctx, &pb.DeleteRangeRequest{Key: f.key()})
		case 2:
			_, err = f.kv.Txn(ctx, f.transaction())
		default:
			_, err = f.kv.Put(ctx, f.put())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// transaction has several changes in one revision, so that sub revisions are there, too.
func (f *filler) transaction() *pb.TxnRequest {
	txn := &pb.TxnRequest{}
	for i := range 5 {
		put := &pb.PutRequest{Key: fmt.Appendf(nil, "/txn/%d/%d", f.rng.IntN(20), i), Value: []byte("v")}
		txn.Success = append(txn.Success, &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: put}})
	}
	gone := &pb.DeleteRangeRequest{Key: []byte("/registry/29"), RangeEnd: []byte("/registry/30")}
	txn.Success = append(txn.Success, &pb.RequestOp{
		Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: gone}})
	return txn
}

func fillAuth(ctx context.Context, auth pb.AuthClient) error {
	permission := &authpb.Permission{
		PermType: authpb.READWRITE, Key: []byte("/registry/"), RangeEnd: []byte{0}}
	steps := []func() error{
		func() (err error) { _, err = auth.RoleAdd(ctx, &pb.AuthRoleAddRequest{Name: "root"}); return },
		func() (err error) { _, err = auth.RoleAdd(ctx, &pb.AuthRoleAddRequest{Name: "writer"}); return },
		func() (err error) {
			_, err = auth.RoleGrantPermission(ctx,
				&pb.AuthRoleGrantPermissionRequest{Name: "writer", Perm: permission})
			return
		},
		func() (err error) {
			_, err = auth.UserAdd(ctx, &pb.AuthUserAddRequest{Name: "alice", Password: "secret"})
			return
		},
		func() (err error) {
			_, err = auth.UserAdd(ctx, &pb.AuthUserAddRequest{
				Name: "bob", Options: &authpb.UserAddOptions{NoPassword: true}})
			return
		},
		func() (err error) {
			_, err = auth.UserGrantRole(ctx, &pb.AuthUserGrantRoleRequest{User: "alice", Role: "writer"})
			return
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// fillDowngrade leaves the row that says that no downgrade is going on.
func fillDowngrade(ctx context.Context, client pb.MaintenanceClient) error {
	for _, request := range []*pb.DowngradeRequest{
		{Action: pb.DowngradeRequest_ENABLE, Version: "3.6.0"},
		{Action: pb.DowngradeRequest_CANCEL},
	} {
		if _, err := client.Downgrade(ctx, request); err != nil {
			return err
		}
	}
	return nil
}

// fillMembers leaves one learner that never starts, and one removed member.
func fillMembers(ctx context.Context, cluster pb.ClusterClient) error {
	for _, url := range []string{"http://127.0.0.1:1", "http://127.0.0.1:2"} {
		added, err := cluster.MemberAdd(ctx, &pb.MemberAddRequest{PeerURLs: []string{url}, IsLearner: true})
		if err != nil {
			return err
		}
		if url == "http://127.0.0.1:2" {
			break // stays
		}
		if _, err := cluster.MemberRemove(ctx, &pb.MemberRemoveRequest{ID: added.Member.ID}); err != nil {
			return err
		}
	}
	return nil
}
