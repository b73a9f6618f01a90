package harness

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// TLS is the material of one test: a CA and two certificates signed by it, as files.
type TLS struct {
	CA, ServerCert, ServerKey, ClientCert, ClientKey string
	Config                                           *tls.Config // for a client that shows its certificate
}

const certLifetime = 24 * time.Hour

// NewTLS makes a CA, a server certificate for localhost and 127.0.0.1 and a client certificate
// whose common name is clientName, and writes them below dir.
func NewTLS(dir, clientName string) (*TLS, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	t := &TLS{CA: filepath.Join(dir, "ca.crt")}
	if err := writePEM(t.CA, "CERTIFICATE", ca.der); err != nil {
		return nil, err
	}
	server := leaf("localhost", x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)
	server.DNSNames = []string{"localhost"}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	if t.ServerCert, t.ServerKey, err = ca.issue(dir, "server", server); err != nil {
		return nil, err
	}
	client := leaf(clientName, x509.ExtKeyUsageClientAuth)
	if t.ClientCert, t.ClientKey, err = ca.issue(dir, "client", client); err != nil {
		return nil, err
	}
	return t, t.loadClient(ca)
}

func (t *TLS) loadClient(ca *authority) error {
	pair, err := tls.LoadX509KeyPair(t.ClientCert, t.ClientKey)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	t.Config = &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, ServerName: "localhost"}
	return nil
}

// ServerArgs are the flags that make a server speak TLS and ask for client certificates.
func (t *TLS) ServerArgs() []string {
	return []string{
		"--cert-file", t.ServerCert, "--key-file", t.ServerKey,
		"--trusted-ca-file", t.CA, "--client-cert-auth=true",
	}
}

// ClientArgs are the flags with which etcdctl reaches such a server.
func (t *TLS) ClientArgs() []string {
	return []string{"--cacert", t.CA, "--cert", t.ClientCert, "--key", t.ClientKey}
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	der  []byte
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := leaf("keelson test CA")
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cert: cert, key: key, der: der}, err
}

func leaf(name string, usages ...x509.ExtKeyUsage) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(fmt.Sprintf("no randomness: %v", err))
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		// An hour back, so that a clock that is a little behind does not refuse it.
		NotBefore:   time.Now().Add(-time.Hour),
		NotAfter:    time.Now().Add(certLifetime),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: usages,
	}
}

func (a *authority) issue(dir, name string, template *x509.Certificate) (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &private.PublicKey, a.key)
	if err != nil {
		return "", "", err
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return "", "", err
	}
	cert, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	if err := writePEM(cert, "CERTIFICATE", der); err != nil {
		return "", "", err
	}
	return cert, key, writePEM(key, "EC PRIVATE KEY", keyDER)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
