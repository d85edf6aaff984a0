//! The guards: what each finds in changes, and what it does not.
//!
//! Source: reliability §3.5, and the good practices of RBAC in the Kubernetes documentation.

use kreach::ask::World;
use kreach::ask::apply::weigh;
use kreach::ask::fix::guards::Stops;
use kreach::ask::world::SelfCheck;
use kreach::change::{Change, Op};
use kreach::live::files::load_text;
use kreach::model::cluster::Delta;
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::id::Kind;
use kreach::model::name::Name;
use kreach::net::Settings;
use kreach::rbac::review::{Me, Reply, Review};
use serde_json::{Value, json};

const RBAC: &str = "rbac.authorization.k8s.io";

fn role(name: &str, rules: Value) -> Value {
    json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules})
}

fn binding(name: &str, role: &str, subjects: Value) -> Value {
    json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}, "subjects": subjects})
}

fn user(name: &str) -> Value {
    json!([{"apiGroup": RBAC, "kind": "User", "name": name}])
}

fn group(name: &str) -> Value {
    json!([{"apiGroup": RBAC, "kind": "Group", "name": name}])
}

fn one(group: &str, resource: &str, verb: &str) -> Value {
    json!([{"apiGroups": [group], "resources": [resource], "verbs": [verb]}])
}

/// A cluster of these objects, in which the operator is a user in these groups.
fn world(objects: &[Value], groups: &[&str]) -> World {
    let text: Vec<String> = objects.iter().map(Value::to_string).collect();
    let loaded = load_text("world", &text.join("\n---\n"), "default").expect("it reads");
    let mut world = World::of(loaded.cluster, Settings::default(), SelfCheck::Off);
    let me = Me { user: Name::from("operator"), groups: groups.iter().map(|it| Name::from(*it)).collect() };
    world.hear(Review::Own, Reply::Me(me));
    world
}

/// The guards that stop these changes, and what they say.
fn stopping(world: &World, changes: Vec<(Op, Value)>) -> Vec<(&'static str, String)> {
    let changes = changes.into_iter().map(|(op, object)| Change { op, object }).collect();
    let weighed = weigh(world, changes).expect("objects that are read");
    let stops = weighed.tripped.into_iter().filter(|it| it.guard.stops == Stops::Apply);
    stops.map(|it| (it.guard.name, it.words())).collect()
}

fn names(world: &World, changes: Vec<(Op, Value)>) -> Vec<&'static str> {
    stopping(world, changes).into_iter().map(|it| it.0).collect()
}

/// What a new binding of a role with these rules trips.
fn granted(rules: Value) -> Vec<&'static str> {
    let world = world(&[role("r", rules)], &[]);
    names(&world, vec![(Op::Create, binding("b", "r", user("eve")))])
}

#[test]
fn what_gives_more_than_it_says_stops_it() {
    let risky = [
        (RBAC, "clusterroles", "escalate"),
        (RBAC, "roles", "bind"),
        ("", "users", "impersonate"),
        ("", "serviceaccounts", "impersonate"),
        ("authentication.k8s.io", "userextras/scopes", "impersonate"),
        ("", "secrets", "get"),
        ("", "secrets", "create"),
        ("", "nodes/proxy", "get"),
        ("", "serviceaccounts/token", "create"),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations", "patch"),
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations", "create"),
        ("", "pods", "*"),
        ("", "*", "get"),
        ("*", "deployments", "get"),
        ("", "*/status", "patch"),
    ];
    for (group, resource, verb) in risky {
        assert_eq!(granted(one(group, resource, verb)), ["risky-permissions"], "{verb} {resource}.{group}");
    }
    let plain = [
        ("", "pods", "get"),
        ("", "nodes", "get"),
        ("", "serviceaccounts", "get"),
        ("apps", "deployments", "patch"),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations", "get"),
        ("secrets.example.com", "secrets", "get"),
        ("apis.example.com", "exports", "bind"),
    ];
    for (group, resource, verb) in plain {
        assert_eq!(granted(one(group, resource, verb)), [""; 0], "{verb} {resource}.{group}");
    }
    assert_eq!(granted(json!([{"nonResourceURLs": ["*"], "verbs": ["get"]}])), ["risky-permissions"]);
    assert_eq!(granted(json!([{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}])), [""; 0]);
}

