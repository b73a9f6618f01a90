package main

import (
	"fmt"
	"strings"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"google.golang.org/grpc/codes"
)

// answer is everything a client can see of one call.
type answer struct {
	messages []proto.Message
	notes    []string // facts about answers that are not messages: an HTTP body, a snapshot's shape
	code     codes.Code
	text     string
	details  int
}

// finish takes the status that ended the call.
func (a *answer) finish(err error) *answer {
	s := status.Convert(err)
	a.code, a.text, a.details = s.Code(), s.Message(), len(s.Proto().GetDetails())
	return a
}

func (a *answer) add(message proto.Message) { a.messages = append(a.messages, message) }

func (a *answer) note(format string, args ...any) {
	a.notes = append(a.notes, fmt.Sprintf(format, args...))
}

func (a *answer) clone() *answer {
	b := *a
	b.messages = make([]proto.Message, len(a.messages))
	for i, m := range a.messages {
		b.messages[i] = proto.Clone(m)
	}
	b.notes = append([]string(nil), a.notes...)
	return &b
}

func (a *answer) equal(b *answer) bool {
	if a.code != b.code || a.text != b.text || a.details != b.details ||
		len(a.messages) != len(b.messages) || len(a.notes) != len(b.notes) {
		return false
	}
	for i := range a.messages {
		if !proto.Equal(a.messages[i], b.messages[i]) {
			return false
		}
	}
	for i := range a.notes {
		if a.notes[i] != b.notes[i] {
			return false
		}
	}
	return true
}

func (a *answer) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v", a.code)
	if a.text != "" {
		fmt.Fprintf(&b, " %q", a.text)
	}
	if a.details != 0 {
		fmt.Fprintf(&b, " with %d details", a.details)
	}
	for _, m := range a.messages {
		fmt.Fprintf(&b, "\n    %s", textOf(m))
	}
	for _, n := range a.notes {
		fmt.Fprintf(&b, "\n    (%s)", n)
	}
	return b.String()
}

// A report with a megabyte of value bytes in it helps nobody.
const textBytesMax = 3000

func textOf(m proto.Message) string {
	text := string(m.ProtoReflect().Descriptor().Name()) + "{" +
		prototext.MarshalOptions{AllowPartial: true}.Format(m) + "}"
	if len(text) > textBytesMax {
		return fmt.Sprintf("%s... (%d bytes of text)", text[:textBytesMax], len(text))
	}
	return text
}
