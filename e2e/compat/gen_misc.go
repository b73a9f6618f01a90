package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"
)

const (
	maintenance = "/etcdserverpb.Maintenance/"
	cluster     = "/etcdserverpb.Cluster/"
	auth        = "/etcdserverpb.Auth/"
	health      = "/grpc.health.v1.Health/"
)

func genHashKV(w *world) call {
	return &unary{method: maintenance + "HashKV", request: &pb.HashKVRequest{Revision: w.readRevision()}}
}

func genStatus(*world) call {
	return &unary{method: maintenance + "Status", request: &pb.StatusRequest{}}
}

// genAlarmRead never raises anything; alarms that are raised come from genAlarmEpisode.
func genAlarmRead(w *world) call {
	return &unary{method: maintenance + "Alarm", request: &pb.AlarmRequest{
		Action:   pick(w, pb.AlarmRequest_GET, pb.AlarmRequest_GET, pb.AlarmRequest_DEACTIVATE),
		MemberID: pick[uint64](w, 0, 0, 1),
		Alarm:    pick(w, pb.AlarmType_NONE, pb.AlarmType_NOSPACE, pb.AlarmType_CORRUPT, 9),
	}}
}

func genMaintenance(w *world) call {
	return draw(w, []weighted[func(*world) call]{
		{2, func(*world) call {
			return &unary{method: maintenance + "Defragment", request: &pb.DefragmentRequest{}}
		}},
		{3, func(*world) call { return &snapshot{} }},
		{4, func(w *world) call {
			return &unary{method: maintenance + "MoveLeader", request: &pb.MoveLeaderRequest{
				TargetID: pick[uint64](w, 0, 1, memberID, 1<<63),
			}}
		}},
		{4, genDowngrade},
	})(w)
}

// genDowngrade leaves ENABLE with a version that would be taken out: it works in the background.
func genDowngrade(w *world) call {
	r := &pb.DowngradeRequest{
		Action:  pick(w, pb.DowngradeRequest_VALIDATE, pb.DowngradeRequest_ENABLE, pb.DowngradeRequest_CANCEL, 9),
		Version: pick(w, "", "3", "3.5", "3.7", "3.7.0", "3.8", "4.0", "x.y", "3.5.1.2", "v3.6"),
	}
	if r.Action == pb.DowngradeRequest_VALIDATE && w.chance(40) {
		r.Version = pick(w, "3.6", "3.6.0", "3.6.7")
	}
	return &unary{method: maintenance + "Downgrade", request: r}
}

// memberID is what a member named by the harness computes for itself; see harness.Server.
const memberID = 0xb71f75320dc06a6c

func genCluster(w *world) call {
	id := pick[uint64](w, 0, 1, 12345)
	urls := [][]string{
		nil, {""}, {"nonsense"}, {"http://"}, {"http://127.0.0.1"}, {"ftp://127.0.0.1:1"},
		{"http://127.0.0.1:2380/path"}, {"http://127.0.0.1:2380"},
	}
	return draw(w, []weighted[*unary]{
		{10, &unary{method: cluster + "MemberList", request: &pb.MemberListRequest{Linearizable: w.chance(50)}}},
		{2, &unary{method: cluster + "MemberRemove", request: &pb.MemberRemoveRequest{ID: id}}},
		{2, &unary{method: cluster + "MemberPromote", request: &pb.MemberPromoteRequest{
			ID: pick(w, id, uint64(memberID)),
		}}},
		{2, &unary{method: cluster + "MemberUpdate", request: &pb.MemberUpdateRequest{
			ID: id, PeerURLs: pick(w, urls...),
		}}},
		{2, &unary{method: cluster + "MemberAdd", request: &pb.MemberAddRequest{
			PeerURLs: pick(w, urls...), IsLearner: w.chance(30),
		}}},
	})
}

