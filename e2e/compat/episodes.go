package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// compactStep lets all watches catch up first: which of them a compaction overtakes is a matter
// of time, and both sides must have the same ones behind it.
func compactStep(ctx context.Context, r *run) error {
	r.meet(ctx)
	before := r.world.compacted
	r.send(ctx, genCompact(r.world))
	if r.world.compacted != before {
		return r.awaitCompactionHash(ctx)
	}
	return nil
}

// awaitCompactionHash waits until the reference knows what it will answer to HashKV at the revision
// that was just compacted: the hash of what was there before. Until its compaction has run in the
// background, it answers with the hash of what is left, which nobody else can know. The other side
// is not waited for: it must have the lasting answer from the start.
func (r *run) awaitCompactionHash(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request := &pb.HashKVRequest{Revision: r.world.compacted}
	for {
		response, err := pb.NewMaintenanceClient(r.want.conn).HashKV(ctx, request)
		if err != nil {
			return fmt.Errorf("%s side: no hash of a finished compaction: %w", r.want.name, err)
		}
		if response.CompactRevision < request.Revision {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
}

// watchStep lets a stream deliver all before a watch or the stream ends: how much of its past a
// watch has replayed by then is a matter of time.
func watchStep(ctx context.Context, r *run) error {
	c := genWatch(r.world)
	switch ending := c.(type) {
	case *watchCancel:
		r.meetStream(ctx, ending.stream)
		if !slices.Contains(r.world.streams[ending.stream].live, ending.id) {
			return nil // a compaction had cancelled it, and its id was given back just now
		}
	case *watchHalfClose:
		r.meetStream(ctx, ending.stream)
	case *watchDrop:
		r.meetStream(ctx, ending.stream)
	}
	r.send(ctx, c)
	return nil
}

// alarmEpisode raises an alarm, tries all kinds of requests under it, and clears it.
func alarmEpisode(ctx context.Context, r *run) error {
	w := r.world
	alarm := pick(w, pb.AlarmType_NOSPACE, pb.AlarmType_NOSPACE, pb.AlarmType_CORRUPT, pb.AlarmType_NONE)
	member := pick[uint64](w, 0, 1, memberID)
	set := func(action pb.AlarmRequest_AlarmAction, alarm pb.AlarmType) {
		r.send(ctx, &unary{method: maintenance + "Alarm", request: &pb.AlarmRequest{
			Action: action, MemberID: member, Alarm: alarm,
		}})
	}
	set(pb.AlarmRequest_ACTIVATE, alarm)
	for range 6 + w.rng.IntN(8) {
		r.send(ctx, draw(w, []weighted[func(*world) call]{
			{3, genPut}, {2, genDelete}, {3, genTxn}, {2, genUpdateTxn}, {2, genRange}, {1, genGrant},
			{1, genRevoke}, {1, genKeepAlive}, {1, genStatus}, {1, genHashKV}, {2, genHTTP}, {1, genHealth},
		})(w))
	}
	compactStep(ctx, r)
	set(pb.AlarmRequest_GET, pb.AlarmType_NONE)
	set(pb.AlarmRequest_DEACTIVATE, alarm)
	set(pb.AlarmRequest_GET, pb.AlarmType_NONE)
	return nil
}

const (
	expiryLease   = 5001
	expiryTimeout = 15 * time.Second
	expiryPoll    = 20 * time.Millisecond
)

// expiryEpisode lets a lease with keys run out on both sides. Nothing else is sent meanwhile, so
// the deletion gets the same revision on both.
func expiryEpisode(ctx context.Context, r *run) error {
	w := r.world
	r.send(ctx, &unary{method: methodGrant, request: &pb.LeaseGrantRequest{ID: expiryLease, TTL: 2}})
	for range 1 + w.rng.IntN(5) {
		r.send(ctx, &unary{method: methodPut, request: &pb.PutRequest{
			Key: w.poolKey(), Value: w.value(), Lease: expiryLease,
		}})
	}
	gone := &expiry{}
	r.send(ctx, gone)
	r.send(ctx, genStatus(w))
	r.meet(ctx)
	return nil
}

// expiry waits until a side says that the lease is gone and notes the keys that are left.
type expiry struct{}

func (*expiry) kind() string     { return "Expiry" }
func (*expiry) describe() string { return "wait for a lease with a TTL of 2 s to run out" }

func (*expiry) do(ctx context.Context, s *side) *answer {
	a := &answer{}
	ctx, cancel := context.WithTimeout(ctx, expiryTimeout)
	defer cancel()
	kv, lease := pb.NewKVClient(s.conn), pb.NewLeaseClient(s.conn)
	for {
		left, err := lease.LeaseTimeToLive(ctx, &pb.LeaseTimeToLiveRequest{ID: expiryLease, Keys: true})
		if err != nil {
			return a.finish(err)
		}
		if left.TTL < 0 && len(left.Keys) == 0 {
			break
		}
		time.Sleep(expiryPoll)
	}
	// A lease may be called expired a moment before its revocation is applied.
	for {
		all, err := kv.Range(ctx, &pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0}})
		if err != nil {
			return a.finish(err)
		}
		if !holdsLease(all, expiryLease) {
			a.add(all)
			return a
		}
		time.Sleep(expiryPoll)
	}
}

func holdsLease(r *pb.RangeResponse, lease int64) bool {
	for _, kv := range r.Kvs {
		if kv.Lease == lease {
			return true
		}
	}
	return false
}

// restartEpisode kills both servers and starts them again on what they left.
func restartEpisode(ctx context.Context, r *run) error {
	r.meet(ctx)
	r.world.streams = map[int]*streamState{}
	r.kinds["Restart"]++
	var both sync.WaitGroup
	var wantErr, gotErr error
	// At the same time, as leases begin anew with it.
	both.Go(func() { wantErr = r.want.restart(ctx) })
	both.Go(func() { gotErr = r.got.restart(ctx) })
	both.Wait()
	if err := errors.Join(wantErr, gotErr); err != nil {
		return fmt.Errorf("step %d: %w", r.world.step, err)
	}
	r.checkState(ctx)
	return nil
}

const (
	meetEvery       = 40
	checkStateEvery = 500
)

// checkState compares the whole visible state, so that a wrong write which no answer showed is
// found near its cause.
func (r *run) checkState(ctx context.Context) {
	w := r.world
	everything := func(revision int64) *pb.RangeRequest {
		return &pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0}, Revision: revision}
	}
	for _, c := range []call{
		&unary{method: methodRange, request: everything(0)},
		&unary{method: methodRange, request: everything(w.between(max(w.compacted, 1), w.revision))},
		&unary{method: maintenance + "HashKV", request: &pb.HashKVRequest{}},
		&unary{method: maintenance + "HashKV", request: &pb.HashKVRequest{Revision: w.compacted}},
		genLeases(w),
		&unary{method: cluster + "MemberList", request: &pb.MemberListRequest{Linearizable: true}},
		genStatus(w),
	} {
		r.send(ctx, c)
	}
}
