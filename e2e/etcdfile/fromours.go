package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"keelson.example/e2e/harness"
)

const versionTimeout = 30 * time.Second

// ourSnapshot: what etcdctl saves of a running member of ours is a snapshot to etcdutl, and real
// etcd goes on from it with the same state.
func (b *bench) ourSnapshot(ctx context.Context) error {
	dir := filepath.Join(b.work.Path, "ours")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	program, err := harness.Subject()
	if err != nil {
		return err
	}
	server, err := harness.NewServer(harness.Options{Program: program, Dir: dir})
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	defer server.Kill()
	want, err := fillOurs(ctx, server, b.seed)
	if err != nil {
		return err
	}
	saved, err := b.savedByAll(server, dir)
	if err != nil {
		return err
	}
	for i, path := range saved {
		if err := b.readAlike(path); err != nil {
			return err
		}
		restored := filepath.Join(dir, fmt.Sprintf("restored-%d", i))
		if err := os.MkdirAll(restored, 0o755); err != nil {
			return err
		}
		if err := b.startedWith(ctx, restored, path, want, storeFacts); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// savedByAll saves with the stock etcdctl and with ours; etcdutl must find the same in both files.
func (b *bench) savedByAll(server *harness.Server, dir string) ([]string, error) {
	stock, err := harness.Peer("etcdctl")
	if err != nil {
		return nil, err
	}
	ours, err := harness.SubjectCtl()
	if err != nil {
		return nil, err
	}
	var paths []string
	var found []status
	for i, program := range []string{stock, ours} {
		path := filepath.Join(dir, fmt.Sprintf("saved-%d.db", i))
		_, err := output(nil, program, "--endpoints", server.Endpoint(), "snapshot", "save", path)
		if err != nil {
			return nil, err
		}
		s, err := b.status(path)
		if err != nil {
			return nil, err
		}
		paths, found = append(paths, path), append(found, s)
	}
	if found[0] != found[1] || found[0].Version != "3.7.0" {
		return nil, fmt.Errorf("status %+v and %+v", found[0], found[1])
	}
	fmt.Printf("etcdctl saves a running member of ours, etcdutl says %+v\n", found[0])
	return paths, nil
}

func fillOurs(ctx context.Context, server *harness.Server, seed uint64) (string, error) {
	conn, err := server.Dial()
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := fillStore(ctx, conn, seed); err != nil {
		return "", err
	}
	if err := versionDecided(ctx, conn); err != nil {
		return "", err
	}
	want, err := storeFacts(ctx, conn)
	first, _, _ := strings.Cut(want, "\n")
	fmt.Printf("our member holds: %s\n", first)
	return want, err
}

// versionDecided waits for the cluster version, which the leader decides some time after its start.
func versionDecided(ctx context.Context, conn *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	client := pb.NewMaintenanceClient(conn)
	for {
		s, err := client.Status(ctx, &pb.StatusRequest{})
		if err != nil {
			return err
		}
		if s.StorageVersion == "3.7.0" {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("the cluster version is never decided")
		case <-time.After(100 * time.Millisecond):
		}
	}
}
