package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// script is one file of cases: commands that run one after the other on fresh servers.
type script struct {
	name       string
	serverArgs []string
	tls        bool
	steps      []step
}

// step is one line of a script. The forms are described in cases/README.md.
type step struct {
	line       int
	text       string
	verb       verb
	args       []string // of the command, with $VARIABLES in them
	env        []string
	stdin      string
	bare       bool   // no --endpoints is put in front
	shape      bool   // only the exit code and whether there was output count
	codeOnly   bool   // only the exit code counts
	unordered  bool   // lines may come in any order
	name       string // of a background command or of a capture
	expression string // of a capture
	lines      int    // of output to wait for before a background command is stopped
}

type verb int

const (
	verbRun verb = iota
	verbBackground
	verbStop
	verbCapture
)

func loadScripts(files fs.FS) ([]*script, error) {
	names, err := fs.Glob(files, "cases/*.ctl")
	if err != nil {
		return nil, err
	}
	var scripts []*script
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		s, err := parseScript(strings.TrimSuffix(path.Base(name), ".ctl"), string(data))
		if err != nil {
			return nil, err
		}
		scripts = append(scripts, s)
	}
	return scripts, nil
}

func parseScript(name, text string) (*script, error) {
	s := &script{name: name}
	lines := bufio.NewScanner(strings.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.addLine(number, line); err != nil {
			return nil, fmt.Errorf("%s.ctl:%d: %w", name, number, err)
		}
	}
	return s, lines.Err()
}

func (s *script) addLine(number int, line string) error {
	if rest, ok := strings.CutPrefix(line, "@server "); ok {
		s.serverArgs = append(s.serverArgs, strings.Fields(rest)...)
		return nil
	}
	if line == "@tls" {
		s.tls = true
		return nil
	}
	step, err := parseStep(line)
	step.line, step.text = number, line
	s.steps = append(s.steps, step)
	return err
}

func parseStep(line string) (step, error) {
	var s step
	if rest, ok := strings.CutPrefix(line, "capture "); ok {
		s.verb = verbCapture
		s.name, s.expression, _ = strings.Cut(rest, " ")
		return s, nil
	}
	words, err := splitWords(line)
	if err != nil {
		return s, err
	}
	switch words[0] {
	case "stop":
		if len(words) != 3 {
			return s, fmt.Errorf("stop wants a name and a number of lines")
		}
		s.verb, s.name = verbStop, words[1]
		s.lines, err = strconv.Atoi(words[2])
		return s, err
	case "bg":
		s.verb, s.name = verbBackground, words[1]
		words = words[2:]
	}
	return s, s.takeCommand(words)
}

// takeCommand reads marks and variables in front of a command, and input behind it.
func (s *step) takeCommand(words []string) error {
	for len(words) > 0 {
		switch word := words[0]; {
		case word == "!":
			s.bare = true
		case word == "~":
			s.shape = true
		case word == "^":
			s.codeOnly = true
		case word == "%":
			s.unordered = true
		case word == "env" && len(words) > 1:
			s.env = append(s.env, words[1])
			words = words[1:]
		default:
			if n := len(words); n > 2 && words[n-2] == "<<<" {
				s.stdin, words = words[n-1], words[:n-2]
			}
			s.args = words
			return nil
		}
		words = words[1:]
	}
	return nil
}

// splitWords splits at spaces. A word in double quotes is a Go string, one in single quotes is raw.
func splitWords(line string) (words []string, err error) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		var word string
		switch line[0] {
		case '"':
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, fmt.Errorf("bad quotes at %q", line)
			}
			word, _ = strconv.Unquote(quoted)
			line = line[len(quoted):]
		case '\'':
			end := strings.IndexByte(line[1:], '\'')
			if end < 0 {
				return nil, fmt.Errorf("no end of quotes at %q", line)
			}
			word, line = line[1:1+end], line[end+2:]
		default:
			word, line, _ = strings.Cut(line, " ")
		}
		words = append(words, word)
	}
	return words, nil
}
