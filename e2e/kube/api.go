package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// api speaks the plain REST API. A client library would hide the retries that the test is about.
type api struct {
	base   string
	client *http.Client
}

func newAPI(base string) *api {
	return &api{base: base, client: &http.Client{Transport: &http.Transport{
		// The serving certificate is made by kube-apiserver itself and signed by nobody.
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true},
		MaxIdleConnsPerHost: 64,
		ForceAttemptHTTP2:   true,
	}}}
}

// object is the part of any Kubernetes object that this test looks at.
type object struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   meta              `json:"metadata"`
	Data       map[string]string `json:"data,omitempty"`
	Spec       map[string]any    `json:"spec,omitempty"`
	Code       int               `json:"code,omitempty"` // of a Status
	Message    string            `json:"message,omitempty"`
}

type meta struct {
	Name            string            `json:"name"`
	Namespace       string            `json:"namespace,omitempty"`
	UID             string            `json:"uid,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Annotations     map[string]string `json:"annotations,omitempty"`
}

func (m meta) version() int64 {
	version, err := strconv.ParseInt(m.ResourceVersion, 10, 64)
	if err != nil {
		return 0
	}
	return version
}

type objectList struct {
	Metadata struct {
		ResourceVersion    string `json:"resourceVersion"`
		Continue           string `json:"continue"`
		RemainingItemCount *int64 `json:"remainingItemCount"`
	} `json:"metadata"`
	Items []object `json:"items"`
}

func (l *objectList) version() int64 {
	return meta{ResourceVersion: l.Metadata.ResourceVersion}.version()
}

func (a *api) request(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+adminToken)
	request.Header.Set("Content-Type", "application/json")
	return a.client.Do(request)
}

// call gives the status code and the whole body.
func (a *api) call(ctx context.Context, method, path string, body any) (int, []byte, error) {
	response, err := a.request(ctx, method, path, body)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return response.StatusCode, data, err
}

// busyPause is what the server's own Retry-After asks for, or less.
const busyPause = 200 * time.Millisecond

// do is a call that has to succeed, with its answer decoded. Only "too many requests" is tried
// again: it says that nothing was done, as while a cache of the API server fills up.
func do[T any](ctx context.Context, a *api, method, path string, body any) (*T, error) {
	code, data, err := a.call(ctx, method, path, body)
	for err == nil && code == http.StatusTooManyRequests && ctx.Err() == nil {
		time.Sleep(busyPause)
		code, data, err = a.call(ctx, method, path, body)
	}
	if err != nil {
		return nil, err
	}
	if code >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s %s: %d %.300s", method, path, code, data)
	}
	result := new(T)
	return result, json.Unmarshal(data, result)
}

// listAll reads a collection page by page and checks that the pages fit together.
func (a *api) listAll(ctx context.Context, path string, page int) (*objectList, error) {
	all, next := &objectList{}, ""
	for {
		list, err := do[objectList](ctx, a, http.MethodGet, fmt.Sprintf("%s?limit=%d&continue=%s", path, page, next), nil)
		if err != nil {
			return nil, err
		}
		if next != "" && list.version() != all.version() {
			return nil, fmt.Errorf("a page at version %d in a list at %d", list.version(), all.version())
		}
		items := append(all.Items, list.Items...)
		*all = *list
		all.Items = items
		if next = list.Metadata.Continue; next == "" {
			return all, nil
		}
		if len(list.Items) != page {
			return nil, fmt.Errorf("a page of %d objects that is not the last, limit %d", len(list.Items), page)
		}
	}
}
