package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// Options say how one server is to run.
type Options struct {
	Program string   // path of an etcd program, real or ours
	Dir     string   // folder for its data and its log; must exist
	Args    []string // further flags
	TLS     *TLS     // nil for cleartext
}

// Server is one member in a process of its own. Its ports and folders stay over restarts.
type Server struct {
	Options
	ClientPort, peerPort int
	process              *exec.Cmd
	exited               chan struct{}
	exitErr              error
}

const (
	readyTimeout = 60 * time.Second
	stopTimeout  = 20 * time.Second
	probeEvery   = 20 * time.Millisecond
	logTailBytes = 4000

	// Member and cluster IDs are hashes of the advertised peer URLs. A lone member never dials
	// that address, so every server here may claim the same one: then a server's answers can be
	// compared with another's with the IDs in them.
	advertisedPeer   = "http://127.0.0.1:2380"
	advertisedClient = "http://127.0.0.1:2379"
)

// NewServer picks the ports; nothing runs before Start.
func NewServer(options Options) (*Server, error) {
	client, err := FreePort()
	if err != nil {
		return nil, err
	}
	peer, err := FreePort()
	if err != nil {
		return nil, err
	}
	return &Server{Options: options, ClientPort: client, peerPort: peer}, nil
}

// Endpoint is host:port for clients.
func (s *Server) Endpoint() string { return fmt.Sprintf("127.0.0.1:%d", s.ClientPort) }

// URL is the endpoint with its scheme.
func (s *Server) URL() string { return s.scheme() + "://" + s.Endpoint() }

// LogPath is the file with everything the server printed, over all of its starts.
func (s *Server) LogPath() string { return filepath.Join(s.Dir, "server.log") }

// DataDir is the server's data directory.
func (s *Server) DataDir() string { return filepath.Join(s.Dir, "data") }

func (s *Server) scheme() string {
	if s.TLS != nil {
		return "https"
	}
	return "http"
}

func (s *Server) arguments() []string {
	peer := fmt.Sprintf("http://127.0.0.1:%d", s.peerPort)
	args := []string{
		"--name", "m0", "--data-dir", s.DataDir(),
		"--listen-client-urls", s.URL(),
		"--advertise-client-urls", strings.Replace(advertisedClient, "http", s.scheme(), 1),
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", advertisedPeer,
		"--initial-cluster", "m0=" + advertisedPeer,
	}
	if s.TLS != nil {
		args = append(args, s.TLS.ServerArgs()...)
	}
	return append(args, s.Args...)
}

// Start runs the program and returns once it answers, or with the end of its log when it does not.
func (s *Server) Start(ctx context.Context) error {
	if err := s.Launch(); err != nil {
		return err
	}
	return s.waitReady(ctx)
}

// Launch runs the program and does not wait for anything, for a kill while it starts.
func (s *Server) Launch() error {
	log, err := os.OpenFile(s.LogPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = exec.Command(s.Program, s.arguments()...)
	s.process.Dir = s.Dir
	s.process.Stdout, s.process.Stderr = log, log
	// A test that dies must not leave servers behind.
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.process.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func(process *exec.Cmd, exited chan struct{}) {
		s.exitErr = process.Wait()
		close(exited)
	}(s.process, s.exited)
	return nil
}

// waitReady asks for a key until there is an answer of any kind that the server itself gave.
func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	conn, err := s.Dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	kv := pb.NewKVClient(conn)
	for {
		_, err := kv.Range(ctx, &pb.RangeRequest{Key: []byte("ready?")}, grpc.WaitForReady(false))
		if code := status.Code(err); code != codes.Unavailable && code != codes.DeadlineExceeded {
			return nil
		}
		conn.ResetConnectBackoff()
		select {
		case <-s.exited:
			return fmt.Errorf("%s ended at start (%v):\n%s", s.Program, s.exitErr, s.LogTail())
		case <-ctx.Done():
			s.Kill()
			return fmt.Errorf("%s does not answer (%v):\n%s", s.Program, err, s.LogTail())
		case <-time.After(probeEvery):
		}
	}
}

// Dial opens a connection of its own. It sets no retry and no limit on what it may receive.
func (s *Server) Dial(extra ...grpc.DialOption) (*grpc.ClientConn, error) {
	cred := insecure.NewCredentials()
	if s.TLS != nil {
		cred = credentials.NewTLS(s.TLS.Config)
	}
	const noLimit = 1<<31 - 1
	options := append([]grpc.DialOption{
		grpc.WithTransportCredentials(cred),
		grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(noLimit), grpc.MaxCallSendMsgSize(noLimit)),
	}, extra...)
	return grpc.NewClient("passthrough:///"+s.Endpoint(), options...)
}

// Kill ends the process as a crash would: SIGKILL, no last words.
func (s *Server) Kill() { s.signal(syscall.SIGKILL) }

// Stop ends the process in order, by force when it takes too long.
func (s *Server) Stop() { s.signal(syscall.SIGTERM) }

func (s *Server) signal(sig syscall.Signal) {
	if s.process == nil {
		return
	}
	s.process.Process.Signal(sig)
	select {
	case <-s.exited:
	case <-time.After(stopTimeout):
		s.process.Process.Kill()
		<-s.exited
	}
	s.process = nil
}

// Pid is the process ID of the running server, 0 when it does not run.
func (s *Server) Pid() int {
	if s.process == nil {
		return 0
	}
	return s.process.Process.Pid
}

// Exited is closed when the process that the last Start began is gone.
func (s *Server) Exited() <-chan struct{} { return s.exited }

// LogTail is the end of the log, for error messages.
func (s *Server) LogTail() string {
	data, err := os.ReadFile(s.LogPath())
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-logTailBytes):])
}

// Crashed tells whether the process ended without being told to.
func (s *Server) Crashed() bool {
	select {
	case <-s.exited:
		return s.process != nil
	default:
		return false
	}
}
