package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"keelson.example/e2e/harness"
)

// realToOurs: a filled etcd's snapshot and its file are read by us as bbolt reads them, and a copy
// that went through our types is as good as the original, restored and put in its place.
func (b *bench) realToOurs(ctx context.Context) error {
	dir := filepath.Join(b.work.Path, "real")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	server, err := harness.NewServer(harness.Options{Program: b.etcd, Dir: dir})
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	defer server.Kill()
	snapshot := filepath.Join(dir, "snap.db")
	want, err := fillAndSave(ctx, server, snapshot, b.seed)
	if err != nil {
		return err
	}
	server.Stop()
	file := filepath.Join(server.DataDir(), "member", "snap", "db")
	for _, path := range []string{snapshot, file} {
		if err := b.readAlike(path); err != nil {
			return err
		}
	}
	first, _, _ := strings.Cut(want, "\n")
	fmt.Printf("a real etcd's snapshot and its file are read as bbolt reads them: %s\n", first)
	if err := b.restoredAlike(ctx, snapshot, want); err != nil {
		return fmt.Errorf("restored: %w", err)
	}
	return b.inPlaceAlike(ctx, server, file, want)
}

func fillAndSave(ctx context.Context, server *harness.Server, path string, seed uint64) (string, error) {
	conn, err := server.Dial()
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := fill(ctx, conn, seed); err != nil {
		return "", err
	}
	want, err := facts(ctx, conn)
	if err != nil {
		return "", err
	}
	return want, save(ctx, conn, path)
}

// save stores the stream of the Snapshot call as it comes, as `etcdctl snapshot save` does.
func save(ctx context.Context, conn *grpc.ClientConn, path string) error {
	stream, err := pb.NewMaintenanceClient(conn).Snapshot(ctx, &pb.SnapshotRequest{})
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		piece, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return file.Close()
		}
		if err != nil {
			return err
		}
		if _, err := file.Write(piece.Blob); err != nil {
			return err
		}
	}
}

func (b *bench) readAlike(path string) error {
	want, _, err := boltRows(path)
	if err != nil {
		return err
	}
	got, err := b.ourRows(path)
	if err != nil {
		return err
	}
	if err := sameRows(want, got); err != nil {
		return fmt.Errorf("our reader on %s: %w", path, err)
	}
	return nil
}

// restoredAlike: original and copy have one status, and a member restored from the copy one state.
func (b *bench) restoredAlike(ctx context.Context, snapshot, want string) error {
	original, err := b.status(snapshot)
	if err != nil {
		return err
	}
	wantRows, _, err := boltRows(snapshot)
	if err != nil {
		return err
	}
	for i, flags := range [][]string{{}, {"nofreelist"}, {"noinline"}} {
		dir := filepath.Join(b.work.Path, fmt.Sprintf("restored-%d", i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		path := filepath.Join(dir, "copy.db")
		if err := b.copyTyped(snapshot, path, append(flags, "digest")...); err != nil {
			return err
		}
		if err := copyAlike(path, wantRows); err != nil {
			return err
		}
		again, err := b.status(path)
		if err != nil {
			return err
		}
		original.TotalSize, again.TotalSize = 0, 0 // ours has no free pages
		if original != again {
			return fmt.Errorf("status %+v became %+v", original, again)
		}
		if err := b.startedAlike(ctx, dir, path, want); err != nil {
			return err
		}
	}
	fmt.Printf("copies by us have its status (hash %d), and restored by etcdutl its state\n", original.Hash)
	return nil
}

func copyAlike(path string, want []row) error {
	got, buckets, err := boltRows(path)
	if err != nil {
		return err
	}
	if buckets != 10 {
		return fmt.Errorf("%s has %d buckets", path, buckets)
	}
	if err := sameRows(want, got); err != nil {
		return fmt.Errorf("bbolt on our copy %s: %w", path, err)
	}
	return nil
}

// startedAlike restores a saved snapshot below dir and starts real etcd on it.
func (b *bench) startedAlike(ctx context.Context, dir, snapshot, want string) error {
	return b.startedWith(ctx, dir, snapshot, want, facts)
}

func (b *bench) startedWith(ctx context.Context, dir, snapshot, want string, of factsOf) error {
	server, err := harness.NewServer(harness.Options{Program: b.etcd, Dir: dir})
	if err != nil {
		return err
	}
	if err := b.restore(snapshot, server.DataDir()); err != nil {
		return err
	}
	return serves(ctx, server, want, of)
}

func serves(ctx context.Context, server *harness.Server, want string, of factsOf) error {
	if err := server.Start(ctx); err != nil {
		return err
	}
	defer server.Kill()
	conn, err := server.Dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	got, err := of(ctx, conn)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("want\n%sgot\n%s", want, got)
	}
	return nil
}

// inPlaceAlike gives the stopped member our file for its own, as a follower installs what a leader
// sent: without a digest, index and term of its log inside.
func (b *bench) inPlaceAlike(ctx context.Context, server *harness.Server, file, want string) error {
	copied := file + ".copy"
	if err := b.copyTyped(file, copied); err != nil {
		return err
	}
	if err := os.Rename(copied, file); err != nil {
		return err
	}
	if err := serves(ctx, server, want, facts); err != nil {
		return fmt.Errorf("with our file in place of its own: %w", err)
	}
	fmt.Println("the member itself goes on with our copy in place of its file")
	return nil
}
