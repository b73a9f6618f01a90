package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// watcher follows a collection as an informer does: it goes on from the last version it saw when
// its connection ends. It counts how often it saw each change.
type watcher struct {
	name, path string
	api        *api

	mu       sync.Mutex
	from     int64           // version that it started after
	last     int64           // version that it has come to
	changes  map[int64]int   // added and modified, by version
	deleted  map[string]int  // by UID
	objects  map[string]bool // UIDs that are there by what it saw
	problems []string
	restarts int
	changed  chan struct{}
}

type watchEvent struct {
	Type   string `json:"type"`
	Object object `json:"object"`
}

func startWatcher(ctx context.Context, a *api, name, path string, from int64) *watcher {
	w := &watcher{
		name: name, path: path, api: a, from: from, last: from, changes: map[int64]int{},
		deleted: map[string]int{}, objects: map[string]bool{}, changed: make(chan struct{}),
	}
	go w.follow(ctx)
	return w
}

const reconnectPause = 50 * time.Millisecond

func (w *watcher) follow(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.once(ctx)
		if ctx.Err() != nil {
			return
		}
		w.mu.Lock()
		w.restarts++
		if err != nil {
			w.problems = append(w.problems, err.Error())
		}
		w.mu.Unlock()
		time.Sleep(reconnectPause)
	}
}

// once is one connection. Its plain end is no problem; an error event is.
func (w *watcher) once(ctx context.Context) error {
	path := fmt.Sprintf("%s?watch=1&allowWatchBookmarks=true&timeoutSeconds=3600&resourceVersion=%d", w.path, w.position())
	response, err := w.api.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusInternalServerError || response.StatusCode == http.StatusTooManyRequests {
		return nil // while the store is away
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("watch from %d: %s", w.position(), response.Status)
	}
	decoder := json.NewDecoder(bufio.NewReaderSize(response.Body, 1<<16))
	for {
		var event watchEvent
		if decoder.Decode(&event) != nil {
			return nil
		}
		if event.Type == "ERROR" {
			return fmt.Errorf("watch from %d: %d %s", w.position(), event.Object.Code, event.Object.Message)
		}
		w.take(&event)
	}
}

func (w *watcher) position() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

func (w *watcher) take(event *watchEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	version, uid := event.Object.Metadata.version(), event.Object.Metadata.UID
	problem := func(format string, args ...any) {
		w.problems = append(w.problems, fmt.Sprintf("%s of %s at %d: ", event.Type, event.Object.Metadata.Name, version)+
			fmt.Sprintf(format, args...))
	}
	if version < w.last || (version == w.last && event.Type != "BOOKMARK") {
		problem("comes after %d", w.last)
	}
	w.last = max(w.last, version)
	switch event.Type {
	case "ADDED":
		if w.objects[uid] {
			problem("it was there already")
		}
		w.objects[uid] = true
		w.changes[version]++
	case "MODIFIED":
		w.changes[version]++
	case "DELETED":
		delete(w.objects, uid)
		w.deleted[uid]++
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// waitFor returns once the condition holds for the watcher, or its description as an error.
func (w *watcher) waitFor(ctx context.Context, what string, done func() bool) error {
	for {
		w.mu.Lock()
		ok, changed := done(), w.changed
		w.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("watcher %s at version %d never saw %s", w.name, w.position(), what)
		}
	}
}

// check compares what was seen with the journal: each acknowledged change once, none twice.
func (w *watcher) check(acknowledged map[int64]string) (problems []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	problems = append(problems, w.problems...)
	for version, name := range acknowledged {
		if seen := w.changes[version]; seen != 1 && version > w.from {
			problems = append(problems, fmt.Sprintf("%s at version %d was seen %d times", name, version, seen))
		}
	}
	for version, seen := range w.changes {
		if seen != 1 {
			problems = append(problems, fmt.Sprintf("version %d was seen %d times", version, seen))
		}
	}
	for uid, seen := range w.deleted {
		if seen != 1 {
			problems = append(problems, fmt.Sprintf("the deletion of %s was seen %d times", uid, seen))
		}
	}
	for i := range problems {
		problems[i] = "watcher " + w.name + ": " + problems[i]
	}
	return problems
}
