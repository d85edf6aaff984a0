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
//! # expect: flaw dead rolebinding/shop/odd 9 pods/*
//! # expect: whole rolebinding/shop/good
//! # expect: member clusterrole/view rules[0] clusterrole/pods rules[1]
//! # expect: lags clusterrole/view
//! # expect: write user:alice create clusterrole/new lacks 2
//! # expect: bind user:alice clusterrole/edit -n shop holds
//! # expect: act user:deb user:eve --as-group dev then get pods -n shop => user-info legacy allow
//! # expect: note user:alice get pods/exec -n shop --server 1.34 => enough on this server (1.34)
//! # expect: able user:alice exec into pods -n shop --server 1.34 allow
//! # expect: touch pod/shop/web user:alice => change
//! # expect: worst user:alice => read secrets
//! ```
//!
//! `# unread: rolebinding` says which kinds could not be read. Requests are literal: `RESOURCE[.GROUP][/SUBRESOURCE]`, no name is resolved; a name follows the resource.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kreach::kinds::{self, Intern};
use kreach::model::cluster::{Cluster, Delta};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::evidence::Outcome;
use kreach::model::id::ObjectId;
use kreach::model::name::Name;
use kreach::model::role::{RoleRef, SharedBinding, SharedRole};
use kreach::rbac::covers::Leave;
use kreach::rbac::dead::findings;
use kreach::rbac::impersonation::ImpersonatedUser;
use kreach::rbac::naive::{self, RequestUser};
use kreach::rbac::served::Served;
use kreach::rbac::touch::touches;
use kreach::rbac::version::Version;
use kreach::rbac::{AskedPlaces, Identity, Index, Request, ResourceRequest, identity};

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
    let mut cluster = cluster(&text);
    let values = |key: &str| {
        let key = format!("# {key}: ");
        text.lines().filter_map(|it| it.strip_prefix(&key).map(str::to_owned)).collect::<Vec<_>>()
    };
    for word in values("unread") {
        let kind = kreach::rbac::index::KINDS.into_iter().find(|it| it.as_str() == word).expect("a kind of RBAC");
        let coverage = Coverage::Forbidden { why: "403".into() };
        cluster.apply(Delta::Covered { kind, scope: Scope::Everywhere, coverage });
    }
    let rules = values("rule").join(",");
    let rules = rules.split(',').filter(|it| !it.is_empty()).map(|it| it.trim().parse().expect("a number")).collect();
    assert!(!values("source").is_empty(), "{}: no source", path.display());
    Case { rules, expects: values("expect"), cluster, path }
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
#[derive(Default)]
struct Expectation<'a> {
    words: Vec<&'a str>,
    groups: Vec<Name>,
    namespace: Name,
    as_groups: Vec<Name>,
    uid: Name,
    extra: Vec<(Name, Vec<Name>)>,
    server: Option<Version>,
    /// What follows `=>`.
    then: &'a str,
}

fn expectation(text: &str) -> Expectation<'_> {
    let (text, then) = text.split_once(" => ").unwrap_or((text, ""));
    let mut it = Expectation { then, ..Expectation::default() };
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "-n" => it.namespace = words.next().expect("a namespace").into(),
            "--server" => it.server = Some(Version::parse(words.next().expect("a version")).expect("a version")),
            "--as-group" => it.as_groups.push(words.next().expect("a group").into()),
            "--as-uid" => it.uid = words.next().expect("a uid").into(),
            "--as-extra" => {
                let (key, value) = words.next().and_then(|it| it.split_once('=')).expect("KEY=VALUE");
                it.extra.push((key.into(), vec![value.into()]));
            }
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
        ..ResourceRequest::default()
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
                "flaw" | "whole" => check_flaws(&case, &it, &what),
                "member" => check_member(&case, &it, &what),
                "lags" => {
                    let lagging = Index::build(&case.cluster).lagging();
                    assert!(
                        lagging.iter().any(|name| format!("clusterrole/{name}") == it.words[1]),
                        "{what}: {lagging:?}"
                    );
                }
                "write" | "bind" => check_guard(&case, &it, &what),
                "act" => check_act(&case, &it, &what),
                "note" => check_note(&case, &it, &what),
                "able" => check_ability(&case, &it, &what),
                "touch" => check_touch(&case, &it, &what),
                "worst" => check_worst(&case, &it, &what),
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
    let asker = RequestUser { user: &identity.user, groups };
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
    let places = if it.namespace.is_empty() { AskedPlaces::Everywhere } else { AskedPlaces::Asked };
    let index = Index::build(&case.cluster);
    let who = index.who_can(&case.cluster, &request, places);
    let found: BTreeSet<String> = who.holders.iter().map(|it| who.subject(it).to_string()).collect();
    let mut expected: BTreeSet<String> = it.words.iter().filter(|it| is_subject(it)).map(|it| it.to_string()).collect();
    expected.insert("group:system:masters".to_owned());
    assert_eq!(found, expected, "{what}");
}

