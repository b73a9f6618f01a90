// H2spec puts both servers through the HTTP/2 conformance cases, and fails when ours fails a case
// that real etcd passes.
package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"

	"keelson.example/e2e/harness"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	passed, err := conformance(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "h2spec:", err)
	}
	if !passed {
		os.Exit(1)
	}
}

// tries lets a case fail by chance: some of them wait for a moment that a busy machine misses. The
// reference is tried again as well, as it may have passed such a case by chance.
const tries = 3

func conformance(ctx context.Context) (passed bool, err error) {
	work, err := harness.NewWorkdir("h2spec")
	if err != nil {
		return false, err
	}
	defer func() { work.Close(passed) }()
	real, err := harness.Peer("etcd")
	if err != nil {
		return false, err
	}
	ours, err := harness.Subject()
	if err != nil {
		return false, err
	}
	if ours, err = work.Copy(ours); err != nil {
		return false, err
	}
	reference, err := runOn(ctx, real, filepath.Join(work.Path, "etcd"))
	if err != nil {
		return false, err
	}
	subject, err := runOn(ctx, ours, filepath.Join(work.Path, "ours"))
	if err != nil {
		return false, err
	}
	worse := worseCases(reference, subject)
	for try := 1; try < tries && len(worse) > 0; try++ {
		again, err := runOn(ctx, ours, filepath.Join(work.Path, fmt.Sprint("ours-", try)))
		if err != nil {
			return false, err
		}
		lucky, err := runOn(ctx, real, filepath.Join(work.Path, fmt.Sprint("etcd-", try)))
		if err != nil {
			return false, err
		}
		reference.addFailures(lucky)
		still := worseCases(reference, again)
		worse = slices.DeleteFunc(worse, func(name string) bool { return !slices.Contains(still, name) })
	}
	report(reference, subject, worse)
	return len(worse) == 0, nil
}

func worseCases(reference, subject outcome) (worse []string) {
	for name, failure := range subject {
		if failure != "" && failure != skipped && reference[name] == "" {
			worse = append(worse, name)
		}
	}
	slices.Sort(worse)
	return worse
}

func report(reference, subject outcome, worse []string) {
	fmt.Printf("etcd: %d of %d cases failed; ours: %d of %d\n",
		reference.failed(), len(reference), subject.failed(), len(subject))
	for _, name := range slices.Sorted(maps.Keys(subject)) {
		switch {
		case subject[name] == "" || slices.Contains(worse, name):
		case subject[name] == skipped:
			fmt.Printf("  does not apply: %s\n", name)
		case reference[name] == skipped:
			fmt.Printf("  fails, does not apply to etcd: %s\n", name)
		default:
			fmt.Printf("  fails, as on etcd: %s\n", name)
		}
	}
	for _, name := range worse {
		fmt.Printf("WORSE than etcd: %s\n  %s\n", name, subject[name])
	}
}

// outcome is the failure of each case, empty when it passed.
type outcome map[string]string

// skipped is the outcome of a case that h2spec does not run, because the server's settings leave
// nothing to try: on etcd, which allows any number of streams, the case that exceeds the number. On
// ours h2spec sends that many requests, but whole ones, which are answered before they are too
// many at once; test/front's StreamsBeyondTheLimit_AreRefused holds them open.
const skipped = "skipped"

func (o outcome) addFailures(of outcome) {
	for name, failure := range of {
		if failure != "" && failure != skipped {
			o[name] = failure
		}
	}
}

func (o outcome) failed() (n int) {
	for _, failure := range o {
		if failure != "" && failure != skipped {
			n++
		}
	}
	return n
}

// junit is the report that h2spec writes.
type junit struct {
	Suites []struct {
		Package string `xml:"package,attr"`
		Cases   []struct {
			Class   string `xml:"classname,attr"`
			Failure *struct {
				Text string `xml:",chardata"`
			} `xml:"failure"`
			Skipped *struct{} `xml:"skipped"`
			Error   *struct {
				Text string `xml:",chardata"`
			} `xml:"error"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func runOn(ctx context.Context, program, dir string) (outcome, error) {
	h2spec, err := harness.Peer("h2spec")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	server, err := harness.NewServer(harness.Options{Program: program, Dir: dir})
	if err != nil {
		return nil, err
	}
	if err := server.Start(ctx); err != nil {
		return nil, err
	}
	defer server.Kill()
	path := filepath.Join(dir, "junit.xml")
	command := exec.CommandContext(ctx, h2spec, "-h", "127.0.0.1", "-p", fmt.Sprint(server.ClientPort), "-j", path)
	output, _ := command.CombinedOutput() // its exit code only says that some case failed
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, output)
	}
	if server.Crashed() {
		return nil, fmt.Errorf("%s ended under h2spec:\n%s", program, server.LogTail())
	}
	return parse(data)
}

func parse(data []byte) (outcome, error) {
	var report junit
	if err := xml.Unmarshal(data, &report); err != nil {
		return nil, err
	}
	result := outcome{}
	for _, suite := range report.Suites {
		for i, c := range suite.Cases {
			name := fmt.Sprintf("%s #%d: %s", suite.Package, i+1, c.Class)
			switch {
			case c.Failure != nil:
				result[name] = c.Failure.Text
			case c.Error != nil:
				result[name] = c.Error.Text
			case c.Skipped != nil:
				result[name] = skipped
			default:
				result[name] = ""
			}
		}
	}
	return result, nil
}
