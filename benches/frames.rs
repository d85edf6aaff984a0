//! What the screen costs: time and bytes of frames, and of a filter's keystrokes, with 1,000 and with 150,000 pods.
//!
//! ```text
//! cargo bench --bench frames                              the figures of docs/performance.md
//! cargo bench --bench frames -- --shot assets/screen.svg  the picture in the README, drawn by the program itself
//! ```
//!
//! Bytes are exact and the same everywhere; times are of this machine.

use std::hint::black_box;
use std::time::{Duration, Instant};

use kreach::embedded;
use kreach::kinds::{self, Intern};
use kreach::model::address::Addresses;
use kreach::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use kreach::model::facts::{PodBuilder, SharedPod};
use kreach::model::id::Kind;
use kreach::model::name::Name;
use kreach::model::role::SharedBinding;
use kreach::terminal::screen::Screen;
use kreach::tui;
use kreach::tui::app::{App, Setup};
use kreach::tui::event::Event;
use kreach::tui::key;
use kreach::tui::status::Origin;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A screen with a counter of bytes in place of a terminal.
struct Bench {
    app: App,
    screen: Screen<Vec<u8>>,
    area: Rect,
}

impl Bench {
    fn new(cluster: Cluster, width: u16, height: u16) -> Self {
        let setup = Setup { title: "prod-eu".into(), origin: Origin::Files, ..Setup::default() };
        let mut app = App::new(setup, cluster);
        app.update(Event::Resize(width, height));
        Self { app, screen: Screen::new(Vec::new()), area: Rect::new(0, 0, width, height) }
    }

    /// Types keys by their names.
    fn keys(&mut self, keys: &str) {
        for name in keys.split_whitespace() {
            if let Some(key) = key::parse(name) {
                self.app.update(Event::Key(key));
            }
        }
    }

    /// Draws a frame: how long that took, and what it wrote.
    fn frame(&mut self) -> (Duration, usize) {
        let before = self.screen.out().len();
        let start = Instant::now();
        let mut buffer = Buffer::empty(self.area);
        self.app.prepare();
        tui::draw(&self.app, self.area, &mut buffer);
        let shown = self.screen.show(buffer);
        let took = start.elapsed();
        black_box(shown.is_ok());
        (took, self.screen.out().len() - before)
    }

    /// Types keys, then draws: the time of both, and the bytes.
    fn step(&mut self, keys: &str) -> (Duration, usize) {
        let start = Instant::now();
        self.keys(keys);
        let (_, bytes) = self.frame();
        (start.elapsed(), bytes)
    }
}

impl Bench {
    /// Types a letter as the loop does: the longest that another key would have waited, and the time of all of it.
    fn typed(&mut self, letter: char) -> [Duration; 2] {
        let begin = Instant::now();
        let mut start = begin;
        let mut longest = Duration::ZERO;
        let Some(key) = key::parse(&letter.to_string()) else { return [longest; 2] };
        self.app.update_within(Event::Key(key), &mut || start.elapsed() < SLICE);
        self.frame();
        loop {
            longest = longest.max(start.elapsed());
            if !self.app.is_busy() {
                return [longest, begin.elapsed()];
            }
            start = Instant::now();
            self.app.work(&mut || start.elapsed() < SLICE);
            if !self.app.is_busy() {
                longest = longest.max(start.elapsed());
                start = Instant::now();
                self.frame();
            }
        }
    }
}

/// As the loop has it: so long a key may wait for work that can be put off.
const SLICE: Duration = Duration::from_millis(6);

/// Pods like a large cluster's: namespaces of 75, workloads of 5, names of about 39 bytes with their namespace.
fn cluster(pods: u32) -> Cluster {
    const APPS: [&str; 10] = ["api", "web", "worker", "cache", "db", "gateway", "auth", "billing", "search", "queue"];
    let mut cluster = Cluster::default();
    for at in 0..pods {
        let (namespace, workload) = (at / 75, at / 5);
        let app = APPS[(workload % 10) as usize];
        let namespace = format!("team-{}-{namespace:04x}", namespace % 60);
        let name = format!("{app}-{:04x}-{:010x}-{:05x}", workload % 65_521, workload * 7, at * 13);
        let address = std::net::IpAddr::from([10, (at >> 16) as u8, (at >> 8) as u8, at as u8]);
        let node = Name::from(format!("node-{}", at % 500));
        let pod = PodBuilder { addresses: Addresses::new([address]), node, ..PodBuilder::new(namespace, name) };
        cluster.apply(Delta::Put(ReadObject::new(pod.build())));
    }
    cluster
}