fn find_binding(case: &Case, text: &str, what: &str) -> SharedBinding {
    case.cluster
        .bindings
        .iter()
        .find(|it| it.id().to_string() == text)
        .unwrap_or_else(|| panic!("{what}: no binding"))
        .clone()
}

fn find_role(case: &Case, text: &str, what: &str) -> SharedRole {
    case.cluster
        .roles
        .iter()
        .find(|it| it.id().to_string() == text)
        .unwrap_or_else(|| panic!("{what}: no role"))
        .clone()
}

/// `flaw dead BINDING NUMBER WORD`: that flaw is among the binding's; `whole BINDING`: it has none.
fn check_flaws(case: &Case, it: &Expectation<'_>, what: &str) {
    let is_whole = it.words[0] == "whole";
    let binding = find_binding(case, it.words[if is_whole { 1 } else { 2 }], what);
    let home = if binding.role.kind == "Role" { binding.meta.namespace.clone() } else { Name::empty() };
    let index = Index::build(&case.cluster);
    let (_, effective) = index.role(&home, &binding.role.name).unwrap_or_else(|| panic!("{what}: no role"));
    let served = Served::built_in();
    let found = effective.rules.iter().flat_map(|rule| findings(&binding, rule, &served));
    let found: Vec<String> = found.map(|it| format!("{} {} {}", it.effect.as_str(), it.sort.rule, it.word)).collect();
    match is_whole {
        true => assert!(found.is_empty(), "{what}: {found:?}"),
        false => {
            let wanted = format!("{} {} {}", it.words[1], it.words[3], it.words[4]);
            assert!(found.contains(&wanted), "{what}: {found:?}");
        }
    }
}

/// `member AGGREGATED rules[I] MEMBER rules[J]`: which member gave a rule.
fn check_member(case: &Case, it: &Expectation<'_>, what: &str) {
    let index = Index::build(&case.cluster);
    let name = it.words[1].strip_prefix("clusterrole/").expect(what);
    let (_, effective) = index.role(&Name::empty(), &name.into()).unwrap_or_else(|| panic!("{what}: no role"));
    let members = effective.members.as_ref().unwrap_or_else(|| panic!("{what}: not aggregated"));
    let words = members.iter().enumerate().map(|(at, it)| match it {
        Some(it) => format!("rules[{at}] clusterrole/{} rules[{}]", it.role, it.rule),
        None => format!("rules[{at}] nobody"),
    });
    let words: Vec<String> = words.collect();
    assert!(words.contains(&it.words[2..].join(" ")), "{what}: {words:?}");
}

/// `write SUBJECT create|update ROLE LEAVE` or `bind SUBJECT ROLE LEAVE`; the leave in a word, with a count of what lacks.
fn check_guard(case: &Case, it: &Expectation<'_>, what: &str) {
    let index = Index::build(&case.cluster);
    let identity = Identity::new(&identity::parse(it.words[1]).expect(what), &it.groups);
    let (leave, said) = match it.words[0] {
        "write" => {
            let role = find_role(case, it.words[3], what);
            let (before, name) = match it.words[2] {
                "create" => (None, ""),
                _ => (Some(&*role), role.meta.name.as_str()),
            };
            (index.may_write_role(&identity, &role, before, name), &it.words[4..])
        }
        _ => {
            let (kind, name) = it.words[2].split_once('/').expect(what);
            let kind = if kind == "role" { "Role" } else { "ClusterRole" };
            let role = RoleRef { kind: kind.into(), name: name.into() };
            (index.may_bind(&identity, &role, &it.namespace), &it.words[3..])
        }
    };
    let word = match leave {
        Leave::Masters => "masters".to_owned(),
        Leave::Verb(verb) => verb.to_owned(),
        Leave::Holds => "holds".to_owned(),
        Leave::Lacks(all) => format!("lacks {}", all.len()),
        Leave::NoRole => "no-role".to_owned(),
        Leave::Unknown => "unknown".to_owned(),
    };
    assert_eq!(word, said.join(" "), "{what}");
}

/// `act SUBJECT WANTED then VERB RESOURCE [NAME] => MODES and OUTCOME`: how, and whether the request is then allowed.
fn check_act(case: &Case, it: &Expectation<'_>, what: &str) {
    let index = Index::build(&case.cluster);
    let identity = Identity::new(&identity::parse(it.words[1]).expect(what), &it.groups);
    let subject = identity::parse(it.words[2]).expect(what);
    let wanted =
        ImpersonatedUser { subject, groups: it.as_groups.clone(), uid: it.uid.clone(), extra: it.extra.clone() };
    assert_eq!(it.words[3], "then", "{what}");
    let name = it.words.get(6).copied().unwrap_or_default();
    let request = request(it.words[4], it.words[5], name, &it.namespace);
    let all = index.acting(&identity, &wanted, &request);
    let ways: Vec<_> = all.iter().filter(|it| it.outcome == Outcome::Allow).collect();
    let mut found: Vec<&str> = ways.iter().map(|it| it.mode.word()).collect();
    if ways.iter().any(|it| index.can(&it.identity, &request).outcome() == Outcome::Allow) {
        found.push("allow");
    }
    assert_eq!(found.join(" "), it.then.replace("never", ""), "{what}: {all:?}");
}