/// A role that is edited gives as a new binding does; what somebody holds already is not given, and neither is what is taken.
#[test]
fn what_is_given_is_told_by_what_somebody_comes_to_hold() {
    let (pods, secrets) = (one("", "pods", "get"), one("", "secrets", "get"));
    let bound = world(&[role("r", pods.clone()), binding("b", "r", user("eve"))], &[]);
    let said = stopping(&bound, vec![(Op::Update, role("r", secrets.clone()))]);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("user:eve can then get secrets"), "{said:?}");
    assert_eq!(names(&world(&[role("r", pods.clone())], &[]), vec![(Op::Update, role("r", secrets.clone()))]), [""; 0]);
    let holds = world(&[role("r", secrets.clone()), binding("b", "r", user("eve"))], &[]);
    assert_eq!(names(&holds, vec![(Op::Create, binding("again", "r", user("eve")))]), [""; 0]);
    assert_eq!(names(&holds, vec![(Op::Delete, binding("b", "r", user("eve")))]), [""; 0]);
    let both = vec![(Op::Create, role("new", secrets)), (Op::Create, binding("b", "new", user("eve")))];
    assert_eq!(names(&world(&[], &[]), both), ["risky-permissions"]);
}

#[test]
fn what_everybody_gets_stops_it() {
    let world = world(&[role("r", one("", "pods", "get"))], &[]);
    for name in ["system:authenticated", "system:unauthenticated", "system:serviceaccounts"] {
        assert_eq!(names(&world, vec![(Op::Create, binding("b", "r", group(name)))]), ["everyone"], "{name}");
    }
    assert_eq!(names(&world, vec![(Op::Create, binding("b", "r", user("system:anonymous")))]), ["everyone"]);
    assert_eq!(names(&world, vec![(Op::Create, binding("b", "r", group("dev")))]), [""; 0]);
}

fn labeled(mut object: Value, key: &str, value: &str) -> Value {
    object["metadata"]["labels"][key] = json!(value);
    object
}

fn aggregated(name: &str, label: &str, rules: Value) -> Value {
    let mut role = role(name, rules);
    role["metadata"]["uid"] = json!(format!("uid-{name}"));
    role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]});
    role
}

/// Rules of an aggregated role come from others, and whoever edits one of those edits it.
#[test]
fn aggregated_roles_and_their_parts_stop_it() {
    const TO_VIEW: &str = "rbac.authorization.k8s.io/aggregate-to-view";
    let (pods, maps) = (one("", "pods", "get"), one("", "configmaps", "get"));
    let monitoring = || aggregated("monitoring", "to-monitoring", pods.clone());
    let part = || labeled(role("part", pods.clone()), "to-monitoring", "true");
    let there = world(&[monitoring(), part()], &[]);
    let edited = aggregated("monitoring", "to-monitoring", maps.clone());
    assert_eq!(names(&there, vec![(Op::Update, edited)]), ["aggregated"]);
    let selecting = aggregated("monitoring", "another", pods.clone());
    assert_eq!(names(&there, vec![(Op::Update, selecting)]), ["aggregated"]);
    assert_eq!(names(&there, vec![(Op::Update, labeled(monitoring(), "team", "a"))]), [""; 0]);
    for (op, object) in [
        (Op::Update, labeled(role("part", maps.clone()), "to-monitoring", "true")),
        (Op::Update, role("part", pods.clone())),
        (Op::Delete, part()),
        (Op::Create, labeled(role("more", maps.clone()), "to-monitoring", "true")),
        // Kubernetes' own are known where they were not read.
        (Op::Create, labeled(role("more", maps.clone()), TO_VIEW, "true")),
    ] {
        let said = stopping(&there, vec![(op, object.clone())]);
        assert_eq!(said.iter().map(|it| it.0).collect::<Vec<_>>(), ["aggregated"], "{object}: {said:?}");
    }
    assert_eq!(names(&there, vec![(Op::Update, part())]), [""; 0], "nothing is changed");
    assert_eq!(names(&there, vec![(Op::Create, labeled(role("more", maps), TO_VIEW, "false"))]), [""; 0]);
}

