//! How fast two states of a cluster are compared, in flows and rights, and changes are proposed, at a seeded world:
//! `cargo bench --bench fix [-- WORLD [WORD]]` (default L; of the questions those alone whose names hold the word).
//!
//! Prints p50, p99 and the worst of each question against the goals of docs/performance.md, and what it came to.
//! Objects and flows are drawn by a seed: the same on every machine. What is timed begins with both states at hand.

mod random;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kreach::ask::diff::{Common, compare};
use kreach::ask::end::{AskedEnd, PortAsk};
use kreach::ask::question::{Here, Reads as _, fix::Fix};
use kreach::ask::world::SelfCheck;
use kreach::ask::{Answer, Question, World, gained};
use kreach::change::{Change, Op, edits::project};
use kreach::embedded::{ServedCluster as Seeded, kinds};
use kreach::kinds::{Intern, KINDS, spec_of};
use kreach::model::cluster::{Cluster, Delta};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::evidence::Outcome;
use kreach::model::facts::Phase;
use kreach::model::id::{Kind, ObjectId};
use kreach::net::Settings;
use serde_json::{Value, json};

use random::Random;

/// A seeded world as a cluster, all of it read, with the objects of some kinds whole.
fn cluster(world: &Seeded) -> (Cluster, BTreeMap<ObjectId, String>) {
    const WHOLE: [&str; 6] =
        ["namespaces", "networkpolicies", "roles", "clusterroles", "rolebindings", "clusterrolebindings"];
    let mut cluster = Cluster::new(Coverage::Loading);
    let (mut intern, mut whole) = (Intern::new(), BTreeMap::new());
    for spec in KINDS {
        if let Some(kind) = kinds::by_plural(spec.plural).filter(|it| it.group == spec.group) {
            world.documents(kind, |json| {
                let text = std::str::from_utf8(json).expect("the server writes UTF-8");
                let delta = spec.read_json(text, "", &mut intern).delta();
                if let (Some(Delta::Put(entry)), true) = (&delta, WHOLE.contains(&spec.plural)) {
                    whole.insert(entry.fact.id(), text.to_owned());
                }
                delta.into_iter().for_each(|it| drop(cluster.apply(it)));
            });
        }
        let (kind, scope) = (spec.kind, Scope::Everywhere);
        cluster.apply(Delta::Covered { kind, scope, coverage: Coverage::Live });
    }
    (cluster, whole)
}

/// A pod whole: there are too many of them to keep.
fn pod(world: &Seeded, id: &ObjectId) -> Option<String> {
    let (spec, mut found) = (spec_of("v1", "Pod")?, None);
    world.documents(kinds::by_plural("pods")?, |json| {
        let text = std::str::from_utf8(json).expect("the server writes UTF-8");
        if text.contains(id.name.as_str())
            && let Some(Delta::Put(entry)) = spec.read_json(text, "", &mut Intern::new()).delta()
            && entry.fact.id() == *id
        {
            found = Some(text.to_owned());
        }
    });
    found
}

fn is_wanted(what: &str) -> bool {
    std::env::args().filter(|it| !it.starts_with("--")).nth(2).is_none_or(|it| what.contains(&it))
}

/// Prints the percentiles of one question beside its goal.
fn told(what: &str, goal: Option<Duration>, mut taken: Vec<(Duration, String)>) {
    taken.sort_unstable();
    let at = |share: f64| &taken[((taken.len() - 1) as f64 * share) as usize];
    let mark = match goal {
        Some(goal) if at(0.99).0 > goal => "OVER",
        _ => "ok  ",
    };
    let goal = goal.map(|it| format!("  goal p99 {it:?}")).unwrap_or_default();
    let (p50, p99, worst) = (at(0.5).0, at(0.99).0, &at(1.0));
    println!(
        "{mark} {what}: p50 {p50:.1?}  p99 {p99:.1?}  worst {:.1?}{goal}  n {}  worst: {}",
        worst.0,
        taken.len(),
        worst.1
    );
}

/// The world with these changes made.
fn with(world: &World, changes: &[Change]) -> World {
    let mut after = world.clone();
    after.apply(project(&world.cluster, changes).expect("objects that are read").deltas);
    after.net();
    after.rbac();
    after
}

/// Compares two worlds both ways, and all at once where nothing is known of how they came to be.
fn compared(what: &str, goal: Option<Duration>, before: &World, after: impl Iterator<Item = World>) {
    if !is_wanted(what) {
        return;
    }
    let common = Common { is_one_source: true, has_same_unread: true };
    let taken = after.map(|after| {
        let from = Instant::now();
        let impact = black_box(compare(before, &after, common));
        (from.elapsed(), format!("{} rows of flows, {} of rights", impact.flows.len(), impact.grants.len()))
    });
    told(what, goal, taken.collect());
}