fn percentile(times: &mut [Duration], part: usize) -> Duration {
    times.sort();
    times[(times.len() * part / 100).min(times.len() - 1)]
}

/// The same steps three times over; of each the least time, since others use the machine too.
fn least(steps: impl Fn() -> Vec<Duration>) -> Vec<Duration> {
    let first = steps();
    (1..3).fold(first, |least, _| least.into_iter().zip(steps()).map(|(a, b)| a.min(b)).collect())
}

/// Time of frames while the selection jumps about, so that nothing is cached.
fn frames(pods: u32, cluster: &Cluster) {
    let steps = || {
        let mut bench = Bench::new(cluster.clone(), 200, 60);
        bench.keys("2");
        bench.frame();
        let step = |at: usize| {
            bench.keys(if at % 7 == 6 { "ctrl-u" } else { "PgDn" });
            bench.frame().0
        };
        (0..400).map(step).collect()
    };
    let mut times = least(steps);
    let (half, most) = (percentile(&mut times, 50), percentile(&mut times, 99));
    println!("frame 200x60, {pods} pods: p50 {half:?}, p99 {most:?}");
}

/// Roles and bindings as in world L: half of the subjects are service accounts, and everybody may see services.
fn bound(bindings: u32) -> Cluster {
    let mut cluster = Cluster::default();
    let mut intern = Intern::new();
    let mut put = |kind: Kind, json: serde_json::Value| {
        let delta = kinds::spec(kind).and_then(|it| it.read_json(&json.to_string(), "", &mut intern).delta());
        delta.into_iter().for_each(|it| {
            cluster.apply(it);
        });
    };
    for role in 0..bindings / 8 {
        let (namespace, resource) =
            (format!("team-{}", role / 5), ["pods", "secrets", "configmaps"][role as usize % 3]);
        let rules = serde_json::json!([{"verbs": ["get", "list"], "apiGroups": [""], "resources": [resource]}]);
        let meta = serde_json::json!({"namespace": namespace, "name": format!("role-{role}")});
        put(Kind::ROLE, serde_json::json!({"metadata": meta, "rules": rules}));
    }
    for at in 0..bindings {
        let role = at / 8;
        let subject = match at % 2 {
            0 => serde_json::json!({"kind": "User", "name": format!("user-{at}")}),
            _ => {
                serde_json::json!({"kind": "ServiceAccount", "namespace": format!("team-{}", role / 5), "name": format!("account-{at}")})
            }
        };
        let meta = serde_json::json!({"namespace": format!("team-{}", role / 5), "name": format!("binding-{at}")});
        let of = serde_json::json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": format!("role-{role}")});
        put(Kind::ROLE_BINDING, serde_json::json!({"metadata": meta, "roleRef": of, "subjects": [subject]}));
    }
    let rules = serde_json::json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["services"]}]);
    put(Kind::CLUSTER_ROLE, serde_json::json!({"metadata": {"name": "seer"}, "rules": rules}));
    let of = serde_json::json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "seer"});
    let all = serde_json::json!([{"kind": "Group", "name": "system:authenticated"}]);
    let meta = serde_json::json!({"name": "all-see"});
    put(Kind::CLUSTER_ROLE_BINDING, serde_json::json!({"metadata": meta, "roleRef": of, "subjects": all}));
    cluster
}

/// The Subjects pane, whose rows are weighed when they come on the screen: 40,000 bindings as in world L.
fn subjects(bindings: u32) {
    let cluster = bound(bindings);
    let steps = || {
        let mut bench = Bench::new(cluster.clone(), 200, 60);
        bench.keys("4");
        bench.frame();
        let step = |at: usize| bench.step(if at % 7 == 6 { "ctrl-u" } else { "PgDn" }).0;
        (0..400).map(step).collect()
    };
    let mut times = least(steps);
    let (half, most) = (percentile(&mut times, 50), percentile(&mut times, 99));
    println!("key and frame 200x60, {bindings} subjects: p50 {half:?}, p99 {most:?}");
}

