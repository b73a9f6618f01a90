package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// journal is what the API server acknowledged, kept by the client.
type journal struct {
	mu       sync.Mutex
	versions map[int64]string   // version -> name, of updates and creations whose version is known
	objects  map[string]*record // by name
	highest  int64
	problems []string
}

// record is one object as its writer knows it.
type record struct {
	value   string // last acknowledged
	open    string // sent after that without an answer; empty when there is none
	version int64
}

func newJournal() *journal {
	return &journal{versions: map[int64]string{}, objects: map[string]*record{}}
}

func (j *journal) problem(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.problems = append(j.problems, fmt.Sprintf(format, args...))
}

func (j *journal) saw(version int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.highest = max(j.highest, version)
}

func (j *journal) highestSeen() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.highest
}

// acknowledge notes a version that the server gave for a write.
func (j *journal) acknowledge(name string, version int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.versions[version] = name
	j.highest = max(j.highest, version)
}

const revisionPause = 20 * time.Millisecond

// watchRevisions lists again and again. A list may never be at a lower version than one before it,
// nor than a write that was acknowledged before it was sent.
func (j *journal) watchRevisions(ctx context.Context, a *api) (answers int) {
	for ctx.Err() == nil {
		floor := j.highestSeen()
		list, err := do[objectList](ctx, a, http.MethodGet, configMaps+"?limit=1", nil)
		if err == nil {
			answers++
			if list.version() < floor {
				j.problem("a list is at version %d after %d was seen", list.version(), floor)
			}
			j.saw(list.version())
		}
		time.Sleep(revisionPause)
	}
	return answers
}

// compare holds the stored objects against the journal.
func (j *journal) compare(list *objectList) {
	there := map[string]*object{}
	for i := range list.Items {
		there[list.Items[i].Metadata.Name] = &list.Items[i]
	}
	for name, r := range j.objects {
		o := there[name]
		switch {
		case o == nil:
			j.problem("LOST: %s is not there", name)
		case o.Metadata.version() < r.version:
			j.problem("LOST: %s is at version %d, acknowledged at %d", name, o.Metadata.version(), r.version)
		case o.Data["value"] != r.value && (r.open == "" || o.Data["value"] != r.open):
			j.problem("LOST: %s holds %s, acknowledged was %s", name, o.Data["value"], r.value)
		}
	}
}
