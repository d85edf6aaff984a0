// Command etcd is the upstream store, unchanged, at the version that this Kubernetes is built with.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
