//! `--from`: what files and snapshots become, and what is said of those that cannot be read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kreach::embedded::ServedCluster;
use kreach::live::files::{Loaded, ReadOptions, load, load_text, load_text_with};
use kreach::live::snapshot;
use kreach::model::cluster::{Cluster, Delta};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::facts::PodSource;
use kreach::model::id::{Kind, ObjectId};
use kreach::model::policy::{Peer, PeerMatch, Policy, Rule};
use kreach::model::port::Protocol;
use kreach::net::Index;

use crate::net_worlds::{self, Dice, Spice};

const DUMP: &str = "\
apiVersion: v1
items:
- apiVersion: v1
  kind: Pod
  metadata:
    annotations:
      note: |
        ---
        - kind: Pod
    labels:
      app: web
    name: web-0
    namespace: shop
  spec:
    containers:
    - env:
      - name: A
        value: 'b: c'
      ports:
      - containerPort: 80
        name: http
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: shut, namespace: shop}
  spec:
    podSelector: {}
- apiVersion: v1
  kind: Secret
  metadata:
    name: s
kind: List
metadata:
  resourceVersion: \"\"
";

fn of(text: &str) -> Loaded {
    load_text("dump.yaml", text, "default").expect("it parses")
}

fn notes(loaded: &Loaded) -> Vec<String> {
    loaded.cluster.all_problems().map(|it| it.to_string()).collect()
}

fn pod_names(cluster: &Cluster) -> Vec<String> {
    cluster.pods.iter().map(|it| it.pod_id().to_string()).collect()
}

#[test]
fn a_list_is_read_item_by_item() {
    let loaded = of(DUMP);
    assert_eq!(pod_names(&loaded.cluster), ["shop/web-0"]);
    let pod = loaded.cluster.pods.get("shop", "web-0").expect("the pod");
    assert_eq!((pod.ports().len(), pod.labels().whole().len()), (1, 1));
    assert_eq!(loaded.cluster.policies.len(), 1);
    assert!(notes(&loaded).is_empty(), "{:?}", notes(&loaded));
    assert_eq!(
        loaded.notes,
        [
            "no RBAC in these files",
            "1 namespace not defined here, taken to have no label but kubernetes.io/metadata.name: shop",
        ]
    );
    assert!(loaded.cluster.namespaces.get("", "shop").is_some_and(|it| it.implied));
}

#[test]
fn json_and_flow_yaml_and_streams_are_read_alike() {
    let json =
        r#"{"kind":"List","apiVersion":"v1","items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}]}"#;
    let typed = r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}}]}"#;
    let flow = "{kind: List, apiVersion: v1, items: [{kind: Pod, apiVersion: v1, metadata: {name: a}}]}";
    let quoted = "\"kind\": Pod\n\"apiVersion\": v1\n\"metadata\": {\"name\": a}\n";
    let typed_yaml = "kind: PodList\napiVersion: v1\nitems:\n  - metadata:\n      name: a\n";
    let nested =
        "kind: List\napiVersion: v1\nitems:\n- kind: PodList\n  apiVersion: v1\n  items:\n  - metadata: {name: a}\n";
    let bom = "\u{feff}kind: Pod\napiVersion: v1\nmetadata: {name: a}\n";
    for text in [json, typed, flow, quoted, typed_yaml, nested, bom] {
        assert_eq!(pod_names(&of(text).cluster), ["default/a"], "{text}");
    }
    let two = format!("{json}\n{}", json.replace("\"a\"", "\"b\""));
    assert_eq!(pod_names(&of(&two).cluster), ["default/a", "default/b"]);
    assert_eq!(pod_names(&of(&format!("---\n{typed_yaml}---\n{quoted}---\n")).cluster), ["default/a"]);
}

#[test]
fn of_two_objects_of_one_name_the_last_holds_and_it_is_said() {
    let pod = |uid: &str, version: &str, app: &str| {
        format!(
            "---\nkind: Pod\napiVersion: v1\nmetadata: {{name: a, uid: {uid}, resourceVersion: '{version}', labels: {{app: {app}}}}}\n"
        )
    };
    let loaded = of(&(pod("u", "9", "web") + &pod("u", "3", "db")));
    let held = loaded.cluster.pods.get("default", "a").expect("the pod");
    assert_eq!(held.labels().get("app").map(|it| it.to_string()).as_deref(), Some("db"));
    assert_eq!(notes(&loaded), ["pod/default/a: stands more than once; the last one holds, dump.yaml:5"]);
}

