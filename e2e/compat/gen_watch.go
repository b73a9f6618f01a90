package main

import (
	"fmt"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

const (
	streamsMax        = 4
	watchesStreamMax  = 12
	manualWatchIDBase = 100 // ids that the client picks, apart from the server's own count
)

// genWatch draws one action on some watch stream.
func genWatch(w *world) call {
	if len(w.streams) == 0 || (len(w.streams) < streamsMax && w.chance(15)) {
		w.nextID++
		w.streams[w.nextID] = &streamState{}
		return &watchCreate{stream: w.nextID, open: true, request: w.createRequest(&streamState{})}
	}
	id := w.someStream()
	state := w.streams[id]
	if state.halfClosed {
		return &watchDrop{stream: id}
	}
	switch draw(w, []weighted[string]{
		{60, "create"}, {22, "cancel"}, {8, "progress"}, {4, "empty"}, {2, "half"}, {3, "drop"},
	}) {
	case "cancel":
		return w.cancelWatch(id, state)
	case "progress":
		return &watchSend{stream: id, label: "WatchProgress", request: progressRequest()}
	case "empty":
		return &watchSend{stream: id, label: "WatchEmpty", request: &pb.WatchRequest{}}
	case "half":
		return &watchHalfClose{stream: id}
	case "drop":
		return &watchDrop{stream: id}
	}
	if len(state.live) >= watchesStreamMax {
		return w.cancelWatch(id, state)
	}
	return &watchCreate{stream: id, request: w.createRequest(state)}
}

// someStream goes over the ids in order, as a map's own order would not come from the seed.
func (w *world) someStream() int {
	ids := make([]int, 0, len(w.streams))
	for id := range w.streams {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return pick(w, ids...)
}

func (w *world) createRequest(state *streamState) *pb.WatchCreateRequest {
	key := w.key()
	r := &pb.WatchCreateRequest{
		Key: key, RangeEnd: w.rangeEnd(key), StartRevision: w.startRevision(),
		PrevKv: w.chance(40), Fragment: w.chance(40), ProgressNotify: w.chance(20),
	}
	if state.futureStart > w.revision && r.StartRevision > 0 && r.StartRevision <= w.revision {
		// No barrier on such a stream, so a watch that has a past to replay must not be on it.
		r.StartRevision = 0
	}
	if w.chance(40) {
		r.Key, r.RangeEnd = []byte("k/"), []byte("k0")
	}
	if w.chance(15) {
		r.Filters = append(r.Filters, pb.WatchCreateRequest_FilterType(w.rng.IntN(2)))
	}
	if w.chance(3) {
		r.Filters = append(r.Filters, 7)
	}
	if w.chance(15) {
		r.WatchId = manualWatchIDBase + w.rng.Int64N(5)
		if len(state.live) > 0 && w.chance(30) {
			r.WatchId = pick(w, state.live...)
		}
	}
	return r
}

func (w *world) startRevision() int64 {
	switch draw(w, []weighted[string]{
		{50, "now"}, {28, "past"}, {4, "edge"}, {6, "compacted"}, {5, "next"}, {4, "future"}, {2, "negative"},
	}) {
	case "past":
		return w.between(max(w.compacted, w.revision-300), w.revision)
	case "edge":
		return w.compacted
	case "compacted":
		return w.between(1, w.compacted-1)
	case "next":
		return w.revision + 1
	case "future":
		return w.revision + 2 + w.rng.Int64N(20)
	case "negative":
		return -1
	}
	return 0
}

func (w *world) cancelWatch(id int, state *streamState) call {
	if len(state.live) == 0 || w.chance(12) {
		unknown := pick[int64](w, 9999, -1, -7)
		return &watchSend{stream: id, label: "WatchCancelUnknown", request: cancelRequest(unknown)}
	}
	return &watchCancel{stream: id, id: pick(w, state.live...)}
}

func cancelRequest(id int64) *pb.WatchRequest {
	return &pb.WatchRequest{RequestUnion: &pb.WatchRequest_CancelRequest{
		CancelRequest: &pb.WatchCancelRequest{WatchId: id},
	}}
}

func progressRequest() *pb.WatchRequest {
	return &pb.WatchRequest{RequestUnion: &pb.WatchRequest_ProgressRequest{
		ProgressRequest: &pb.WatchProgressRequest{},
	}}
}

// learned keeps the ids that the reference gave out.
func (c *watchCreate) learned(w *world, a *answer) {
	for _, m := range a.messages {
		r, ok := m.(*pb.WatchResponse)
		if !ok || !r.Created || r.WatchId < 0 {
			continue
		}
		state := w.streams[c.stream]
		state.live = append(state.live, r.WatchId)
		state.futureStart = max(state.futureStart, c.request.StartRevision)
	}
}

func (c *watchCancel) learned(w *world, _ *answer) {
	state := w.streams[c.stream]
	is := func(id int64) bool { return id == c.id }
	state.live, state.dead = slices.DeleteFunc(state.live, is), slices.DeleteFunc(state.dead, is)
}

func (c *watchHalfClose) learned(w *world, _ *answer) { w.streams[c.stream].halfClosed = true }
func (c *watchDrop) learned(w *world, _ *answer)      { delete(w.streams, c.stream) }

func (c *watchCreate) kind() string    { return "WatchCreate" }
func (c *watchCancel) kind() string    { return "WatchCancel" }
func (c *watchSend) kind() string      { return c.label }
func (c *watchHalfClose) kind() string { return "WatchHalfClose" }
func (c *watchDrop) kind() string      { return "WatchDrop" }

func (c *watchCreate) describe() string {
	return fmt.Sprintf("watch stream %d (new: %v): %s", c.stream, c.open, textOf(c.request))
}
func (c *watchCancel) describe() string {
	return fmt.Sprintf("watch stream %d: cancel of %d", c.stream, c.id)
}
func (c *watchSend) describe() string {
	return fmt.Sprintf("watch stream %d: %s", c.stream, textOf(c.request))
}
func (c *watchHalfClose) describe() string {
	return fmt.Sprintf("watch stream %d: the client sends no more", c.stream)
}
func (c *watchDrop) describe() string {
	return fmt.Sprintf("watch stream %d: the client goes away", c.stream)
}
