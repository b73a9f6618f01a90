// Slowwatch writes a million events past a watcher that does not read, and compares put latency
// and memory with the same load without it. The watcher then has to get every event.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"keelson.example/e2e/harness"
)

// settings are the same for every run of one test.
type settings struct {
	events, batch, rate, meterRate int
}

func main() {
	var s settings
	flag.IntVar(&s.events, "events", 1_000_000, "events that go past the stalled watcher")
	flag.IntVar(&s.batch, "batch", 100, "events in one transaction")
	flag.IntVar(&s.rate, "rate", 200, "transactions a second")
	flag.IntVar(&s.meterRate, "meter", 200, "single puts a second whose latency is measured")
	rounds := flag.Int("rounds", 3, "rounds of both runs, one after the other")
	ratio := flag.Float64("ratio", 1.1, "put p99 with the watcher may be this much of that without")
	bound := flag.Int("bound-mb", 48, "peak memory with the watcher may be so much above that without")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	passed, err := slowwatch(ctx, s, *rounds, *ratio, *bound)
	if err != nil {
		fmt.Fprintln(os.Stderr, "slowwatch:", err)
	}
	if !passed {
		os.Exit(1)
	}
}

func slowwatch(ctx context.Context, s settings, rounds int, ratio float64, bound int) (passed bool, err error) {
	program, err := harness.Subject()
	if err != nil {
		return false, err
	}
	work, err := harness.NewWorkdir("slowwatch")
	if err != nil {
		return false, err
	}
	defer func() { work.Close(passed) }()
	if program, err = work.Copy(program); err != nil {
		return false, err
	}
	var without, with []*result
	for round := range rounds {
		for _, stalled := range []bool{false, true} {
			dir := filepath.Join(work.Path, fmt.Sprintf("%d-%v", round, stalled))
			r, err := once(ctx, program, dir, s, stalled)
			if err != nil {
				return false, err
			}
			fmt.Printf("round %d, stalled watcher %-5v: %v\n", round+1, stalled, r)
			if stalled {
				with = append(with, r)
			} else {
				without = append(without, r)
			}
			os.RemoveAll(dir)
		}
	}
	return judge(without, with, ratio, bound), nil
}

// judge compares medians: a single run's p99 is at the mercy of the disk.
func judge(without, with []*result, ratio float64, bound int) bool {
	p99 := func(r *result) float64 { return r.p99.Seconds() * 1000 }
	peak := func(r *result) float64 { return r.peakMB }
	slower := median(with, p99) / median(without, p99)
	larger := median(with, peak) - median(without, peak)
	fmt.Printf("put p99 with the watcher is %.2fx of that without, allowed %.2fx\n", slower, ratio)
	fmt.Printf("peak memory with the watcher is %.0f MB more, allowed %d MB\n", larger, bound)
	return slower <= ratio && larger <= float64(bound)
}

func median(results []*result, value func(*result) float64) float64 {
	var values []float64
	for _, r := range results {
		values = append(values, value(r))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
