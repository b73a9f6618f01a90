// Compat sends one seeded sequence of requests to real etcd and to the server under test, one by
// one in lock step, and compares every answer, status, text and watch stream.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"keelson.example/e2e/harness"
)

func main() {
	count := flag.Int("n", 2000, "number of requests; 20000 is the full run")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the sequence")
	only := flag.String("only", "", "draw from these generators only, separated by commas")
	skip := flag.String("skip", "", "do not draw from these generators")
	verbose := flag.Bool("v", false, "print every request and the reference's answer")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := newRun(*seed, *count)
	r.only, r.skip, r.verbose = list(*only), list(*skip), *verbose
	passed, err := differential(ctx, r)
	if err != nil {
		fmt.Fprintln(os.Stderr, "compat:", err)
	}
	if !passed {
		os.Exit(1)
	}
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' })
}

func newRun(seed uint64, count int) *run {
	return &run{
		seed: seed, count: count, world: newWorld(seed), rules: newRules(),
		kinds: map[string]int{}, spent: map[string]time.Duration{},
	}
}

// differential starts both servers, does the run and prints what it found.
func differential(ctx context.Context, r *run) (passed bool, err error) {
	reference, err := harness.Peer("etcd")
	if err != nil {
		return false, err
	}
	subject, err := harness.Subject()
	if err != nil {
		return false, err
	}
	work, err := harness.NewWorkdir("compat")
	if err != nil {
		return false, err
	}
	defer func() { work.Close(passed) }()
	if subject, err = work.Copy(subject); err != nil {
		return false, err
	}
	// Nothing here tests the disk, and the reference is not slower than it has to be.
	if r.want, err = startSide(ctx, work, "reference", reference, "--unsafe-no-fsync"); err != nil {
		return false, err
	}
	defer r.want.close()
	if r.got, err = startSide(ctx, work, "subject", subject); err != nil {
		return false, err
	}
	defer r.got.close()
	began := time.Now()
	err = r.all(ctx)
	r.report(os.Stdout, time.Since(began))
	return err == nil && len(r.differences) == 0, err
}
