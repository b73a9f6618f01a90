package harness

import (
	"fmt"
	"os"
	"path/filepath"
)

// Workdir is the temporary folder of one run. It goes away when the run passes and stays, with
// its path printed, when it fails: the logs and data in it are the evidence.
type Workdir struct{ Path string }

// NewWorkdir makes one below $KEELSON_E2E_TMP or the system's temporary folder.
func NewWorkdir(name string) (*Workdir, error) {
	path, err := os.MkdirTemp(os.Getenv("KEELSON_E2E_TMP"), "keelson-"+name+"-")
	if err != nil {
		return nil, err
	}
	return &Workdir{Path: path}, nil
}

// Copy puts a program into the folder and returns its new path: a build that runs at the same time
// must not change it under the test, and a failure keeps the very program that failed.
func (w *Workdir) Copy(program string) (string, error) {
	data, err := os.ReadFile(program)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(w.Path, "bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	// "subject" in the name, as real etcd may stand for ours and has the same one.
	path := filepath.Join(dir, "subject-"+filepath.Base(program))
	return path, os.WriteFile(path, data, 0o755)
}

// Close removes the folder when the run passed.
func (w *Workdir) Close(passed bool) {
	if passed {
		os.RemoveAll(w.Path)
		return
	}
	fmt.Fprintf(os.Stderr, "logs and data kept in %s\n", w.Path)
}
