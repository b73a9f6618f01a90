#!/bin/sh
# Builds real programs that the end-to-end tests run against, and prints the path of each.
#
#   build.sh NAME...     NAME: etcd etcdctl etcdutl benchmark h2spec kube-apiserver kubectl
#
# A program that is in the cache already is only printed. The cache is keyed by version, so that
# a version change in a go.mod can never run yesterday's program.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/keelson-peers
go_min=26

fail() {
  echo "e2e/peers/build.sh: $*" >&2
  exit 1
}

need_go() {
  command -v go >/dev/null 2>&1 || fail "building $1 needs Go 1.$go_min or newer, and there is no \
'go' in PATH. Get it from https://go.dev/dl/ and put its bin folder into PATH."
  have=$(GOTOOLCHAIN=local go env GOVERSION)
  minor=$(echo "$have" | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  [ -n "$minor" ] && [ "$minor" -ge "$go_min" ] ||
    fail "building $1 needs Go 1.$go_min or newer, but 'go' in PATH is $have. \
Get a newer one from https://go.dev/dl/ and put its bin folder first into PATH."
}

# Sets module (folder here), package and version (read from that folder's go.mod) for a name.
describe() {
  case $1 in
    etcd) module=etcd package=go.etcd.io/etcd/server/v3 ;;
    etcdctl | etcdutl) module=etcd package=go.etcd.io/etcd/$1/v3 ;;
    benchmark) module=etcd package=go.etcd.io/etcd/v3/tools/benchmark ;;
    h2spec) module=h2spec package=github.com/summerwind/h2spec/cmd/h2spec ;;
    kube-apiserver | kubectl) module=kubernetes package=k8s.io/kubernetes/cmd/$1 ;;
    *) fail "unknown program '$1'; known: etcd etcdctl etcdutl benchmark h2spec kube-apiserver kubectl" ;;
  esac
  case $module in
    etcd) pin=go.etcd.io/etcd/server/v3 ;;
    h2spec) pin=github.com/summerwind/h2spec ;;
    kubernetes) pin=k8s.io/kubernetes ;;
  esac
  version=$(sed -n "s|^\(require\)\{0,1\}[[:space:]]*$pin \(v[^ +]*\).*|\2|p" "$here/$module/go.mod")
  [ -n "$version" ] || fail "$here/$module/go.mod does not pin $pin"
}

# Without a version kube-apiserver calls itself v0.0.0 and refuses its own feature gates.
ldflags() {
  [ "$module" = kubernetes ] || { echo "-s -w"; return; }
  v=k8s.io/component-base/version
  minor=$(echo "$version" | cut -d. -f2)
  echo "-s -w -X $v.gitVersion=$version -X $v.gitMajor=1 -X $v.gitMinor=$minor"
}

# Built beside its place and renamed, so that an interrupted build leaves nothing that looks done.
build() {
  need_go "$1"
  echo "building $1 $version (once; kept in $cache)" >&2
  part=$target.$$.part
  (cd "$here/$module" &&
    CGO_ENABLED=0 GOTOOLCHAIN=local go build -mod=readonly -buildvcs=false \
      -ldflags "$(ldflags)" -o "$part" "$package") >&2 ||
    { rm -f "$part"; fail "building $1 $version failed, see above"; }
  mv "$part" "$target"
}

[ $# -gt 0 ] || fail "usage: build.sh NAME..."
for name in "$@"; do
  describe "$name"
  target=$cache/$version/$name
  if [ ! -x "$target" ]; then
    mkdir -p "$cache/$version"
    # Two runs at once would build the same thing twice; the second waits and finds it.
    exec 9>"$cache/$version/.lock-$module"
    flock 9
    [ -x "$target" ] || build "$name"
    exec 9>&-
  fi
  echo "$target"
done
