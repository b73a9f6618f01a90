package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// runSteady puts for a fixed time and reports the rate and the longest time without any
// acknowledgement (as p99_s's neighbour gap_s): what a snapshot or a defragmentation beside it costs.
func runSteady(o options) (steady, error) {
	conns, err := dialAll(o, o.conns)
	if err != nil {
		return steady{}, err
	}
	value := strings.Repeat("v", o.valueSize)
	end := time.Now().Add(time.Duration(o.seconds) * time.Second)
	var count atomic.Int64
	acks := make(chan time.Time, 1<<20)
	errs := make(chan error, o.clients)
	var wg sync.WaitGroup
	for i := 0; i < o.clients; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for n := 0; time.Now().Before(end); n++ {
				key := fmt.Sprintf("/steady/%03d/%04d", i, n%1000)
				if _, err := conns[i%o.conns].Put(context.Background(), key, value); err != nil {
					errs <- err
					return
				}
				count.Add(1)
				acks <- time.Now()
			}
		}(i)
	}
	gap := make(chan time.Duration)
	go func() { gap <- longestGap(acks) }()
	begin := time.Now()
	wg.Wait()
	took := time.Since(begin)
	close(acks)
	select {
	case err := <-errs:
		return steady{}, err
	default:
	}
	return steady{float64(count.Load()) / took.Seconds(), (<-gap).Seconds()}, nil
}

type steady struct {
	Rate float64 `json:"rate"`
	Gap  float64 `json:"gap_s"`
}

func longestGap(acks <-chan time.Time) time.Duration {
	var last time.Time
	var longest time.Duration
	for at := range acks {
		if !last.IsZero() && at.Sub(last) > longest {
			longest = at.Sub(last)
		}
		if at.After(last) {
			last = at
		}
	}
	return longest
}
