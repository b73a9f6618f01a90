package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

// toolProcess is our side.
type toolProcess struct {
	command *exec.Cmd
	input   io.Closer
	url     string
}

func startTool(program, spool, peerURL string) (*toolProcess, error) {
	command := exec.Command(program, toolID.String(), clusterID.String(), spool, goID.String(), peerURL)
	command.Stderr = io.Discard
	if os.Getenv("VERBOSE") != "" {
		command.Stderr = os.Stderr
	}
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("%s said nothing: %w", program, err)
	}
	return &toolProcess{command: command, input: input, url: strings.TrimSpace(line)}, nil
}

func (t *toolProcess) stop() {
	t.input.Close()
	t.command.Wait()
}

type page struct{ method, path, body, status, answer string }

// The answers of a stock member, with the facts of test/peer/tool.
var pages = []page{
	{"GET", "/members", "", "200 OK", `[{"id":1,"peerURLs":["http://127.0.0.1:1"],"name":"tool"}]` + "\n"},
	{"POST", "/members", "", "405 Method Not Allowed", "Method Not Allowed\n"},
	{"GET", "/version", "", "200 OK", `{"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"}`},
	{"GET", "/members/hashkv", `{"revision":4}`, "200 OK",
		`{"header":{"revision":6},"hash":2860923722,"compact_revision":-1,"hash_revision":4}`},
	{"GET", "/members/hashkv", `{`, "400 Bad Request", "error unmarshalling request\n"},
	{"POST", "/members/promote/7", "", "412 Precondition Failed",
		"membership: can only promote a learner member\n"},
	{"POST", "/members/promote/seven", "", "404 Not Found", "member seven not found in cluster\n"},
	{"POST", "/leases", "\x08\x07", "200 OK", "\x10\x07\x18\x3c"},
	{"POST", "/leases", "\x08\x08", "404 Not Found", "lease not found\n"},
	{"POST", "/leases", strings.Repeat("x", 65537), "413 Request Entity Too Large", "request body too large\n"},
	{"GET", "/downgrade/enabled", "", "200 OK", "false"},
	{"GET", "/raft", "", "405 Method Not Allowed", "Method Not Allowed\n"},
	{"GET", "/v2/keys", "", "404 Not Found", "404 page not found\n"},
}

func checkPages(url string) error {
	for _, p := range pages {
		request, err := http.NewRequest(p.method, url+p.path, strings.NewReader(p.body))
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("%s %s: %w", p.method, p.path, err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return fmt.Errorf("%s %s: %w", p.method, p.path, err)
		}
		if response.Status != p.status || string(body) != p.answer {
			return fmt.Errorf("%s %s: %s %q", p.method, p.path, response.Status, body)
		}
	}
	return nil
}
