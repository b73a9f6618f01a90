package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

const (
	namespace  = "e2e"
	configMaps = "/api/v1/namespaces/" + namespace + "/configmaps"

	partObjects   = 250 // in one manifest
	applyParallel = 4
	applyTries    = 6
)

func objectName(i int) string { return fmt.Sprintf("cm-%05d", i) }

// writePart writes a manifest for kubectl with those of the names that the journal does not hold:
// kubectl takes long over an object that needs no change.
func (p *plane) writePart(j *journal, first, end int) (path string, err error) {
	var items []object
	for i := first; i < end; i++ {
		j.mu.Lock()
		known := j.objects[objectName(i)] != nil
		j.mu.Unlock()
		if known {
			continue
		}
		items = append(items, object{
			APIVersion: "v1", Kind: "ConfigMap",
			Metadata: meta{Name: objectName(i), Namespace: namespace, Labels: map[string]string{"app": "e2e"}},
			Data:     map[string]string{"value": "first", "padding": strings.Repeat("x", i%700)},
		})
	}
	data, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": items})
	if err != nil {
		return "", err
	}
	path = filepath.Join(p.dir, fmt.Sprintf("part-%05d.json", first))
	return path, os.WriteFile(path, data, 0o644)
}

var applied = regexp.MustCompile(`^configmap/(\S+) (created|configured|unchanged)`)

// applyAll runs kubectl apply over all parts, several at once, and again where the store was away.
// Each object that kubectl says is there goes into the journal as it says so; progress is called
// with their number.
func (p *plane) applyAll(ctx context.Context, j *journal, objects int, progress func(int)) error {
	work := make(chan int, objects/partObjects+1)
	for first := 0; first < objects; first += partObjects {
		work <- first
	}
	close(work)
	failed := make([]error, applyParallel)
	var all sync.WaitGroup
	for i := range applyParallel {
		all.Go(func() {
			for first := range work {
				end := min(first+partObjects, objects)
				if failed[i] = p.applyPart(ctx, j, first, end, progress); failed[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *plane) applyPart(ctx context.Context, j *journal, first, end int, progress func(int)) error {
	var failed error
	for range applyTries {
		part, err := p.writePart(j, first, end)
		if err != nil {
			return err
		}
		var stderr strings.Builder
		command := p.run(ctx, "apply", "-f", part)
		command.Stderr = &stderr
		if err = p.readApplied(command, j, progress); err == nil {
			return nil
		}
		failed = fmt.Errorf("kubectl apply -f %s: %w\n%.1000s", part, err, stderr.String())
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}

func (p *plane) readApplied(command *exec.Cmd, j *journal, progress func(int)) error {
	out, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if match := applied.FindStringSubmatch(lines.Text()); match != nil {
			j.mu.Lock()
			if j.objects[match[1]] == nil {
				j.objects[match[1]] = &record{value: "first"}
			}
			n := len(j.objects)
			j.mu.Unlock()
			progress(n)
		}
	}
	return command.Wait()
}
