package main

import (
	"context"
	"strconv"

	"google.golang.org/grpc/metadata"
)

// withStream makes the client open a watch stream of its own for each number.
func withStream(ctx context.Context, stream int) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "bench-stream", strconv.Itoa(stream))
}
