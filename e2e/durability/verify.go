package main

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// verifier compares what the server has after a restart with what it acknowledged before.
type verifier struct {
	conn    *grpc.ClientConn
	history *history
	clients []*client
	highest int64 // revision ever seen in an answer
	faults  []string
}

func (v *verifier) fault(format string, args ...any) {
	v.faults = append(v.faults, fmt.Sprintf(format, args...))
}

// all checks one cycle and empties the journals.
func (v *verifier) all(ctx context.Context) error {
	now, err := pb.NewKVClient(v.conn).Range(ctx, &pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0}})
	if err != nil {
		return err
	}
	for _, c := range v.clients {
		v.highest = max(v.highest, c.seen)
		v.faults = append(v.faults, c.faults...)
	}
	if now.Header.Revision < v.highest {
		v.fault("revision %d after the restart, %d was seen before", now.Header.Revision, v.highest)
		return nil
	}
	if err := v.history.readTo(ctx, v.conn, now.Header.Revision); err != nil {
		v.fault("%v", err)
		return nil
	}
	v.explain()
	v.checkState(now)
	if err := v.checkHash(ctx); err != nil {
		return err
	}
	if err := v.checkLeases(ctx); err != nil {
		return err
	}
	for _, c := range v.clients {
		c.journal = nil
		c.seen = max(c.seen, now.Header.Revision)
	}
	return nil
}

// explain finds for each operation the revision that it made, and for each revision its operation.
func (v *verifier) explain() {
	explained := map[int64]*operation{}
	claim := func(o *operation, revision int64) {
		if other := explained[revision]; other != nil {
			v.fault("revision %d is both %v and %v", revision, o, other)
		}
		explained[revision] = o
	}
	for o := range v.operations() {
		if o.fate != acknowledged || !o.changes() {
			continue
		}
		if events := v.history.events[o.revision]; !o.happenedAs(events) {
			v.fault("LOST: %v\n  the history has at that revision: %v", o, events)
		}
		claim(o, o.revision)
	}
	for o := range v.operations() {
		if o.fate == unknown {
			v.resolve(o, explained, claim)
		}
	}
	for revision, events := range v.history.events {
		if explained[revision] == nil {
			v.fault("nobody did revision %d: %v", revision, events)
		}
	}
}

func (v *verifier) operations() func(yield func(*operation) bool) {
	return func(yield func(*operation) bool) {
		for _, c := range v.clients {
			for _, o := range c.journal {
				if !yield(o) {
					return
				}
			}
		}
	}
}

// resolve finds out whether an operation without an answer took place. It is the last one of its
// client, so it came after all the others.
func (v *verifier) resolve(o *operation, explained map[int64]*operation, claim func(*operation, int64)) {
	c := v.clients[o.client]
	for revision, events := range v.history.events {
		if o.changes() && explained[revision] == nil && revision > v.lastOf(c) && o.happenedAs(events) {
			claim(o, revision)
			o.revision = revision
			c.apply(o)
			return
		}
	}
}

func (v *verifier) lastOf(c *client) (last int64) {
	for _, o := range c.journal {
		if o.changes() && o.fate == acknowledged {
			last = max(last, o.revision)
		}
	}
	return last
}

// checkState compares the keys with those that follow from the history, field by field.
func (v *verifier) checkState(now *pb.RangeResponse) {
	if len(now.Kvs) != len(v.history.state) || now.Count != int64(len(now.Kvs)) {
		v.fault("%d keys, count %d; the history makes %d", len(now.Kvs), now.Count, len(v.history.state))
	}
	for _, kv := range now.Kvs {
		if want := v.history.state[string(kv.Key)]; !proto.Equal(want, kv) {
			v.fault("key %v; the history makes %v", kv, want)
		}
	}
}

func (v *verifier) checkHash(ctx context.Context) error {
	r, err := pb.NewMaintenanceClient(v.conn).HashKV(ctx, &pb.HashKVRequest{Revision: v.history.revision})
	if err != nil {
		return err
	}
	if v.history.hash != nil && r.Hash != v.history.hash.Sum32() {
		v.fault("HashKV at %d is %d; the history makes %d", v.history.revision, r.Hash, v.history.hash.Sum32())
	}
	return nil
}

// checkLeases compares the leases with those that the clients hold.
func (v *verifier) checkLeases(ctx context.Context) error {
	r, err := pb.NewLeaseClient(v.conn).LeaseLeases(ctx, &pb.LeaseLeasesRequest{})
	if err != nil {
		return err
	}
	there := map[int64]bool{}
	for _, l := range r.Leases {
		there[l.ID] = true
	}
	open := map[int64]*operation{}
	for o := range v.operations() {
		if o.fate == unknown && (o.granted != 0 || o.revoked != 0) {
			open[o.granted+o.revoked] = o
		}
	}
	for _, c := range v.clients {
		for lease := range c.leases {
			if !there[lease] && open[lease] == nil {
				v.fault("LOST: lease %d of client %d", lease, c.id)
			}
		}
	}
	v.checkNoStrangers(there, open)
	return nil
}

// checkNoStrangers looks for leases that were revoked or never granted. What happened to one whose
// answer stayed out is taken as it is.
func (v *verifier) checkNoStrangers(there map[int64]bool, open map[int64]*operation) {
	for lease, o := range open {
		c := v.clients[o.client]
		if there[lease] {
			c.leases[lease] = true
		} else {
			delete(c.leases, lease)
		}
		if o.revoked != 0 && there[lease] && o.changes() && o.revision != 0 {
			v.fault("%v took its keys but is still there", o)
		}
	}
	for lease := range there {
		known := slices.ContainsFunc(v.clients, func(c *client) bool { return c.leases[lease] })
		if !known {
			v.fault("lease %d is there though it was revoked or never granted", lease)
		}
	}
}
