package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"google.golang.org/grpc"

	"keelson.example/e2e/harness"
)

// side is one of the two servers and everything that is open to it.
type side struct {
	name    string
	server  *harness.Server
	conn    *grpc.ClientConn
	http    *http.Client
	streams map[int]*watchStream
}

// startSide runs a server with the settings that both sides share.
func startSide(ctx context.Context, work *harness.Workdir, name, program string, args ...string) (*side, error) {
	dir := filepath.Join(work.Path, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	server, err := harness.NewServer(harness.Options{Program: program, Dir: dir, Args: args})
	if err != nil {
		return nil, err
	}
	if err := server.Start(ctx); err != nil {
		return nil, fmt.Errorf("%s side: %w", name, err)
	}
	conn, err := server.Dial()
	if err != nil {
		return nil, err
	}
	return &side{
		name: name, server: server, conn: conn, http: &http.Client{},
		streams: map[int]*watchStream{},
	}, nil
}

func (s *side) close() {
	for id, stream := range s.streams {
		stream.cancel()
		delete(s.streams, id)
	}
	s.http.CloseIdleConnections()
	s.conn.Close()
	s.server.Kill()
}

// restart kills the process and starts it on the same data. Watches do not survive that.
func (s *side) restart(ctx context.Context) error {
	for id, stream := range s.streams {
		stream.cancel()
		delete(s.streams, id)
	}
	s.http.CloseIdleConnections()
	s.server.Kill()
	if err := s.server.Start(ctx); err != nil {
		return fmt.Errorf("%s side: %w", s.name, err)
	}
	// The old connection is in its back-off; a fresh one answers at once.
	s.conn.Close()
	conn, err := s.server.Dial()
	s.conn = conn
	return err
}
