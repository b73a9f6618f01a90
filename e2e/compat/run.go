package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// run sends one seeded sequence of requests to both sides and compares everything that comes back.
type run struct {
	seed        uint64
	count       int
	want, got   *side // the reference and the subject
	world       *world
	rules       []*rule
	kinds       map[string]int
	spent       map[string]time.Duration // by kind, to see what a slow run waits for
	barriers    int
	differences []difference
	only, skip  []string // generators to draw from, and not to
	spoil       func(step int, c call, got *answer)
	spoilStream func(step int, got map[int64][]*answer)
	verbose     bool
}

// difference is one unlisted one, with all that is needed to look into it.
type difference struct {
	step      int
	request   string
	want, got string
}

const (
	callTimeout = 20 * time.Second
	// Once the two states have parted every further answer differs, too.
	differencesMax = 10
)

// all sends count requests, or fewer when too much differs.
func (r *run) all(ctx context.Context) error {
	table := r.table()
	if len(table) == 0 {
		return fmt.Errorf("no generator is left; known: %s", strings.Join(generatorNames(), " "))
	}
	for r.world.step < r.count && len(r.differences) < differencesMax && ctx.Err() == nil {
		before := r.world.step
		if err := draw(r.world, table).generate(ctx, r); err != nil {
			return err
		}
		for _, s := range []*side{r.want, r.got} {
			if s.server.Crashed() {
				return fmt.Errorf("the %s ended at request %d:\n%s", s.name, r.world.step, s.server.LogTail())
			}
		}
		if crossed(before, r.world.step, meetEvery) {
			r.meet(ctx)
		}
		if crossed(before, r.world.step, checkStateEvery) {
			r.checkState(ctx)
		}
	}
	if len(r.differences) < differencesMax {
		r.meet(ctx)
		r.checkState(ctx)
	}
	return ctx.Err()
}

func crossed(before, after, every int) bool { return before/every != after/every }

// send gives one call to both sides at once and waits for both answers.
func (r *run) send(ctx context.Context, c call) {
	r.world.step++
	r.kinds[c.kind()]++
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var want, got *answer
	r.timed(c.kind(), func() {
		var both sync.WaitGroup
		both.Go(func() { want = c.do(ctx, r.want) })
		both.Go(func() { got = c.do(ctx, r.got) })
		both.Wait()
	})
	if r.verbose {
		fmt.Printf("%d %s\n  -> %v\n", r.world.step, c.describe(), want)
	}
	if r.spoil != nil {
		got = got.clone()
		r.spoil(r.world.step, c, got)
	}
	r.compare(c, want, got)
	r.world.learn(c, want)
}

// timed adds the time that something takes to the report.
func (r *run) timed(what string, do func()) {
	began := time.Now()
	do()
	r.spent[what] += time.Since(began)
}

func (r *run) compare(c call, want, got *answer) {
	if !same(r.rules, c, want, got) {
		r.differ(c.describe(), want.String(), got.String())
	}
}

func (r *run) differ(request, want, got string) {
	r.differences = append(r.differences, difference{r.world.step, request, want, got})
}

// generator is a named source of requests.
type generator struct {
	name     string
	weight   int
	generate func(ctx context.Context, r *run) error
}

// one makes a generator of a function that draws a single call.
func one(name string, weight int, make func(*world) call) generator {
	return generator{name, weight, func(ctx context.Context, r *run) error {
		r.send(ctx, make(r.world))
		return nil
	}}
}

// generators is everything that the run draws from; weights are shares of the requests.
func generators() []generator {
	return []generator{
		one("range", 220, genRange), one("rangestream", 40, genRangeStream),
		one("put", 230, genPut), one("delete", 50, genDelete),
		one("txn", 150, genTxn), one("txnupdate", 60, genUpdateTxn), one("txnmany", 5, genManyOps),
		one("putbig", 2, genBigPut), one("txnbig", 1, genBigTxn),
		{"compact", 12, compactStep},
		one("grant", 18, genGrant), one("revoke", 6, genRevoke), one("ttl", 15, genTimeToLive),
		one("leases", 8, genLeases), one("grantrevoke", 8, genShortGrant), one("keepalive", 10, genKeepAlive),
		{"watch", 90, watchStep},
		one("hashkv", 25, genHashKV), one("status", 8, genStatus), one("alarm", 6, genAlarmRead),
		one("maintenance", 3, genMaintenance), one("cluster", 10, genCluster), one("auth", 8, genAuth),
		one("recipes", 4, genRecipes), one("health", 6, genHealth), one("http", 8, genHTTP),
		one("bad", 10, genBad),
		{"alarms", 2, alarmEpisode}, {"expiry", 1, expiryEpisode}, {"restart", 1, restartEpisode},
	}
}

func generatorNames() (names []string) {
	for _, g := range generators() {
		names = append(names, g.name)
	}
	return names
}

func (r *run) table() (table []weighted[generator]) {
	for _, g := range generators() {
		if (len(r.only) == 0 || slices.Contains(r.only, g.name)) && !slices.Contains(r.skip, g.name) {
			table = append(table, weighted[generator]{g.weight, g})
		}
	}
	return table
}
