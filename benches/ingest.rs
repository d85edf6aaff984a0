//! From a connection to a cluster that can be asked: time and memory of a second process, as CONTRACT §6 counts them.
//!
//! ```text
//! cargo bench --bench ingest              world L, streamed lists
//! cargo bench --bench ingest -- M         another world
//! cargo bench --bench ingest -- L pages   as `map` reads it: pages of 500
//! ```
//!
//! The server is a process of its own, so that its memory and (on two cores, only partly) its time are not ours.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kreach::ask::needs::{Needs, ReadNeed};
use kreach::embedded::{ServeSettings, serve_named};
use kreach::kinds::KINDS;
use kreach::live::read::Reader;
use kreach::live::{self, SessionKinds, connect};
use kreach::model::cluster::Cluster;
use kreach::model::coverage::{Coverage, Scope};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", world] => runtime.block_on(serve(world)),
        [] => measure(&runtime, "L", "stream"),
        [world] => measure(&runtime, world, "stream"),
        [world, way, ..] => measure(&runtime, world, way),
    }
}

async fn serve(world: &str) {
    let server = serve_named(world, "127.0.0.1:0", ServeSettings::default()).await.expect("a server");
    println!("{}", server.url());
    std::future::pending::<()>().await;
}

/// The server's process, ended with us.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        // It has ended already, or it ends now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn measure(runtime: &tokio::runtime::Runtime, world: &str, way: &str) {
    let own = std::env::current_exe().expect("our own path");
    let mut child = Command::new(own).args(["serve", world]).stdout(Stdio::piped()).spawn().expect("the server");
    let mut url = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut url).expect("its address");
    let _served = Served(child);
    let server = url.trim().parse().expect("an address");
    runtime.block_on(async {
        let client = connect::to_address(server).expect("a client");
        let begun = Instant::now();
        let (cluster, first) = match way {
            "pages" => (pages(client).await, None),
            _ => stream(client, begun).await,
        };
        print(world, way, &cluster, first, begun.elapsed());
    });
}

/// As the screen does it: follow everything until all of it is known.
async fn stream(client: kube::Client, begun: Instant) -> (Cluster, Option<Duration>) {
    let (mut batches, _control) = live::start(client, SessionKinds::everything(Vec::new()));
    let (mut cluster, mut first) = (Cluster::new(Coverage::Loading), None);
    let is_known = |it: &Cluster| KINDS.iter().all(|spec| it.coverage.is_complete(spec.kind, ""));
    while !is_known(&cluster) {
        let batch = batches.recv().await.expect("the session goes on");
        batch.deltas.into_iter().for_each(|it| drop(cluster.apply(it)));
        if first.is_none() && !cluster.pods.is_empty() {
            first = Some(begun.elapsed());
        }
    }
    (cluster, first)
}

/// As a command does it that needs everything.
async fn pages(client: kube::Client) -> Cluster {
    let mut cluster = Cluster::new(Coverage::Unread);
    let all = KINDS.iter().map(|it| ReadNeed::All { kind: it.kind, scope: Scope::Everywhere });
    Reader::new(client, Vec::new()).read(&mut cluster, &Needs(all.collect())).await.expect("a sound server");
    cluster
}

fn print(world: &str, way: &str, cluster: &Cluster, first: Option<Duration>, all: Duration) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = |name: &str| {
        let line = status.lines().find_map(|it| it.strip_prefix(name)).unwrap_or(": 0 kB");
        line.trim_matches([':', ' ', '\t']).trim_end_matches(" kB").trim().parse().unwrap_or(0_u64) / 1024
    };
    println!("world {world}, {way}: {} pods, {} policies", cluster.pods.len(), cluster.policies.len());
    if let Some(first) = first {
        println!("  first pods        {:>8.3} s", first.as_secs_f64());
    }
    println!("  everything        {:>8.3} s", all.as_secs_f64());
    println!("  VmRSS, VmHWM      {:>5} MB {:>5} MB", memory("VmRSS"), memory("VmHWM"));
}
