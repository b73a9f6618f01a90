#!/bin/sh
# Prepares the programs and the certificates, then runs bench.py. Needs Go 1.26 and python3.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ -x "$root/build/bin/etcd" ] || { echo "bench: build/bin/etcd is missing; run ./dev build first" >&2; exit 1; }
BENCH_ETCD=$("$here/../peers/build.sh" etcd)
BENCH_BENCHMARK=$("$here/../peers/build.sh" benchmark)
BENCH_ETCDCTL=$("$here/../peers/build.sh" etcdctl)
BENCH_KEELSON=$root/build/bin/etcd
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$here/.." && go build -o "$work/load" ./bench/load)
BENCH_LOAD=$work/load
BENCH_TLS=$work/tls
"$here/certs.sh" "$BENCH_TLS"
export BENCH_ETCD BENCH_BENCHMARK BENCH_ETCDCTL BENCH_KEELSON BENCH_LOAD BENCH_TLS
exec_status=0
python3 "$here/bench.py" "$@" || exec_status=$?
exit $exec_status
