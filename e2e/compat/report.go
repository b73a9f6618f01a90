package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// report prints what was sent, what was let pass and why, and the differences in full.
func (r *run) report(out io.Writer, took time.Duration) {
	fmt.Fprintf(out, "seed %d: %d requests in %.1f s, revision %d, compacted %d, %d watch barriers\n",
		r.seed, r.world.step, took.Seconds(), r.world.revision, r.world.compacted, r.barriers)
	for _, kind := range slices.Sorted(maps.Keys(r.spent)) {
		fmt.Fprintf(out, "  %6d %-20s %6.1f s\n", r.kinds[kind], kind, r.spent[kind].Seconds())
	}
	fmt.Fprintln(out, "tolerated differences:")
	for _, rule := range r.rules {
		fmt.Fprintf(out, "  %6d %s: %s\n", rule.used, rule.name, rule.reason)
	}
	for _, d := range r.differences {
		fmt.Fprintf(out, "\nDIFFERENCE at request %d: %s\n  etcd: %s\n  ours: %s\n", d.step, d.request, d.want, d.got)
	}
	if len(r.differences) == 0 {
		fmt.Fprintln(out, "no unlisted difference")
		return
	}
	fmt.Fprintf(out, "\n%d unlisted differences. Again: ./dev e2e compat -seed %d -n %d\n",
		len(r.differences), r.seed, r.world.step)
}
