// Command clusterrole-aggregation runs the one upstream controller that fills aggregated ClusterRoles, unchanged:
// a controller manager of a sixth of the size.
//
//	clusterrole-aggregation KUBECONFIG
package main

import (
	"context"
	"os"
	"os/signal"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
)

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client := kubernetes.NewForConfigOrDie(config)
	factory := informers.NewSharedInformerFactory(client, 0)
	roles := factory.Rbac().V1().ClusterRoles()
	controller := clusterroleaggregation.NewClusterRoleAggregation(roles, client.RbacV1())
	factory.Start(ctx.Done())
	controller.Run(ctx, 2)
}