#[test]
fn every_object_can_be_shown_as_its_file_has_it() {
    let loaded = of(DUMP);
    let text = |kind, name| loaded.source.text(&ObjectId::new(kind, "shop", name)).expect("a text").expect("readable");
    assert!(
        text(Kind::POD, "web-0")
            .starts_with("apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    note: |\n      ---\n")
    );
    assert_eq!(
        text(Kind::NETWORK_POLICY, "shut"),
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: shut, namespace: shop}\nspec:\n  podSelector: {}\n"
    );
    let json = r#"[ignored]"#;
    assert!(load_text("x.json", json, "default").is_err());
    let list =
        of(r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}"#);
    let shown = list.source.text(&ObjectId::new(Kind::POD, "default", "b")).expect("a text").expect("readable");
    assert_eq!(shown, "metadata:\n  name: b\n");
    assert!(list.source.text(&ObjectId::new(Kind::POD, "default", "c")).is_none());
}

/// CONTRACT §1: what a workload without pods stands for.
#[test]
fn a_workload_whose_pods_are_not_listed_stands_for_one() {
    let workload = |kind: &str, version: &str, name: &str, more: &str| {
        format!(
            "---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}{more}}}\nspec:\n  replicas: {}\n  template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{ports: [{{containerPort: 80}}]}}]}}}}\n",
            if name == "none" { 0 } else { 3 }
        )
    };
    let owned = ", ownerReferences: [{kind: Deployment, name: web, controller: true}]";
    let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, ownerReferences: [{kind: ReplicaSet, name: seen-5d4f, controller: true}]}\n";
    let cron = "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web}\nspec: {jobTemplate: {spec: {template: {spec: {hostNetwork: true}}}}}\n";
    let text = [
        workload("Deployment", "apps/v1", "web", ""),
        workload("ReplicaSet", "apps/v1", "web-1", owned),
        workload("Deployment", "apps/v1", "none", ""),
        workload("Deployment", "apps/v1", "seen", ""),
        pod.to_owned(),
        cron.to_owned(),
    ]
    .concat();
    let loaded = of(&text);
    assert_eq!(pod_names(&loaded.cluster), ["default/p", "default/web", "default/web-deployment"]);
    let made = loaded.cluster.pods.get("default", "web-deployment").expect("the template's pod");
    assert_eq!((made.origin(), made.ports().len(), made.labels().whole().len()), (PodSource::Template, 1, 1));
    assert_eq!(made.owner_id().map(|it| it.to_string()).as_deref(), Some("deployment/default/web"));
    assert_eq!(loaded.notes[2], "2 workloads stand for one pod each, made from their templates");
}

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn write(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(&path, text).expect("a file");
    path
}

/// Issue 4 §7: a file that was named must parse; in a directory it is a problem.
#[test]
fn broken_files_are_errors_when_named_and_problems_in_directories() {
    let directory = temporary();
    let broken = write(directory.path(), "a.yaml", "kind: Pod\napiVersion: v1\nmetadata:\n  name: a\n spec: {\n");
    write(directory.path(), "b.yml", "just text");
    write(directory.path(), "c.txt", "kind: Pod\n");
    write(directory.path(), "d/e.json", r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"e"}}"#);
    write(directory.path(), "values.yaml", "replicas: 3\n");
    fs::write(directory.path().join("z.yaml"), [0xff, 0x00, 0x80]).expect("a file");
    let error = load(std::slice::from_ref(&broken), "default").expect_err("it does not parse").to_string();
    assert!(error.starts_with(&format!("cannot parse {}:5:", broken.display())), "{error}");
    assert!(!error.contains('\n'), "{error}");
    let loaded = load(&[directory.path().to_owned()], "default").expect("a directory");
    assert_eq!(pod_names(&loaded.cluster), ["default/e"]);
    let notes = notes(&loaded);
    assert_eq!(notes.len(), 4, "{notes:?}");
    assert!(notes[0].contains("a.yaml:5:") && notes[1].contains("b.yml:1:1: no Kubernetes object"), "{notes:?}");
    assert!(notes[2].contains("values.yaml:1: has no apiVersion and kind; left out"), "{notes:?}");
    assert!(notes[3].contains("z.yaml: it holds zero bytes, so it is not text"), "{notes:?}");
    let absent = load(&[directory.path().join("absent.yaml")], "default").expect_err("it is not there");
    assert!(absent.to_string().starts_with("cannot read "), "{absent}");
}

