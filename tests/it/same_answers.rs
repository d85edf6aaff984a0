//! One cluster, three ways to it: a command that reads what it needs, a screen that follows everything, and files.
//!
//! ```text
//! embedded server ──gather(needs, beside)──► Cluster ─┐
//!                 ──session───────────────► Cluster ─┼─► the command's JSON, word for word
//!                 ──session, snapshot, files► Cluster ─┘
//! ```
//!
//! Outcome and evidence are the same each way; what a command did not read it neither claims nor lacks.

use std::sync::Arc;

use clap::Parser as _;
use jiff::Timestamp;
use kreach::args::Args;
use kreach::ask::needs::Needs;
use kreach::ask::world::SelfCheck;
use kreach::ask::{Here, World};
use kreach::cli::{Asked, Context, Exit};
use kreach::embedded::{self, ServeSettings, Server, Story, kubeconfig, serve};
use kreach::kinds::KINDS;
use kreach::live::connect::{self, Connected, Flags};
use kreach::live::read::Reader;
use kreach::live::{files, snapshot};
use kreach::model::cluster::Cluster;
use kreach::model::coverage::Coverage;
use kreach::model::facts::PodNetwork;
use kreach::model::id::Kind;

use crate::live_world::Session;

/// A served world, and the two ways in which all of it is held.
struct Ways {
    connected: Connected,
    followed: Cluster,
    files: Cluster,
    _server: Server,
}

impl Ways {
    async fn to(world: Arc<embedded::ServedCluster>) -> Self {
        let server = serve(world, "127.0.0.1:0", ServeSettings::default()).await.expect("a server");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config");
        kubeconfig::write(&path, &server, "test").expect("a kubeconfig");
        let flags = Flags { kubeconfig: Some(path), ..Flags::default() };
        let connected = connect::connect(&flags).await.expect("a client");
        let kinds: Vec<Kind> = KINDS.iter().map(|it| it.kind).collect();
        let mut session = Session::of(connected.client.clone(), &kinds, &[]);
        let is_known = |it: &Session| kinds.iter().all(|kind| it.cluster.coverage.is_complete(*kind, ""));
        session.until("every kind is known", is_known).await;
        let mut text = Vec::new();
        snapshot::write(&session.cluster, &mut text).expect("a vector takes all bytes");
        let text = String::from_utf8(text).expect("YAML is text");
        let files = files::load_text("snapshot.yaml", &text, "default").expect("a snapshot is read back").cluster;
        Self { connected, followed: session.cluster, files, _server: server }
    }

    /// What a one-shot command reads for this question.
    async fn read(&self, args: &Args) -> Cluster {
        let command = args.command.as_ref().and_then(|it| it.asks()).expect("a command that asks");
        let (context, reader) = (context(), Reader::of(&self.connected, Vec::new()));
        let (mut world, mut asked) = (world(Cluster::new(Coverage::Unread)), Needs::default());
        loop {
            let mut wanted =
                command.reads().needs(&context.here, &world).expect("the question can be asked").except(&asked);
            if wanted.is_empty() {
                wanted = command.reads().beside(&context.here, &world).except(&asked);
            }
            if wanted.is_empty() {
                return world.cluster;
            }
            let bring = reader.bring(&wanted, |it| world.read_in(it.deltas, it.address, it.node));
            bring.await.expect("a sound server");
            asked.0.extend(wanted.0);
        }
    }
}

/// The cluster of the demo's story, as a session follows it.
pub async fn story() -> Cluster {
    Ways::to(Story::new(Timestamp::UNIX_EPOCH).world().clone()).await.followed
}

fn world(cluster: Cluster) -> World {
    World::of(cluster, kreach::net::Settings::default(), SelfCheck::Off)
}

fn context() -> Context {
    Context { here: Here { namespace: "default".into(), ..Here::default() }, ..Context::default() }
}

/// What a command prints and how it ends, from this cluster.
fn answer(args: &Args, cluster: &Cluster) -> (String, Result<Exit, String>) {
    let command = args.command.as_ref().and_then(|it| it.asks()).expect("a command that asks");
    let (world, context, mut out) = (world(cluster.clone()), context(), Vec::new());
    let exit = command.run(&Asked::of(&world, &context, command), &mut out);
    let exit = exit.map_err(|it| it.whole());
    let text = String::from_utf8(out).expect("JSON is text");
    let is_of_one_namespace = matches!(args.command, Some(kreach::args::Command::Can(_)));
    (if is_of_one_namespace { without_misses(&text) } else { text }, exit)
}

/// The nearest grant that does not fit may stand in a namespace that `can` does not read.
fn without_misses(text: &str) -> String {
    let Ok(mut document) = serde_json::from_str::<serde_json::Value>(text) else { return text.to_owned() };
    if let Some(evidence) = document["evidence"].as_array_mut() {
        evidence.retain(|it| it["bears"] != "miss");
    }
    document.to_string()
}

fn parsed(words: &[String]) -> Args {
    let words = std::iter::once("kreach").chain(words.iter().map(String::as_str));
    Args::try_parse_from(words.chain(["-o", "json"])).expect("a command line")
}

/// Some of many, spread over all of them.
fn some<T: Clone>(all: impl Iterator<Item = T>, wanted: usize) -> Vec<T> {
    let all: Vec<T> = all.collect();
    let step = (all.len() / wanted).max(1);
    all.into_iter().step_by(step).take(wanted).collect()
}

