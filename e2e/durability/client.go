package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// client sends one operation after the other on a connection of its own. Its keys and leases are
// its own as well, so it knows what they must hold; shared keys are there for contention.
type client struct {
	id      int
	rng     *rand.Rand
	conn    *grpc.ClientConn
	journal []*operation // since the last verification
	numbers int
	held    map[string]effect // own keys
	leases  map[int64]bool
	seen    int64 // highest revision in an answer
	faults  []string
}

const (
	ownKeys        = 25
	sharedKeys     = 10
	operationLimit = 10 * time.Second
	leaseSeconds   = 50_000 // none runs out during a run
	leasesHeldMax  = 5
)

func newClient(id int, seed uint64) *client {
	return &client{
		id: id, rng: rand.New(rand.NewPCG(seed, uint64(id))),
		held: map[string]effect{}, leases: map[int64]bool{},
	}
}

// work runs until ctx ends or an answer stays out. After that nothing more is sent in this cycle,
// so that at most one operation of each client has an unknown fate.
func (c *client) work(ctx context.Context) {
	for ctx.Err() == nil && len(c.faults) == 0 {
		if known := c.one(ctx); !known {
			return
		}
	}
}

func (c *client) one(ctx context.Context) (known bool) {
	switch n := c.rng.IntN(100); {
	case n < 45:
		return c.put(ctx, 0)
	case n < 55:
		return c.delete(ctx)
	case n < 70:
		return c.transaction(ctx)
	case n < 80:
		return c.contend(ctx)
	case n < 90:
		return c.read(ctx)
	case n < 95 && len(c.leases) > 0:
		return c.put(ctx, c.someLease())
	case n < 98 && len(c.leases) < leasesHeldMax:
		return c.grant(ctx)
	case len(c.leases) > 0:
		return c.revoke(ctx)
	}
	return c.put(ctx, 0)
}

func (c *client) someKey() string { return fmt.Sprintf("own/%02d/%02d", c.id, c.rng.IntN(ownKeys)) }

func (c *client) someLease() int64 {
	ids := slices.Sorted(maps.Keys(c.leases))
	return ids[c.rng.IntN(len(ids))]
}

// begin writes an operation down. Its values carry its number, so each is written once at most.
func (c *client) begin(effects ...effect) *operation {
	c.numbers++
	o := &operation{client: c.id, number: c.numbers, effects: effects}
	for i := range effects {
		if !effects[i].deleted {
			effects[i].value = fmt.Sprintf("%02d-%d-%d", c.id, c.numbers, i)
		}
	}
	c.journal = append(c.journal, o)
	return o
}

// settle writes the answer down. An error that leaves the fate open ends the cycle for this client.
func (c *client) settle(o *operation, header *pb.ResponseHeader, err error) (known bool) {
	if err != nil {
		switch code := status.Code(err); code {
		case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown:
			return false
		default:
			c.fault("%v was refused: %v", o, err)
			return false
		}
	}
	o.fate, o.revision = acknowledged, header.GetRevision()
	c.answered(header)
	c.apply(o)
	return true
}

func (c *client) answered(header *pb.ResponseHeader) {
	if header.GetRevision() < c.seen {
		c.fault("client %d: revision %d after %d", c.id, header.GetRevision(), c.seen)
	}
	c.seen = max(c.seen, header.GetRevision())
}

func (c *client) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// apply keeps what the client knows in step with an operation that took place.
func (c *client) apply(o *operation) {
	for _, e := range o.effects {
		if e.deleted {
			delete(c.held, e.key)
		} else if e.key[0] == 'o' {
			c.held[e.key] = e
		}
	}
	if o.granted != 0 {
		c.leases[o.granted] = true
	}
	delete(c.leases, o.revoked)
}

func (c *client) put(ctx context.Context, lease int64) bool {
	o := c.begin(effect{key: c.someKey(), lease: lease})
	e := o.effects[0]
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	r, err := pb.NewKVClient(c.conn).Put(ctx, &pb.PutRequest{Key: []byte(e.key), Value: []byte(e.value), Lease: lease})
	return c.settle(o, r.GetHeader(), err)
}

