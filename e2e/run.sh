#!/bin/sh
# End-to-end tests against real programs; ./dev e2e calls this.
#
#   run.sh [NAME [ARGS]]
#
#   quick       2,000 compat requests and 3 kills, as CI runs it (default)
#   compat      a random run against real etcd in lock step   -n 20000 -seed S -only put,txn -v
#   ctl         etcdctl, stock and ours, command by command   -only txn -pairs server -v
#   durability  kill -9 under load                            -kills 50 -seed S
#   kube        kube-apiserver and kubectl on our etcd        -objects 5000
#   slowwatch   a watcher that does not read                  -events 1000000 -rounds 3
#   etcdfile    database images and snapshots beside bbolt, etcdutl and real etcd   -revisions 200000
#   clients     gRPC for Python, cleartext and TLS
#   peer        etcd's own rafthttp against our peer port      -n 20000 -seed S
#   h2spec      HTTP/2 conformance beside real etcd
#   selftest    the tests of these tests, with real etcd on both sides
#   full        all of the above in their full length
#
# KEELSON_ETCD and KEELSON_ETCDCTL name other programs than build/bin/etcd and build/bin/etcdctl;
# "real" stands for the stock ones.
set -eu

cd "$(dirname "$0")"
go_min=26

need_go() {
  minor=
  if command -v go >/dev/null 2>&1; then
    minor=$(GOTOOLCHAIN=local go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  fi
  [ -n "$minor" ] && [ "$minor" -ge "$go_min" ] && return
  echo "e2e: these tests need Go 1.$go_min or newer in PATH; get it from https://go.dev/dl/" >&2
  exit 1
}

run() {
  name=$1
  shift
  case $name in
    ctl) package=./compat/ctl ;;
    *) package=./$name ;;
  esac
  echo "e2e: $name $*"
  GOTOOLCHAIN=local go run -buildvcs=false "$package" "$@"
}

# A module of its own: it is built from etcd's server packages.
run_peer() {
  echo "e2e: peer $*"
  (cd peer && GOTOOLCHAIN=local go run -buildvcs=false . "$@")
}

need_go
name=${1:-quick}
[ $# -eq 0 ] || shift
case $name in
  quick)
    run compat -n 2000 "$@"
    run durability -kills 3
    ;;
  full)
    run compat -n 20000
    run ctl
    run durability -kills 50
    run etcdfile
    run clients
    run h2spec
    run_peer -n 20000
    run kube
    run slowwatch
    ;;
  selftest) GOTOOLCHAIN=local go test -count=1 ./... "$@" ;;
  peer) run_peer "$@" ;;
  compat | ctl | durability | kube | slowwatch | etcdfile | clients | h2spec) run "$name" "$@" ;;
  *)
    sed -n 's/^#   //p' "$0" >&2
    exit 2
    ;;
esac