/// Everybody who can do something, as a page: to open it, to move about in it, and a binding that changes below it.
fn everybody(bindings: u32, asked: &str) {
    let cluster = bound(bindings);
    let opened = || {
        let mut bench = Bench::new(cluster.clone(), 200, 60);
        bench.keys("4 :");
        bench.app.update(Event::Paste(format!("who-can {asked}")));
        bench.frame();
        let open = bench.step("Enter").0;
        (bench, open)
    };
    let open = (0..5).map(|_| opened().1).min().unwrap_or_default();
    let moves = || {
        let mut bench = opened().0;
        let step = |at: usize| bench.step(["j", "PgDn", "G", "k", "PgUp", "l"][at % 6]).0;
        (0..120).map(step).collect()
    };
    let mut times = least(moves);
    let (half, most) = (percentile(&mut times, 50), percentile(&mut times, 99));
    let mut bench = opened().0;
    let changed: Vec<_> =
        cluster.bindings.iter().filter(|it| !it.meta.namespace.is_empty()).step_by(997).cloned().collect();
    let change = |binding: &SharedBinding| {
        let mut changed = (**binding).clone();
        changed.subjects = Default::default();
        let start = Instant::now();
        bench
            .app
            .update(Event::Deltas(vec![Delta::Put(ReadObject::new(AnyFact::Binding(SharedBinding::new(changed))))]));
        bench.frame();
        start.elapsed()
    };
    let changed = changed.iter().map(change).min().unwrap_or_default();
    println!("who-can {asked}, {bindings} bindings: opened in {open:?}, key and frame p50 {half:?}, p99 {most:?}");
    println!("  a binding changes: frame after it {changed:?}");
}

/// Bytes of what users do, at the size that the goals name.
fn bytes(cluster: &Cluster) {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut bench = Bench::new(cluster.clone(), width, height);
        bench.keys("2");
        let full = bench.frame().1;
        let moved = bench.step("j").1;
        let idle = bench.frame().1;
        bench.keys("G");
        bench.frame();
        bench.keys("k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k");
        bench.frame();
        let scrolled = bench.step("k").1;
        let paged = bench.step("PgUp").1;
        println!("bytes {width}x{height}: full {full}, move {moved}, scroll {scrolled}, page {paged}, idle {idle}");
    }
}

/// Each keystroke of filters typed letter by letter: what a next key would have to wait for, frames included, and how
/// long it took until the rows were those of the filter.
fn keystrokes(cluster: &Cluster) {
    const QUERIES: [&str; 8] = ["api", "apit", "gateway-x", "team12api", "zzzqqq", "a", "web0f", "billing7"];
    let typed = || QUERIES.iter().flat_map(|it| (1..=it.len()).map(|end| &it[..end]));
    let steps = || {
        let mut times = Vec::new();
        for query in QUERIES {
            let mut bench = Bench::new(cluster.clone(), 200, 60);
            bench.keys("2 /");
            bench.frame();
            times.extend(query.chars().flat_map(|letter| bench.typed(letter)));
        }
        times
    };
    let times = least(steps);
    let (mut waits, mut all): (Vec<_>, Vec<_>) = times.chunks(2).map(|it| (it[0], it[1])).unzip();
    let slowest = all.iter().zip(typed()).max().map_or((Duration::ZERO, ""), |it| (*it.0, it.1));
    let pods = cluster.pods.len();
    let (half, most) = (percentile(&mut waits, 50), percentile(&mut waits, 99));
    println!("filter keystroke, {pods} pods: keys wait p50 {half:?}, p99 {most:?}");
    let (half, most) = (percentile(&mut all, 50), percentile(&mut all, 99));
    println!("  until its rows are shown p50 {half:?}, p99 {most:?}; slowest {:?} for {:?}", slowest.0, slowest.1);
}

/// One pod's change, taken in and drawn.
fn changes(cluster: &Cluster) {
    let mut bench = Bench::new(cluster.clone(), 200, 60);
    bench.keys("2");
    bench.frame();
    let pods: Vec<SharedPod> = cluster.pods.iter().step_by(997).cloned().collect();
    let mut times: Vec<Duration> = pods
        .iter()
        .map(|pod| {
            let changed = pod.changed(|it| it.node = "node-moved".into());
            let entry = ReadObject::new(AnyFact::Pod(changed.into()));
            let start = Instant::now();
            bench.app.update(Event::Deltas(vec![Delta::Put(entry)]));
            bench.frame();
            start.elapsed()
        })
        .collect();
    let (half, most) = (percentile(&mut times, 50), percentile(&mut times, 99));
    println!("one pod changes, {} pods: frame after it p50 {half:?}, p99 {most:?}", cluster.pods.len());
}

