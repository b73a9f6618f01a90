package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

func (s *sink) IsIDRemoved(uint64) bool                    { return false }
func (s *sink) ReportUnreachable(uint64)                   {}
func (s *sink) ReportSnapshot(uint64, raft.SnapshotStatus) {}

// echoMessages sends messages of all types, in batches that never overrun the buffers of rafthttp,
// and compares what comes back.
func echoMessages(m *member, count int, random *rand.Rand) error {
	var index, term uint64 = 10, 2
	for sent := 0; sent < count; {
		var batch []*raftpb.Message
		for range 1 + random.IntN(200) {
			batch = append(batch, someMessage(random, &index, &term))
		}
		m.transport.Send(batch)
		sent += len(batch)
		var got []*raftpb.Message
		for range batch {
			message, err := m.raft.next()
			if err != nil {
				return fmt.Errorf("after %d of %d messages of a batch: %w", len(got), len(batch), err)
			}
			got = append(got, message)
		}
		for class := range classes {
			if err := compare(pick(batch, class), pick(got, class)); err != nil {
				return err
			}
		}
	}
	return nil
}

// classes of messages that keep their order: each stream has its own, and rafthttp hands proposals
// on through a queue of their own.
const classes = 3

func classOf(m *raftpb.Message) int {
	switch m.GetType() {
	case raftpb.MsgApp:
		return 0
	case raftpb.MsgProp:
		return 1
	default:
		return 2
	}
}

func pick(messages []*raftpb.Message, class int) []*raftpb.Message {
	return slices.DeleteFunc(slices.Clone(messages), func(m *raftpb.Message) bool {
		return classOf(m) != class
	})
}

func compare(sent, got []*raftpb.Message) error {
	if len(sent) != len(got) {
		return fmt.Errorf("%d messages came back of %d", len(got), len(sent))
	}
	for i := range sent {
		if why := difference(sent[i], got[i]); why != "" {
			return fmt.Errorf("message %d of %d: %s\nsent %v\ngot  %v", i, len(sent), why, sent[i], got[i])
		}
	}
	return nil
}

// difference ignores what is set to zero against what is not set, and compares swapped ends.
func difference(sent, got *raftpb.Message) string {
	switch {
	case sent.GetType() != got.GetType():
		return "type"
	case sent.GetFrom() != got.GetTo() || sent.GetTo() != got.GetFrom():
		return "from, to"
	case sent.GetTerm() != got.GetTerm() || sent.GetLogTerm() != got.GetLogTerm():
		return "term, logTerm"
	case sent.GetIndex() != got.GetIndex() || sent.GetCommit() != got.GetCommit():
		return "index, commit"
	case sent.GetReject() != got.GetReject() || sent.GetRejectHint() != got.GetRejectHint():
		return "reject, rejectHint"
	case !bytes.Equal(sent.GetContext(), got.GetContext()):
		return "context"
	case len(sent.GetEntries()) != len(got.GetEntries()):
		return "number of entries"
	}
	for i, a := range sent.GetEntries() {
		b := got.GetEntries()[i]
		if a.GetType() != b.GetType() || a.GetTerm() != b.GetTerm() || a.GetIndex() != b.GetIndex() ||
			!bytes.Equal(a.GetData(), b.GetData()) {
			return fmt.Sprintf("entry %d", i)
		}
	}
	a, b := sent.GetSnapshot().GetMetadata(), got.GetSnapshot().GetMetadata()
	if a.GetIndex() != b.GetIndex() || a.GetTerm() != b.GetTerm() ||
		!slices.Equal(a.GetConfState().GetVoters(), b.GetConfState().GetVoters()) ||
		!slices.Equal(a.GetConfState().GetLearners(), b.GetConfState().GetLearners()) {
		return "snapshot metadata"
	}
	return ""
}

var plainTypes = []raftpb.MessageType{
	raftpb.MsgProp, raftpb.MsgAppResp, raftpb.MsgVote, raftpb.MsgVoteResp, raftpb.MsgHeartbeat,
	raftpb.MsgHeartbeatResp, raftpb.MsgTransferLeader, raftpb.MsgTimeoutNow, raftpb.MsgReadIndex,
	raftpb.MsgReadIndexResp, raftpb.MsgPreVote, raftpb.MsgPreVoteResp,
}

func someMessage(random *rand.Rand, index, term *uint64) *raftpb.Message {
	if random.IntN(2) == 0 {
		return someAppend(random, index, term)
	}
	m := &raftpb.Message{
		Type: plainTypes[random.IntN(len(plainTypes))].Enum(),
		From: new(uint64(goID)), To: new(uint64(toolID)),
	}
	switch m.GetType() {
	case raftpb.MsgProp:
		for range 1 + random.IntN(3) {
			m.Entries = append(m.Entries, &raftpb.Entry{Data: someData(random)})
		}
		return m
	case raftpb.MsgReadIndex:
		m.Entries = []*raftpb.Entry{{Data: []byte("12345678")}}
		return m
	case raftpb.MsgReadIndexResp:
		m.Index, m.Entries = new(random.Uint64()), []*raftpb.Entry{{Data: []byte("12345678")}}
	case raftpb.MsgAppResp:
		m.Index = new(random.Uint64() >> random.IntN(64))
		if random.IntN(2) == 0 {
			m.Reject, m.RejectHint, m.LogTerm = new(true), new(random.Uint64()), new(uint64(random.IntN(3)))
		}
	case raftpb.MsgVote, raftpb.MsgPreVote:
		m.Index, m.LogTerm, m.Context = new(random.Uint64()), new(random.Uint64()), []byte("CampaignTransfer")
	case raftpb.MsgVoteResp, raftpb.MsgPreVoteResp:
		m.Reject = new(random.IntN(2) == 0)
	case raftpb.MsgHeartbeat:
		m.Commit, m.Context = new(random.Uint64()), []byte("87654321")
	}
	m.Term = new(1 + random.Uint64N(1000))
	return m
}

// someAppend makes a log that grows, now and then in a new term, so that both frames are used. The
// index never goes back: our side sorts the appends of one read.
func someAppend(random *rand.Rand, index, term *uint64) *raftpb.Message {
	m := &raftpb.Message{
		Type: raftpb.MsgApp.Enum(), From: new(uint64(goID)), To: new(uint64(toolID)),
		LogTerm: new(*term), Index: new(*index), Commit: new(*index - 1),
	}
	if random.IntN(10) == 0 {
		*term++
	}
	m.Term = new(*term)
	for range random.IntN(4) {
		*index++
		e := &raftpb.Entry{Term: new(*term), Index: new(*index), Data: someData(random)}
		if random.IntN(5) == 0 {
			e.Type = raftpb.EntryConfChange.Enum()
		}
		m.Entries = append(m.Entries, e)
	}
	return m
}

func someData(random *rand.Rand) []byte {
	size := random.IntN(300)
	if random.IntN(20) == 0 {
		size = random.IntN(60_000)
	}
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}