/// `note SUBJECT VERB RESOURCE [NAME] => PART`: some note says this; `=> -`: none says anything.
fn check_note(case: &Case, it: &Expectation<'_>, what: &str) {
    let name = it.words.get(4).copied().unwrap_or_default();
    let request = request(it.words[2], it.words[3], name, &it.namespace);
    let identity = Identity::new(&identity::parse(it.words[1]).expect(what), &it.groups);
    let index = Index::build(&case.cluster);
    let notes = index.notes(&index.can(&identity, &request), &case.cluster, it.server);
    match it.then {
        "-" => assert!(notes.is_empty(), "{what}: {notes:?}"),
        part => assert!(!part.is_empty() && notes.iter().any(|it| it.contains(part)), "{what}: {notes:?}"),
    }
}

/// `able SUBJECT ABILITY… OUTCOME [=> NAMES]`: the best of all ways in that place; `nowhere` where there is none.
fn check_ability(case: &Case, it: &Expectation<'_>, what: &str) {
    let identity = Identity::new(&identity::parse(it.words[1]).expect(what), &it.groups);
    let (outcome_word, ability) = it.words[2..].split_last().expect(what);
    let all = Index::build(&case.cluster).capabilities(&identity, None, it.server);
    let here: Vec<_> =
        all.iter().filter(|cap| cap.way.ability == ability.join(" ") && cap.scope == it.namespace).collect();
    let best = [Outcome::Allow, Outcome::Unknown, Outcome::Deny].into_iter();
    let best = best.map(|outcome| here.iter().find(|it| it.outcome == outcome)).find_map(|it| it);
    assert_eq!(best.map_or("nowhere", |it| it.outcome.as_str()), *outcome_word, "{what}: {all:?}");
    if !it.then.is_empty() {
        let names = best.map(|it| it.names.iter().map(Name::as_str).collect::<Vec<_>>().join(" "));
        assert_eq!(names.as_deref(), Some(it.then), "{what}");
    }
}

/// `touch OBJECT SUBJECT… => WAY`: exactly these, `system:masters` left out, may touch it that way.
fn check_touch(case: &Case, it: &Expectation<'_>, what: &str) {
    let (word, rest) = it.words[1].split_once('/').expect(what);
    let (namespace, name) = rest.split_once('/').unwrap_or(("", rest));
    let spec = kinds::spec_named(word).expect(what);
    let id = ObjectId::new(spec.kind, namespace, name);
    let touch = touches(&id, spec.group, spec.plural).into_iter().find(|touch| touch.word == it.then);
    let index = Index::build(&case.cluster);
    let whos = touch.expect(what).requests.into_iter().map(|it| index.who_can(&case.cluster, &it, AskedPlaces::Asked));
    let mut found: BTreeSet<String> = BTreeSet::new();
    for who in whos {
        found.extend(who.holders.iter().filter(|it| !it.is_always()).map(|it| who.subject(it).to_string()));
    }
    assert_eq!(found, it.words[2..].iter().map(|it| it.to_string()).collect(), "{what}");
}

/// `worst SUBJECT => WORD`: the danger that stands beside the subject in lists.
fn check_worst(case: &Case, it: &Expectation<'_>, what: &str) {
    let rows = Index::build(&case.cluster).subjects(&case.cluster, None, &Served::built_in());
    let row = rows.iter().find(|row| row.subject.to_string() == it.words[1]).expect(what);
    assert_eq!(row.danger().map(|it| it.word).unwrap_or_default(), it.then, "{what}");
}

#[test]
fn every_rule_that_decides_has_a_case() {
    let covered: BTreeSet<u32> = cases().into_iter().flat_map(|it| it.rules).collect();
    // docs/rbac.md says which numbers no answer can show, and why.
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rbac.md")).expect("the page");
    let table = page.split_once("## Rules that no answer shows").expect("the table").1;
    let silent: BTreeSet<u32> =
        table.lines().filter_map(|it| it.strip_prefix("| ")?.split_once(" |")?.0.parse().ok()).collect();
    assert!(!silent.is_empty(), "the table is empty");
    let missing: Vec<u32> = (1..=79).filter(|it| !covered.contains(it) && !silent.contains(it)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
    let both: Vec<&u32> = silent.intersection(&covered).collect();
    assert!(both.is_empty(), "the table says of {both:?} what a case contradicts");
}
