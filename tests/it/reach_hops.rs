//! Within how many steps something is reached: the same as when every set of steps is tried, on small clusters.

use std::collections::BTreeSet;

use kreach::escalate::held::Held;
use kreach::escalate::moves::Move;
use kreach::escalate::{Certainty, Foothold, Goal, Ground, closure};
use kreach::model::cluster::AnyFact;
use kreach::model::evidence::Outcome;
use kreach::model::id::Kind;

use crate::net_worlds::cases;
use crate::rbac_worlds::{Random, account};
use crate::reach_laws::{World, fact, starts};

/// So many sets of steps are tried; where there are more nothing is compared.
const MOST: usize = 3_000;

/// Every set of steps up to a size, in no clever order.
struct Brute<'a> {
    ground: &'a Ground<'a>,
    start: &'a Foothold,
    goal: &'a Goal,
    tried: BTreeSet<BTreeSet<String>>,
}

impl Brute<'_> {
    /// Whether the goal is reached by these steps and so many more; `None`: there are too many.
    fn reaches(&mut self, taken: &mut Vec<Move>, left: usize) -> Option<bool> {
        let names: BTreeSet<String> = taken.iter().map(|it| it.to.to_string()).collect();
        if !self.tried.insert(names) {
            return Some(false);
        }
        if self.tried.len() > MOST {
            return None;
        }
        let mut held = Held::of(self.ground, self.start, self.goal.wanted());
        for it in taken.iter() {
            held.take(self.ground, it.clone(), 0);
        }
        let next = closure::next(self.ground, &held, Certainty::Certain);
        if next.iter().any(|it| self.goal.met_by(self.ground, &it.to).is_some()) {
            return Some(true);
        }
        for it in next.iter().filter(|_| left > 1) {
            for one in it.to.members(self.ground) {
                taken.push(it.to_one(one));
                let found = self.reaches(taken, left - 1);
                taken.pop();
                if found != Some(false) {
                    return found;
                }
            }
        }
        Some(false)
    }
}

/// Accounts that become one another, with halves of steps strewn among them.
fn strewn(random: &mut Random) -> Vec<AnyFact> {
    const ACCOUNTS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let halves = [
        ("volumes", "", r#""apiGroups":[""],"resources":["persistentvolumes"],"verbs":["create"]"#),
        ("pods", "far", r#""apiGroups":[""],"resources":["pods"],"verbs":["create"]"#),
        ("labels", "far", r#""apiGroups":[""],"resources":["namespaces"],"verbs":["patch"]"#),
    ];
    let level = r#"{"pod-security.kubernetes.io/enforce":"restricted"}"#;
    let place = |it: &str| fact(Kind::NAMESPACE, &format!(r#"{{"metadata":{{"name":"{it}","labels":{level}}}}}"#), "");
    let mut facts: Vec<AnyFact> = ["far", "team"].into_iter().map(place).collect();
    facts.extend(ACCOUNTS.map(|it| account("team", it)));
    let is_some = |random: &mut Random, of: usize| random.below(of) == 0;
    for (name, home, rule) in halves {
        let subjects: Vec<String> =
            ACCOUNTS.iter().filter(|_| is_some(random, 3)).map(|it| service_account(it)).collect();
        facts.extend(grant(name, home, rule, &subjects));
    }
    for (at, who) in std::iter::once("alice").chain(ACCOUNTS).enumerate() {
        let names: Vec<String> =
            ACCOUNTS.iter().filter(|_| is_some(random, 3)).map(|it| format!(r#""{it}""#)).collect();
        let names = if names.is_empty() { r#""f""#.to_owned() } else { names.join(",") };
        let rule = format!(
            r#""apiGroups":[""],"resources":["serviceaccounts"],"verbs":["impersonate"],"resourceNames":[{names}]"#
        );
        let subject = if at == 0 { r#"{"kind":"User","name":"alice"}"#.to_owned() } else { service_account(who) };
        facts.extend(grant(&format!("as-{who}"), "team", &rule, &[subject]));
    }
    facts
}

fn service_account(name: &str) -> String {
    format!(r#"{{"kind":"ServiceAccount","name":"{name}","namespace":"team"}}"#)
}

/// A ClusterRole of one rule, and what binds it: in a namespace, or cluster-wide.
fn grant(name: &str, home: &str, rule: &str, subjects: &[String]) -> [AnyFact; 2] {
    let kind = if home.is_empty() { Kind::CLUSTER_ROLE_BINDING } else { Kind::ROLE_BINDING };
    let role = format!(r#"{{"metadata":{{"name":"{name}"}},"rules":[{{{rule}}}]}}"#);
    let binding = format!(
        r#"{{"metadata":{{"name":"{name}"}},"subjects":[{}],
            "roleRef":{{"kind":"ClusterRole","name":"{name}","apiGroup":"rbac.authorization.k8s.io"}}}}"#,
        subjects.join(",")
    );
    [fact(Kind::CLUSTER_ROLE, &role, ""), fact(kind, &binding, home)]
}

#[test]
fn a_no_within_so_many_steps_is_one_however_they_are_chosen() {
    let (mut nos, mut yes) = (0, 0);
    for seed in 0..u64::from(cases(150)) {
        let world = World::of(&strewn(&mut Random::new(seed)));
        let (ground, start, goal) = (world.ground(), &starts()[0], Goal::AnyNode);
        let whole = closure::reach_goal(&ground, start, &goal, None);
        for most in 1..whole.path.len() {
            let found = closure::reach_goal(&ground, start, &goal, Some(most));
            let mut brute = Brute { ground: &ground, start, goal: &goal, tried: BTreeSet::new() };
            let expected = brute.reaches(&mut Vec::new(), most).expect("few sets of steps");
            let outcome = if expected { Outcome::Allow } else { Outcome::Deny };
            assert_eq!(found.outcome, outcome, "seed {seed} within {most}, found first: {:?}", whole.path);
            assert!(found.path.len() <= most, "seed {seed} within {most}: {:?}", found.path);
            (nos, yes) = (nos + usize::from(!expected), yes + usize::from(expected));
        }
    }
    assert!(nos > 100 && yes > 3, "{nos} times no, {yes} times by fewer steps than were found first");
}