/// Ends of every kind that this cluster has, as they are typed.
fn ends(cluster: &Cluster) -> Vec<String> {
    let pods = some(cluster.pods.iter().filter(|it| !it.phase().is_finished()), 8);
    let own = pods.iter().filter(|it| it.network() == PodNetwork::Own);
    let mut ends: Vec<String> = pods.iter().map(|it| format!("pod/{}", it.pod_id())).collect();
    ends.extend(own.take(3).filter_map(|it| it.addresses().iter().next()).map(|it| it.to_string()));
    ends.extend(
        some(cluster.services.iter(), 4).iter().map(|it| format!("svc/{}/{}", it.meta.namespace, it.meta.name)),
    );
    ends.extend(some(cluster.workloads.iter(), 4).iter().map(|it| it.workload_id().to_string()));
    ends.extend(some(cluster.namespaces.iter(), 2).iter().map(|it| format!("ns/{}", it.meta.name)));
    ends.extend(some(cluster.nodes.iter(), 1).iter().map(|it| format!("node/{}", it.meta.name)));
    ends.extend(["203.0.113.7".to_owned(), "10.0.0.0/8".to_owned(), "pod/default/nobody".to_owned()]);
    ends
}

/// Each of these with its neighbors two and seven places on, so that every kind of end meets others.
fn traces(ends: &[String]) -> Vec<Vec<String>> {
    let pair = |at: usize, by: usize| vec!["trace".to_owned(), ends[at].clone(), ends[(at + by) % ends.len()].clone()];
    (0..ends.len()).flat_map(|at| [pair(at, 2), pair(at, 7)]).collect()
}

async fn are_the_same(ways: &Ways, words: &[String]) {
    let args = parsed(words);
    let one_shot = answer(&args, &ways.read(&args).await);
    assert_eq!(one_shot, answer(&args, &ways.followed), "one-shot and followed: {words:?}");
    assert_eq!(one_shot, answer(&args, &ways.files), "one-shot and files: {words:?}");
}

async fn every_trace_is_the_same(world: Arc<embedded::ServedCluster>) {
    let ways = Ways::to(world).await;
    for words in traces(&ends(&ways.followed)) {
        are_the_same(&ways, &words).await;
    }
}

#[tokio::test]
async fn traces_of_the_story_are_the_same_each_way() {
    every_trace_is_the_same(Story::new(Timestamp::UNIX_EPOCH).world().clone()).await;
}

#[tokio::test]
async fn traces_of_a_seeded_world_are_the_same_each_way() {
    every_trace_is_the_same(embedded::ServedCluster::seeded("S").expect("a world of that name")).await;
}

/// S51: a pod whose egress is isolated is told whether it can ask for names, though the question named no DNS.
#[tokio::test]
async fn a_one_shot_trace_tells_whether_names_resolve() {
    let ways = Ways::to(Story::new(Timestamp::UNIX_EPOCH).world().clone()).await;
    let mut told = 0;
    let pods = ways.followed.pods.iter().filter(|it| !it.phase().is_finished() && it.network() == PodNetwork::Own);
    for pod in some(pods, 25) {
        let args = parsed(&["trace".to_owned(), format!("pod/{}", pod.pod_id()), "svc/platform/registry".to_owned()]);
        let read = ways.read(&args).await;
        let (said, _) = answer(&args, &read);
        assert_eq!(said, answer(&args, &ways.followed).0);
        let is_told = said.contains("DNS: ");
        told += usize::from(is_told);
        let reads_dns = read.services.get("kube-system", "kube-dns").is_some();
        assert_eq!(reads_dns, is_told, "what is not shown is not read: {said}");
        assert!(read.pods.len() < ways.followed.pods.len() / 2, "{} pods", read.pods.len());
    }
    assert!((1..25).contains(&told), "{told} of 25");
}

/// Everything else that is asked of a whole cluster, and of who may do what.
#[tokio::test]
async fn lists_and_rights_are_the_same_each_way() {
    let ways = Ways::to(Story::new(Timestamp::UNIX_EPOCH).world().clone()).await;
    let account = ways.followed.service_accounts.iter().last().expect("an account");
    let subject = format!("sa:{}/{}", account.meta.namespace, account.meta.name);
    let pod = ways.followed.pods.iter().last().expect("a pod").pod_id();
    let questions = [
        "map".to_owned(),
        "map --by namespace".to_owned(),
        "map --by pod".to_owned(),
        format!("reach {pod}"),
        format!("reach {pod} --reverse --by pod"),
        format!("reach {pod} --to svc/platform/registry"),
        format!("reach {pod} --reverse --to 203.0.113.9"),
        "who-can get secrets".to_owned(),
        "who-can get /metrics".to_owned(),
        "can user:nobody delete pods".to_owned(),
        format!("can {subject} get pods"),
        format!("permissions {subject}"),
        "namespaces".to_owned(),
        "pods -n shop".to_owned(),
        "policies".to_owned(),
        "subjects".to_owned(),
        "matrix".to_owned(),
        "matrix access".to_owned(),
        format!("explain {pod}"),
        "explain ns/shop".to_owned(),
        "explain svc/platform/registry".to_owned(),
        "explain networkpolicy/shop/default-deny".to_owned(),
        format!("explain {subject}"),
        format!("touch {pod}"),
        "touch ns/shop".to_owned(),
    ];
    for question in questions {
        let words: Vec<String> = question.split(' ').map(str::to_owned).collect();
        are_the_same(&ways, &words).await;
    }
}
