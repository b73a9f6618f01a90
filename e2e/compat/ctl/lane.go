package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"keelson.example/e2e/harness"
)

// lane is one pair of etcdctl and server that a script runs on.
type lane struct {
	name, ctl  string
	program    string // of the server
	server     *harness.Server
	dir        string
	variables  map[string]string // captured on this lane; IDs that the server picks differ
	background map[string]*process
	last       string // output of the last command, for a capture
}

// outcome is what a command left behind.
type outcome struct {
	stdout, stderr string
	code           int
	failure        string // of the harness, not of the command
}

const (
	commandTimeout = 30 * time.Second
	linesTimeout   = 10 * time.Second
)

func (l *lane) start(ctx context.Context, s *script, tls *harness.TLS) error {
	l.variables, l.background = map[string]string{}, map[string]*process{}
	if err := os.MkdirAll(filepath.Join(l.dir, "files"), 0o755); err != nil {
		return err
	}
	server, err := harness.NewServer(harness.Options{Program: l.program, Dir: l.dir, Args: s.serverArgs, TLS: tls})
	if err != nil {
		return err
	}
	l.server = server
	return server.Start(ctx)
}

func (l *lane) close() {
	for _, p := range l.background {
		p.command.Process.Kill()
	}
	l.server.Kill()
}

// do runs one step. A capture and the start of a background command have no outcome to compare.
func (l *lane) do(ctx context.Context, s *step) *outcome {
	switch s.verb {
	case verbCapture:
		return l.capture(s)
	case verbBackground:
		p, err := l.begin(ctx, s)
		if err != nil {
			return &outcome{failure: err.Error()}
		}
		l.background[s.name] = p
		return &outcome{}
	case verbStop:
		p := l.background[s.name]
		delete(l.background, s.name)
		if p == nil {
			return &outcome{failure: "no such background command"}
		}
		return p.stop(s.lines)
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	p, err := l.begin(ctx, s)
	if err != nil {
		return &outcome{failure: err.Error()}
	}
	o := p.end()
	if ctx.Err() != nil {
		o.failure = "did not end in time"
	}
	l.last = o.stdout
	l.noteLease(s, o.stdout)
	return o
}

var grantedID = regexp.MustCompile(`lease ([0-9a-f]{16}) granted|"ID" ?: ?(\d+)`)

// noteLease remembers an ID that the server picked, so that it reads the same on every lane.
func (l *lane) noteLease(s *step, output string) {
	if len(s.args) < 2 || s.args[0] != "lease" || s.args[1] != "grant" {
		return
	}
	match := grantedID.FindStringSubmatch(output)
	if match == nil {
		return
	}
	id := match[1]
	if decimal, err := strconv.ParseInt(match[2], 10, 64); err == nil {
		id = fmt.Sprintf("%016x", decimal)
	}
	l.variables[fmt.Sprintf("LEASE%d", s.line)] = id
}

func (l *lane) capture(s *step) *outcome {
	match := regexp.MustCompile(s.expression).FindStringSubmatch(l.last)
	if len(match) < 2 {
		return &outcome{failure: fmt.Sprintf("nothing to capture in %q", l.last)}
	}
	l.variables[s.name] = match[1]
	return &outcome{}
}

// expand puts values in for $EP (the endpoint), $URL, $DIR and captured names.
func (l *lane) expand(text string) string {
	return os.Expand(text, func(name string) string {
		switch name {
		case "EP":
			return l.server.Endpoint()
		case "URL":
			return l.server.URL()
		case "DIR":
			return filepath.Join(l.dir, "files")
		}
		if value, ok := l.variables[name]; ok {
			return value
		}
		return "$" + name
	})
}

func (l *lane) begin(ctx context.Context, s *step) (*process, error) {
	var args []string
	if !s.bare {
		args = append(args, "--endpoints="+l.server.Endpoint())
		if l.server.TLS != nil {
			args = append(args, l.server.TLS.ClientArgs()...)
		}
	}
	for _, arg := range s.args {
		args = append(args, l.expand(arg))
	}
	p := &process{changed: make(chan struct{}, 1), done: make(chan struct{})}
	p.command = exec.CommandContext(ctx, l.ctl, args...)
	p.command.Dir = filepath.Join(l.dir, "files")
	p.command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + l.dir}
	for _, e := range s.env {
		p.command.Env = append(p.command.Env, l.expand(e))
	}
	if err := p.giveInput(l.expand(s.stdin), s.verb == verbBackground); err != nil {
		return nil, err
	}
	p.command.Stdout, p.command.Stderr = p, &p.stderr
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.command.Wait()
		close(p.done)
	}()
	return p, nil
}

// giveInput sets standard input. A background command's input stays open until it is stopped, as
// a terminal would.
func (p *process) giveInput(text string, open bool) error {
	if !open {
		p.command.Stdin = strings.NewReader(text)
		return nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	p.command.Stdin, p.input = read, write
	_, err = write.WriteString(text)
	return err
}

// process is a running command; it is the writer of its own standard output.
type process struct {
	command *exec.Cmd
	mu      sync.Mutex
	input   *os.File // the open end of a background command's input
	stdout  bytes.Buffer
	stderr  bytes.Buffer
	changed chan struct{}
	done    chan struct{}
	err     error
}

func (p *process) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.changed <- struct{}{}:
	default:
	}
	return p.stdout.Write(data)
}

func (p *process) lines() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Count(p.stdout.Bytes(), []byte("\n"))
}

// stop waits for so many lines and then interrupts the command, as a user would.
func (p *process) stop(lines int) *outcome {
	timeout := time.After(linesTimeout)
	for p.lines() < lines {
		select {
		case <-p.changed:
			continue
		case <-p.done:
			return p.end()
		case <-timeout:
		}
		break
	}
	defer p.input.Close()
	p.command.Process.Signal(os.Interrupt)
	select {
	case <-p.done:
	case <-time.After(linesTimeout):
		p.command.Process.Kill()
	}
	return p.end()
}

func (p *process) end() *outcome {
	<-p.done
	o := &outcome{stdout: p.stdout.String(), stderr: p.stderr.String(), code: p.command.ProcessState.ExitCode()}
	var exit *exec.ExitError
	if p.err != nil && !errors.As(p.err, &exit) {
		o.failure = p.err.Error()
	}
	return o
}
