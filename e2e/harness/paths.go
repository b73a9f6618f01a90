// Package harness runs real server programs for the end-to-end tests: it finds or builds them,
// gives them ports, folders and certificates, waits until they answer, and kills them.
package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// RepoRoot is the folder that holds e2e/, searched upwards from the working directory.
func RepoRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "e2e", "peers", "build.sh")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no folder above the working directory holds e2e/peers/build.sh")
		}
		dir = parent
	}
}

// Peer returns the path of a real program (see peers/build.sh), building it when it is missing.
func Peer(name string) (string, error) {
	root, err := RepoRoot()
	if err != nil {
		return "", err
	}
	command := exec.Command(filepath.Join(root, "e2e", "peers", "build.sh"), name)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("building %s: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Subject returns the program under test: $KEELSON_ETCD, or build/bin/etcd of this checkout.
func Subject() (string, error) {
	return ours("KEELSON_ETCD", "etcd")
}

// SubjectCtl returns our etcdctl: $KEELSON_ETCDCTL, or build/bin/etcdctl of this checkout.
func SubjectCtl() (string, error) {
	return ours("KEELSON_ETCDCTL", "etcdctl")
}

// ours knows one special value: "real" stands for the stock program, so that every test can
// first be shown to pass with etcd against etcd.
func ours(variable, name string) (string, error) {
	value := os.Getenv(variable)
	if value == "real" {
		return Peer(name)
	}
	if value != "" {
		return filepath.Abs(value)
	}
	path, err := Tool(name)
	if err != nil {
		return "", fmt.Errorf("%w, or set %s", err, variable)
	}
	return path, nil
}

// Tool returns build/bin/NAME of this checkout.
func Tool(name string) (string, error) {
	root, err := RepoRoot()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, "build", "bin", name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not built; run ./dev build", path)
	}
	return path, nil
}
