package main

import (
	"context"
	"io"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
)

// watchStream is one Watch stream to one server with all that arrived on it, in order.
type watchStream struct {
	client pb.Watch_WatchClient
	cancel context.CancelFunc

	mu       sync.Mutex
	arrived  []*pb.WatchResponse
	ended    error         // io.EOF or a status, nil while it runs
	changed  chan struct{} // closed and replaced when anything above changes
	checker  streamChecker
	problems []string
}

func openStream(conn *grpc.ClientConn) (*watchStream, error) {
	ctx, cancel := context.WithCancel(context.Background())
	client, err := pb.NewWatchClient(conn).Watch(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	w := &watchStream{client: client, cancel: cancel, changed: make(chan struct{})}
	go w.receive()
	return w, nil
}

func (w *watchStream) receive() {
	for {
		response, err := w.client.Recv()
		w.mu.Lock()
		if err != nil {
			w.ended = err
		} else {
			w.arrived = append(w.arrived, response)
			w.problems = append(w.problems, w.checker.check(response)...)
		}
		close(w.changed)
		w.changed = make(chan struct{})
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// wait returns true as soon as the condition holds for what arrived; false when ctx ends first
// or the stream ended without it.
func (w *watchStream) wait(ctx context.Context, done func([]*pb.WatchResponse) bool) bool {
	for {
		w.mu.Lock()
		arrived, ended, changed := w.arrived, w.ended, w.changed
		w.mu.Unlock()
		if done(arrived) {
			return true
		}
		if ended != nil {
			return false
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// waitEnd waits for the end of the stream and gives its status, nil for a plain end.
func (w *watchStream) waitEnd(ctx context.Context) error {
	w.wait(ctx, func([]*pb.WatchResponse) bool { return false })
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended == io.EOF {
		return nil
	}
	if w.ended == nil {
		return context.DeadlineExceeded
	}
	return w.ended
}

// position is how many messages arrived so far; a wait that starts there sees only later ones.
func (w *watchStream) position() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.arrived)
}

// take hands out what arrived since the last take, and the broken promises found in it. The
// caller holds mu.
func (w *watchStream) take() ([]*pb.WatchResponse, []string) {
	arrived, problems := w.arrived, w.problems
	w.arrived, w.problems = nil, nil
	return arrived, problems
}
