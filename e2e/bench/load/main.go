// Load that etcd's own tool does not make: the transactions of kube-apiserver, and many watchers of
// one key. Prints one JSON object on stdout.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

type options struct {
	endpoint, cacert, cert, key string
	conns, clients, total       int
	streams, watchers, rate     int
	valueSize, seconds          int
}

type result struct {
	Operations int     `json:"operations"`
	Seconds    float64 `json:"seconds"`
	P50        float64 `json:"p50_s"`
	P99        float64 `json:"p99_s"`
}

func main() {
	var o options
	flag.StringVar(&o.endpoint, "endpoint", "127.0.0.1:2379", "server")
	flag.StringVar(&o.cacert, "cacert", "", "CA file; sets TLS")
	flag.StringVar(&o.cert, "cert", "", "client certificate")
	flag.StringVar(&o.key, "key", "", "client key")
	flag.IntVar(&o.conns, "conns", 10, "connections")
	flag.IntVar(&o.clients, "clients", 100, "clients")
	flag.IntVar(&o.total, "total", 100000, "transactions, or events written")
	flag.IntVar(&o.streams, "streams", 10, "watch streams")
	flag.IntVar(&o.watchers, "watchers", 1000, "watchers over all streams")
	flag.IntVar(&o.rate, "rate", 100, "puts a second while watching")
	flag.IntVar(&o.valueSize, "val-size", 256, "value bytes")
	flag.IntVar(&o.seconds, "seconds", 10, "how long a steady load runs")
	flag.Parse()
	if flag.NArg() != 1 {
		fail(fmt.Errorf("usage: load [flags] txn|watch|steady"))
	}
	var r any
	var err error
	switch flag.Arg(0) {
	case "steady":
		r, err = runSteady(o)
	case "txn":
		r, err = runTxn(o)
	case "watch":
		r, err = runWatch(o)
	default:
		err = fmt.Errorf("unknown load %q; known: txn, watch, steady", flag.Arg(0))
	}
	if err != nil {
		fail(err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(r)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(1)
}

func dial(o options) (*clientv3.Client, error) {
	cfg := clientv3.Config{Endpoints: []string{o.endpoint}, DialTimeout: 5 * time.Second}
	if o.cacert != "" {
		pem, err := os.ReadFile(o.cacert)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return nil, err
		}
		cfg.TLS = &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}
	}
	return clientv3.New(cfg)
}

func dialAll(o options, n int) ([]*clientv3.Client, error) {
	var all []*clientv3.Client
	for i := 0; i < n; i++ {
		c, err := dial(o)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func summary(latencies []time.Duration, took time.Duration) result {
	sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
	at := func(q float64) float64 { return latencies[int(q*float64(len(latencies)-1))].Seconds() }
	return result{len(latencies), took.Seconds(), at(0.5), at(0.99)}
}

// Each client owns one key and updates it as kube-apiserver does: if mod revision is the one it knows
// then put, else get.
func runTxn(o options) (result, error) {
	conns, err := dialAll(o, o.conns)
	if err != nil {
		return result{}, err
	}
	value := strings.Repeat("v", o.valueSize)
	each := o.total / o.clients
	per := make([][]time.Duration, o.clients)
	errs := make([]error, o.clients)
	var wg sync.WaitGroup
	begin := time.Now()
	for i := 0; i < o.clients; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			per[i], errs[i] = updateLoop(conns[i%o.conns], fmt.Sprintf("/registry/bench/%06d", i), value, each)
		}(i)
	}
	wg.Wait()
	took := time.Since(begin)
	var all []time.Duration
	for i := range per {
		if errs[i] != nil {
			return result{}, errs[i]
		}
		all = append(all, per[i]...)
	}
	return summary(all, took), nil
}

func updateLoop(c *clientv3.Client, key, value string, n int) ([]time.Duration, error) {
	var known int64
	out := make([]time.Duration, 0, n)
	for i := 0; i < n; i++ {
		begin := time.Now()
		resp, err := c.Txn(context.Background()).
			If(clientv3.Compare(clientv3.ModRevision(key), "=", known)).
			Then(clientv3.OpPut(key, value)).
			Else(clientv3.OpGet(key)).Commit()
		if err != nil {
			return nil, err
		}
		out = append(out, time.Since(begin))
		if resp.Succeeded {
			known = resp.Header.Revision
		} else if kvs := resp.Responses[0].GetResponseRange().Kvs; len(kvs) == 1 {
			known = kvs[0].ModRevision
		}
	}
	return out, nil
}

// All watchers see one key; one writer puts its send time at a fixed rate. A latency is the time from
// the put's start to the event's arrival.
func runWatch(o options) (result, error) {
	conns, err := dialAll(o, o.conns)
	if err != nil {
		return result{}, err
	}
	const key = "/bench/watched"
	puts := o.total / o.watchers
	per := make([][]time.Duration, o.watchers)
	var wg, ready sync.WaitGroup
	for i := 0; i < o.watchers; i++ {
		// The client shares a stream among watchers whose context carries the same metadata.
		ctx := clientv3.WithRequireLeader(context.Background())
		ctx = withStream(ctx, i%o.streams)
		ch := conns[(i%o.streams)%o.conns].Watch(ctx, key, clientv3.WithCreatedNotify())
		wg.Add(1)
		ready.Add(1)
		go func(i int) {
			defer wg.Done()
			per[i] = drain(ch, puts, &ready)
		}(i)
	}
	ready.Wait()
	writer, err := dial(o)
	if err != nil {
		return result{}, err
	}
	begin := time.Now()
	pad := strings.Repeat("v", o.valueSize)
	tick := time.NewTicker(time.Second / time.Duration(o.rate))
	defer tick.Stop()
	for i := 0; i < puts; i++ {
		<-tick.C
		if _, err := writer.Put(context.Background(), key, fmt.Sprintf("%d %s", time.Now().UnixNano(), pad)); err != nil {
			return result{}, err
		}
	}
	wg.Wait()
	took := time.Since(begin)
	var all []time.Duration
	for _, p := range per {
		all = append(all, p...)
	}
	return summary(all, took), nil
}

func drain(ch clientv3.WatchChan, want int, ready *sync.WaitGroup) []time.Duration {
	out := make([]time.Duration, 0, want)
	for resp := range ch {
		if resp.Created {
			ready.Done()
		}
		now := time.Now().UnixNano()
		for _, ev := range resp.Events {
			var sent int64
			_, _ = fmt.Sscan(string(ev.Kv.Value), &sent)
			out = append(out, time.Duration(now-sent))
		}
		if len(out) >= want {
			break
		}
	}
	return out
}
