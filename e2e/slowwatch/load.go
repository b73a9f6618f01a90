package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"keelson.example/e2e/harness"
)

// result is what one run showed.
type result struct {
	p50, p99 time.Duration
	peakMB   float64
	catchUp  time.Duration // of the stalled watcher, after it began to read
	rate     float64       // transactions a second that were reached
	cpu      float64       // seconds of the server, until the watcher began to read
}

func (r *result) String() string {
	text := fmt.Sprintf("put p50 %.2f ms, p99 %.2f ms, peak %.0f MB, CPU %.2f s, %.0f transactions/s",
		r.p50.Seconds()*1000, r.p99.Seconds()*1000, r.peakMB, r.cpu, r.rate)
	if r.catchUp > 0 {
		text += fmt.Sprintf(", every event after %.1f s of reading", r.catchUp.Seconds())
	}
	return text
}

const (
	bulkPrefix  = "bulk/"
	meterKey    = "meter"
	valueBytes  = 64
	bulkWriters = 8
)

// once is one run on a fresh server.
func once(ctx context.Context, program, dir string, s settings, stalled bool) (*result, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	server, err := harness.NewServer(harness.Options{Program: program, Dir: dir})
	if err != nil {
		return nil, err
	}
	if err := server.Start(ctx); err != nil {
		return nil, err
	}
	defer server.Kill()
	var w *sleeper
	if stalled {
		if w, err = newSleeper(ctx, server); err != nil {
			return nil, err
		}
		defer w.close()
	}
	r, revisions, err := load(ctx, server, s)
	if err != nil {
		return nil, err
	}
	if r.cpu, err = cpuSeconds(server.Pid()); err != nil {
		return nil, err
	}
	if stalled {
		began := time.Now()
		if err := w.readAll(ctx, revisions, s.batch); err != nil {
			return nil, err
		}
		r.catchUp = time.Since(began)
	}
	if r.peakMB, err = peakMemory(server.Pid()); err != nil {
		return nil, err
	}
	return r, nil
}

// load writes the events at a fixed rate and measures single puts beside them. It returns the
// revisions that the transactions got.
func load(ctx context.Context, server *harness.Server, s settings) (*result, []int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	metered, stopMeter := context.WithCancel(ctx)
	var meter sync.WaitGroup
	var latencies []time.Duration
	var meterErr error
	meter.Go(func() { latencies, meterErr = measure(metered, server, s.meterRate) })
	began := time.Now()
	revisions, err := bulk(ctx, server, s)
	took := time.Since(began)
	stopMeter()
	meter.Wait()
	if err == nil {
		err = meterErr
	}
	if err != nil || len(latencies) == 0 {
		return nil, nil, fmt.Errorf("load: %d puts measured, %w", len(latencies), err)
	}
	slices.Sort(latencies)
	return &result{
		p50: latencies[len(latencies)/2], p99: latencies[len(latencies)*99/100],
		rate: float64(len(revisions)) / took.Seconds(),
	}, revisions, nil
}

// pace gives the times at which work is due; it does not let missed ones pile up into a burst.
func pace(rate int) *time.Ticker { return time.NewTicker(time.Second / time.Duration(rate)) }

// bulk spreads the transactions over some connections.
func bulk(ctx context.Context, server *harness.Server, s settings) ([]int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	due := make(chan int)
	go func() {
		defer close(due)
		ticker := pace(s.rate)
		defer ticker.Stop()
		for i := range s.events / s.batch {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			select {
			case due <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	var mu sync.Mutex
	var revisions []int64
	var failed error
	var all sync.WaitGroup
	for range bulkWriters {
		all.Go(func() {
			written, err := writeBatches(ctx, server, due, s.batch)
			mu.Lock()
			defer mu.Unlock()
			revisions = append(revisions, written...)
			if err != nil && failed == nil {
				failed = err
				cancel()
			}
		})
	}
	all.Wait()
	slices.Sort(revisions)
	return revisions, failed
}

func writeBatches(ctx context.Context, server *harness.Server, due <-chan int, batch int) (revisions []int64, err error) {
	conn, err := server.Dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	kv, value := pb.NewKVClient(conn), []byte(strings.Repeat("v", valueBytes))
	for range due {
		txn := &pb.TxnRequest{}
		for i := range batch {
			txn.Success = append(txn.Success, &pb.RequestOp{Request: &pb.RequestOp_RequestPut{
				RequestPut: &pb.PutRequest{Key: fmt.Appendf(nil, "%s%04d", bulkPrefix, i), Value: value},
			}})
		}
		r, err := kv.Txn(ctx, txn)
		if err != nil {
			return revisions, err
		}
		revisions = append(revisions, r.Header.Revision)
	}
	return revisions, nil
}

// measure puts one key again and again, at a fixed rate however long a put takes: a client that
// waits for one before it sends the next would leave out what a standstill did to the others.
func measure(ctx context.Context, server *harness.Server, rate int) (latencies []time.Duration, err error) {
	conn, err := server.Dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	kv, ticker := pb.NewKVClient(conn), pace(rate)
	defer ticker.Stop()
	var mu sync.Mutex
	var all sync.WaitGroup
	for ctx.Err() == nil {
		due := <-ticker.C
		all.Go(func() {
			_, failed := kv.Put(context.WithoutCancel(ctx), &pb.PutRequest{Key: []byte(meterKey), Value: []byte("v")})
			mu.Lock()
			defer mu.Unlock()
			latencies = append(latencies, time.Since(due))
			err = cmp.Or(err, failed)
		})
	}
	all.Wait()
	return latencies, err
}

// cpuSeconds is what the process has used on all cores. Unlike a latency it says the same on a
// machine that has other work.
func cpuSeconds(pid int) (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the program's name in brackets, which may hold anything.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	const user, system, perSecond = 11, 12, 100 // places from the third field on; ticks
	if len(fields) <= system {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	ticks := 0.0
	for _, field := range []string{fields[user], fields[system]} {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return ticks / perSecond, nil
}

// peakMemory is VmHWM, the most that was ever resident.
func peakMemory(pid int) (megabytes float64, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kilobytes, err := strconv.ParseFloat(fields[1], 64)
			return kilobytes / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmHWM for process %d", pid)
}
