// Ctl runs scripts of etcdctl commands on three pairs at once - stock on real etcd, stock on the
// server under test, ours on real etcd - and compares output, errors and exit codes.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"

	"keelson.example/e2e/harness"
)

//go:embed cases/*.ctl
var cases embed.FS

func main() {
	only := flag.String("only", "", "run these scripts only, separated by commas")
	pairs := flag.String("pairs", "server,ctl", "what to put under test: server, ctl or both")
	verbose := flag.Bool("v", false, "print every command with the reference's outcome")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	t := &test{tolerances: newTolerances(), verbose: *verbose}
	passed, err := t.all(ctx, *only, *pairs)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ctl:", err)
	}
	if !passed {
		os.Exit(1)
	}
}

type test struct {
	lanes       []*lane // the first is the reference
	tolerances  []*tolerance
	verbose     bool
	commands    int
	differences int
}

func (t *test) all(ctx context.Context, only, pairs string) (passed bool, err error) {
	scripts, err := loadScripts(cases)
	if err != nil {
		return false, err
	}
	work, err := harness.NewWorkdir("ctl")
	if err != nil {
		return false, err
	}
	defer func() { work.Close(passed) }()
	if err := t.makeLanes(work, pairs); err != nil {
		return false, err
	}
	tls, err := harness.NewTLS(filepath.Join(work.Path, "tls"), "root")
	if err != nil {
		return false, err
	}
	for _, s := range scripts {
		if only != "" && !strings.Contains(","+only+",", ","+s.name+",") {
			continue
		}
		if err := t.run(ctx, s, work, tls); err != nil {
			return false, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	t.report()
	return t.differences == 0 && t.commands > 0, nil
}

func (t *test) makeLanes(work *harness.Workdir, pairs string) error {
	server, err := harness.Peer("etcd")
	if err != nil {
		return err
	}
	ctl, err := harness.Peer("etcdctl")
	if err != nil {
		return err
	}
	t.lanes = []*lane{{name: "reference", ctl: ctl, program: server}}
	if strings.Contains(pairs, "server") {
		ours, err := harness.Subject()
		if err != nil {
			return err
		}
		if ours, err = work.Copy(ours); err != nil {
			return err
		}
		t.lanes = append(t.lanes, &lane{name: "our server", ctl: ctl, program: ours})
	}
	if strings.Contains(pairs, "ctl") {
		ours, err := harness.SubjectCtl()
		if err != nil {
			return err
		}
		if ours, err = work.Copy(ours); err != nil {
			return err
		}
		t.lanes = append(t.lanes, &lane{name: "our etcdctl", ctl: ours, program: server})
	}
	return nil
}

// each does something on all lanes at once and waits for all.
func (t *test) each(do func(i int, l *lane)) {
	var all sync.WaitGroup
	for i, l := range t.lanes {
		all.Go(func() { do(i, l) })
	}
	all.Wait()
}

func (t *test) run(ctx context.Context, s *script, work *harness.Workdir, tls *harness.TLS) error {
	if !s.tls {
		tls = nil
	}
	failed := make([]error, len(t.lanes))
	t.each(func(i int, l *lane) {
		l.dir = filepath.Join(work.Path, s.name, strings.ReplaceAll(l.name, " ", "-"))
		failed[i] = l.start(ctx, s, tls)
	})
	defer t.each(func(_ int, l *lane) { l.close() })
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	for i := range s.steps {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		t.step(ctx, s, &s.steps[i])
	}
	return nil
}

func (t *test) step(ctx context.Context, s *script, step *step) {
	outcomes := make([]*outcome, len(t.lanes))
	t.each(func(i int, l *lane) { outcomes[i] = l.settle(l.do(ctx, step)) })
	if step.verb == verbRun || step.verb == verbStop {
		t.commands++
	}
	if t.verbose {
		fmt.Printf("%s:%d %s\n%v", s.name, step.line, step.text, outcomes[0])
	}
	for i := 1; i < len(t.lanes); i++ {
		if !equalOutcomes(step, t.tolerances, outcomes[0], outcomes[i]) {
			t.differences++
			fmt.Printf("DIFFERENCE %s.ctl:%d %s\n reference:\n%v %s:\n%v\n",
				s.name, step.line, step.text, outcomes[0], t.lanes[i].name, outcomes[i])
		}
	}
}

func (o *outcome) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  exit code %d\n", o.code)
	for _, part := range []struct{ mark, text string }{
		{"out", o.stdout}, {"err", o.stderr}, {"harness", o.failure},
	} {
		for line := range strings.SplitAfterSeq(part.text, "\n") {
			if line != "" {
				fmt.Fprintf(&b, "  %s| %q\n", part.mark, line)
			}
		}
	}
	return b.String()
}

func (t *test) report() {
	fmt.Printf("%d commands on %d pairs, %d differences\ntolerated:\n", t.commands, len(t.lanes), t.differences)
	for _, tolerance := range t.tolerances {
		fmt.Printf("  %6d %s: %s\n", tolerance.used, tolerance.name, tolerance.reason)
	}
	if t.differences > 0 {
		fmt.Println("one script again: ./dev e2e ctl -only NAME -v")
	}
}
