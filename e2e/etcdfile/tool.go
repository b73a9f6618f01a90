package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// output runs a program and returns what it printed, or its last words as the error.
func output(stdin io.Reader, program string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	command := exec.Command(program, args...)
	command.Stdin, command.Stdout, command.Stderr = stdin, &stdout, &stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, stderr.String())
	}
	return stdout.Bytes(), nil
}

// ourRows is everything in a file as our reader sees it, in bbolt's order.
func (b *bench) ourRows(path string) ([]row, error) {
	out, err := output(nil, b.tool, "rows", path)
	if err != nil {
		return nil, err
	}
	var rows []row
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			return nil, fmt.Errorf("etcdfile_tool printed %.80q", line)
		}
		key, keyErr := unhex(fields[1])
		value, valueErr := unhex(fields[2])
		if keyErr != nil || valueErr != nil {
			return nil, fmt.Errorf("etcdfile_tool printed %.80q", line)
		}
		rows = append(rows, row{fields[0], key, value})
	}
	slices.SortFunc(rows, compareRows)
	return rows, nil
}

func unhex(text string) ([]byte, error) {
	if text == "-" {
		return nil, nil
	}
	return hex.DecodeString(text)
}

// writeRows makes a file of rows with our writer: tables first, keys last, as the tool wants it.
func (b *bench) writeRows(rows []row, path string, flags ...string) error {
	reader, writer := io.Pipe()
	go func() {
		out := bufio.NewWriter(writer)
		for _, keys := range []bool{false, true} {
			for _, r := range rows {
				if (r.bucket == "key") == keys {
					fmt.Fprintf(out, "%s %s %s\n", r.bucket, shown(r.key), shown(r.value))
				}
			}
		}
		out.Flush()
		writer.Close()
	}()
	_, err := output(reader, b.tool, append([]string{"write", path}, flags...)...)
	return err
}

func shown(bytes []byte) string {
	if len(bytes) == 0 {
		return "-"
	}
	return hex.EncodeToString(bytes)
}

// copyTyped reads a file and writes what it means into another.
func (b *bench) copyTyped(from, to string, flags ...string) error {
	_, err := output(nil, b.tool, append([]string{"copy", from, to}, flags...)...)
	return err
}

// status is what `etcdutl snapshot status` says of a saved snapshot.
type status struct {
	Hash      uint32 `json:"hash"`
	Revision  int64  `json:"revision"`
	TotalKey  int    `json:"totalKey"`
	TotalSize int64  `json:"totalSize"`
	Version   string `json:"version"`
}

func (b *bench) status(path string) (s status, err error) {
	out, err := output(nil, b.etcdutl, "snapshot", "status", path, "-w", "json")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(out, &s); err != nil {
		return s, err
	}
	info, err := os.Stat(path)
	if err == nil && info.Size() != s.TotalSize+32 {
		err = fmt.Errorf("%s: status counts %d bytes, the file has %d", path, s.TotalSize, info.Size())
	}
	return s, err
}

// restore makes a data directory of a saved snapshot for the member that harness.Server starts.
func (b *bench) restore(snapshot, dataDir string) error {
	const peer = "http://127.0.0.1:2380"
	_, err := output(nil, b.etcdutl, "snapshot", "restore", snapshot, "--data-dir", dataDir,
		"--name", "m0", "--initial-cluster", "m0="+peer, "--initial-advertise-peer-urls", peer)
	return err
}
