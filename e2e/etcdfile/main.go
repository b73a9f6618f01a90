// Etcdfile holds our reader and writer of etcd's database files against etcd's own: bbolt opens and
// checks what we write, etcdutl restores it, real etcd starts on it; and what real etcd wrote is
// read by us as bbolt reads it. Both ways go through build/bin/etcdfile_tool. In the end real etcd
// goes on from what etcdctl saves of our server.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"keelson.example/e2e/harness"
)

func main() {
	seed := flag.Uint64("seed", 1, "of everything random")
	revisions := flag.Int("revisions", 200_000, "key rows in the image that is made from nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := etcdfile(ctx, *seed, *revisions); err != nil {
		fmt.Fprintln(os.Stderr, "etcdfile:", err)
		os.Exit(1)
	}
	fmt.Println("etcdfile: everything is equal")
}

// bench is what every part of the test works with.
type bench struct {
	work                *harness.Workdir
	etcd, etcdutl, tool string
	seed                uint64
}

func etcdfile(ctx context.Context, seed uint64, revisions int) (err error) {
	b := &bench{seed: seed}
	for name, place := range map[string]*string{"etcd": &b.etcd, "etcdutl": &b.etcdutl} {
		if *place, err = harness.Peer(name); err != nil {
			return err
		}
	}
	if b.tool, err = harness.Tool("etcdfile_tool"); err != nil {
		return err
	}
	if b.work, err = harness.NewWorkdir("etcdfile"); err != nil {
		return err
	}
	defer func() { b.work.Close(err == nil) }()
	if err = b.boltToOurs(); err != nil {
		return fmt.Errorf("from bbolt: %w", err)
	}
	if err = b.realToOurs(ctx); err != nil {
		return fmt.Errorf("from real etcd: %w", err)
	}
	if err = b.oursToReal(ctx, revisions); err != nil {
		return fmt.Errorf("made from nothing: %w", err)
	}
	if err = b.ourSnapshot(ctx); err != nil {
		return fmt.Errorf("from our server: %w", err)
	}
	return nil
}