func (c *client) delete(ctx context.Context) bool {
	key := c.someKey()
	var effects []effect
	if _, there := c.held[key]; there {
		effects = append(effects, effect{key: key, deleted: true})
	}
	o := c.begin(effects...)
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	r, err := pb.NewKVClient(c.conn).DeleteRange(ctx, &pb.DeleteRangeRequest{Key: []byte(key)})
	if err == nil && int(r.Deleted) != len(effects) {
		c.fault("%v: %d keys deleted", o, r.Deleted)
	}
	return c.settle(o, r.GetHeader(), err)
}

// transaction writes two keys and deletes a third; a crash must leave all of it or nothing.
func (c *client) transaction(ctx context.Context) bool {
	keys := []string{c.someKey(), c.someKey(), c.someKey()}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	effects := []effect{{key: keys[0]}}
	ops := []*pb.RequestOp{}
	if len(keys) > 1 {
		effects = append(effects, effect{key: keys[1]})
	}
	if len(keys) > 2 {
		if _, there := c.held[keys[2]]; there {
			effects = append(effects, effect{key: keys[2], deleted: true})
		}
	}
	o := c.begin(effects...)
	for _, e := range o.effects {
		ops = append(ops, opOf(e))
	}
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	r, err := pb.NewKVClient(c.conn).Txn(ctx, &pb.TxnRequest{Success: ops})
	return c.settle(o, r.GetHeader(), err)
}

func opOf(e effect) *pb.RequestOp {
	if e.deleted {
		return &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{
			RequestDeleteRange: &pb.DeleteRangeRequest{Key: []byte(e.key)},
		}}
	}
	return &pb.RequestOp{Request: &pb.RequestOp_RequestPut{
		RequestPut: &pb.PutRequest{Key: []byte(e.key), Value: []byte(e.value), Lease: e.lease},
	}}
}

// contend replaces a shared key if nobody did since it was read. A refused one must leave no trace.
func (c *client) contend(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	kv, key := pb.NewKVClient(c.conn), fmt.Sprintf("shared/%d", c.rng.IntN(sharedKeys))
	before, err := kv.Range(ctx, &pb.RangeRequest{Key: []byte(key)})
	if err != nil {
		return false
	}
	var revision int64
	if len(before.Kvs) > 0 {
		revision = before.Kvs[0].ModRevision
	}
	o := c.begin(effect{key: key})
	r, err := kv.Txn(ctx, &pb.TxnRequest{
		Compare: []*pb.Compare{{
			Key: []byte(key), Target: pb.Compare_MOD, TargetUnion: &pb.Compare_ModRevision{ModRevision: revision},
		}},
		Success: []*pb.RequestOp{opOf(o.effects[0])},
	})
	if err == nil && !r.Succeeded {
		o.fate = refused
		c.answered(r.Header)
		return true
	}
	return c.settle(o, r.GetHeader(), err)
}

// read checks that an own key holds what was acknowledged last.
func (c *client) read(ctx context.Context) bool {
	key := c.someKey()
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	r, err := pb.NewKVClient(c.conn).Range(ctx, &pb.RangeRequest{Key: []byte(key)})
	if err != nil {
		return false
	}
	c.answered(r.Header)
	want, there := c.held[key]
	switch {
	case there != (len(r.Kvs) == 1):
		c.fault("client %d reads %s: there is %v, should be %v", c.id, key, len(r.Kvs) == 1, there)
	case there && string(r.Kvs[0].Value) != want.value:
		c.fault("client %d reads %s: %s, should be %s", c.id, key, r.Kvs[0].Value, want.value)
	}
	return true
}

func (c *client) grant(ctx context.Context) bool {
	o := c.begin()
	o.granted = int64(c.id+1)*1_000_000_000 + int64(o.number)
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	r, err := pb.NewLeaseClient(c.conn).LeaseGrant(ctx, &pb.LeaseGrantRequest{ID: o.granted, TTL: leaseSeconds})
	return c.settle(o, r.GetHeader(), err)
}

func (c *client) revoke(ctx context.Context) bool {
	lease := c.someLease()
	var effects []effect
	for _, e := range c.held {
		if e.lease == lease {
			effects = append(effects, effect{key: e.key, deleted: true})
		}
	}
	slices.SortFunc(effects, func(a, b effect) int { return cmp.Compare(a.key, b.key) })
	o := c.begin(effects...)
	o.revoked = lease
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	r, err := pb.NewLeaseClient(c.conn).LeaseRevoke(ctx, &pb.LeaseRevokeRequest{ID: lease})
	return c.settle(o, r.GetHeader(), err)
}
