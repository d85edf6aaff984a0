//! Controllers of Kubernetes' own: what they can they can in every cluster, so they stand last and are counted apart.

use kreach::ask::World;
use kreach::ask::end::end_and_port;
use kreach::ask::reaches::ReachWay;
use kreach::ask::sidestep;
use kreach::ask::world::SelfCheck;
use kreach::escalate::Certainty;
use kreach::live::files::load_text;
use kreach::net::Settings;

/// A cluster as every server begins: its own controllers may make pods, and one account of somebody's can, too.
const OWN: &str = "
kind: Namespace
apiVersion: v1
metadata: {name: kube-system}
---
kind: Namespace
apiVersion: v1
metadata: {name: shop}
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
kind: Pod
apiVersion: v1
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {nodeName: n1, containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}]}
---
kind: Pod
apiVersion: v1
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.2, podIPs: [{ip: 10.0.0.2}]}
---
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: all}
rules: [{verbs: ['*'], apiGroups: ['*'], resources: ['*']}]
---
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: walls}
rules:
- {verbs: [delete, create, update, patch], apiGroups: [networking.k8s.io], resources: [networkpolicies]}
- {verbs: [create], apiGroups: [''], resources: [serviceaccounts/token]}
---
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: controllers}
rules:
- {verbs: [delete, create, update, patch], apiGroups: [networking.k8s.io], resources: [networkpolicies]}
- {verbs: [create], apiGroups: [''], resources: [serviceaccounts/token]}
- {verbs: [get, list, watch], apiGroups: [''], resources: [nodes]}
---
kind: ClusterRoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: ops}
roleRef: {kind: ClusterRole, name: all, apiGroup: rbac.authorization.k8s.io}
subjects: [{kind: ServiceAccount, name: admin, namespace: shop}]
";

/// A binding of a role to one account.
fn bound(binding: &str, role: &str, namespace: &str, name: &str) -> String {
    format!(
        "---\nkind: ClusterRoleBinding\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {{name: '{binding}'}}\n\
         roleRef: {{kind: ClusterRole, name: {role}, apiGroup: rbac.authorization.k8s.io}}\n\
         subjects: [{{kind: ServiceAccount, name: {name}, namespace: {namespace}}}]\n\
         ---\nkind: ServiceAccount\napiVersion: v1\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
    )
}

fn of_own() -> World {
    let account = "---\nkind: ServiceAccount\napiVersion: v1\nmetadata: {name: admin, namespace: shop}\n";
    let own = ["job-controller", "node-controller", "replicaset-controller"];
    let own = own.map(|it| bound(&format!("system:controller:{it}"), "controllers", "kube-system", it)).concat();
    let text = format!("{OWN}{account}{own}{}", bound("ci", "walls", "shop", "runner"));
    let loaded = load_text("own.yaml", &text, "default").expect("it reads");
    World::of(loaded.cluster, Settings::default(), SelfCheck::Off)
}

/// What Kubernetes' own controllers can do they can in every cluster: it stands last and is counted apart.
#[test]
fn controllers_of_kubernetes_stand_last() {
    let world = of_own();
    let ground = world.ground(&[]);
    let found = world.asker().reached_by(&ground, "cluster-admin", &"default".into(), None, &mut |_, _| true);
    let lines = found.expect("an answer").lines("cluster-admin", ReachWay::To, Certainty::Certain);
    let text: Vec<String> = lines.iter().map(|it| it.text.split("  ").next().unwrap_or_default().to_owned()).collect();
    let titles = ["service accounts", "Kubernetes' own controllers (in every cluster)"];
    let at: Vec<usize> = titles.iter().filter_map(|it| text.iter().position(|line| line == it)).collect();
    assert!(at.len() == 2 && at.is_sorted(), "{text:#?}");
    assert!(text[at[0]..at[1]].iter().any(|it| it == "sa:shop/runner"), "{text:#?}");
    assert!(text[at[0]..at[1]].iter().all(|it| !it.contains("kube-system")), "{text:#?}");
    assert_eq!(text[at[1] + 1], "3 service accounts", "{text:#?}");
}

/// The same of who could open a flow; they do not count in what stands beside the verdict.
#[test]
fn who_could_open_a_flow_tells_controllers_of_kubernetes_apart() {
    let world = of_own();
    let end = |text: &str| end_and_port(text, &"default".into()).expect("an end");
    let ((from, _), (to, port)) = (end("shop/web"), end("shop/db:5432"));
    let ask = sidestep::SidestepAsk { from, to, port, by: None, in_steps: true };
    let found = ask.answer(&world, &mut |_, _| true).expect("an answer");
    assert_eq!(found.count(), "1 group of subjects could open it");
    let lines = found.page().lines;
    let last =
        lines.iter().find(|it| it.text.starts_with("Kubernetes' own controllers could too")).expect("they are told");
    assert!(last.text.contains("sa:kube-system/job-controller") && !last.text.contains("shop"), "{}", last.text);
    assert!(lines.iter().any(|it| it.text.starts_with("1. sa:shop/runner, in 1 step")), "{lines:#?}");
}