/// What is filled from a role that is itself filled gives what that comes to give, as admin is filled from edit.
#[test]
fn what_parts_give_is_told_through_all_roles_that_are_filled_from_them() {
    let view = labeled(aggregated("reader", "to-reader", json!([])), "to-writer", "true");
    let edit = labeled(aggregated("writer", "to-writer", json!([])), "to-owner", "true");
    let admin = aggregated("owner", "to-owner", json!([]));
    let there = world(&[view, edit, admin, binding("b", "owner", user("eve"))], &[]);
    let part = labeled(role("part", one("", "secrets", "list")), "to-reader", "true");
    let said = stopping(&there, vec![(Op::Create, part)]);
    assert!(said.iter().any(|it| it.1.contains("user:eve can then list secrets")), "{said:?}");
}

#[test]
fn what_the_control_plane_needs_stops_it() {
    let pods = one("", "pods", "get");
    let account = json!([{"kind": "ServiceAccount", "name": "kube-proxy", "namespace": "kube-system"}]);
    for subjects in [account, user("system:kube-scheduler"), group("system:nodes")] {
        let bound = binding("b", "r", subjects.clone());
        let there = world(&[role("r", pods.clone()), bound.clone()], &[]);
        assert_eq!(names(&there, vec![(Op::Delete, bound)]), ["bootstrap"], "{subjects}");
    }
    let marked = labeled(binding("b", "r", user("eve")), "kubernetes.io/bootstrapping", "rbac-defaults");
    let there = world(&[role("r", pods.clone()), marked.clone()], &[]);
    assert_eq!(names(&there, vec![(Op::Delete, marked)]), ["bootstrap"]);
    let mut updated = role("r", pods.clone());
    updated["metadata"]["annotations"] = json!({"rbac.authorization.kubernetes.io/autoupdate": "true"});
    assert_eq!(names(&there, vec![(Op::Update, updated)]), ["bootstrap"]);
    // What says nothing of it is known by its name.
    let discovery = role("system:discovery", pods.clone());
    assert_eq!(names(&world(std::slice::from_ref(&discovery), &[]), vec![(Op::Delete, discovery)]), ["bootstrap"]);
    let edit = role("edit", pods);
    assert_eq!(names(&world(std::slice::from_ref(&edit), &[]), vec![(Op::Update, edit)]), ["bootstrap"]);
}

#[test]
fn what_the_operator_holds_by_another_grant_is_not_lost() {
    let pods = one("", "pods", "get");
    let objects = [role("r", pods), binding("mine", "r", user("operator")), binding("ours", "r", group("dev"))];
    let ours = || vec![(Op::Delete, objects[2].clone())];
    assert_eq!(names(&world(&objects, &["dev"]), ours()), [""; 0], "it is held by the other binding");
    let mine = [objects[0].clone(), objects[2].clone()];
    assert_eq!(names(&world(&mine, &["dev"]), ours()), ["own-access"]);
    assert_eq!(names(&world(&mine, &["other"]), ours()), [""; 0]);
    // Nothing is taken from masters; that others may lose is said.
    let masters = world(&mine, &["dev", "system:masters"]);
    assert_eq!(names(&masters, ours()), [""; 0]);
    let weighed = weigh(&masters, vec![Change { op: Op::Delete, object: objects[2].clone() }]).expect("it reads");
    assert!(weighed.notes.iter().any(|it| it.contains("system:masters")), "{:?}", weighed.notes);
}

#[test]
fn the_last_administrator_stops_it() {
    let all = role("root", json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]));
    let (last, other) = (binding("a", "root", user("ann")), binding("b", "root", user("bob")));
    let there = world(&[all.clone(), last.clone()], &[]);
    assert_eq!(names(&there, vec![(Op::Delete, last.clone())]), ["last-administrator"]);
    assert_eq!(names(&world(&[all, last.clone(), other], &[]), vec![(Op::Delete, last)]), [""; 0]);
}

