//! Where the bytes of a followed cluster are: `cargo bench --bench memory [-- WORLD]` (default L).
//!
//! Every object of a seeded world is read and goes into the state of the screen, as it does when a server
//! sends it; then each part is dropped in turn, and what that freed is the part's own. Bytes are those that were asked
//! of the allocator, exact and the same everywhere; what the allocator adds is seen in `VmRSS`.

use std::alloc::System;
use std::borrow::Cow;

use kreach::embedded::{ServedCluster, kinds};
use kreach::kinds::{Intern, KINDS, KindSpec, WatchedPart};
use kreach::model::cluster::{Cluster, Delta};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::facts::Fact;
use kreach::model::objects::Objects;
use kreach::net;
use kreach::rbac;
use kreach::tui::app::{App, Setup};
use kreach::tui::event::Event;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that are held now, and in how many pieces.
fn held() -> (isize, isize) {
    let stats = ALLOCATOR.stats();
    let bytes = stats.bytes_allocated as isize - stats.bytes_deallocated as isize;
    (bytes, stats.allocations as isize - stats.deallocations as isize)
}

/// Prints what happened since, as a row.
fn row(what: &str, objects: usize, before: (isize, isize)) {
    let now = held();
    let (bytes, pieces) = ((now.0 - before.0).abs(), (now.1 - before.1).abs());
    let each = (bytes as usize).checked_div(objects).unwrap_or(0);
    println!("  {what:<28}{:>9.2} MB {pieces:>9} pieces {objects:>9} objects {each:>6} B each", bytes as f64 / 1e6);
}

fn freed<T>(what: &str, objects: usize, it: T) {
    let before = held();
    drop(it);
    row(what, objects, before);
}

fn dropped<T: Fact>(what: &str, objects: &mut Objects<T>) {
    let count = objects.len();
    freed(what, count, std::mem::take(objects));
}

/// An object as a watch of its kind sends it: of workloads the metadata alone.
fn sent<'a>(spec: &KindSpec, json: &'a [u8]) -> Cow<'a, str> {
    if spec.watch == WatchedPart::Full {
        return Cow::Borrowed(std::str::from_utf8(json).expect("the server writes UTF-8"));
    }
    let object: serde_json::Value = serde_json::from_slice(json).expect("the server writes JSON");
    serde_json::json!({ "metadata": object["metadata"] }).to_string().into()
}

/// Every object of the world as batches of steps, a kind at a time.
fn read(world: &ServedCluster, mut each: impl FnMut(Vec<Delta>)) -> Intern {
    let mut intern = Intern::new();
    for spec in KINDS {
        let mut batch = Vec::new();
        if let Some(kind) = kinds::by_plural(spec.plural).filter(|it| it.group == spec.group) {
            world.documents(kind, |json| {
                let text = sent(spec, json);
                batch.extend(spec.read_json(&text, "", &mut intern).delta());
                if batch.len() == 500 {
                    each(std::mem::take(&mut batch));
                }
            });
        }
        each(batch);
        each(vec![Delta::Covered { kind: spec.kind, scope: Scope::Everywhere, coverage: Coverage::Live }]);
    }
    intern
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let name = words.first().map_or("L", String::as_str);
    let world = ServedCluster::seeded(name).expect("a seeded world");
    facts(&world);
    indexes(&world);
    screen(&world);
}

fn facts(world: &ServedCluster) {
    let start = held();
    let mut cluster = Cluster::new(Coverage::Loading);
    let intern = read(world, |batch| batch.into_iter().for_each(|it| drop(cluster.apply(it))));
    row("facts and the interner", cluster.pods.len(), start);
    println!("  {}", intern.counts().map(|(what, count)| format!("{count} {what}")).join(", "));
    freed("the interner's tables", intern.len(), intern);
    let before = held();
    let copy = cluster.clone();
    row("a clone", cluster.pods.len(), before);
    drop(copy);
    dropped("pods", &mut cluster.pods);
    dropped("policies", &mut cluster.policies);
    dropped("endpoint slices", &mut cluster.endpoint_slices);
    dropped("services", &mut cluster.services);
    dropped("workloads", &mut cluster.workloads);
    dropped("service accounts", &mut cluster.service_accounts);
    dropped("roles", &mut cluster.roles);
    dropped("bindings", &mut cluster.bindings);
    dropped("nodes", &mut cluster.nodes);
    dropped("namespaces", &mut cluster.namespaces);
    freed("the rest of the cluster", 0, cluster);
    row("left over", 0, start);
}

/// What is derived from the facts, grown step by step as they came.
fn indexes(world: &ServedCluster) {
    let mut cluster = Cluster::new(Coverage::Loading);
    let mut net = net::Index::build(&cluster);
    let mut rbac = rbac::Index::build(&cluster);
    let intern = read(world, |batch| {
        for delta in batch {
            let changes = cluster.apply(delta);
            net.apply(&cluster, &changes);
            rbac.apply(&cluster, &changes);
        }
    });
    freed("net::Index", cluster.pods.len(), net);
    freed("rbac::Index", cluster.bindings.len(), rbac);
    drop((cluster, intern));
}

/// The whole screen, its lists drawn once.
fn screen(world: &ServedCluster) {
    let start = held();
    let mut app = App::new(Setup::default(), Cluster::new(Coverage::Loading));
    app.update(Event::Resize(120, 40));
    let intern = read(world, |batch| {
        app.update(Event::Deltas(batch));
        app.prepare();
    });
    row("the screen, the interner", 0, start);
    freed("the interner's tables", 0, intern);
    freed("the screen", 0, app);
    println!("  VmRSS, VmHWM {:?}", memory());
}

/// What the process holds, and held at most, as `/proc` counts it.
fn memory() -> Vec<String> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status.lines().filter(|it| it.starts_with("VmRSS") || it.starts_with("VmHWM"));
    lines.map(|it| it.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")).collect()
}