/// Ten thousand changes of pods in a second: decoded, taken in, and drawn thirty times.
fn churn(cluster: &Cluster) -> std::io::Result<()> {
    const EVENTS: usize = 10_000;
    let unknown = || std::io::Error::other("world M serves pods");
    let world = embedded::ServedCluster::seeded("M").ok_or_else(unknown)?;
    let spec = kinds::spec_named("pods").ok_or_else(unknown)?;
    let kind = embedded::kinds::served(spec.group, spec.version, spec.plural).ok_or_else(unknown)?;
    let mut documents: Vec<String> = Vec::new();
    world.documents(kind, |json| documents.push(String::from_utf8_lossy(json).into_owned()));
    let decode = || {
        let (start, mut intern) = (Instant::now(), Intern::new());
        documents.iter().cycle().take(EVENTS).for_each(|json| {
            black_box(spec.read_json(json, "default", &mut intern));
        });
        vec![start.elapsed()]
    };
    let pods: Vec<SharedPod> = cluster.pods.iter().step_by(14).take(EVENTS).cloned().collect();
    let take_in = || {
        let mut bench = Bench::new(cluster.clone(), 200, 60);
        bench.keys("2");
        bench.frame();
        let batches = pods.chunks(EVENTS.div_ceil(30)).map(|batch| {
            let change = |pod: &SharedPod| {
                let changed = pod.changed(|it| it.node = "node-moved".into());
                Delta::Put(ReadObject::new(AnyFact::Pod(changed.into())))
            };
            let deltas: Vec<Delta> = batch.iter().map(change).collect();
            let start = Instant::now();
            bench.app.update(Event::Deltas(deltas));
            bench.frame();
            start.elapsed()
        });
        batches.collect()
    };
    let (decoded, taken): (Duration, Vec<Duration>) = (least(decode)[0], least(take_in));
    let (all, slowest) = (taken.iter().sum::<Duration>(), taken.iter().max().copied().unwrap_or_default());
    let bytes = documents.iter().map(String::len).sum::<usize>() / documents.len();
    println!("{EVENTS} changes, {} pods: {decoded:?} to decode (of {bytes} bytes each),", cluster.pods.len());
    println!("  {all:?} to take in and draw in 30 frames, at most {slowest:?} for one");
    Ok(())
}

/// The cluster of the story, as it stands when the demo opens.
fn story() -> Cluster {
    let began = jiff::Timestamp::from_second(1_793_000_000).expect("a time");
    let story = embedded::story::Story::new(began);
    let (mut cluster, mut intern) = (Cluster::default(), Intern::new());
    for spec in kinds::KINDS {
        let Some(kind) = embedded::kinds::served(spec.group, spec.version, spec.plural) else { continue };
        story.world().documents(kind, |json| {
            let text = String::from_utf8_lossy(json);
            if let Some(delta) = spec.read_json(&text, "default", &mut intern).delta() {
                cluster.apply(delta);
            }
        });
    }
    cluster
}

/// The README's picture: a denied connection of the story, with its proof.
fn shot(path: &str) -> std::io::Result<()> {
    let (width, height) = (120, 34);
    let setup = Setup { title: "demo".into(), origin: Origin::Live, ..Setup::default() };
    let mut app = App::new(setup, story());
    app.update(Event::Resize(width, height));
    for word in ["2", ":"] {
        app.update(Event::Key(key::parse(word).expect("a key")));
    }
    app.update(Event::Paste("trace deploy/shop/web svc/payments/db:5432".into()));
    app.update(Event::Key(key::parse("Enter").expect("a key")));
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    tui::draw(&app, area, &mut buffer);
    print!("{}", tui::text(&buffer));
    std::fs::write(path, tui::svg::svg(&buffer))
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|it| it == "--shot") {
        let path = arguments.get(at + 1).ok_or_else(|| std::io::Error::other("--shot FILE"))?;
        return shot(path);
    }
    let (small, large) = (cluster(1_000), cluster(150_000));
    bytes(&large);
    frames(1_000, &small);
    frames(150_000, &large);
    subjects(1_000);
    subjects(40_000);
    everybody(40_000, "get services -A");
    everybody(40_000, "get secrets -A");
    keystrokes(&large);
    changes(&large);
    churn(&large)
}