// genAuth holds only calls that change nothing as long as auth was never set up.
func genAuth(w *world) call {
	type entry = weighted[*unary]
	make := func(weight int, name string, request proto.Message) entry {
		return entry{weight, &unary{method: auth + name, request: request}}
	}
	return draw(w, []entry{
		make(10, "AuthStatus", &pb.AuthStatusRequest{}),
		make(1, "AuthEnable", &pb.AuthEnableRequest{}),
		make(1, "Authenticate", &pb.AuthenticateRequest{Name: "root", Password: "x"}),
		make(1, "UserGet", &pb.AuthUserGetRequest{Name: "nobody"}),
		make(1, "UserList", &pb.AuthUserListRequest{}),
		make(1, "UserDelete", &pb.AuthUserDeleteRequest{Name: "nobody"}),
		make(1, "UserAdd", &pb.AuthUserAddRequest{}),
		make(1, "RoleGet", &pb.AuthRoleGetRequest{Role: "none"}),
		make(1, "RoleList", &pb.AuthRoleListRequest{}),
		make(1, "RoleAdd", &pb.AuthRoleAddRequest{}),
	})
}

// genRecipes asks the lock and election services for what is not there. Their Go types live in the
// server's own module, which is too large to pull in for four messages.
func genRecipes(w *world) call {
	return draw(w, []weighted[call]{
		{1, &raw{label: "Unlock", method: "/v3lockpb.Lock/Unlock", body: []byte("\x0a\x04none")}},
		{1, &raw{label: "Leader", method: "/v3electionpb.Election/Leader", body: []byte("\x0a\x01e")}},
		{1, &raw{label: "Resign", method: "/v3electionpb.Election/Resign"}},
		{1, &raw{label: "Proclaim", method: "/v3electionpb.Election/Proclaim"}},
	})
}

func genHealth(w *world) call {
	request := &healthpb.HealthCheckRequest{Service: pick(w, "", "", "etcdserverpb.KV", "x")}
	switch w.rng.IntN(3) {
	case 0:
		return &serverStream{method: health + "Watch", request: request, max: 1}
	case 1:
		return &unary{method: health + "List", label: "HealthList", request: &healthpb.HealthListRequest{}}
	}
	return &unary{method: health + "Check", label: "HealthCheck", request: request}
}

func genHTTP(w *world) call {
	return &httpGet{path: pick(w, "/version", "/health", "/health?serializable=true", "/health?exclude=NOSPACE",
		"/livez", "/readyz", "/livez?verbose", "/readyz?verbose", "/readyz/data_corruption",
		"/livez/serializable_read", "/readyz?exclude=data_corruption", "/readyz/nonsense", "/nonsense")}
}

// httpGet is a plain HTTP/1.1 request on the client port.
type httpGet struct{ path string }

func (h *httpGet) kind() string     { return "HTTP" }
func (h *httpGet) describe() string { return "GET " + h.path }

func (h *httpGet) do(ctx context.Context, s *side) *answer {
	a := &answer{}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL()+h.path, nil)
	if err != nil {
		return a.finish(err)
	}
	response, err := s.http.Do(request)
	if err != nil {
		return a.finish(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	a.note("%s, %s", response.Status, response.Header.Get("Content-Type"))
	for line := range strings.SplitSeq(string(body), "\n") {
		a.note("%s", line)
	}
	return a.finish(err)
}

// snapshot reads a whole snapshot and notes its shape; the bytes of two stores are never equal.
type snapshot struct{}

func (*snapshot) kind() string     { return "Snapshot" }
func (*snapshot) describe() string { return "snapshot, read to the end" }

func (*snapshot) do(ctx context.Context, s *side) *answer {
	a := &answer{}
	stream, err := pb.NewMaintenanceClient(s.conn).Snapshot(ctx, &pb.SnapshotRequest{})
	if err != nil {
		return a.finish(err)
	}
	var image []byte
	shape, previous := "", uint64(1<<63)
	for {
		r, err := stream.Recv()
		if err != nil {
			noteImage(a, image)
			return a.finish(ignoreEOF(err))
		}
		if r.RemainingBytes > previous {
			a.note("remaining bytes rise from %d to %d", previous, r.RemainingBytes)
		}
		previous = r.RemainingBytes
		if now := fmt.Sprintf("header %v, version %s", r.Header != nil, r.Version); now != shape {
			a.note("%s", now)
			shape = now
		}
		image = append(image, r.Blob...)
	}
}

func noteImage(a *answer, image []byte) {
	cut := max(0, len(image)-sha256.Size)
	sum := sha256.Sum256(image[:cut])
	a.note("size mod 512 is %d, ends with its SHA-256: %v", len(image)%512, string(sum[:]) == string(image[cut:]))
}
