package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// tolerance is a part of the output that two right programs print differently. What it matches is
// replaced before the comparison; uses are counted where the replaced texts differed.
type tolerance struct {
	name, reason string
	find         *regexp.Regexp
	replace      string
	used         int
}

func newTolerances() []*tolerance {
	t := func(name, reason, find, replace string) *tolerance {
		return &tolerance{name: name, reason: reason, find: regexp.MustCompile(find), replace: replace}
	}
	return []*tolerance{
		t("durations", "every run takes its own time",
			`(took:? ?=? |took"?:"|"Took" : "?|│ +)(\d+(\.\d+)?(h|ms|m|\x{b5}s|\x{3bc}s|ns|s))+`, "${1}TIME"),
		t("sizes", "file sizes depend on the storage engine", `\d+(\.\d+)? ([kMG]?B)\b`, "SIZE"),
		t("share not in use", "it follows from the sizes", `\b\d+%`, "PART"),
		t("sizes and indexes in JSON", "file sizes and background entries of the raft log differ",
			`"(dbSize|dbSizeInUse|raftIndex|raftAppliedIndex)":\d+`, `"$1":N`),
		t("sizes and indexes in fields", "file sizes and background entries of the raft log differ",
			`"(DBSize|DBSizeInUse|RaftIndex|RaftAppliedIndex)" : \d+`, `"$1" : N`),
		t("raft term", "the number of elections a member held is its own history",
			`("raft_term":|"raftTerm":|"RaftTerm" : )[1-9]\d*`, "${1}TERM"),
		t("indexes in status", "background entries of the raft log differ",
			`((?:true|false)(?:, | +│ +)(?:true|false)(?:, | +│ +))\d+((?:, | +│ +))\d+((?:, | +│ +))\d+`,
			"${1}TERM${2}INDEX${3}INDEX"),
		t("remaining seconds", "leases are asked for at different moments",
			`(remaining\(|"ttl":|"TTL" : )\d+(s\)|,|\n)`, "${1}SECONDS$2"),
		t("what a command is for", "ours says it in its own words; names, flags and usage must be equal",
			`(?s)\A(?:[^E]|E[^r])[^\n]*(?:\n.*?)?\n\nUsage:\n`, "ABOUT\n\nUsage:\n"),
		t("examples", "ours has its own",
			`(?s)\nExamples:\n.*?\n\n(Available Commands|Flags):\n`, "\nExamples:\n\n$1:\n"),
		t("what a listed command is for", "ours says it in its own words",
			`(?m)^(  [a-z-]+) +[A-Za-z].*$`, "$1 ABOUT"),
		t("what a flag is for", "ours says it in its own words; type and default must be equal",
			`(?m)^((?:  -\w, |      )--[a-z-]+(?: [a-z]+)?)   +.*?( \(default [^)]*\))?$`, "$1 ABOUT$2"),
		t("wrong name in an error", "stock member list names its default instead of the value that it refuses",
			`unknown consistency flag "\w+"`, "unknown consistency flag"),
		t("handshake errors", "the words of a TLS library for a certificate that it refuses",
			`transport: authentication handshake failed: [^"]*|failed to connect to all addresses[^"]*`, "HANDSHAKE"),
	}
}

// settle replaces everything of an outcome that belongs to its lane alone.
func (l *lane) settle(o *outcome) *outcome {
	s := *o
	s.stdout, s.stderr = l.settleText(s.stdout), l.settleText(s.stderr)
	s.stderr = settleLogs(s.stderr)
	return &s
}

func (l *lane) settleText(text string) string {
	text = strings.ReplaceAll(text, l.server.Endpoint(), "ENDPOINT")
	text = strings.ReplaceAll(text, l.dir, "DIR")
	for _, name := range slices.Sorted(maps.Keys(l.variables)) {
		value := l.variables[name]
		text = strings.ReplaceAll(text, value, "$"+name)
		if id, err := strconv.ParseInt(value, 16, 64); err == nil && len(value) == 16 {
			text = strings.ReplaceAll(text, strconv.FormatInt(id, 10), "$"+name+" in decimal")
		}
	}
	return text
}

// settleLogs keeps of a JSON log line what a reader acts upon: level, message and error.
func settleLogs(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		var entry struct{ Level, Msg, Error string }
		if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &entry) == nil && entry.Level != "" {
			lines[i] = fmt.Sprintf("log %s %q %s", entry.Level, entry.Msg, entry.Error)
		}
	}
	return strings.Join(lines, "\n")
}

var boxLine = regexp.MustCompile(`[─┬┼┴]+|-{3,}| +`)

// equalOutcomes compares two settled outcomes as far as the step asks for it.
func equalOutcomes(s *step, tolerances []*tolerance, want, got *outcome) bool {
	if want.failure != "" || got.failure != "" || want.code != got.code {
		return false
	}
	if s.codeOnly {
		return true
	}
	if s.shape {
		return (want.stdout == "") == (got.stdout == "")
	}
	return equalTexts(s, tolerances, want.stdout, got.stdout) && equalTexts(s, tolerances, want.stderr, got.stderr)
}

func equalTexts(s *step, tolerances []*tolerance, want, got string) bool {
	if s.unordered {
		want, got = sortedLines(want), sortedLines(got)
	}
	if want == got {
		return true
	}
	var used []*tolerance
	for _, t := range tolerances {
		w, g := t.find.FindAllString(want, -1), t.find.FindAllString(got, -1)
		if !slices.Equal(w, g) {
			used = append(used, t)
		}
		want, got = t.find.ReplaceAllString(want, t.replace), t.find.ReplaceAllString(got, t.replace)
	}
	// A table is as wide as what stands in it.
	if boxLine.ReplaceAllString(want, " ") != boxLine.ReplaceAllString(got, " ") {
		return false
	}
	for _, t := range used {
		t.used++
	}
	return true
}

func sortedLines(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
