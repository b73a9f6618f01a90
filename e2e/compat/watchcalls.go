package main

import (
	"context"
	"errors"
	"io"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// A control answer that has to come is given this long.
const controlTimeout = 5 * time.Second

// watchCreate asks for a watch and waits for the answer to that.
type watchCreate struct {
	stream  int
	open    bool // on a stream that this call opens
	request *pb.WatchCreateRequest
}

func (c *watchCreate) do(ctx context.Context, s *side) *answer {
	a := &answer{}
	if c.open {
		stream, err := openStream(s.conn)
		if err != nil {
			return a.finish(err)
		}
		s.streams[c.stream] = stream
	}
	request := &pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: c.request}}
	return s.control(ctx, c.stream, request, func(r *pb.WatchResponse) bool { return r.Created })
}

// watchCancel ends a watch and waits for the answer.
type watchCancel struct {
	stream int
	id     int64
}

func (c *watchCancel) do(ctx context.Context, s *side) *answer {
	return s.control(ctx, c.stream, cancelRequest(c.id), func(r *pb.WatchResponse) bool {
		// One that a compaction cancels at this moment has its compact revision set.
		return r.Canceled && !r.Created && r.WatchId == c.id && r.CompactRevision == 0
	})
}

// control sends a request on a stream and waits for the answer to it. The answer itself is
// compared with the rest of that watch's messages at the next meeting point.
func (s *side) control(
	ctx context.Context, id int, request *pb.WatchRequest, match func(*pb.WatchResponse) bool,
) *answer {
	a, stream := &answer{}, s.streams[id]
	if stream == nil {
		a.note("the stream is not open")
		return a
	}
	from := stream.position()
	if err := stream.client.Send(request); err != nil {
		return a.finish(stream.waitEnd(ctx))
	}
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	found := stream.wait(ctx, func(all []*pb.WatchResponse) bool {
		for _, r := range all[from:] {
			if match(r) {
				a.messages = nil
				a.add(r)
				return true
			}
		}
		return false
	})
	if !found {
		a.note("no answer to the request")
	}
	return a
}

// watchSend is a request that gets no answer, or one whose moment is the server's to choose.
type watchSend struct {
	stream  int
	label   string
	request *pb.WatchRequest
}

func (c *watchSend) do(ctx context.Context, s *side) *answer {
	a := &answer{}
	if stream := s.streams[c.stream]; stream != nil && stream.client.Send(c.request) != nil {
		return a.finish(stream.waitEnd(ctx))
	}
	return a
}

// watchHalfClose closes the sending half of a stream. etcd goes on to deliver on such a stream, so
// it stays in the comparison.
type watchHalfClose struct{ stream int }

// An end of the stream that should not come is looked for this long.
const halfCloseWatch = 200 * time.Millisecond

func (c *watchHalfClose) do(ctx context.Context, s *side) *answer {
	a, stream := &answer{}, s.streams[c.stream]
	if stream == nil {
		return a
	}
	stream.client.CloseSend()
	ctx, cancel := context.WithTimeout(ctx, halfCloseWatch)
	defer cancel()
	return a.finish(stream.waitEnd(ctx))
}

// watchDrop is a client that goes away.
type watchDrop struct{ stream int }

func (c *watchDrop) do(_ context.Context, s *side) *answer {
	if stream := s.streams[c.stream]; stream != nil {
		stream.cancel()
		delete(s.streams, c.stream)
	}
	return &answer{}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
