package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	updateWorkers = 8
	updateTimeout = 20 * time.Second
	updatePause   = 100 * time.Millisecond // before the next try while the store is away
)

// updateAll changes every object once, several at a time, each with the version that was read last.
func (p *plane) updateAll(ctx context.Context, j *journal, objects int, progress func(int)) error {
	var next, done atomic.Int64
	failed := make([]error, updateWorkers)
	var all sync.WaitGroup
	for worker := range updateWorkers {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= objects || ctx.Err() != nil {
					return
				}
				if failed[worker] = p.updateOne(ctx, j, objectName(i)); failed[worker] != nil {
					return
				}
				progress(int(done.Add(1)))
			}
		})
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// updateOne tries until the server acknowledges. A try without an answer may have been applied;
// the next read tells.
func (p *plane) updateOne(ctx context.Context, j *journal, name string) error {
	ctx, cancel := context.WithTimeout(ctx, updateTimeout)
	defer cancel()
	path, value := configMaps+"/"+name, "second of "+name
	j.mu.Lock()
	r := j.objects[name]
	j.mu.Unlock()
	for ctx.Err() == nil {
		if p.tryUpdate(ctx, j, r, path, value) {
			return nil
		}
		time.Sleep(updatePause)
	}
	return fmt.Errorf("update of %s: %w", name, ctx.Err())
}

func (p *plane) tryUpdate(ctx context.Context, j *journal, r *record, path, value string) bool {
	current, err := do[object](ctx, p.api, http.MethodGet, path, nil)
	if err != nil {
		return false
	}
	if r.open != "" && current.Data["value"] == value {
		j.mu.Lock()
		r.value, r.open, r.version = value, "", current.Metadata.version()
		j.mu.Unlock()
		return true
	}
	current.Data["value"] = value
	j.mu.Lock()
	r.open = value
	j.mu.Unlock()
	code, body, err := p.api.call(ctx, http.MethodPut, path, current)
	if err != nil || code != http.StatusOK {
		return false
	}
	var stored object
	if err := json.Unmarshal(body, &stored); err != nil {
		j.problem("update of %s: %v", path, err)
		return false
	}
	j.acknowledge(stored.Metadata.Name, stored.Metadata.version())
	j.mu.Lock()
	r.value, r.open, r.version = value, "", stored.Metadata.version()
	j.mu.Unlock()
	return true
}