/// reliability.md §3.6.
#[cfg(unix)]
#[test]
fn links_out_circles_and_pipes_are_passed_over() {
    use std::os::unix::fs::symlink;
    let (directory, outside) = (temporary(), temporary());
    let pod = "kind: Pod\napiVersion: v1\nmetadata: {name: a}\n";
    write(directory.path(), "in/a.yaml", pod);
    let secret = write(outside.path(), "b.yaml", &pod.replace("a}", "b}"));
    symlink(&secret, directory.path().join("b.yaml")).expect("a link");
    symlink(outside.path(), directory.path().join("out")).expect("a link");
    symlink(directory.path(), directory.path().join("in/circle")).expect("a link");
    let pipe = directory.path().join("pipe.yaml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    let loaded = load(&[directory.path().to_owned()], "default").expect("a directory");
    assert_eq!(pod_names(&loaded.cluster), ["default/a"]);
    assert_eq!(notes(&loaded).len(), 3, "{:?}", notes(&loaded));
}

/// A bomb costs its own item, in bounded time; the rest of the list is read.
#[test]
fn a_yaml_bomb_is_refused_within_its_budget() {
    let mut bomb = "kind: Pod\napiVersion: v1\nmetadata:\n  name: a\nspec:\n  nodeName: &a0 x\n".to_owned();
    for level in 1..30 {
        bomb += &format!(
            "  nodeName{level}: &a{level} [*a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}]\n",
            level - 1
        );
    }
    bomb += "  containers: *a29\n";
    let directory = temporary();
    write(directory.path(), "bomb.yaml", &format!("{bomb}---\nkind: Pod\napiVersion: v1\nmetadata: {{name: b}}\n"));
    write(
        directory.path(),
        "deep.yaml",
        &format!(
            "kind: Role\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {{name: r}}\nrules: {}\n",
            "[".repeat(100_000)
        ),
    );
    let loaded = load(&[directory.path().to_owned()], "default").expect("a directory");
    assert_eq!(pod_names(&loaded.cluster), ["default/b"]);
    assert_eq!(notes(&loaded).len(), 2, "{:?}", notes(&loaded));
}

fn snapshot_of(cluster: &Cluster) -> String {
    let mut text = Vec::new();
    snapshot::write(cluster, &mut text).expect("a vector takes everything");
    String::from_utf8(text).expect("YAML is text")
}

/// CONTRACT §1, reliability.md F: a snapshot that was cut anywhere is none, and says so.
#[test]
fn f2_a_snapshot_that_was_cut_is_refused() {
    let whole = snapshot_of(&of(DUMP).cluster);
    assert!(load_text("snap.yaml", &whole, "default").is_ok());
    let end = whole.trim_end().len();
    for at in (5..end).filter(|it| whole.is_char_boundary(*it)) {
        let error = load_text("snap.yaml", &whole[..at], "default").expect_err(&whole[..at]).to_string();
        assert!(error.contains("snapshot that was cut"), "{at}: {error}");
    }
    let fewer = whole.replacen("kind: NetworkPolicy", "kind: ConfigMap", 1);
    let error = load_text("snap.yaml", &fewer, "default").expect_err("one is missing").to_string();
    assert!(error.contains("1 NetworkPolicy, and 0 are there"), "{error}");
}

/// With `--partial` what was surely whole is read, and whatever could have followed is unknown.
#[test]
fn a_snapshot_that_was_cut_is_read_in_part() {
    let reading = ReadOptions { partial: true, ..ReadOptions::default() };
    let whole = snapshot_of(&of(DUMP).cluster);
    for at in (5..whole.trim_end().len()).filter(|it| whole.is_char_boundary(*it)) {
        let loaded = load_text_with("snap.yaml", &whole[..at], &reading).expect("as far as it goes");
        let coverage = &loaded.cluster.coverage;
        assert!(!coverage.is_complete(Kind::CLUSTER_ROLE_BINDING, ""), "{at}");
        assert!(coverage.is_complete(Kind::NETWORK_POLICY, "shop") <= (loaded.cluster.policies.len() == 1), "{at}");
        assert!(coverage.is_complete(Kind::POD, "shop") <= (loaded.cluster.pods.len() == 1), "{at}");
    }
}

/// CONTRACT §1: reading a snapshot back gives the answers of the session that took it.
#[test]
fn a_snapshot_reads_back_as_the_same_cluster() {
    let mut dump = Vec::new();
    ServedCluster::seeded("S").expect("a world").dump(&mut dump).expect("a vector takes everything");
    let dump = String::from_utf8(dump).expect("YAML is text");
    let odd = include_str!("../cases/snapshot/odd.yaml");
    for text in [dump.as_str(), odd, DUMP] {
        let before = of(text).cluster;
        assert!(before.pods.len() + before.policies.len() > 1);
        let after = of(&snapshot_of(&before)).cluster;
        assert_same(&before, &after);
    }
    // Facts hold fingerprints of uids; a snapshot holds the uids, as they were written.
    assert!(snapshot_of(&of(odd).cluster).contains("uid: 0123abcd-0000-4000-8000-00000000ffff"));
}

fn assert_same(before: &Cluster, after: &Cluster) {
    assert_eq!(before.coverage, after.coverage);
    assert_eq!(before.unreadable, after.unreadable);
    assert_eq!(before.namespaces, after.namespaces);
    for (a, b) in before.pods.iter().zip(after.pods.iter()) {
        assert_eq!(a, b);
    }
    for (a, b) in before.policies.iter().zip(after.policies.iter()) {
        assert_eq!(a, b);
    }
    for (a, b) in before.services.iter().zip(after.services.iter()) {
        assert_eq!(a, b);
    }
    assert_eq!(before.problems, after.problems);
    assert!(before == after, "another sort of fact differs");
}

/// The same as a law: random worlds, with holes in what is known and parts that did not read.
#[test]
fn a_snapshot_of_any_world_gives_its_answers() {
    for seed in 0..u64::from(net_worlds::cases(60)) {
        let spice = Spice { tiers: false, gaps: true, holes: true };
        let mut before = net_worlds::world(&mut Dice::new(seed), spice).cluster();
        // The random policies also have what no NetworkPolicy can say: peers that are nodes, rules
        // without any; and kinds in namespaces that have none.
        let of_nodes = |it: &&Arc<Policy>| {
            let odd = |it: &Rule| it.ports.is_empty() || it.peers.is_empty() || it.peers.iter().any(is_nodes);
            it.kind != Kind::NETWORK_POLICY || it.rules.iter().any(odd)
        };
        let unwritable: Vec<ObjectId> = before.policies.iter().filter(of_nodes).map(|it| it.id()).collect();
        for id in unwritable {
            before.apply(Delta::Gone(id));
        }
        let text = snapshot_of(&before);
        let after = of(&text).cluster;
        let (old, new) = (Index::build(&before), Index::build(&after));
        let ends = net_worlds::ends(&before);
        for (from, to) in ends.iter().flat_map(|from| ends.iter().map(move |to| (from, to))) {
            for port in [None, Some((Protocol::Tcp, 80)), Some((Protocol::Udp, 53))] {
                let (a, b) = (old.outcome(&before, from, to, port), new.outcome(&after, from, to, port));
                assert_eq!(a, b, "seed {seed}: {from:?} -> {to:?} {port:?}\n{text}");
            }
        }
    }
}

fn is_nodes(it: &Peer) -> bool {
    matches!(it.matches, PeerMatch::Nodes(_))
}

#[test]
fn a_snapshot_carries_what_was_not_told() {
    let mut cluster = Cluster::new(Coverage::Live).keeping_all();
    let since = "2026-01-02T03:04:05Z".parse().expect("a time");
    let stale = Coverage::Stale { since, why: "timeout".into() };
    let states = [
        (Kind::POD, Scope::Everywhere, stale),
        (Kind::NODE, Scope::Everywhere, Coverage::Forbidden { why: "403".into() }),
        (Kind::ROLE, Scope::Namespace("shop".into()), Coverage::Loading),
        (Kind("adminnetworkpolicy"), Scope::Everywhere, Coverage::NotServed),
        (Kind::SERVICE, Scope::Everywhere, Coverage::Unread),
    ];
    for (kind, scope, coverage) in states {
        cluster.apply(Delta::Covered { kind, scope, coverage });
    }
    cluster.apply(Delta::Unreadable { id: ObjectId::new(Kind::NETWORK_POLICY, "shop", "odd"), problems: Vec::new() });
    let after = of(&snapshot_of(&cluster)).cluster;
    assert!(cluster == after, "{after:?}");
}
