package main

import (
	"fmt"
	"slices"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

// effect is one change that an operation makes when it is applied.
type effect struct {
	key, value string
	deleted    bool
	lease      int64
}

func (e effect) String() string {
	if e.deleted {
		return "delete " + e.key
	}
	return fmt.Sprintf("put %s=%s lease %d", e.key, e.value, e.lease)
}

func effectOf(event *mvccpb.Event) effect {
	kv := event.Kv
	if event.Type == mvccpb.Event_DELETE {
		return effect{key: string(kv.Key), deleted: true}
	}
	return effect{key: string(kv.Key), value: string(kv.Value), lease: kv.Lease}
}

type fate int

const (
	unknown fate = iota // no answer came: it may have happened or not, but not in part
	acknowledged
	refused // the server said that nothing happened
)

func (f fate) String() string { return [...]string{"unknown", "acknowledged", "refused"}[f] }

// operation is one entry of the acknowledgement journal. It is written down before it is sent.
type operation struct {
	client, number int
	effects        []effect
	granted        int64 // the lease that it grants, 0 for none
	revoked        int64 // the lease that it revokes, 0 for none
	fate           fate
	revision       int64 // of the answer
}

func (o *operation) String() string {
	return fmt.Sprintf("operation %d of client %d (%v at revision %d): %v, grants %d, revokes %d",
		o.number, o.client, o.fate, o.revision, o.effects, o.granted, o.revoked)
}

// changes tells whether the operation gets a revision of its own when applied.
func (o *operation) changes() bool { return len(o.effects) > 0 }

// happenedAs tells whether these events are the operation's effects, all of them and in order.
func (o *operation) happenedAs(events []*mvccpb.Event) bool {
	return slices.EqualFunc(o.effects, events, func(e effect, event *mvccpb.Event) bool {
		return e == effectOf(event)
	})
}
