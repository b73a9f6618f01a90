#!/bin/sh
# A CA, a server certificate for 127.0.0.1 and a client certificate, as kubeadm makes them (RSA 2048).
set -eu
mkdir -p "$1"
cd "$1"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=bench-ca 2>/dev/null
leaf() { # name, extended key usage, subject alternative names
  openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
  printf 'extendedKeyUsage=%s\nsubjectAltName=%s\n' "$2" "$3" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}
leaf server serverAuth,clientAuth DNS:localhost,IP:127.0.0.1
leaf client clientAuth DNS:client
