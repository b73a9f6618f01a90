// Peer lets etcd's own rafthttp talk to our peer port: streams in both directions, POSTs, snapshots
// and pages. Our side (test/peer/tool) sends back whatever it gets; what comes back must be equal.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"
	"go.etcd.io/etcd/server/v3/etcdserver/api/snap"
	stats "go.etcd.io/etcd/server/v3/etcdserver/api/v2stats"
	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/zap"
)

const (
	goID      = types.ID(0x2d464e09f4a09fea)
	toolID    = types.ID(0xffbb6d1de64b89d8)
	clusterID = types.ID(0xfd43b1c39e6baf05)
)

func main() {
	tool := flag.String("tool", "../../build/bin/peer_tool", "our side")
	count := flag.Int("n", 5000, "messages")
	seed := flag.Uint64("seed", 1, "of the messages")
	flag.Parse()
	if err := judge(*tool, *count, rand.New(rand.NewPCG(*seed, 0))); err != nil {
		fmt.Fprintln(os.Stderr, "peer: FAILED:", err)
		os.Exit(1)
	}
	fmt.Println("peer: passed")
}

func judge(program string, count int, random *rand.Rand) error {
	work, err := os.MkdirTemp("", "keelson-e2e-peer-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	tool, err := startTool(program, work+"/spool", url)
	if err != nil {
		return err
	}
	defer tool.stop()
	m, err := startMember(url, listener, work+"/snap")
	if err != nil {
		return err
	}
	defer m.transport.Stop()
	// Before our side is a peer there is no stream: what it sends comes by POST.
	m.transport.AddPeer(toolID, []string{tool.url})
	if err := m.waitActive(); err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		run  func() error
	}{
		{"messages", func() error { return echoMessages(m, count, random) }},
		{"snapshots", func() error { return echoSnapshots(m, random) }},
		{"messages after snapshots", func() error { return echoMessages(m, 100, random) }},
		{"pages", func() error { return checkPages(tool.url) }},
	} {
		begun := time.Now()
		if err := step.run(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Printf("peer: %s: good (%v)\n", step.name, time.Since(begun).Round(time.Millisecond))
	}
	return nil
}

// member is the Go side.
type member struct {
	transport *rafthttp.Transport
	raft      *sink
	snapshots *snap.Snapshotter
}

func startMember(url string, listener net.Listener, dir string) (*member, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	urls, err := types.NewURLs([]string{url})
	if err != nil {
		return nil, err
	}
	m := &member{raft: newSink(), snapshots: snap.New(zap.NewNop(), dir)}
	server := stats.NewServerStats("", "")
	m.transport = &rafthttp.Transport{
		Logger: zap.NewNop(), DialTimeout: 2 * time.Second, ID: goID, URLs: urls, ClusterID: clusterID,
		Raft: m.raft, Snapshotter: m.snapshots, ServerStats: server,
		LeaderStats: stats.NewLeaderStats(zap.NewNop(), goID.String()), ErrorC: make(chan error, 1),
	}
	if err := m.transport.Start(); err != nil {
		return nil, err
	}
	go http.Serve(listener, m.transport.Handler())
	return m, nil
}

// waitActive waits for streams in both directions: a round of messages must come back.
func (m *member) waitActive() error {
	deadline := time.Now().Add(20 * time.Second)
	for m.transport.ActiveSince(toolID).IsZero() {
		if time.Now().After(deadline) {
			return fmt.Errorf("no stream came up")
		}
		time.Sleep(10 * time.Millisecond)
	}
	// The streams of the other direction are dialed by our side at about the same time; until then
	// messages go by POST, where order is not kept.
	time.Sleep(500 * time.Millisecond)
	return nil
}

func echoSnapshots(m *member, random *rand.Rand) error {
	for i, size := range []int{0, 1, 70_000, 1 << 20, 20_000_001} {
		image := make([]byte, size)
		for at := range image {
			image[at] = byte(random.Uint32())
		}
		index := uint64(100 + i)
		message := &raftpb.Message{
			Type: raftpb.MsgSnap.Enum(), From: new(uint64(goID)), To: new(uint64(toolID)), Term: new(uint64(3)),
			Snapshot: &raftpb.Snapshot{Data: []byte("{}"), Metadata: &raftpb.SnapshotMetadata{
				Index: new(index), Term: new(uint64(3)),
				ConfState: &raftpb.ConfState{Voters: []uint64{uint64(goID), uint64(toolID)}, Learners: []uint64{7}},
			}},
		}
		m.transport.SendSnapshot(snap.NewMessage(message, io.NopCloser(bytes.NewReader(image)), int64(size)))
		back, err := m.raft.next()
		if err != nil {
			return fmt.Errorf("image of %d bytes: %w", size, err)
		}
		if why := difference(message, back); why != "" {
			return fmt.Errorf("image of %d bytes: %s", size, why)
		}
		path, err := m.snapshots.DBFilePath(index)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, image) {
			return fmt.Errorf("image of %d bytes came back with %d other ones", size, len(got))
		}
	}
	return nil
}

// sink is raft's side of the Go transport.
type sink struct{ messages chan *raftpb.Message }

func newSink() *sink { return &sink{messages: make(chan *raftpb.Message, 100_000)} }

func (s *sink) Process(_ context.Context, m *raftpb.Message) error {
	s.messages <- m
	return nil
}

func (s *sink) next() (*raftpb.Message, error) {
	select {
	case m := <-s.messages:
		return m, nil
	case <-time.After(20 * time.Second):
		return nil, fmt.Errorf("nothing came back")
	}
}
