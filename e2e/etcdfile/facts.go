package main

import (
	"context"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

type factsOf func(context.Context, *grpc.ClientConn) (string, error)

// facts is what a client can learn of a member's state, line by line; two members with one state
// give the same text. Keys are summed up, as there can be many.
func facts(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	return joinFacts(ctx, conn, keyFacts, leaseFacts, authFacts)
}

// storeFacts leaves out users and roles.
func storeFacts(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	return joinFacts(ctx, conn, keyFacts, leaseFacts)
}

func joinFacts(ctx context.Context, conn *grpc.ClientConn,
	parts ...func(context.Context, *grpc.ClientConn, *strings.Builder) error) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var out strings.Builder
	for _, part := range parts {
		if err := part(ctx, conn, &out); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

func keyFacts(ctx context.Context, conn *grpc.ClientConn, out *strings.Builder) error {
	hash, err := pb.NewMaintenanceClient(conn).HashKV(ctx, &pb.HashKVRequest{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "hashkv %d compacted %d at %d\n", hash.Hash, hash.CompactRevision, hash.HashRevision)
	all, err := pb.NewKVClient(conn).Range(ctx, &pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0}})
	if err != nil {
		return err
	}
	sum := crc32.NewIEEE()
	for _, kv := range all.Kvs {
		bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(kv)
		if err != nil {
			return err
		}
		sum.Write(bytes)
	}
	fmt.Fprintf(out, "keys %d sum %d revision %d\n", all.Count, sum.Sum32(), all.Header.Revision)
	alarms, err := pb.NewMaintenanceClient(conn).Alarm(ctx, &pb.AlarmRequest{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "alarms %v\n", lines(alarms.Alarms))
	return nil
}

func leaseFacts(ctx context.Context, conn *grpc.ClientConn, out *strings.Builder) error {
	client := pb.NewLeaseClient(conn)
	leases, err := client.LeaseLeases(ctx, &pb.LeaseLeasesRequest{})
	if err != nil {
		return err
	}
	slices.SortFunc(leases.Leases, func(a, b *pb.LeaseStatus) int { return int(a.ID - b.ID) })
	fmt.Fprintf(out, "leases %d\n", len(leases.Leases))
	for _, l := range leases.Leases[:min(len(leases.Leases), 100)] {
		ttl, err := client.LeaseTimeToLive(ctx, &pb.LeaseTimeToLiveRequest{ID: l.ID, Keys: true})
		if err != nil {
			return err
		}
		slices.SortFunc(ttl.Keys, slices.Compare)
		fmt.Fprintf(out, "lease %d ttl %d keys %q\n", ttl.ID, ttl.GrantedTTL, ttl.Keys)
	}
	return nil
}

func authFacts(ctx context.Context, conn *grpc.ClientConn, out *strings.Builder) error {
	client := pb.NewAuthClient(conn)
	state, err := client.AuthStatus(ctx, &pb.AuthStatusRequest{})
	if err != nil {
		return err
	}
	users, err := client.UserList(ctx, &pb.AuthUserListRequest{})
	if err != nil {
		return err
	}
	roles, err := client.RoleList(ctx, &pb.AuthRoleListRequest{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "auth %v %d users %q roles %q\n", state.Enabled, state.AuthRevision, users.Users, roles.Roles)
	for _, role := range roles.Roles {
		got, err := client.RoleGet(ctx, &pb.AuthRoleGetRequest{Role: role})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "role %s %v\n", role, lines(got.Perm))
	}
	return nil
}

func lines[M proto.Message](messages []M) (out []string) {
	for _, m := range messages {
		// prototext varies its blanks on purpose.
		out = append(out, strings.ReplaceAll(prototext.Format(m), "  ", " "))
	}
	return out
}
