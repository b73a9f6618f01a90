// Kube runs kube-apiserver and kubectl on the server under test, kills the server in the middle of
// the work, and looks for anything acknowledged that is gone or seen twice.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"time"

	"keelson.example/e2e/harness"
)

func main() {
	objects := flag.Int("objects", 5000, "number of objects")
	watchers := flag.Int("watchers", 6, "number of watchers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	passed, err := kube(ctx, *objects, *watchers)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kube:", err)
	}
	if !passed {
		os.Exit(1)
	}
	fmt.Println("kube: passed")
}

func kube(ctx context.Context, objects, watchers int) (passed bool, err error) {
	work, err := harness.NewWorkdir("kube")
	if err != nil {
		return false, err
	}
	defer func() { work.Close(passed) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &test{journal: newJournal(), objects: objects, began: time.Now()}
	if t.plane, err = startPlane(ctx, work); err != nil {
		return false, err
	}
	defer t.plane.close()
	t.say("kube-apiserver is ready")
	if err := t.all(ctx, watchers); err != nil {
		return false, err
	}
	for i, problem := range t.journal.problems {
		if i == problemsPrinted {
			fmt.Printf("and %d more\n", len(t.journal.problems)-i)
			break
		}
		fmt.Println("FAULT:", problem)
	}
	return len(t.journal.problems) == 0, nil
}

const (
	problemsPrinted = 20
	watchTimeout    = time.Minute // for a watcher to come to what was acknowledged
	pageObjects     = 500
)

type test struct {
	plane    *plane
	journal  *journal
	objects  int
	watchers []*watcher
	began    time.Time
}

func (t *test) say(format string, args ...any) {
	fmt.Printf("%6.1f s  %s\n", time.Since(t.began).Seconds(), fmt.Sprintf(format, args...))
}

func (t *test) all(ctx context.Context, watchers int) error {
	if _, err := do[object](ctx, t.plane.api, http.MethodPost, "/api/v1/namespaces", object{
		APIVersion: "v1", Kind: "Namespace", Metadata: meta{Name: namespace},
	}); err != nil {
		return err
	}
	list, err := t.plane.api.listAll(ctx, configMaps, pageObjects)
	if err != nil {
		return err
	}
	for i := range watchers {
		t.watchers = append(t.watchers,
			startWatcher(ctx, t.plane.api, fmt.Sprint(i), configMaps, list.version()))
	}
	listing, stopListing := context.WithCancel(ctx)
	defer stopListing()
	var lister sync.WaitGroup
	var lists int
	lister.Go(func() { lists = t.journal.watchRevisions(listing, t.plane.api) })
	for _, phase := range []func(context.Context) error{
		t.apply, t.list, t.update, t.custom, t.keys, t.deleteCollection, t.checkWatchers,
	} {
		if err := phase(ctx); err != nil {
			return err
		}
	}
	stopListing()
	lister.Wait()
	t.say("%d lists, none at a lower version than seen before: highest %d", lists, t.journal.highestSeen())
	return nil
}

// crashAt gives a progress function that kills and restarts the store once at a given count. The
// channel gets the outcome.
func (t *test) crashAt(ctx context.Context, count int) (progress func(int), crashed chan error) {
	var once sync.Once
	crashed = make(chan error, 1)
	return func(n int) {
		if n >= count {
			once.Do(func() {
				go func() {
					err := t.plane.crash(ctx)
					t.say("killed after %d and restarted", n)
					crashed <- err
				}()
			})
		}
	}, crashed
}

func (t *test) apply(ctx context.Context) error {
	progress, crashed := t.crashAt(ctx, t.objects/2)
	if err := t.plane.applyAll(ctx, t.journal, t.objects, progress); err != nil {
		return err
	}
	if err := <-crashed; err != nil {
		return err
	}
	t.say("kubectl applied %d objects, the store was killed in the middle", len(t.journal.objects))
	return nil
}

// list compares what is stored with what was acknowledged.
func (t *test) list(ctx context.Context) error {
	list, err := t.plane.api.listAll(ctx, configMaps, pageObjects)
	if err != nil {
		return err
	}
	t.journal.compare(list)
	if len(list.Items) != t.objects {
		t.journal.problem("%d objects listed, %d applied", len(list.Items), t.objects)
	}
	out, err := t.plane.run(ctx, "get", "configmaps", "-o", "name").Output()
	if err != nil {
		return fmt.Errorf("kubectl get: %w", err)
	}
	if names := strings.Count(string(out), "configmap/cm-"); names != t.objects {
		t.journal.problem("kubectl lists %d objects, %d applied", names, t.objects)
	}
	t.say("listed by pages and by kubectl")
	return nil
}

func (t *test) update(ctx context.Context) error {
	progress, crashed := t.crashAt(ctx, t.objects/2)
	if err := t.plane.updateAll(ctx, t.journal, t.objects, progress); err != nil {
		return err
	}
	if err := <-crashed; err != nil {
		return err
	}
	t.say("updated, the store was killed in the middle; %d versions acknowledged", len(t.journal.versions))
	return t.list(ctx)
}

// keys looks at the stored keys with etcdctl, the stock one and ours where it is built.
func (t *test) keys(ctx context.Context) error {
	stock, err := harness.Peer("etcdctl")
	if err != nil {
		return err
	}
	programs := []string{stock}
	if ours, err := harness.SubjectCtl(); err == nil && ours != stock {
		programs = append(programs, ours)
	}
	for _, program := range programs {
		args := append([]string{"--endpoints", t.plane.store.URL()}, t.plane.store.TLS.ClientArgs()...)
		args = append(args, "get", "/registry", "--prefix", "--keys-only")
		out, err := exec.CommandContext(ctx, program, args...).Output()
		if err != nil {
			return fmt.Errorf("%s: %w", program, err)
		}
		keys := strings.Fields(string(out))
		stored := strings.Count(string(out), "/registry/configmaps/"+namespace+"/cm-")
		if stored != t.objects {
			t.journal.problem("%s shows %d of %d objects", program, stored, t.objects)
		}
		t.say("etcdctl get /registry --prefix --keys-only: %d keys, %d of them ours", len(keys), stored)
	}
	return nil
}

func (t *test) deleteCollection(ctx context.Context) error {
	if _, err := do[objectList](ctx, t.plane.api, http.MethodDelete, configMaps, nil); err != nil {
		return err
	}
	list, err := t.plane.api.listAll(ctx, configMaps, pageObjects)
	if err != nil {
		return err
	}
	if len(list.Items) != 0 {
		t.journal.problem("%d objects are left after their deletion", len(list.Items))
	}
	t.say("deleted the collection")
	return nil
}

func (t *test) checkWatchers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	restarts := 0
	for _, w := range t.watchers {
		err := w.waitFor(ctx, "all deletions", func() bool { return len(w.deleted) >= t.objects })
		if err != nil {
			t.journal.problem("%v", err)
		}
		for _, problem := range w.check(t.journal.versions) {
			t.journal.problem("%s", problem)
		}
		restarts += w.restarts
	}
	t.say("%d watchers saw every change once (%d reconnections)", len(t.watchers), restarts)
	return nil
}
