package harness

import (
	"context"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// A write must be there after a kill and a restart on the same ports and folders, with and
// without TLS; otherwise every test above this package would blame the server for the harness.
func TestServer_killedAndRestarted_keepsItsData(t *testing.T) {
	for name, withTLS := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) { killAndRestart(t, withTLS) })
	}
}

func killAndRestart(t *testing.T, withTLS bool) {
	program, err := Peer("etcd")
	if err != nil {
		t.Fatal(err)
	}
	options := Options{Program: program, Dir: t.TempDir()}
	if withTLS {
		if options.TLS, err = NewTLS(t.TempDir(), "tester"); err != nil {
			t.Fatal(err)
		}
	}
	server, err := NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer server.Kill()
	conn, err := server.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	kv := pb.NewKVClient(conn)
	if _, err := kv.Put(t.Context(), &pb.PutRequest{Key: []byte("k"), Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	if err := server.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	conn.ResetConnectBackoff()
	got, err := kv.Range(t.Context(), &pb.RangeRequest{Key: []byte("k")})
	if err != nil || len(got.Kvs) != 1 || got.Header.MemberId == 0 {
		t.Fatalf("after the restart: %v, %v", got, err)
	}
}
