package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"keelson.example/e2e/harness"
)

// sleeper is a watcher that does not read until it is told to. Its windows are small, so that the
// server cannot put the events into the client's buffers instead.
type sleeper struct {
	conn   *grpc.ClientConn
	cancel context.CancelFunc
	stream pb.Watch_WatchClient
}

const windowBytes = 65535 // HTTP/2's smallest start

func newSleeper(ctx context.Context, server *harness.Server) (*sleeper, error) {
	conn, err := server.Dial(grpc.WithInitialWindowSize(windowBytes), grpc.WithInitialConnWindowSize(windowBytes))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &sleeper{conn: conn, cancel: cancel}
	if s.stream, err = pb.NewWatchClient(conn).Watch(ctx); err != nil {
		s.close()
		return nil, err
	}
	err = s.stream.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{
		CreateRequest: &pb.WatchCreateRequest{Key: []byte(bulkPrefix), RangeEnd: []byte("bulk0")},
	}})
	if err == nil {
		// The answer to the creation is the last thing that is read in time.
		_, err = s.stream.Recv()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *sleeper) close() {
	s.cancel()
	s.conn.Close()
}

// readAll reads until all revisions were seen: each once, in order, with all of its events.
func (s *sleeper) readAll(ctx context.Context, revisions []int64, batch int) error {
	at, events := 0, 0
	for at < len(revisions) {
		r, err := s.stream.Recv()
		if err != nil {
			return fmt.Errorf("the stalled watcher got %d of %d revisions: %w", at, len(revisions), err)
		}
		if r.Canceled {
			return fmt.Errorf("the stalled watcher was cancelled: %v", r)
		}
		for _, event := range r.Events {
			if event.Kv.ModRevision != revisions[at] {
				return fmt.Errorf("the stalled watcher got revision %d, expected %d", event.Kv.ModRevision, revisions[at])
			}
			if events++; events == batch {
				at, events = at+1, 0
				if at == len(revisions) {
					break
				}
			}
		}
	}
	return ctx.Err()
}
