package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"keelson.example/e2e/harness"
)

// plane is a small control plane: the store under test, over TLS with client certificates, and a
// kube-apiserver on it.
type plane struct {
	dir       string
	store     *harness.Server
	apiserver *exec.Cmd
	ended     chan struct{}
	api       *api
	kubectl   string
}

const (
	adminToken   = "admintoken"
	readyTimeout = 2 * time.Minute
	readyPoll    = 100 * time.Millisecond
)

func startPlane(ctx context.Context, work *harness.Workdir) (*plane, error) {
	p := &plane{dir: work.Path}
	program, err := harness.Subject()
	if err != nil {
		return nil, err
	}
	if program, err = work.Copy(program); err != nil {
		return nil, err
	}
	if p.kubectl, err = harness.Peer("kubectl"); err != nil {
		return nil, err
	}
	if err := p.startStore(ctx, program); err != nil {
		return nil, err
	}
	if err := p.startAPIServer(ctx); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// startStore uses the flags that kubeadm 1.36 writes for a lone member.
func (p *plane) startStore(ctx context.Context, program string) error {
	tls, err := harness.NewTLS(filepath.Join(p.dir, "pki"), "kube-apiserver-etcd-client")
	if err != nil {
		return err
	}
	metrics, err := harness.FreePort()
	if err != nil {
		return err
	}
	store := filepath.Join(p.dir, "store")
	if err := os.MkdirAll(store, 0o755); err != nil {
		return err
	}
	p.store, err = harness.NewServer(harness.Options{Program: program, Dir: store, TLS: tls, Args: []string{
		"--snapshot-count=10000", "--feature-gates=InitialCorruptCheck=true",
		"--watch-progress-notify-interval=5s",
		fmt.Sprintf("--listen-metrics-urls=http://127.0.0.1:%d", metrics),
	}})
	if err != nil {
		return err
	}
	return p.store.Start(ctx)
}

func (p *plane) startAPIServer(ctx context.Context) error {
	program, err := harness.Peer("kube-apiserver")
	if err != nil {
		return err
	}
	port, err := harness.FreePort()
	if err != nil {
		return err
	}
	if err := p.writeIdentities(); err != nil {
		return err
	}
	log, err := os.Create(p.logPath())
	if err != nil {
		return err
	}
	defer log.Close()
	p.apiserver = exec.Command(program, p.apiServerArgs(port)...)
	p.apiserver.Stdout, p.apiserver.Stderr = log, log
	p.apiserver.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.apiserver.Start(); err != nil {
		return err
	}
	p.ended = make(chan struct{})
	go func() {
		p.apiserver.Wait()
		close(p.ended)
	}()
	p.api = newAPI(fmt.Sprintf("https://127.0.0.1:%d", port))
	return p.waitReady(ctx)
}

func (p *plane) apiServerArgs(port int) []string {
	tls := p.store.TLS
	file := func(name string) string { return filepath.Join(p.dir, name) }
	return []string{
		"--etcd-servers=" + p.store.URL(), "--etcd-cafile=" + tls.CA,
		"--etcd-certfile=" + tls.ClientCert, "--etcd-keyfile=" + tls.ClientKey,
		// Compactions must happen while the test runs, not five minutes later.
		"--etcd-compaction-interval=20s", "--etcd-count-metric-poll-period=10s",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + file("sa.pub"), "--service-account-signing-key-file=" + file("sa.key"),
		"--service-cluster-ip-range=10.96.0.0/24", "--cert-dir=" + file("apiserver-certs"),
		fmt.Sprintf("--secure-port=%d", port), "--bind-address=127.0.0.1",
		"--endpoint-reconciler-type=none", "--authorization-mode=RBAC",
		"--token-auth-file=" + file("tokens.csv"),
		// One request deletes the whole collection, object after object. On a machine that has other
		// work, the default of a minute says more about the machine than about the store.
		"--request-timeout=10m",
	}
}

// writeIdentities makes the key pair for service accounts and the one user.
func (p *plane) writeIdentities() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"sa.key": pem.EncodeToMemory(&pem.Block{
			Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key),
		}),
		"sa.pub":     pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		"tokens.csv": []byte(adminToken + `,admin,admin,"system:masters"` + "\n"),
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (p *plane) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		code, _, err := p.api.call(ctx, http.MethodGet, "/readyz", nil)
		if err == nil && code == http.StatusOK {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("kube-apiserver ended at start; see %s", p.logPath())
		case <-ctx.Done():
			return fmt.Errorf("kube-apiserver is not ready (%d, %v); see %s", code, err, p.logPath())
		case <-time.After(readyPoll):
		}
	}
}

func (p *plane) logPath() string { return filepath.Join(p.dir, "kube-apiserver.log") }

// crash kills the store as a power cut would end its process, and starts it again.
func (p *plane) crash(ctx context.Context) error {
	p.store.Kill()
	return p.store.Start(ctx)
}

func (p *plane) close() {
	if p.apiserver != nil {
		p.apiserver.Process.Kill()
		<-p.ended
	}
	p.store.Kill()
}

// run is one kubectl command as the admin.
func (p *plane) run(ctx context.Context, args ...string) *exec.Cmd {
	args = append([]string{
		"--server", p.api.base, "--token", adminToken, "--insecure-skip-tls-verify",
		"--namespace", namespace,
	}, args...)
	command := exec.CommandContext(ctx, p.kubectl, args...)
	command.Env = []string{"HOME=" + p.dir, "PATH=" + os.Getenv("PATH")}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return command
}
