package main

import "testing"

func seenBy(events ...watchEvent) *watcher {
	w := &watcher{
		changes: map[int64]int{}, deleted: map[string]int{}, objects: map[string]bool{},
		changed: make(chan struct{}), from: 1, last: 1,
	}
	for i := range events {
		w.take(&events[i])
	}
	return w
}

func event(kind, uid, version string) watchEvent {
	return watchEvent{Type: kind, Object: object{Metadata: meta{Name: uid, UID: uid, ResourceVersion: version}}}
}

// An event that is lost or comes twice is what the whole run looks for.
func TestWatcher_lostAndRepeatedEvents_areProblems(t *testing.T) {
	acknowledged := map[int64]string{5: "a", 6: "a"}
	added, changed := event("ADDED", "a", "5"), event("MODIFIED", "a", "6")
	gone := event("DELETED", "a", "7")
	for name, c := range map[string]struct {
		w        *watcher
		problems int
	}{
		"all once":      {seenBy(added, changed, gone), 0},
		"with bookmark": {seenBy(added, event("BOOKMARK", "", "5"), changed, gone), 0},
		"one lost":      {seenBy(added, gone), 1},
		"one twice":     {seenBy(added, changed, changed), 3}, // out of order, too often, and not once
		"added again":   {seenBy(added, changed, event("ADDED", "a", "8")), 1},
		"backwards":     {seenBy(changed, added), 1},
		"deleted twice": {seenBy(added, changed, gone, event("DELETED", "a", "8")), 1},
	} {
		if problems := c.w.check(acknowledged); len(problems) != c.problems {
			t.Errorf("%s: %q, want %d problems", name, problems, c.problems)
		}
	}
}