fn pod(namespace: &str, name: &str, label: &str, ip: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": {"k8s-app": label}},
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]},
        "status": {"phase": "Running", "podIP": ip, "conditions": [{"type": "Ready", "status": "True"}]}})
}

/// Names resolve on port 53 alone: a policy that allows that much, and nothing else of the server, shuts nobody out.
#[test]
fn dns_is_lost_where_its_port_is() {
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {"clusterIP": "10.96.0.10", "selector": {"k8s-app": "kube-dns"}, "ports": [
            {"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]}});
    let there = |more: &[Value]| {
        let pods = [pod("kube-system", "dns-0", "kube-dns", "10.0.0.2"), pod("shop", "web-0", "web", "10.0.0.3")];
        world(&[std::slice::from_ref(&service), &pods[..], more].concat(), &[])
    };
    let policy = |egress: Value| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p", "namespace": "shop"},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress}})
    };
    let to = json!([{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}]);
    let both = json!([{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]);
    let trips = |world: &World, egress: Value| names(world, vec![(Op::Create, policy(egress))]).contains(&"dns");
    assert!(trips(&there(&[]), json!([])));
    assert!(!trips(&there(&[]), json!([{"to": to, "ports": both}])));
    assert!(
        trips(&there(&[]), json!([{"to": to, "ports": [{"port": 53, "protocol": "UDP"}]}])),
        "long answers come by TCP"
    );
    // Where a cache answers on each node, its address has to stay open too.
    let cached = there(&[pod("kube-system", "cache-n1", "node-local-dns", "10.1.0.1")]);
    assert!(trips(&cached, json!([{"to": to, "ports": both}])));
    let cache = json!([{"ipBlock": {"cidr": "169.254.20.10/32"}}]);
    assert!(!trips(&cached, json!([{"to": to, "ports": both}, {"to": cache, "ports": both}])));
}

/// Who writes an object from elsewhere will write it back: that is said, with the way to go, and stops nothing.
#[test]
fn what_others_write_back_is_told() {
    let policy = |metadata: Value| {
        let mut object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": {"podSelector": {}}});
        (object["metadata"]["name"], object["metadata"]["namespace"]) = (json!("p"), json!("shop"));
        object
    };
    for (metadata, who) in [
        (json!({"annotations": {"argocd.argoproj.io/tracking-id": "a:b/c:d/e"}}), "Argo CD"),
        (json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}), "Flux"),
        (json!({"labels": {"app.kubernetes.io/managed-by": "Helm"}}), "Helm"),
    ] {
        let there = world(&[policy(metadata.clone())], &[]);
        let change = Change { op: Op::Update, object: policy(metadata) };
        let weighed = weigh(&there, vec![change]).expect("it reads");
        let told = format!("is managed by {who}, which will revert it; export the change");
        assert!(weighed.notes.iter().any(|it| it.contains(&told)), "{who}: {:?}", weighed.notes);
        assert!(
            weighed.tripped.iter().any(|it| it.guard.name == "managed" && it.guard.stops == Stops::Nothing),
            "{who}"
        );
    }
}

/// What may not be read in one namespace leaves the impact unsure as what may not be read at all.
#[test]
fn what_may_not_be_read_leaves_the_impact_unsure() {
    let change = || vec![Change { op: Op::Create, object: role("r", json!([])) }];
    let denied = || Coverage::Forbidden { why: Name::from("forbidden") };
    for scope in [Scope::Everywhere, Scope::Namespace(Name::from("shop"))] {
        let mut there = world(&[], &[]);
        there.apply(vec![Delta::Covered { kind: Kind::POD, scope, coverage: denied() }]);
        let notes = weigh(&there, change()).expect("it reads").notes;
        assert!(notes.iter().any(|it| it == "the impact is unsure: pods cannot be read"), "{notes:?}");
    }
    let notes = weigh(&world(&[], &[]), change()).expect("it reads").notes;
    assert!(!notes.iter().any(|it| it.contains("unsure")), "{notes:?}");
}