/// Compares what everybody comes to reach in two worlds.
fn reached(what: &str, before: &World, after: impl Iterator<Item = World>) {
    if !is_wanted(what) {
        return;
    }
    let taken = after.map(|after| {
        let from = Instant::now();
        let reach = black_box(gained::compare(before, &after, gained::SPARE, &mut |_, _| true));
        (from.elapsed(), format!("{} rows of reach, {} left", reach.rows.len(), reach.left))
    });
    told(what, None, taken.collect());
}

/// What proposes changes, beside what of objects it wants whole.
struct Proposing<'w> {
    seeded: &'w Seeded,
    whole: &'w BTreeMap<ObjectId, String>,
    world: &'w World,
}

impl Proposing<'_> {
    fn ask(&self, what: &str, goal: Option<Duration>, asked: impl Iterator<Item = Fix>) {
        if !is_wanted(what) {
            return;
        }
        let here = Here { namespace: "default".into(), ..Here::default() };
        let taken = asked.map(|it| {
            let mut world = self.world.clone();
            let whole = it.wholes(&here, &world).into_iter().filter_map(|id| {
                let text = self.whole.get(&id).cloned();
                let text = text.or_else(|| (id.kind == Kind::POD).then(|| pod(self.seeded, &id)).flatten())?;
                Some((id, serde_json::from_str(&text).expect("JSON")))
            });
            world.manifests = Arc::new(whole.collect());
            let from = Instant::now();
            let answer = black_box(world.answer(&Question::Fix(it.clone()), &here).expect("an answer"));
            let took = from.elapsed();
            let Answer::Fix(fix) = answer else { unreachable!("a fix was asked for") };
            let objects: Vec<usize> = fix.candidates.iter().map(|it| it.changes.len()).collect();
            (took, format!("{} candidates of {objects:?} objects", fix.candidates.len()))
        });
        told(what, goal, taken.collect());
    }
}

/// Flows between two pods: some that are denied, some that are allowed.
fn flows(world: &World, wanted: Outcome, count: usize) -> Vec<[String; 2]> {
    let running = |it: &&kreach::model::facts::SharedPod| it.is_governed() && it.phase() == Phase::Running;
    let pods: Vec<_> = world.cluster.pods.iter().filter(running).map(|it| it.pod_id()).collect();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut flows = Vec::new();
    for _ in 0..count * 1_000 {
        let mut pod = || pods[random.below(pods.len())].clone();
        let (from, to, port) = (pod(), pod(), PortAsk::number(8080, None).expect("a port"));
        let isolated = world.net().isolation(&to).is_some_and(|it| !it.policies.is_empty());
        let trace = world.asker().without_prerequisites();
        let trace = trace.trace(&AskedEnd::Pod(from.clone()), &AskedEnd::Pod(to.clone()), &port).expect("an answer");
        if from != to && isolated && trace.outcome() == wanted {
            flows.push([format!("pod/{from}"), format!("pod/{to}:8080")]);
        }
        if flows.len() == count {
            break;
        }
    }
    flows
}

/// The same object otherwise.
fn changed(whole: &BTreeMap<ObjectId, String>, id: &ObjectId, change: impl Fn(&mut Value)) -> Change {
    let mut object: Value = serde_json::from_str(&whole[id]).expect("JSON");
    change(&mut object);
    Change { op: Op::Update, object }
}

/// So many of a kind, spread over all of it.
fn some(whole: &BTreeMap<ObjectId, String>, kind: Kind, count: usize) -> Vec<ObjectId> {
    let all: Vec<&ObjectId> = whole.keys().filter(|it| it.kind == kind).collect();
    (0..count).filter(|_| !all.is_empty()).map(|at| all[at * 7_919 % all.len()].clone()).collect()
}

