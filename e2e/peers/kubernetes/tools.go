//go:build tools

// Package kubernetes pins the control plane programs that run on top of the server under test.
package kubernetes

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
