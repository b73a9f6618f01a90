package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

const (
	barrierTimeout = 5 * time.Second
	barrierResend  = 100 * time.Millisecond // a request is dropped while some watch lags
	equalTimeout   = 5 * time.Second
	meetTries      = 5 // a try that finds cancelled watches is followed by another one
)

// meet waits until the watch streams of both sides have nothing more to deliver and compares, for
// each watch, what arrived since the last time.
func (r *run) meet(ctx context.Context) {
	for _, id := range slices.Sorted(maps.Keys(r.world.streams)) {
		r.meetStream(ctx, id)
	}
}

func (r *run) meetStream(ctx context.Context, id int) {
	want, got := r.want.streams[id], r.got.streams[id]
	if want == nil || got == nil {
		return // reported by the call that could not open it
	}
	for range meetTries {
		r.timed("(barrier)", func() { r.barrier(ctx, id, want, got) })
		r.timed("(await)", func() { r.compareStreams(id, r.takeEqual(ctx, want, got)) })
		if r.releaseDead(ctx, id) == 0 {
			return
		}
	}
}

// releaseDead gives back the ids of watches that a compaction cancelled. As long as the client
// keeps one, its stream answers no progress request, so there would be no barrier.
func (r *run) releaseDead(ctx context.Context, id int) (released int) {
	state := r.world.streams[id]
	if state.halfClosed {
		return 0
	}
	for _, watch := range slices.Clone(state.dead) {
		r.send(ctx, &watchCancel{stream: id, id: watch})
		released++
	}
	return released
}

// barrier asks both sides for progress until the reference has said that all is delivered. The
// subject then has to say so, too. A stream that stays silent by the rules has no barrier: one
// without watches, with one that starts in the future, or with one that a compaction cancelled and
// whose id the client has not given back.
func (r *run) barrier(ctx context.Context, id int, want, got *watchStream) {
	state := r.world.streams[id]
	if len(state.live) == 0 || len(state.dead) > 0 || state.halfClosed ||
		state.futureStart > r.world.revision {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, barrierTimeout)
	defer cancel()
	if want.askProgress(ctx, r.world.revision) != progressAnswered {
		return
	}
	if got.askProgress(ctx, r.world.revision) == progressSilent {
		r.differ(fmt.Sprintf("watch stream %d: progress request", id),
			fmt.Sprintf("progress at revision %d", r.world.revision), "no such answer")
	}
	r.barriers++
}

type progressOutcome int

const (
	progressAnswered  progressOutcome = iota
	progressSilent                    // within the time given
	progressCompacted                 // a watch was cancelled, so there will be no answer
)

// askProgress sends progress requests until one is answered with at least the revision.
func (w *watchStream) askProgress(ctx context.Context, revision int64) progressOutcome {
	from, outcome := w.position(), progressSilent
	look := func(all []*pb.WatchResponse) bool {
		for i, m := range all {
			switch {
			case m.Canceled && m.CompactRevision > 0:
				outcome = progressCompacted
				return true
			case i >= from && m.WatchId == -1 && isProgress(m) && m.Header.GetRevision() >= revision:
				outcome = progressAnswered
				return true
			}
		}
		return false
	}
	for ctx.Err() == nil && outcome == progressSilent {
		if w.client.Send(progressRequest()) != nil {
			break
		}
		once, cancel := context.WithTimeout(ctx, barrierResend)
		w.wait(once, look)
		cancel()
	}
	return outcome
}

// delivered is what both sides sent on one stream since the last comparison.
type delivered struct {
	want, got                 []*pb.WatchResponse
	wantProblems, gotProblems []string
}

// takeEqual takes from both sides at one moment, when each watch got the same number of messages.
// What is still on its way is given time to arrive.
func (r *run) takeEqual(ctx context.Context, want, got *watchStream) delivered {
	ctx, cancel := context.WithTimeout(ctx, equalTimeout)
	defer cancel()
	for {
		d, taken, changed := takeBoth(want, got, ctx.Err() != nil)
		if taken {
			return d
		}
		select {
		case <-changed[0]:
		case <-changed[1]:
		case <-ctx.Done():
		}
	}
}

