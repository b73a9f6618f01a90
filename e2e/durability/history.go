package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// history is everything that the store did, read back through a watch: the state that follows
// from it, and the hash that the server must have for it.
type history struct {
	revision int64                       // read up to here
	events   map[int64][]*mvccpb.Event   // of the revisions read last
	state    map[string]*mvccpb.KeyValue // after revision
	hash     hash.Hash32                 // of all revisions; nil once a compaction dropped some
}

func newHistory() *history {
	h := &history{revision: 1, state: map[string]*mvccpb.KeyValue{}}
	h.hash = crc32.New(crc32.MakeTable(crc32.Castagnoli))
	// The hash starts with the name of the bucket that the revisions are kept in.
	io.WriteString(h.hash, "key")
	return h
}

// readTo watches from where the last read ended until all up to the given revision was delivered.
func (h *history) readTo(ctx context.Context, conn *grpc.ClientConn, revision int64) error {
	h.events = map[int64][]*mvccpb.Event{}
	if revision == h.revision {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := pb.NewWatchClient(conn).Watch(ctx)
	if err != nil {
		return err
	}
	err = stream.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{
		CreateRequest: &pb.WatchCreateRequest{
			Key: []byte{0}, RangeEnd: []byte{0}, StartRevision: h.revision + 1,
		},
	}})
	if err != nil {
		return err
	}
	for h.revision < revision {
		r, err := stream.Recv()
		if err != nil {
			return fmt.Errorf("history after revision %d: %w", h.revision, err)
		}
		if r.Canceled {
			return fmt.Errorf("history after revision %d: cancelled, compact revision %d, %q",
				h.revision, r.CompactRevision, r.CancelReason)
		}
		for _, event := range r.Events {
			if err := h.add(event); err != nil {
				return err
			}
		}
	}
	return nil
}

// add takes the next event. Revisions have no gaps: every one is there because something changed.
func (h *history) add(event *mvccpb.Event) error {
	revision := event.Kv.ModRevision
	if revision != h.revision && revision != h.revision+1 {
		return fmt.Errorf("history: revision %d follows %d", revision, h.revision)
	}
	h.revision = revision
	sub := len(h.events[revision])
	h.events[revision] = append(h.events[revision], event)
	key := string(event.Kv.Key)
	if event.Type == mvccpb.Event_DELETE {
		if h.state[key] == nil {
			return fmt.Errorf("history: revision %d deletes %s, which is not there", revision, key)
		}
		delete(h.state, key)
	} else {
		h.state[key] = event.Kv
	}
	return h.addHash(event, revision, sub)
}

// addHash feeds what the server stores for a change: its revision, and the key with its fields.
func (h *history) addHash(event *mvccpb.Event, revision int64, sub int) error {
	if h.hash == nil {
		return nil
	}
	stored := binary.BigEndian.AppendUint64(nil, uint64(revision))
	stored = append(stored, '_')
	stored = binary.BigEndian.AppendUint64(stored, uint64(sub))
	kv := event.Kv
	if event.Type == mvccpb.Event_DELETE {
		stored = append(stored, 't')
		kv = &mvccpb.KeyValue{Key: kv.Key}
	}
	value, err := proto.MarshalOptions{Deterministic: true}.Marshal(kv)
	if err != nil {
		return err
	}
	h.hash.Write(stored)
	h.hash.Write(value)
	return nil
}
