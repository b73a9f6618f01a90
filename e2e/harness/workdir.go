package harness

import (
	"fmt"
	"os"
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

// Close removes the folder when the run passed.
func (w *Workdir) Close(passed bool) {
	if passed {
		os.RemoveAll(w.Path)
		return
	}
	fmt.Fprintf(os.Stderr, "logs and data kept in %s\n", w.Path)
}