func takeBoth(want, got *watchStream, anyhow bool) (d delivered, taken bool, changed [2]<-chan struct{}) {
	want.mu.Lock()
	defer want.mu.Unlock()
	got.mu.Lock()
	defer got.mu.Unlock()
	if !anyhow && !maps.Equal(shapeOf(want.arrived), shapeOf(got.arrived)) {
		return d, false, [2]<-chan struct{}{want.changed, got.changed}
	}
	d.want, d.wantProblems = want.take()
	d.got, d.gotProblems = got.take()
	return d, true, changed
}

// shapeOf counts the messages of each watch, without looking into them.
func shapeOf(arrived []*pb.WatchResponse) map[int64]int {
	shape := map[int64]int{}
	for _, m := range arrived {
		switch {
		case len(m.Events) > 0:
			shape[m.WatchId] += len(m.Events)
		case !isProgress(m):
			shape[m.WatchId]++
		}
	}
	return shape
}

// watchPart names the pieces of a stream for the report and the rules.
type watchPart struct {
	call
	stream int
	id     int64
	index  int
}

func (p *watchPart) kind() string { return "WatchDelivery" }
func (p *watchPart) describe() string {
	return fmt.Sprintf("watch stream %d, watch %d, message %d since the last comparison", p.stream, p.id, p.index)
}

func (r *run) compareStreams(id int, d delivered) {
	for _, p := range d.wantProblems {
		r.differ(fmt.Sprintf("watch stream %d", id), "the reference broke a promise: "+p, "")
	}
	for _, p := range d.gotProblems {
		r.differ(fmt.Sprintf("watch stream %d", id), "", "broken promise: "+p)
	}
	for _, m := range d.want {
		if m.Canceled && m.CompactRevision > 0 {
			r.world.streams[id].dead = append(r.world.streams[id].dead, m.WatchId)
		}
	}
	wantParts, gotParts := r.parts(d.want), r.parts(d.got)
	if r.spoilStream != nil {
		r.spoilStream(r.world.step, gotParts)
	}
	watches := maps.Clone(wantParts)
	maps.Copy(watches, gotParts)
	for _, watch := range slices.Sorted(maps.Keys(watches)) {
		r.compareWatch(&watchPart{stream: id, id: watch}, wantParts[watch], gotParts[watch])
	}
}

// compareWatch stops at the first difference of a watch; what follows is only out of step.
func (r *run) compareWatch(part *watchPart, want, got []*answer) {
	missing := (&answer{}).finish(nil)
	missing.note("nothing arrived")
	for part.index = range max(len(want), len(got)) {
		w, g := missing, missing
		if part.index < len(want) {
			w = want[part.index]
		}
		if part.index < len(got) {
			g = got[part.index]
		}
		if !same(r.rules, part, w, g) {
			r.differ(part.describe(), w.String(), g.String())
			return
		}
	}
}

// parts cuts a stream into one list a watch: control messages as they came, and single events, as
// two right servers may put different numbers of events into one message.
func (r *run) parts(arrived []*pb.WatchResponse) map[int64][]*answer {
	parts := map[int64][]*answer{}
	add := func(m *pb.WatchResponse) {
		parts[m.WatchId] = append(parts[m.WatchId], &answer{messages: []proto.Message{m}})
	}
	for _, m := range arrived {
		if isProgress(m) {
			continue
		}
		if len(m.Events) == 0 {
			add(m)
			continue
		}
		for _, event := range m.Events {
			single := proto.Clone(m).(*pb.WatchResponse)
			single.Fragment, single.Header.Revision = false, 0
			single.Events = append(single.Events[:0], event)
			add(single)
		}
	}
	return parts
}
