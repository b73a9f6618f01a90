package main

import (
	"context"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// call is one request of the run. Do sends it to one side; the same call goes to both.
type call interface {
	kind() string     // short name for the counts
	describe() string // everything, for the report
	do(ctx context.Context, s *side) *answer
}

// unary is a plain call of one method of the API.
type unary struct {
	method  string // as on the wire: /package.Service/Method
	request proto.Message
	headers metadata.MD
	options []grpc.CallOption
	label   string // goes into kind when the shape is special
}

func (u *unary) kind() string {
	if u.label != "" {
		return u.label
	}
	return methodName(u.method)
}

func (u *unary) describe() string {
	text := u.method + " " + textOf(u.request)
	if len(u.headers) > 0 {
		text += fmt.Sprintf(" headers %q", u.headers)
	}
	return text
}

func (u *unary) do(ctx context.Context, s *side) *answer {
	if len(u.headers) > 0 {
		ctx = metadata.NewOutgoingContext(ctx, u.headers)
	}
	response := newOutput(u.method)
	err := s.conn.Invoke(ctx, u.method, u.request, response, u.options...)
	a := (&answer{}).finish(err)
	if err == nil {
		a.add(response)
	}
	return a
}

// methodName is the part after the last slash.
func methodName(method string) string {
	return string(descriptorOf(method).Name())
}

func descriptorOf(method string) protoreflect.MethodDescriptor {
	var service, name string
	for i := len(method) - 1; i > 0; i-- {
		if method[i] == '/' {
			service, name = method[1:i], method[i+1:]
			break
		}
	}
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		panic(fmt.Sprintf("no service for %s: %v", method, err))
	}
	return d.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(name))
}

func newOutput(method string) proto.Message {
	output := descriptorOf(method).Output().FullName()
	t, err := protoregistry.GlobalTypes.FindMessageByName(output)
	if err != nil {
		panic(fmt.Sprintf("no Go type for %s: %v", output, err))
	}
	return t.New().Interface()
}

// serverStream is a call with one request and many answers, read to the end or to max of them.
type serverStream struct {
	method  string
	request proto.Message
	max     int // 0: to the end
}

func (c *serverStream) kind() string     { return methodName(c.method) }
func (c *serverStream) describe() string { return c.method + " " + textOf(c.request) }

func (c *serverStream) do(ctx context.Context, s *side) *answer {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := &answer{}
	stream, err := s.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, c.method)
	if err != nil {
		return a.finish(err)
	}
	if err := stream.SendMsg(c.request); err != nil && err != io.EOF {
		return a.finish(err)
	}
	stream.CloseSend()
	for c.max == 0 || len(a.messages) < c.max {
		response := newOutput(c.method)
		if err := stream.RecvMsg(response); err != nil {
			if err == io.EOF {
				err = nil
			}
			return a.finish(err)
		}
		a.add(response)
	}
	return a
}

// raw sends bytes as the request message, to methods that may not exist.
type raw struct {
	label, method string
	body          []byte
}

func (r *raw) kind() string     { return r.label }
func (r *raw) describe() string { return fmt.Sprintf("%s with raw bytes %.80q", r.method, r.body) }

func (r *raw) do(ctx context.Context, s *side) *answer {
	var response []byte
	err := s.conn.Invoke(ctx, r.method, r.body, &response, grpc.ForceCodec(rawCodec{}))
	return (&answer{}).finish(err)
}

// rawCodec lets bytes pass untouched where gRPC wants a message.
type rawCodec struct{}

func (rawCodec) Name() string                  { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error) { return v.([]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