fn comparisons(world: &World, whole: &BTreeMap<ObjectId, String>, settings: &Settings) {
    let ms = |it| Some(Duration::from_millis(it));
    let update = |kind, count, change: fn(&mut Value)| {
        some(whole, kind, count).into_iter().map(move |it| with(world, &[changed(whole, &it, change)]))
    };
    let delete = |kind, count| {
        let gone = |it: ObjectId| Change { op: Op::Delete, ..changed(whole, &it, |_| ()) };
        some(whole, kind, count).into_iter().map(move |it| with(world, &[gone(it)]))
    };
    compared("compare, nothing differs", ms(150), world, (0..5).map(|_| with(world, &[])));
    let shut =
        |it: &mut Value| it["spec"] = json!({"podSelector": it["spec"]["podSelector"], "policyTypes": ["Ingress"]});
    compared("compare, a policy without its rules", ms(150), world, update(Kind::NETWORK_POLICY, 40, shut));
    let open = |it: &mut Value| it["spec"]["ingress"] = json!([{}]);
    compared("compare, a policy that lets everybody in", ms(150), world, update(Kind::NETWORK_POLICY, 40, open));
    compared("compare, a policy deleted", ms(150), world, delete(Kind::NETWORK_POLICY, 40));
    let moved = |it: &mut Value| it["metadata"]["labels"]["team"] = json!("none");
    compared("compare, a namespace relabeled", ms(150), world, update(Kind::NAMESPACE, 20, moved));
    compared("compare, a RoleBinding deleted", ms(150), world, delete(Kind::ROLE_BINDING, 40));
    compared("compare, a ClusterRoleBinding deleted", ms(150), world, delete(Kind::CLUSTER_ROLE_BINDING, 40));
    let more = |it: &mut Value| {
        let rule = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]});
        it["rules"].as_array_mut().into_iter().for_each(|it| it.push(rule.clone()));
    };
    compared("compare, a rule more in a ClusterRole", ms(150), world, update(Kind::CLUSTER_ROLE, 40, more));
    reached("reach, a policy deleted", world, delete(Kind::NETWORK_POLICY, 3));
    reached("reach, a RoleBinding deleted", world, delete(Kind::ROLE_BINDING, 3));
    let nothing = World::of(Cluster::new(Coverage::Live), settings.clone(), SelfCheck::Off);
    compared("compare, all of it is new", None, &nothing, std::iter::once(with(world, &[])));
    let apart = || World::of(world.cluster.clone(), settings.clone(), SelfCheck::Off);
    compared("compare, read twice", None, world, std::iter::once(with(&apart(), &[])));
}

fn proposals(proposing: &Proposing<'_>) {
    let world = proposing.world;
    let flow = |[from, to]: [String; 2], allow| Fix { words: vec![from, to], allow, deny: !allow, ..Fix::default() };
    let denied = flows(world, Outcome::Deny, 10).into_iter().map(|it| flow(it, true));
    proposing.ask("fix, a denied flow", None, denied);
    let allowed = flows(world, Outcome::Allow, 10).into_iter().map(|it| flow(it, false));
    proposing.ask("fix, an allowed flow", None, allowed);
    let spaces = some(proposing.whole, Kind::NAMESPACE, 10);
    let isolate = spaces.into_iter().map(|it| Fix { isolate: Some(format!("ns/{}", it.name)), ..Fix::default() });
    proposing.ask("fix --isolate", None, isolate);
    let pods: Vec<_> = world.cluster.pods.iter().filter(|it| it.is_governed()).collect();
    let contain = (0..5).map(|at| {
        let pod = pods[at * 7_919 % pods.len()].pod_id();
        Fix { contain: Some(format!("pod/{}/{}", pod.namespace, pod.name)), ..Fix::default() }
    });
    proposing.ask("fix --contain", None, contain);
    let bindings: Vec<_> = world.cluster.bindings.iter().filter(|it| !it.subjects.is_empty()).collect();
    let subject = |at: usize| {
        let binding = bindings[at * 7_919 % bindings.len()];
        kreach::rbac::grant::named(&binding.subjects[0], binding).to_string()
    };
    let revoke = (0..10).map(|at| Fix { revoke: Some(subject(at)), ..Fix::default() });
    proposing.ask("fix --revoke", None, revoke);
    let to = |at| Fix { revoke: Some(subject(at)), to: Some("cluster-admin".to_owned()), ..Fix::default() };
    proposing.ask("fix --revoke --to cluster-admin", None, (0..3).map(to));
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let name = words.first().map_or("L", String::as_str);
    let seeded = Seeded::seeded(name).expect("a seeded world");
    let (cluster, whole) = cluster(&seeded);
    let settings = Settings::default();
    let world = World::of(cluster, settings.clone(), SelfCheck::Off);
    world.net();
    world.rbac();
    println!(
        "world {name}: {} pods, {} policies, {} roles, {} bindings",
        world.cluster.pods.len(),
        world.cluster.policies.len(),
        world.cluster.roles.len(),
        world.cluster.bindings.len()
    );
    comparisons(&world, &whole, &settings);
    proposals(&Proposing { seeded: &seeded, whole: &whole, world: &world });
}
