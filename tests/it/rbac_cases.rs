//! Every file of tests/cases/rbac: Kubernetes YAML, one behavior each, judged by the index and by the naive evaluator.
//!
//! ```yaml
//! # `pods/*` is no wildcard.
//! # rule: 9
//! # source: https://…
//! # expect: can user:alice get pods/log -n shop deny
//! # expect: can user:alice --group dev list pods -n shop allow by rolebinding/shop/dev
//! # expect: can user:alice get /healthz allow
//! # expect: who-can get secrets -n shop sa:shop/web user:alice
//! # expect: dead clusterrole/odd 9
//! ```
//!
//! Requests are literal: `RESOURCE[.GROUP][/SUBRESOURCE]`, no name is resolved; a name follows the resource.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kreach::kinds::{self, Intern};
use kreach::model::cluster::Cluster;
use kreach::model::evidence::Outcome;
use kreach::model::name::Name;
use kreach::rbac::naive::{self, Asker};
use kreach::rbac::{Identity, Index, Places, Request, ResourceRequest, identity};

struct Case {
    path: PathBuf,
    rules: BTreeSet<u32>,
    expects: Vec<String>,
    cluster: Cluster,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/rbac");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the cases").map(|it| it.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(case).collect()
}

fn case(path: PathBuf) -> Case {
    let text = std::fs::read_to_string(&path).expect("a case");
    let values = |key: &str| {
        let key = format!("# {key}: ");
        text.lines().filter_map(|it| it.strip_prefix(&key).map(str::to_owned)).collect::<Vec<_>>()
    };
    let rules = values("rule").join(",");
    let rules = rules.split(',').filter(|it| !it.is_empty()).map(|it| it.trim().parse().expect("a number")).collect();
    assert!(!values("source").is_empty(), "{}: no source", path.display());
    Case { rules, expects: values("expect"), cluster: cluster(&text), path }
}

fn cluster(text: &str) -> Cluster {
    let mut cluster = Cluster::default();
    let mut intern = Intern::new();
    for document in text.split("\n---\n") {
        let field = |key: &str| document.lines().find_map(|it| it.strip_prefix(key)).map(str::trim);
        let (Some(version), Some(word)) = (field("apiVersion:"), field("kind:")) else { continue };
        let spec = kinds::spec_of(version, word).expect("a kind that is read");
        cluster.apply(spec.read_yaml(document, "default", &mut intern).delta().expect("an object"));
    }
    cluster
}

/// The words of an expectation, with options taken out: subject or none, groups, namespace.
struct Expectation<'a> {
    words: Vec<&'a str>,
    groups: Vec<Name>,
    namespace: Name,
}

fn expectation(text: &str) -> Expectation<'_> {
    let mut it = Expectation { words: Vec::new(), groups: Vec::new(), namespace: Name::empty() };
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "-n" => it.namespace = words.next().expect("a namespace").into(),
            "--group" => it.groups.push(words.next().expect("a group").into()),
            word => it.words.push(word),
        }
    }
    it
}

fn request(verb: &str, resource: &str, name: &str, namespace: &Name) -> Request {
    if resource.starts_with('/') {
        return Request::url(verb, resource);
    }
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
    Request::Resource(ResourceRequest {
        verb: verb.into(),
        group: group.into(),
        resource: resource.into(),
        subresource: subresource.into(),
        name: name.into(),
        namespace: namespace.clone(),
    })
}

fn outcome(word: &str) -> Option<Outcome> {
    [Outcome::Allow, Outcome::Deny, Outcome::Unknown].into_iter().find(|it| it.as_str() == word)
}

#[test]
fn every_case_is_answered_as_it_expects() {
    let mut expectations = 0;
    for case in cases() {
        assert!(!case.expects.is_empty(), "{}: expects nothing", case.path.display());
        for text in &case.expects {
            expectations += 1;
            let what = format!("{}: {text}", case.path.display());
            let it = expectation(text);
            match it.words[0] {
                "can" => check_can(&case, &it, &what),
                "who-can" => check_who_can(&case, &it, &what),
                word => panic!("{what}: no such question: {word}"),
            }
        }
    }
    assert!(expectations > 100, "only {expectations}");
}

fn check_can(case: &Case, it: &Expectation<'_>, what: &str) {
    let at = it.words.iter().position(|it| outcome(it).is_some()).unwrap_or_else(|| panic!("{what}: no outcome"));
    let name = if at == 5 { it.words[4] } else { "" };
    let request = request(it.words[2], it.words[3], name, &it.namespace);
    let identity = Identity::new(&identity::parse(it.words[1]).expect(what), &it.groups);
    let access = Index::build(&case.cluster).can(&identity, &request);
    assert_eq!(Some(access.outcome()), outcome(it.words[at]), "{what}");
    let groups = identity.groups.iter().map(|(it, _)| it.as_str()).collect();
    let asker = Asker { user: &identity.user, groups };
    // The naive evaluator does not look at other authorizers' marks.
    if case.cluster.pods.is_empty() && case.cluster.nodes.is_empty() {
        assert_eq!(naive::outcome(&case.cluster, &asker, &request), access.outcome(), "{what}: naive");
    }
    let by: BTreeSet<&str> = it.words[at + 1..].iter().copied().filter(|it| *it != "by").collect();
    if !by.is_empty() {
        let granted: BTreeSet<String> = access.grants.iter().map(|it| it.binding.id().to_string()).collect();
        assert_eq!(granted.iter().map(String::as_str).collect::<BTreeSet<_>>(), by, "{what}");
    }
}

fn check_who_can(case: &Case, it: &Expectation<'_>, what: &str) {
    let is_subject = |it: &&str| identity::parse(it).is_ok();
    let words: Vec<&str> = it.words.iter().copied().filter(|it| !is_subject(it)).collect();
    let name = words.get(3).copied().unwrap_or_default();
    let request = request(words[1], words[2], name, &it.namespace);
    let places = if it.namespace.is_empty() { Places::Everywhere } else { Places::Asked };
    let who = Index::build(&case.cluster).who_can(&case.cluster, &request, places);
    let found: BTreeSet<String> = who.holders.iter().map(|it| it.subject.to_string()).collect();
    let mut expected: BTreeSet<String> = it.words.iter().filter(|it| is_subject(it)).map(|it| it.to_string()).collect();
    expected.insert("group:system:masters".to_owned());
    assert_eq!(found, expected, "{what}");
}

#[test]
fn every_rule_that_decides_has_a_case() {
    let covered: BTreeSet<u32> = cases().into_iter().flat_map(|it| it.rules).collect();
    // The other numbers of docs say how requests come about, what admission does, or how time passes.
    let decisive = (1..=13).chain(15..=17).chain(21..=24).chain(26..=33).chain(35..=40).chain(42..=44);
    let missing: Vec<u32> = decisive.filter(|it| !covered.contains(it)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}
