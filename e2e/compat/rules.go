package main

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// rule is one difference between two right servers that the run lets pass. mend brings got over to
// want where the rule allows it, and says whether there was anything to mend. Whatever still
// differs after all rules is a failure.
type rule struct {
	name, reason string
	kinds        []string // of calls; none means every call
	mend         func(c call, want, got *answer) bool
	used         int
}

// same tells whether the answers are equal but for listed differences, and counts those.
func same(rules []*rule, c call, want, got *answer) bool {
	if want.equal(got) {
		return true
	}
	mended := got.clone()
	var used []*rule
	for _, r := range rules {
		if (len(r.kinds) == 0 || slices.Contains(r.kinds, c.kind())) && r.mend(c, want, mended) {
			used = append(used, r)
		}
	}
	if !want.equal(mended) {
		return false
	}
	for _, r := range used {
		r.used++
	}
	return true
}

// adopt takes over the whole answer when a rule says that the two may differ altogether.
func adopt(want, got *answer, allowed bool) bool {
	if !allowed || want.equal(got) {
		return false
	}
	*got = *want.clone()
	return true
}

// eachPair walks over messages of one type that stand at the same place of both answers.
func eachPair[T proto.Message](want, got *answer, mend func(want, got T) bool) (mended bool) {
	for i := range min(len(want.messages), len(got.messages)) {
		w, isW := want.messages[i].(T)
		g, isG := got.messages[i].(T)
		if isW && isG && mend(w, g) {
			mended = true
		}
	}
	return mended
}

func mendTerm(_ call, want, got *answer) bool {
	return eachPair(want, got, func(want, got proto.Message) bool {
		w, g := headerOf(want), headerOf(got)
		if w.GetRaftTerm() == g.GetRaftTerm() || w.GetRaftTerm() == 0 || g.GetRaftTerm() == 0 {
			return false
		}
		g.RaftTerm = w.RaftTerm
		return true
	})
}

func headerOf(m proto.Message) *pb.ResponseHeader {
	if r, ok := m.(*pb.RangeStreamResponse); ok {
		return r.GetRangeResponse().GetHeader()
	}
	if h, ok := m.(interface{ GetHeader() *pb.ResponseHeader }); ok {
		return h.GetHeader()
	}
	return nil
}

func mendStatus(_ call, want, got *answer) bool {
	return eachPair(want, got, func(want, got *pb.StatusResponse) bool {
		if got.DbSize <= 0 || got.DbSizeInUse <= 0 || got.RaftIndex == 0 || got.RaftAppliedIndex == 0 ||
			got.RaftAppliedIndex > got.RaftIndex || got.RaftTerm == 0 {
			return false
		}
		before := proto.Clone(got)
		got.DbSize, got.DbSizeInUse = want.DbSize, want.DbSizeInUse
		got.RaftIndex, got.RaftAppliedIndex, got.RaftTerm = want.RaftIndex, want.RaftAppliedIndex, want.RaftTerm
		return !proto.Equal(before, got)
	})
}

// leaseMomentMax is in seconds.
const leaseMomentMax = 3

func mendRemaining(_ call, want, got *answer) bool {
	return eachPair(want, got, func(want, got *pb.LeaseTimeToLiveResponse) bool {
		off := max(want.TTL-got.TTL, got.TTL-want.TTL)
		if off == 0 || off > leaseMomentMax || want.TTL < 0 || got.TTL < 0 {
			return false
		}
		got.TTL = want.TTL
		return true
	})
}

func mendLeaseKeys(_ call, want, got *answer) bool {
	return eachPair(want, got, func(want, got *pb.LeaseTimeToLiveResponse) bool {
		if !sameButOrder(want.Keys, got.Keys, bytes.Compare) {
			return false
		}
		got.Keys = want.Keys
		return true
	})
}

func mendLeases(_ call, want, got *answer) bool {
	return eachPair(want, got, func(want, got *pb.LeaseLeasesResponse) bool {
		byID := func(a, b *pb.LeaseStatus) int { return cmp.Compare(a.ID, b.ID) }
		if !sameButOrder(want.Leases, got.Leases, byID) {
			return false
		}
		got.Leases = want.Leases
		return true
	})
}

func mendAlarms(_ call, want, got *answer) bool {
	byText := func(a, b *pb.AlarmMember) int {
		return cmp.Or(cmp.Compare(a.MemberID, b.MemberID), cmp.Compare(a.Alarm, b.Alarm))
	}
	lists := eachPair(want, got, func(want, got *pb.AlarmResponse) bool {
		if !sameButOrder(want.Alarms, got.Alarms, byText) {
			return false
		}
		got.Alarms = want.Alarms
		return true
	})
	texts := eachPair(want, got, func(want, got *pb.StatusResponse) bool {
		if !sameButOrder(want.Errors, got.Errors, strings.Compare) {
			return false
		}
		got.Errors = want.Errors
		return true
	})
	return lists || texts
}

// sameButOrder is false also when there is no difference at all: then there is nothing to mend.
func sameButOrder[T any](a, b []T, compare func(T, T) int) bool {
	equal := func(x, y T) bool { return compare(x, y) == 0 }
	if slices.EqualFunc(a, b, equal) {
		return false
	}
	a, b = slices.Clone(a), slices.Clone(b)
	slices.SortFunc(a, compare)
	slices.SortFunc(b, compare)
	return slices.EqualFunc(a, b, equal)
}

// mendChunks joins the chunks of each side into one message.
func mendChunks(_ call, want, got *answer) bool {
	joinedWant, joinedGot := joinChunks(want), joinChunks(got)
	if joinedWant == nil || joinedGot == nil || len(want.messages) == 1 && len(got.messages) == 1 ||
		!proto.Equal(joinedWant, joinedGot) {
		return false
	}
	got.messages = want.clone().messages
	return true
}

func joinChunks(a *answer) *pb.RangeResponse {
	joined := &pb.RangeResponse{}
	for i, m := range a.messages {
		r, ok := m.(*pb.RangeStreamResponse)
		if !ok {
			return nil
		}
		part := proto.Clone(r.GetRangeResponse()).(*pb.RangeResponse)
		if i < len(a.messages)-1 && (part.Header != nil || part.More || part.Count != 0) {
			return nil // only the last chunk may carry these
		}
		kvs := append(joined.Kvs, part.GetKvs()...)
		part.Kvs = kvs
		joined = part
	}
	if joined.Header != nil {
		joined.Header.RaftTerm = 0
	}
	return joined
}

// mendCheckOrder compares the lines of a body, which are the notes after the status.
func mendCheckOrder(_ call, want, got *answer) bool {
	if len(want.notes) < 2 || len(got.notes) < 2 || !sameButOrder(want.notes[1:], got.notes[1:], strings.Compare) {
		return false
	}
	got.notes = append(got.notes[:1], want.notes[1:]...)
	return true
}

func mendDecodeText(_ call, want, got *answer) bool {
	const fixed = "grpc: error unmarshalling request"
	if want.text == got.text || !strings.HasPrefix(want.text, fixed) || !strings.HasPrefix(got.text, fixed) {
		return false
	}
	got.text = want.text
	return true
}
