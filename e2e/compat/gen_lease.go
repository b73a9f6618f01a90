package main

import (
	"context"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

const (
	methodGrant      = "/etcdserverpb.Lease/LeaseGrant"
	methodRevoke     = "/etcdserverpb.Lease/LeaseRevoke"
	methodTimeToLive = "/etcdserverpb.Lease/LeaseTimeToLive"
	methodLeases     = "/etcdserverpb.Lease/LeaseLeases"

	// Long enough that no lease of the random part runs out before the run does.
	leaseTTLMin, leaseTTLMax = 2_000, 200_000
)

// someLease is mostly a live lease, else one that may not exist.
func (w *world) someLease() int64 {
	if len(w.leases) > 0 && w.chance(85) {
		return pick(w, w.leases...)
	}
	return w.leaseID()
}

func (w *world) leaseID() int64 {
	if w.chance(90) {
		return 1 + w.rng.Int64N(60)
	}
	return pick[int64](w, -1, -1<<63, 1<<63-1, 0x694d77aa9e38260f)
}

func genGrant(w *world) call {
	r := &pb.LeaseGrantRequest{ID: w.leaseID(), TTL: leaseTTLMin + w.rng.Int64N(leaseTTLMax-leaseTTLMin)}
	if w.chance(6) {
		r.TTL = pick[int64](w, 9_000_000_001, 1<<63-1, 9_000_000_000)
	}
	return &unary{method: methodGrant, request: r}
}

func genRevoke(w *world) call {
	return &unary{method: methodRevoke, request: &pb.LeaseRevokeRequest{ID: w.someLease()}}
}

func genTimeToLive(w *world) call {
	return &unary{method: methodTimeToLive, request: &pb.LeaseTimeToLiveRequest{
		ID: w.someLease(), Keys: w.chance(60),
	}}
}

func genLeases(*world) call {
	return &unary{method: methodLeases, request: &pb.LeaseLeasesRequest{}}
}

// genShortGrant asks for TTLs that the server raises and for IDs that the server picks, and
// revokes at once: neither a lease about to end nor an ID that differs may stay behind.
func genShortGrant(w *world) call {
	return &grantAndRevoke{request: &pb.LeaseGrantRequest{
		ID:  pick[int64](w, 0, 0, 77777),
		TTL: pick[int64](w, 1, 2, 3, 0, -5, 60),
	}}
}

type grantAndRevoke struct{ request *pb.LeaseGrantRequest }

func (g *grantAndRevoke) kind() string     { return "LeaseGrantRevoke" }
func (g *grantAndRevoke) describe() string { return "grant, then revoke: " + textOf(g.request) }

func (g *grantAndRevoke) do(ctx context.Context, s *side) *answer {
	a, client := &answer{}, pb.NewLeaseClient(s.conn)
	granted, err := client.LeaseGrant(ctx, g.request)
	if err != nil {
		return a.finish(err)
	}
	revoked, err := client.LeaseRevoke(ctx, &pb.LeaseRevokeRequest{ID: granted.ID})
	if g.request.ID == 0 {
		a.note("server picked a positive ID: %v", granted.ID > 0)
		granted.ID = 0
	}
	a.add(granted)
	if err == nil {
		a.add(revoked)
	}
	return a.finish(err)
}

func genKeepAlive(w *world) call {
	k := &keepAlive{}
	for range 1 + w.rng.IntN(3) {
		k.ids = append(k.ids, w.someLease())
	}
	return k
}

// keepAlive opens a stream, sends IDs one by one and reads the answer to each.
type keepAlive struct{ ids []int64 }

func (k *keepAlive) kind() string     { return "LeaseKeepAlive" }
func (k *keepAlive) describe() string { return fmt.Sprintf("keep-alive of %v on one stream", k.ids) }

func (k *keepAlive) do(ctx context.Context, s *side) *answer {
	a := &answer{}
	stream, err := pb.NewLeaseClient(s.conn).LeaseKeepAlive(ctx)
	if err != nil {
		return a.finish(err)
	}
	for _, id := range k.ids {
		if err := stream.Send(&pb.LeaseKeepAliveRequest{ID: id}); err != nil {
			return a.finish(err)
		}
		response, err := stream.Recv()
		if err != nil {
			return a.finish(err)
		}
		a.add(response)
	}
	stream.CloseSend()
	_, err = stream.Recv()
	return a.finish(ignoreEOF(err))
}
