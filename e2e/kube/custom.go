package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

const (
	widgets      = "/apis/test.keelson.example/v1/namespaces/" + namespace + "/widgets"
	widgetsCount = 50
)

// The manifests of a kind of our own and of some objects of that kind.
const widgetKind = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
"metadata":{"name":"widgets.test.keelson.example"},
"spec":{"group":"test.keelson.example","scope":"Namespaced",
"names":{"plural":"widgets","singular":"widget","kind":"Widget"},
"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object",
"properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"}}}}}}}]}}`

func widgetManifest() string {
	var items []string
	for i := range widgetsCount {
		items = append(items, fmt.Sprintf(`{"apiVersion":"test.keelson.example/v1","kind":"Widget",
"metadata":{"name":"w-%02d","namespace":"%s"},"spec":{"size":%d}}`, i, namespace, i))
	}
	return `{"apiVersion":"v1","kind":"List","items":[` + strings.Join(items, ",") + `]}`
}

// custom defines a kind, makes, watches, lists and deletes objects of it.
func (t *test) custom(ctx context.Context) error {
	p := t.plane
	for name, text := range map[string]string{"kind.json": widgetKind, "widgets.json": widgetManifest()} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	file := func(name string) string { return filepath.Join(p.dir, name) }
	for _, args := range [][]string{
		{"apply", "-f", file("kind.json")},
		{"wait", "--for=condition=Established", "--timeout=30s", "crd/widgets.test.keelson.example"},
	} {
		if out, err := p.run(ctx, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("kubectl %v: %w\n%s", args, err, out)
		}
	}
	list, err := do[objectList](ctx, p.api, http.MethodGet, widgets, nil)
	if err != nil {
		return err
	}
	w := startWatcher(ctx, p.api, "widgets", widgets, list.version())
	if out, err := p.run(ctx, "apply", "-f", file("widgets.json")).CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl apply of widgets: %w\n%s", err, out)
	}
	if err := w.waitFor(ctx, "all widgets", func() bool { return len(w.objects) == widgetsCount }); err != nil {
		return err
	}
	if list, err = do[objectList](ctx, p.api, http.MethodGet, widgets, nil); err != nil {
		return err
	}
	if len(list.Items) != widgetsCount {
		t.journal.problem("%d widgets listed, %d made", len(list.Items), widgetsCount)
	}
	if out, err := p.run(ctx, "delete", "crd", "widgets.test.keelson.example").CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl delete crd: %w\n%s", err, out)
	}
	return w.waitFor(ctx, "the widgets go", func() bool { return len(w.deleted) == widgetsCount })
}
