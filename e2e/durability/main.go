// Durability kills the server again and again while clients write, and compares what is there
// after each restart with the journal of what was acknowledged.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"keelson.example/e2e/harness"
)

func main() {
	kills := flag.Int("kills", 3, "number of kill -9; 50 is the full run")
	clients := flag.Int("clients", 16, "number of clients")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the operations and of the moments")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fmt.Printf("durability: seed %d, %d kills, %d clients\n", *seed, *kills, *clients)
	passed, err := durability(ctx, *seed, *kills, *clients)
	if err != nil {
		fmt.Fprintln(os.Stderr, "durability:", err)
	}
	if !passed {
		fmt.Printf("again: ./dev e2e durability -seed %d -kills %d\n", *seed, *kills)
		os.Exit(1)
	}
}

func durability(ctx context.Context, seed uint64, kills, clients int) (passed bool, err error) {
	program, err := harness.Subject()
	if err != nil {
		return false, err
	}
	work, err := harness.NewWorkdir("durability")
	if err != nil {
		return false, err
	}
	defer func() { work.Close(passed) }()
	if program, err = work.Copy(program); err != nil {
		return false, err
	}
	server, err := harness.NewServer(harness.Options{Program: program, Dir: work.Path})
	if err != nil {
		return false, err
	}
	defer server.Kill()
	if err := server.Start(ctx); err != nil {
		return false, err
	}
	r := &runner{server: server, rng: rand.New(rand.NewPCG(seed, 0)), verifier: verifier{history: newHistory()}}
	for id := range clients {
		r.clients = append(r.clients, newClient(id, seed))
	}
	for cycle := 1; cycle <= kills; cycle++ {
		if err := r.cycle(ctx, cycle); err != nil || len(r.faults) > 0 {
			return false, err
		}
	}
	return true, nil
}

// runner is the loop of load, kill, restart and verification.
type runner struct {
	verifier
	server *harness.Server
	rng    *rand.Rand
}

const (
	loadMin, loadMax = 300 * time.Millisecond, 2 * time.Second
	startMax         = 600 * time.Millisecond // a kill while the server starts comes before this
	startKillPercent = 30
	compactFrom      = 10 // cycle; until then the hash is checked against the whole history
	compactEvery     = 5
)

func (r *runner) cycle(ctx context.Context, number int) error {
	began := time.Now()
	if err := r.load(ctx); err != nil {
		return err
	}
	operations, open := 0, 0
	for o := range r.operations() {
		operations++
		if o.fate == unknown {
			open++
		}
	}
	startKills, err := r.restart(ctx)
	if err != nil {
		return err
	}
	restarted := time.Since(began)
	if err := r.verify(ctx, number); err != nil {
		return err
	}
	fmt.Printf("kill %d: %d operations, %d without an answer, killed %d times more while starting, "+
		"revision %d, %d keys, %.1f + %.1f s\n", number, operations, open, startKills, r.history.revision,
		len(r.history.state), restarted.Seconds(), (time.Since(began) - restarted).Seconds())
	for _, fault := range r.faults {
		fmt.Println("FAULT:", fault)
	}
	return nil
}

// load lets all clients work and kills the server under them.
func (r *runner) load(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	for _, c := range r.clients {
		conn, err := r.server.Dial()
		if err != nil {
			return err
		}
		defer conn.Close()
		c.conn = conn
		all.Go(func() { c.work(ctx) })
	}
	// The moment of the kill is what this run varies, so this is a wait for no condition.
	select {
	case <-time.After(r.between(loadMin, loadMax)):
	case <-ctx.Done():
	}
	r.server.Kill()
	all.Wait()
	return ctx.Err()
}

func (r *runner) between(low, high time.Duration) time.Duration {
	return low + time.Duration(r.rng.Int64N(int64(high-low)))
}

// restart starts the server; now and then it is killed once more while it recovers.
func (r *runner) restart(ctx context.Context) (killed int, err error) {
	for r.rng.IntN(100) < startKillPercent {
		if err := r.server.Launch(); err != nil {
			return killed, err
		}
		select {
		case <-time.After(r.between(0, startMax)):
		case <-r.server.Exited():
			return killed, fmt.Errorf("the server ended while it started:\n%s", r.server.LogTail())
		}
		r.server.Kill()
		killed++
	}
	return killed, r.server.Start(ctx)
}

func (r *runner) verify(ctx context.Context, number int) (err error) {
	if r.conn, err = r.server.Dial(); err != nil {
		return err
	}
	defer r.conn.Close()
	if err := r.all(ctx); err != nil {
		return err
	}
	if number >= compactFrom && number%compactEvery == 0 {
		return r.compact(ctx)
	}
	return nil
}

// compact drops the history that was checked. The next kill may come while it is still at work.
func (r *runner) compact(ctx context.Context) error {
	r.history.hash = nil
	_, err := pb.NewKVClient(r.conn).Compact(ctx, &pb.CompactionRequest{Revision: r.history.revision})
	return err
}
