// Clients runs clients that are not Go's against the server under test, in cleartext and over TLS.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"keelson.example/e2e/harness"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	passed, err := clients(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
	}
	if !passed {
		os.Exit(1)
	}
}

func clients(ctx context.Context) (passed bool, err error) {
	program, err := harness.Subject()
	if err != nil {
		return false, err
	}
	work, err := harness.NewWorkdir("clients")
	if err != nil {
		return false, err
	}
	defer func() { work.Close(passed) }()
	if program, err = work.Copy(program); err != nil {
		return false, err
	}
	python, err := preparePython(ctx, work.Path)
	if err != nil {
		return false, err
	}
	tls, err := harness.NewTLS(filepath.Join(work.Path, "pki"), "python")
	if err != nil {
		return false, err
	}
	for name, material := range map[string]*harness.TLS{"plain": nil, "tls": tls} {
		if err := python.run(ctx, program, filepath.Join(work.Path, name), material); err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Println(name, "passed")
	}
	return true, nil
}

// python is an interpreter with gRPC and the stubs for it.
type python struct{ interpreter, script, stubs string }

func preparePython(ctx context.Context, work string) (*python, error) {
	root, err := harness.RepoRoot()
	if err != nil {
		return nil, err
	}
	here := filepath.Join(root, "e2e", "clients")
	p := &python{script: filepath.Join(here, "client.py"), stubs: filepath.Join(work, "stubs")}
	if p.interpreter, err = venv(ctx, filepath.Join(here, "requirements.txt")); err != nil {
		return nil, err
	}
	protos := filepath.Join(root, "server", "proto")
	if err := os.MkdirAll(p.stubs, 0o755); err != nil {
		return nil, err
	}
	return p, command(ctx, nil, p.interpreter, "-m", "grpc_tools.protoc", "-I", protos,
		"--python_out", p.stubs, "--grpc_python_out", p.stubs, "kv.proto", "auth.proto", "rpc.proto")
}

// venv returns the interpreter of a virtual environment with the requirements, made when missing.
// Its name holds the pinned versions, so that other ones get another folder.
func venv(ctx context.Context, requirements string) (string, error) {
	pins, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join(os.Getenv("HOME"), ".cache")
	}
	dir := filepath.Join(cache, "keelson-peers", "python-"+strings.Join(strings.Fields(string(pins)), "-"))
	interpreter := filepath.Join(dir, "bin", "python")
	if _, err := os.Stat(filepath.Join(dir, "complete")); err == nil {
		return interpreter, nil
	}
	fmt.Println("installing gRPC for Python (once; kept in the cache)")
	if err := command(ctx, nil, "python3", "-m", "venv", dir); err != nil {
		return "", fmt.Errorf("%w\nthis test needs Python 3 with venv: apt-get install python3-venv", err)
	}
	if err := command(ctx, nil, interpreter, "-m", "pip", "install", "--quiet", "-r", requirements); err != nil {
		return "", err
	}
	return interpreter, os.WriteFile(filepath.Join(dir, "complete"), nil, 0o644)
}

func (p *python) run(ctx context.Context, program, dir string, tls *harness.TLS) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	server, err := harness.NewServer(harness.Options{Program: program, Dir: dir, TLS: tls})
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	defer server.Kill()
	args := []string{p.script, "--endpoint", server.Endpoint()}
	if tls != nil {
		args = append(args, "--ca", tls.CA, "--cert", tls.ClientCert, "--key", tls.ClientKey)
	}
	return command(ctx, []string{"PYTHONPATH=" + p.stubs, "PYTHONDONTWRITEBYTECODE=1"}, p.interpreter, args...)
}

func command(ctx context.Context, env []string, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), env...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}
