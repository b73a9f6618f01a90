package main

import (
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

func putEvent(key, value string, revision int64) *mvccpb.Event {
	return &mvccpb.Event{Kv: &mvccpb.KeyValue{Key: []byte(key), Value: []byte(value), ModRevision: revision}}
}

// The journal is worth nothing if a loss in it goes unseen.
func TestExplain_brokenHistories_areFaults(t *testing.T) {
	first := func(f fate) *operation {
		return &operation{client: 0, number: 1, fate: f, revision: 2, effects: []effect{
			{key: "own/a", value: "1"}, {key: "own/b", value: "2"},
		}}
	}
	a, b := putEvent("own/a", "1", 2), putEvent("own/b", "2", 2)
	for name, c := range map[string]struct {
		operation *operation
		events    []*mvccpb.Event
		faults    int
	}{
		"acknowledged and there":     {first(acknowledged), []*mvccpb.Event{a, b}, 0},
		"acknowledged and lost":      {first(acknowledged), nil, 1},
		"acknowledged, half of it":   {first(acknowledged), []*mvccpb.Event{a}, 1},
		"acknowledged, other value":  {first(acknowledged), []*mvccpb.Event{a, putEvent("own/b", "3", 2)}, 1},
		"unknown and there":          {first(unknown), []*mvccpb.Event{a, b}, 0},
		"unknown and not there":      {first(unknown), nil, 0},
		"unknown, half of it":        {first(unknown), []*mvccpb.Event{b}, 1},
		"refused but there":          {first(refused), []*mvccpb.Event{a, b}, 1},
		"written by nobody":          {first(refused), []*mvccpb.Event{putEvent("x", "y", 2)}, 1},
		"acknowledged, wrong order":  {first(acknowledged), []*mvccpb.Event{b, a}, 1},
		"acknowledged, plus another": {first(acknowledged), []*mvccpb.Event{a, b, a}, 1},
	} {
		owner := newClient(0, 1)
		owner.journal = []*operation{c.operation}
		v := &verifier{clients: []*client{owner}, history: newHistory()}
		v.history.events = map[int64][]*mvccpb.Event{}
		if c.events != nil {
			v.history.events[2] = c.events
		}
		v.explain()
		if len(v.faults) != c.faults {
			t.Errorf("%s: faults %v, want %d", name, v.faults, c.faults)
		}
	}
}
