//! How fast `--from` and the readers are: a kubectl dump to a cluster, list pages to facts, and what a pod weighs.
//!
//! ```text
//! cargo bench --bench files [WORLD]        M unless given: 10,000 pods, 1,100 policies
//! ```
//!
//! Memory is the growth of the resident set, so run it on a quiet machine.

use std::hint::black_box;
use std::time::Instant;

use kreach::embedded::{ServedCluster, kinds as served};
use kreach::kinds::{Intern, read_event, read_list, spec};
use kreach::live::files::load;
use kreach::live::snapshot;
use kreach::model::id::Kind;

fn main() {
    let world = std::env::args().find(|it| ServedCluster::seeded(it).is_some()).unwrap_or_else(|| "M".to_owned());
    let world = ServedCluster::seeded(&world).expect("the world was found above");
    let pages = pages(&world);
    pods(&pages);
    drop(pages);
    from_files(&world);
}

/// The pods of a world as list pages of 500.
fn pages(world: &ServedCluster) -> Vec<Vec<u8>> {
    const HEAD: &[u8] = br#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":["#;
    let (mut pages, mut count) = (Vec::new(), 0);
    let mut page = HEAD.to_vec();
    world.documents(served::by_plural("pods").expect("pods are served"), |pod| {
        if page.len() > HEAD.len() {
            page.push(b',');
        }
        page.extend_from_slice(pod);
        count += 1;
        if count % 500 == 0 {
            page.extend_from_slice(b"]}");
            pages.push(std::mem::replace(&mut page, HEAD.to_vec()));
        }
    });
    page.extend_from_slice(b"]}");
    pages.push(page);
    pages
}

fn pods(pages: &[Vec<u8>]) {
    let pod = spec(Kind::POD).expect("pods are in the table");
    let bytes: usize = pages.iter().map(Vec::len).sum();
    let before = resident();
    let (mut intern, mut kept) = (Intern::new(), Vec::new());
    let started = Instant::now();
    for page in pages {
        let page = read_list(pod, page, &mut intern).expect("a page");
        assert!(page.unreadable.is_empty() && page.notes.is_empty());
        kept.extend(page.entries.into_iter().map(|it| it.fact));
    }
    let took = started.elapsed();
    let grown = resident().saturating_sub(before);
    let n = kept.len();
    println!(
        "list pages   {n} pods, {:.0} MB: {:.2} s, {:.1} us and {} B each, {:.0} MB/s",
        mega(bytes),
        took.as_secs_f64(),
        took.as_secs_f64() * 1e6 / n as f64,
        grown / n.max(1),
        mega(bytes) / took.as_secs_f64()
    );
    events(&pages[0]);
    black_box(kept);
}

fn events(page: &[u8]) {
    #[derive(serde::Deserialize)]
    struct List<'a> {
        #[serde(borrow)]
        items: Vec<&'a serde_json::value::RawValue>,
    }
    let pod = spec(Kind::POD).expect("pods are in the table");
    let list: List<'_> = serde_json::from_slice(page).expect("a page");
    let lines: Vec<String> =
        list.items.iter().map(|it| format!(r#"{{"type":"MODIFIED","object":{}}}"#, it.get())).collect();
    let mut intern = Intern::new();
    let mut took: Vec<_> = lines
        .iter()
        .map(|line| {
            let started = Instant::now();
            black_box(read_event(pod, line.as_bytes(), &mut intern).expect("an event"));
            started.elapsed()
        })
        .collect();
    took.sort();
    println!("watch events p50 {:?}, p99 {:?}", took[took.len() / 2], took[took.len() * 99 / 100]);
}

fn from_files(world: &ServedCluster) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("dump.yaml");
    let mut dump = std::io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
    world.dump(&mut dump).expect("a dump");
    drop(dump);
    let bytes = std::fs::metadata(&path).expect("the dump").len() as usize;
    let started = Instant::now();
    let loaded = load(std::slice::from_ref(&path), "default").expect("it parses");
    let took = started.elapsed();
    let cluster = &loaded.cluster;
    println!(
        "kubectl dump {} pods, {} policies, {} bindings, {:.0} MB: {:.2} s, {:.0} MB/s",
        cluster.pods.len(),
        cluster.policies.len(),
        cluster.bindings.len(),
        mega(bytes),
        took.as_secs_f64(),
        mega(bytes) / took.as_secs_f64()
    );
    let started = Instant::now();
    let mut text = Vec::new();
    snapshot::write(cluster, &mut text).expect("a vector takes everything");
    println!("snapshot     {:.1} MB: {:.2} s", mega(text.len()), started.elapsed().as_secs_f64());
}

fn mega(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// The resident set in bytes; 0 where the system does not say.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|it| it.parse::<usize>().ok()).unwrap_or(0) * 1024
}
