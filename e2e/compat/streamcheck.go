package main

import (
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// streamChecker holds one stream to the promises that do not depend on timing. They are checked
// on each side alone, because batching and header revisions may differ between two right servers.
type streamChecker struct {
	watches map[int64]*watchState
}

type watchState struct {
	last     int64 // all up to here was delivered: an event's revision, or a progress answer's
	fragment bool  // the last response said that more of it follows
}

// isProgress tells responses that only carry a revision.
func isProgress(r *pb.WatchResponse) bool {
	return !r.Created && !r.Canceled && len(r.Events) == 0
}

func (c *streamChecker) check(r *pb.WatchResponse) []string {
	if c.watches == nil {
		c.watches = map[int64]*watchState{}
	}
	if r.Created && r.WatchId >= 0 {
		// An id may be used again after its watch was cancelled.
		c.watches[r.WatchId] = &watchState{}
	}
	if isProgress(r) {
		return c.checkProgress(r)
	}
	if len(r.Events) == 0 {
		return nil
	}
	return c.checkEvents(r)
}

func (c *streamChecker) checkProgress(r *pb.WatchResponse) (problems []string) {
	revision := r.Header.GetRevision()
	for id, w := range c.watches {
		if r.WatchId != -1 && r.WatchId != id {
			continue
		}
		if revision < w.last {
			problems = append(problems, fmt.Sprintf(
				"progress of watch %d says %d after events up to %d", id, revision, w.last))
		}
		w.last = max(w.last, revision)
	}
	return problems
}

func (c *streamChecker) checkEvents(r *pb.WatchResponse) (problems []string) {
	w := c.watches[r.WatchId]
	if w == nil {
		return []string{fmt.Sprintf("events of watch %d, which was never created", r.WatchId)}
	}
	add := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("watch %d: ", r.WatchId)+fmt.Sprintf(format, args...))
	}
	first, last := r.Events[0].Kv.GetModRevision(), int64(0)
	if first < w.last || (first == w.last && !w.fragment) {
		add("event at revision %d after %d was delivered", first, w.last)
	}
	for _, event := range r.Events {
		revision := event.Kv.GetModRevision()
		if revision < last {
			add("revision %d after %d in one response", revision, last)
		}
		last = revision
	}
	if r.Header.GetRevision() < last {
		add("header revision %d below event revision %d", r.Header.GetRevision(), last)
	}
	w.last, w.fragment = last, r.Fragment
	return problems
}
