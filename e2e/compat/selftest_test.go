package main

import (
	"testing"

	"google.golang.org/grpc/codes"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// A comparison that lets everything pass would look just like two equal servers. So real etcd is
// compared with itself: clean, nothing may be found; with one answer spoilt, that one must be.
func TestRun_etcdAgainstItself_findsOnlyWhatWasSpoilt(t *testing.T) {
	t.Setenv("KEELSON_ETCD", "real")
	for name, spoil := range spoils {
		t.Run(name, func(t *testing.T) { spoiltRun(t, spoil) })
	}
}

const (
	spoilSeed  = 11
	spoilCount = 250
	spoilFrom  = 60 // before that there is little in the store
)

func spoiltRun(t *testing.T, spoil func(r *run) *bool) {
	r := newRun(spoilSeed, spoilCount)
	r.skip = []string{"expiry", "restart", "alarms"}
	spoilt := spoil(r)
	passed, err := differential(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if spoilt == nil {
		if !passed {
			t.Fatalf("equal servers differ: %+v", r.differences)
		}
		return
	}
	if !*spoilt {
		t.Fatal("the run never came to what was to be spoilt")
	}
	if passed {
		t.Fatal("the spoilt answer was not found")
	}
}

var spoils = map[string]func(r *run) *bool{
	"nothing": func(*run) *bool { return nil },
	"code": answers(func(a *answer) bool {
		a.code = codes.Aborted
		return true
	}),
	"text": answers(func(a *answer) bool {
		a.text += "."
		return a.code != codes.OK
	}),
	"details": answers(func(a *answer) bool {
		a.details = 1
		return a.code != codes.OK
	}),
	"revision": messages(func(m *pb.PutResponse) bool {
		m.Header.Revision++
		return true
	}),
	"member id": messages(func(m *pb.RangeResponse) bool {
		m.Header.MemberId = 0
		return true
	}),
	"key lost": messages(func(m *pb.RangeResponse) bool {
		if len(m.Kvs) == 0 {
			return false
		}
		m.Kvs = m.Kvs[1:]
		return true
	}),
	"count": messages(func(m *pb.RangeResponse) bool {
		m.Count++
		return true
	}),
	"hash": messages(func(m *pb.HashKVResponse) bool {
		m.Hash ^= 1
		return true
	}),
	"term zero": messages(func(m *pb.LeaseGrantResponse) bool {
		m.Header.RaftTerm = 0
		return true
	}),
	"chunk order": answers(func(a *answer) bool {
		last := len(a.messages) - 1
		if last < 1 {
			return false
		}
		a.messages[0], a.messages[last] = a.messages[last], a.messages[0]
		return true
	}),
	"event lost": deliveries(func(parts []*answer) []*answer { return parts[:len(parts)-1] }),
	"event twice": deliveries(func(parts []*answer) []*answer {
		return append(parts, parts[len(parts)-1])
	}),
	"event changed": deliveries(func(parts []*answer) []*answer {
		event := parts[len(parts)-1].messages[0].(*pb.WatchResponse).Events[0]
		event.Kv.Version++
		return parts
	}),
}

// answers spoils the first answer that the function takes.
func answers(spoil func(*answer) bool) func(*run) *bool {
	return func(r *run) *bool {
		done := false
		r.spoil = func(step int, _ call, a *answer) {
			if step > spoilFrom && !done {
				if spoilt := a.clone(); spoil(spoilt) {
					*a, done = *spoilt, true
				}
			}
		}
		return &done
	}
}

// messages spoils the first message of one type.
func messages[T any](spoil func(T) bool) func(*run) *bool {
	return answers(func(a *answer) bool {
		for _, m := range a.messages {
			if typed, ok := m.(T); ok && spoil(typed) {
				return true
			}
		}
		return false
	})
}

// deliveries spoils the first watch that ends with an event.
func deliveries(spoil func([]*answer) []*answer) func(*run) *bool {
	return func(r *run) *bool {
		done := false
		r.spoilStream = func(_ int, got map[int64][]*answer) {
			for id, parts := range got {
				if done || len(parts) == 0 {
					continue
				}
				last := parts[len(parts)-1].messages[0].(*pb.WatchResponse)
				if len(last.Events) > 0 {
					got[id], done = spoil(parts), true
				}
			}
		}
		return &done
	}
}
