package main

import (
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func answerOf(m ...proto.Message) *answer { return &answer{messages: m} }

func ttl(seconds int64) *answer {
	return answerOf(&pb.LeaseTimeToLiveResponse{TTL: seconds, GrantedTTL: 100})
}

func kvs(versions string) *answer {
	r := &pb.RangeResponse{Count: 3}
	for _, field := range strings.Fields(versions) {
		r.Kvs = append(r.Kvs, &mvccpb.KeyValue{Key: []byte(field[:1]), Version: int64(field[1] - '0')})
	}
	return answerOf(r)
}

func chunk(keys string, last bool) *pb.RangeStreamResponse {
	r := &pb.RangeResponse{}
	for _, key := range keys {
		r.Kvs = append(r.Kvs, &mvccpb.KeyValue{Key: []byte(string(key))})
	}
	if last {
		r.Header, r.Count = &pb.ResponseHeader{Revision: 5}, 3
	}
	return &pb.RangeStreamResponse{RangeResponse: r}
}

// A rule that takes in more than its reason says would hide real faults.
func TestRules_neighboursOfTheAllowed_areRefused(t *testing.T) {
	byVersion := &unary{method: methodRange, request: &pb.RangeRequest{
		SortOrder: pb.RangeRequest_ASCEND, SortTarget: pb.RangeRequest_VERSION,
	}}
	ttlCall := &unary{method: methodTimeToLive}
	stream := &serverStream{method: methodRangeStream}
	unimplemented := &answer{code: codes.Unimplemented}
	for name, c := range map[string]struct {
		call      call
		want, got *answer
		same      bool
	}{
		"ttl near":           {ttlCall, ttl(50), ttl(48), true},
		"ttl far":            {ttlCall, ttl(50), ttl(40), false},
		"ttl gone":           {ttlCall, ttl(0), ttl(-1), false},
		"tie swapped":        {byVersion, kvs("a1 b1 c2"), kvs("b1 a1 c2"), true},
		"order broken":       {byVersion, kvs("a1 b1 c2"), kvs("a1 c2 b1"), false},
		"tie with a stray":   {byVersion, kvs("a1 b1 c2"), kvs("a1 d1 c2"), false},
		"other chunks":       {stream, answerOf(chunk("ab", false), chunk("c", true)), answerOf(chunk("abc", true)), true},
		"chunk key lost":     {stream, answerOf(chunk("ab", false), chunk("c", true)), answerOf(chunk("ab", true)), false},
		"count in the first": {stream, answerOf(chunk("abc", true)), answerOf(chunk("a", true), chunk("bc", true)), false},
		"auth later":         {&unary{method: auth + "UserGet"}, &answer{code: codes.NotFound}, unimplemented, true},
		"auth status now":    {&unary{method: auth + "AuthStatus"}, &answer{}, unimplemented, false},
		"put never":          {&unary{method: methodPut}, &answer{}, unimplemented, false},
	} {
		if same(newRules(), c.call, c.want, c.got) != c.same {
			t.Errorf("%s: same is not %v", name, c.same)
		}
	}
}

func eventAt(id, revision int64, fragment bool) *pb.WatchResponse {
	return &pb.WatchResponse{
		WatchId: id, Fragment: fragment, Header: &pb.ResponseHeader{Revision: revision},
		Events: []*mvccpb.Event{{Kv: &mvccpb.KeyValue{ModRevision: revision}}},
	}
}

// The checker is what stands between a wrong order on both sides and a green run.
func TestStreamChecker_brokenPromises_areFound(t *testing.T) {
	created := &pb.WatchResponse{WatchId: 1, Created: true}
	progress := &pb.WatchResponse{WatchId: -1, Header: &pb.ResponseHeader{Revision: 7}}
	for name, c := range map[string]struct {
		arrive []*pb.WatchResponse
		broken bool
	}{
		"in order":             {[]*pb.WatchResponse{created, eventAt(1, 5, false), eventAt(1, 6, false)}, false},
		"never created":        {[]*pb.WatchResponse{eventAt(1, 5, false)}, true},
		"backwards":            {[]*pb.WatchResponse{created, eventAt(1, 6, false), eventAt(1, 5, false)}, true},
		"revision torn":        {[]*pb.WatchResponse{created, eventAt(1, 5, false), eventAt(1, 5, false)}, true},
		"revision in pieces":   {[]*pb.WatchResponse{created, eventAt(1, 5, true), eventAt(1, 5, false)}, false},
		"progress too early":   {[]*pb.WatchResponse{created, progress, eventAt(1, 6, false)}, true},
		"progress at its time": {[]*pb.WatchResponse{created, progress, eventAt(1, 8, false)}, false},
		"progress going back":  {[]*pb.WatchResponse{created, eventAt(1, 9, false), progress}, true},
	} {
		checker, broken := streamChecker{}, false
		for _, m := range c.arrive {
			broken = len(checker.check(m)) > 0 || broken
		}
		if broken != c.broken {
			t.Errorf("%s: broken is not %v", name, c.broken)
		}
	}
}
