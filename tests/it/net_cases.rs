//! Every file of tests/cases/net and tests/cases/e2e: judged by a fresh index, by one that has followed all steps, and by
//! the naive evaluator; all three must say what the case expects.

use std::collections::BTreeSet;
use std::path::Path;

use kreach::ask::Asker;
use kreach::ask::end::{end, end_and_port};
use kreach::kinds::{KINDS, Presence};
use kreach::model::address::Family;
use kreach::model::cluster::Cluster;
use kreach::model::evidence::Outcome;
use kreach::model::name::Name;
use kreach::model::policy::Direction;
use kreach::net::verdict::{Considered, FamilyVerdict, Gate, GateReason, Tri, Verdict};
use kreach::net::{Index, Settings, naive};
use kreach::text;

use crate::cases::{self, Ask, Case, Expect};

#[test]
fn every_case_holds() {
    let complaints: Vec<String> = cases::all("net").iter().flat_map(check).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// The 48 truth tables of the Kubernetes end-to-end suite.
#[test]
fn every_table_of_the_kubernetes_suite_holds() {
    let cases = cases::all("e2e");
    let complaints: Vec<String> = cases.iter().flat_map(check).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert_eq!(cases.len(), 48, "one file for each test of the suite");
}

#[test]
fn every_rule_has_a_case_named_by_it() {
    let cases = cases::all("net");
    let mut missing = Vec::new();
    for number in 1..=58 {
        let rule = format!("S{number}");
        let stem = format!("s{number:02}_");
        let named = |case: &&Case| case.path.file_name().is_some_and(|it| it.to_string_lossy().starts_with(&stem));
        match cases.iter().find(named) {
            Some(case) if case.rules.contains(&rule) => {}
            Some(case) => missing.push(format!("{} does not name {rule}", case.path.display())),
            None => missing.push(format!("no case {stem}*.yaml")),
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

#[test]
fn every_kind_of_policy_has_a_case() {
    let cases = cases::all("net");
    let texts: Vec<String> =
        cases.iter().map(|it| std::fs::read_to_string(&it.path).expect("a case is text")).collect();
    for kind in KINDS.iter().filter(|it| it.presence == Presence::IfServed) {
        let lines = format!("apiVersion: {}\nkind: {}\n", kind.api_version(), kind.word);
        assert!(texts.iter().any(|it| it.contains(&lines)), "no case holds a {} of {}", kind.word, kind.group);
    }
}

/// A case says where its expectation comes from, and expects something in every step.
#[test]
fn every_case_has_expectations_and_a_source() {
    for case in cases::all("net").iter().chain(&cases::all("e2e")) {
        let path = case.path.display();
        assert!(!case.sources.is_empty(), "{path} has no source");
        for step in &case.steps {
            let asks = step.expects.len() + step.asks.len() + step.problems.len();
            assert!(asks > 0, "{path} expects nothing of {:?}", step.name);
        }
    }
}

/// A case that is wrong is found: the language itself can fail.
#[test]
fn a_wrong_expectation_is_found() {
    let text = "# pods: a/b a/c\n# expect: a/b -> a/c tcp/1 deny\n# expect: a/b -> a/c allow ports TCP 80\n# expect: a/b -> a/c allow by networkpolicy/a/x\n# ask: a/b -> a/c:80 deny because nothing\n";
    let case = cases::parse(Path::new("wrong.yaml"), text).expect("it parses");
    let complaints = check(&case);
    assert_eq!(complaints.len(), 8, "{complaints:?}");
    for mistake in [
        "# expect: a -> b/c allow",
        "# expect: a/b -> a/c maybe",
        "# expects: a",
        "# delete: pods/a/b",
        "# expect: a/b -> a/c allow if so",
    ] {
        assert!(cases::parse(Path::new("x.yaml"), mistake).is_err(), "{mistake}");
    }
}

fn check(case: &Case) -> Vec<String> {
    let mut cluster = Cluster::default();
    let mut followed = Index::build(&cluster);
    let mut complaints = Vec::new();
    for step in &case.steps {
        let (deltas, problems) = step.deltas(&cluster);
        for delta in deltas {
            let changes = cluster.apply(delta);
            followed.apply(&cluster, &changes);
        }
        for wanted in &step.problems {
            if !problems.iter().any(|it| it.contains(wanted)) {
                complaints.push(format!("{}: no problem says {wanted:?}: {problems:?}", case.path.display()));
            }
        }
        let fresh = Index::build(&cluster);
        for expect in &step.expects {
            let place = format!(
                "{}:{}: {} -> {}",
                case.path.display(),
                expect.line,
                text::net::end(&expect.from),
                text::net::end(&expect.to)
            );
            let found = judge(&cluster, &fresh, &followed, expect);
            complaints.extend(found.into_iter().map(|it| format!("{place}: {it}")));
        }
        for question in &step.asks {
            let place = format!("{}:{}: {} -> {}", case.path.display(), question.line, question.from, question.to);
            complaints.extend(answer(&cluster, &followed, question).into_iter().map(|it| format!("{place}: {it}")));
        }
    }
    complaints
}

/// A question as users ask it, answered with the naive evaluator looking on.
fn answer(cluster: &Cluster, index: &Index, question: &Ask) -> Vec<String> {
    let settings = Settings::default();
    let differences = std::cell::RefCell::default();
    let asker = Asker::new(cluster, index).with_self_check(&settings, &differences);
    let namespace = Name::from("default");
    let ends = (end(&question.from, &namespace), end_and_port(&question.to, &namespace));
    let (Ok(from), Ok((to, port))) = ends else { return vec!["no such end can be written".to_owned()] };
    let trace = match asker.trace(&from, &to, &port) {
        Ok(trace) => trace,
        Err(fault) => return vec![format!("{fault:?}")],
    };
    let mut complaints = differences.take();
    if trace.outcome() != question.outcome {
        complaints.push(format!("{}, not {}", trace.outcome(), question.outcome));
    }
    let page = trace.page().to_string();
    if question.because.as_ref().is_some_and(|it| !page.contains(it.as_str())) {
        complaints.push(format!("nothing says {:?}:\n{page}", question.because));
    }
    complaints
}

fn judge(cluster: &Cluster, fresh: &Index, followed: &Index, expect: &Expect) -> Vec<String> {
    let verdict = fresh.trace(cluster, &expect.from, &expect.to, expect.port);
    let mut complaints = Vec::new();
    let mut outcome = |who: &str, it: Outcome| {
        if it != expect.outcome {
            complaints.push(format!("{who} says {it}, not {}", expect.outcome));
        }
    };
    outcome("the index", verdict.outcome());
    outcome("the quick index", fresh.outcome(cluster, &expect.from, &expect.to, expect.port));
    outcome("the index that followed", followed.trace(cluster, &expect.from, &expect.to, expect.port).outcome());
    let settings = Settings::default();
    outcome(
        "the naive evaluator",
        match expect.port {
            Some(port) => naive::outcome(cluster, &settings, &expect.from, &expect.to, port),
            None => naive::outcome_of_any(cluster, &settings, &expect.from, &expect.to),
        },
    );
    complaints.extend(qualities(&verdict, expect));
    complaints
}

/// What the qualifiers of an expectation ask for and the verdict does not give.
fn qualities(verdict: &Verdict, expect: &Expect) -> Vec<String> {
    let mut complaints = Vec::new();
    let gates = verdict.deciding().map(|it| deciding_gates(it, expect)).unwrap_or_default();
    if let Some(by) = expect.by.as_ref().filter(|by| !gates.iter().any(|gate| decides(gate, by))) {
        let said: Vec<String> = gates.iter().filter_map(|it| Some(it.decided_by()?.policy.id().to_string())).collect();
        complaints.push(format!("by {said:?}, not {by}"));
    }
    if let Some(at) = expect.at.as_ref().filter(|at| !gates.iter().any(|gate| stands_at(gate, at))) {
        let said: Vec<_> = gates.iter().filter_map(|it| it.decided_by()?.places()).collect();
        complaints.push(format!("at {said:?}, not {at}"));
    }
    if let Some(why) = expect.why.as_ref().filter(|why| !gates.iter().any(|it| word(it.why) == **why)) {
        complaints.push(format!("why {:?}, not {why}", gates.iter().map(|it| word(it.why)).collect::<Vec<_>>()));
    }
    let families: Vec<String> = verdict.families.iter().map(|it| family(it, expect)).collect();
    if let Some(wanted) = expect.families.as_ref().filter(|it| **it != families.join(",")) {
        complaints.push(format!("families {}, not {wanted}", families.join(",")));
    }
    if let Some(wanted) = expect.ports.as_ref().filter(|it| **it != verdict.allowed().to_string()) {
        complaints.push(format!("ports {}, not {wanted}", verdict.allowed()));
    }
    let said = sentences(verdict);
    if let Some(because) = expect.because.as_ref().filter(|it| !said.iter().any(|line| line.contains(it.as_str()))) {
        complaints.push(format!("nothing says {because:?}: {said:#?}"));
    }
    complaints
}

/// The gates that made a deny; both for any other outcome.
fn deciding_gates<'v>(family: &'v FamilyVerdict, expect: &Expect) -> Vec<&'v Gate> {
    let gates = [Direction::Egress, Direction::Ingress].map(|it| family.gate(it));
    let denies = |gate: &&Gate| gate.outcome(expect.port) == Outcome::Deny;
    match expect.outcome {
        Outcome::Deny if gates.iter().any(denies) => gates.into_iter().filter(denies).collect(),
        _ => gates.to_vec(),
    }
}

fn decides(gate: &Gate, by: &str) -> bool {
    let decided = gate.decided_by().is_some_and(|it| it.policy.id().to_string() == by);
    let isolates = |it: &Considered| it.isolates && it.governs == Tri::Yes && it.policy.id().to_string() == by;
    decided || (gate.allowed.is_empty() && gate.policies.iter().any(isolates))
}

fn stands_at(gate: &Gate, at: &str) -> bool {
    gate.policies
        .iter()
        .filter_map(|it| it.places())
        .any(|(peer, port)| peer.to_string() == at || port.to_string() == at)
}

fn word(why: GateReason) -> &'static str {
    match why {
        GateReason::Outside => "outside",
        GateReason::Node => "node",
        GateReason::HostNetwork => "host-network",
        GateReason::OwnNode => "own-node",
        GateReason::Itself => "itself",
        GateReason::NotIsolated => "not-isolated",
        GateReason::Policies => "policies",
        GateReason::NotJudged => "not-judged",
    }
}

fn family(it: &FamilyVerdict, expect: &Expect) -> String {
    let family = if it.family == Family::V4 { "v4" } else { "v6" };
    format!("{family}={}", it.outcome(expect.port))
}

/// All that the verdict says in words.
fn sentences(verdict: &Verdict) -> BTreeSet<String> {
    let line = |it: text::evidence::Evidence| match &it.object {
        Some(object) => format!("{object} {}: {}", it.place, it.what),
        None => it.what.clone(),
    };
    let mut said: BTreeSet<String> = text::net::verdict(verdict, &[]).into_iter().map(line).collect();
    let gaps = verdict.families.iter().flat_map(|it| it.egress.gaps().into_iter().chain(it.ingress.gaps()));
    said.extend(gaps.chain(verdict.gaps.iter().cloned()).map(|it| text::words::gap(&it)));
    said
}
