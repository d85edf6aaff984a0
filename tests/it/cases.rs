//! The case language: Kubernetes YAML with what is expected of it, readable without Rust.
//!
//! ```yaml
//! # A policy with no ingress rules shuts its targets.
//! # rule: S8
//! # source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
//! # namespaces: shop{team=a}
//! # pods: shop/web{app=web}  shop/db{app=db}(10.0.0.9 tcp/5432=sql node=n1)
//! # expect: shop/web -> shop/db tcp/5432 deny by networkpolicy/shop/shut
//! # expect: shop/db -> shop/web allow ports all
//! kind: NetworkPolicy
//! …
//! # step: the policy is gone
//! # delete: networkpolicy/shop/shut
//! # expect: shop/web -> shop/db tcp/5432 allow why not-isolated
//! ```
//!
//! Whatever `--from` reads may stand between the lines. A pod without an address of its own gets the next one of
//! 10.0.0.0/24; in parentheses stand addresses, `PROTO/PORT[=NAME]` declared ports, `node=`, a phase, `host`, and
//! `no-address`. `coverage: KIND[/NAMESPACE] STATE` takes knowledge away, `problem: TEXT` expects one to be noted.
//! A `table PROTO/PORT:` states every pair of pods: `.` allow, `X` deny, `?` unknown, `-` not asked.
//! `ask: FROM -> TO[:PORT] OUTCOME because WORDS` asks as users do, so that its ends may be Services and sets; it may
//! end in `because`, too. Qualifiers of an expectation: `by OBJECT`, `at PLACE`, `why REASON`, `families v4=allow,v6=deny`, and to the end
//! of the line `ports SET`, `because WORDS` (in a gap or in the evidence).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kreach::kinds;
use kreach::live::files::load_text;
use kreach::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::evidence::Outcome;
use kreach::model::id::{Kind, ObjectId, PodId};
use kreach::model::name::Name;
use kreach::model::port::Protocol;
use kreach::net::verdict::{End, Port};
use serde_json::{Value, json};

/// One file.
#[derive(Debug)]
pub struct Case {
    pub path: PathBuf,
    pub rules: Vec<String>,
    pub sources: Vec<String>,
    pub steps: Vec<Step>,
}

/// What a step does to the cluster, and what is expected then.
#[derive(Debug, Default)]
pub struct Step {
    pub name: String,
    yaml: String,
    deletes: Vec<ObjectId>,
    coverage: Vec<(Kind, Scope, Coverage)>,
    pub expects: Vec<Expect>,
    pub asks: Vec<Ask>,
    pub problems: Vec<String>,
}

/// One question as users ask it.
#[derive(Debug, Clone)]
pub struct Ask {
    pub line: usize,
    pub from: String,
    pub to: String,
    pub outcome: Outcome,
    /// Something that the answer's lines say.
    pub because: Option<String>,
}

/// One expectation.
#[derive(Debug, Clone)]
pub struct Expect {
    pub line: usize,
    pub from: End,
    pub to: End,
    pub port: Option<Port>,
    pub outcome: Outcome,
    pub by: Option<String>,
    pub at: Option<String>,
    pub why: Option<String>,
    pub families: Option<String>,
    pub ports: Option<String>,
    pub because: Option<String>,
}

/// All cases under a directory of tests/cases, by path.
pub fn all(directory: &str) -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(directory);
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "no cases in {}", root.display());
    paths.into_iter().map(|it| read(&it)).collect()
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the directory of cases") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, paths);
        } else {
            assert!(path.extension().is_some_and(|it| it == "yaml"), "{} is no case", path.display());
            paths.push(path);
        }
    }
}

fn read(path: &Path) -> Case {
    let text = fs::read_to_string(path).expect("a case is text");
    let short = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("a case of this project");
    parse(short, &text).unwrap_or_else(|(line, what)| panic!("{}:{line}: {what}", short.display()))
}

/// A mistake in a case: its line and what is wrong.
type Mistake = (usize, String);

/// Reads a case.
pub fn parse(path: &Path, text: &str) -> Result<Case, Mistake> {
    let mut parser = Parser { addresses: BTreeMap::new(), table: None };
    let mut case = Case { path: path.to_owned(), rules: Vec::new(), sources: Vec::new(), steps: vec![Step::default()] };
    for (at, line) in text.lines().enumerate() {
        parser.line(&mut case, at + 1, line).map_err(|what| (at + 1, what))?;
    }
    Ok(case)
}

struct Parser {
    /// The last byte of the address that each pod has been given.
    addresses: BTreeMap<String, usize>,
    /// The table whose rows are read: its port, and the columns once they are known.
    table: Option<(Port, Vec<End>)>,
}

impl Parser {
    fn line(&mut self, case: &mut Case, at: usize, line: &str) -> Result<(), String> {
        let Some(comment) = line.strip_prefix('#') else {
            self.table = None;
            let step = case.steps.last_mut().expect("there is always a step");
            step.yaml.push_str(line);
            step.yaml.push('\n');
            return Ok(());
        };
        let comment = comment.trim();
        if self.table.is_some() && !comment.is_empty() && !comment.contains(": ") && !comment.ends_with(':') {
            return self.row(case, at, comment);
        }
        self.table = None;
        let Some((word, rest)) = comment.split_once(':') else { return Ok(()) };
        self.directive(case, at, word, rest.trim())
    }

    fn directive(&mut self, case: &mut Case, at: usize, word: &str, rest: &str) -> Result<(), String> {
        if word == "step" {
            case.steps.push(Step { name: rest.to_owned(), ..Step::default() });
            return Ok(());
        }
        let step = case.steps.last_mut().expect("there is always a step");
        match word {
            "rule" => case.rules.extend(rest.split([',', ' ']).filter(|it| !it.is_empty()).map(str::to_owned)),
            "source" => case.sources.push(rest.to_owned()),
            "namespaces" => {
                for it in shorthands(rest) {
                    document(step, namespace(&it)?);
                }
            }
            "pods" => {
                for it in shorthands(rest) {
                    let pod = self.pod(&it)?;
                    document(step, pod);
                }
            }
            "delete" => step.deletes.push(object_id(rest)?),
            "coverage" => step.coverage.push(coverage(rest)?),
            "problem" => step.problems.push(rest.to_owned()),
            "expect" => step.expects.push(expect(at, rest)?),
            "ask" => step.asks.push(ask(at, rest)?),
            it if it.starts_with("table ") => self.table = Some((port(it.trim_start_matches("table "))?, Vec::new())),
            it if it.starts_with("expect") || it.starts_with("pod") => return Err(format!("unknown word {it:?}")),
            _ => {}
        }
        Ok(())
    }

    /// `shop/web{app=web}(10.0.0.9 tcp/80=http host)`.
    fn pod(&mut self, text: &str) -> Result<Value, String> {
        let (name, labels, options) = parts(text)?;
        let (namespace, name) = name.split_once('/').ok_or_else(|| format!("{name:?} is no namespace/name"))?;
        let (mut ports, mut addresses, mut wants_address) = (Vec::new(), Vec::new(), true);
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": labels}, "spec": {}});
        for option in options.split_whitespace() {
            match option.split_once('=').unwrap_or((option, "")) {
                ("host", _) => pod["spec"]["hostNetwork"] = json!(true),
                ("no-address", _) => wants_address = false,
                ("node", node) => pod["spec"]["nodeName"] = json!(node),
                ("terminating", _) => pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"),
                (phase @ ("Pending" | "Running" | "Succeeded" | "Failed" | "Unknown"), _) => {
                    pod["status"]["phase"] = json!(phase);
                }
                (it, name) if it.contains('/') => {
                    let (protocol, number) = port(it)?;
                    let mut port = json!({"containerPort": number, "protocol": protocol.as_str()});
                    if !name.is_empty() {
                        port["name"] = json!(name);
                    }
                    ports.push(port);
                }
                (it, _) => addresses.push(it.parse::<std::net::IpAddr>().map_err(|_| format!("{it:?}?"))?.to_string()),
            }
        }
        if addresses.is_empty() && wants_address {
            let next = self.addresses.len() + 1;
            let number = *self.addresses.entry(format!("{namespace}/{name}")).or_insert(next);
            addresses.push(format!("10.0.0.{number}"));
        }
        pod["spec"]["containers"] = json!([{"name": "main", "ports": ports}]);
        pod["status"]["podIPs"] = addresses.iter().map(|it| json!({"ip": it})).collect();
        Ok(pod)
    }

    fn row(&mut self, case: &mut Case, at: usize, row: &str) -> Result<(), String> {
        let (port, columns) = self.table.as_mut().expect("the caller saw a table");
        let mut words = row.split_whitespace();
        if columns.is_empty() {
            *columns = words.map(end).collect::<Result<_, _>>()?;
            return Ok(());
        }
        let from = end(words.next().ok_or("an empty row")?)?;
        let cells: Vec<&str> = words.collect();
        if cells.len() != columns.len() {
            return Err(format!("{} cells under {} columns", cells.len(), columns.len()));
        }
        let step = case.steps.last_mut().expect("there is always a step");
        for (to, cell) in columns.iter().zip(cells) {
            let outcome = match cell {
                "." => Outcome::Allow,
                "X" => Outcome::Deny,
                "?" => Outcome::Unknown,
                "-" => continue,
                other => return Err(format!("{other:?} is no cell")),
            };
            step.expects.push(Expect::bare(at, from.clone(), to.clone(), Some(*port), outcome));
        }
        Ok(())
    }
}

impl Expect {
    fn bare(line: usize, from: End, to: End, port: Option<Port>, outcome: Outcome) -> Self {
        Self {
            line,
            from,
            to,
            port,
            outcome,
            by: None,
            at: None,
            why: None,
            families: None,
            ports: None,
            because: None,
        }
    }
}

fn document(step: &mut Step, object: Value) {
    step.yaml.push_str(&format!("---\n{object}\n---\n"));
}

/// Words apart by spaces outside of braces and parentheses.
fn shorthands(text: &str) -> Vec<String> {
    let (mut found, mut depth) = (vec![String::new()], 0);
    for character in text.chars() {
        match character {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            _ => {}
        }
        if character == ' ' && depth == 0 {
            found.push(String::new());
        } else if let Some(last) = found.last_mut() {
            last.push(character);
        }
    }
    found.retain(|it| !it.is_empty());
    found
}

/// `name{a=b,c=d}(options)` in its three parts.
fn parts(text: &str) -> Result<(&str, Value, &str), String> {
    let (text, options) = text.strip_suffix(')').and_then(|it| it.split_once('(')).unwrap_or((text, ""));
    let (name, labels) = text.strip_suffix('}').and_then(|it| it.split_once('{')).unwrap_or((text, ""));
    let mut map = serde_json::Map::new();
    for pair in labels.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?} is no label"))?;
        map.insert(key.to_owned(), json!(value));
    }
    Ok((name, map.into(), options))
}

fn namespace(text: &str) -> Result<Value, String> {
    let (name, labels, _) = parts(text)?;
    Ok(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}))
}

fn kind(word: &str) -> Result<Kind, String> {
    kinds::KINDS.iter().map(|it| it.kind).find(|it| it.as_str() == word).ok_or_else(|| format!("no kind {word:?}"))
}

fn object_id(text: &str) -> Result<ObjectId, String> {
    let words: Vec<&str> = text.split('/').collect();
    match words[..] {
        [word, name] => Ok(ObjectId::new(kind(word)?, "", name)),
        [word, namespace, name] => Ok(ObjectId::new(kind(word)?, namespace, name)),
        _ => Err(format!("{text:?} names no object")),
    }
}

fn coverage(text: &str) -> Result<(Kind, Scope, Coverage), String> {
    let (what, state) = text.split_once(' ').ok_or("KIND[/NAMESPACE] STATE")?;
    let (word, namespace) = what.split_once('/').unwrap_or((what, ""));
    let scope = if namespace.is_empty() { Scope::Everywhere } else { Scope::Namespace(namespace.into()) };
    let coverage = match state {
        "live" => Coverage::Live,
        "loading" => Coverage::Loading,
        "forbidden" => Coverage::Forbidden { why: "403".into() },
        "unread" => Coverage::Unread,
        "not served" => Coverage::NotServed,
        other => return Err(format!("no coverage {other:?}")),
    };
    Ok((kind(word)?, scope, coverage))
}

/// `tcp/80`.
fn port(text: &str) -> Result<Port, String> {
    let (protocol, number) = text.split_once('/').ok_or_else(|| format!("{text:?} is no PROTO/PORT"))?;
    let protocol = Protocol::parse(protocol).ok_or_else(|| format!("no protocol {protocol:?}"))?;
    Ok((protocol, number.parse().map_err(|_| format!("{number:?} is no port"))?))
}

fn end(text: &str) -> Result<End, String> {
    if let Ok(address) = text.parse::<std::net::IpAddr>() {
        return Ok(End::Address(address.to_canonical()));
    }
    match text.split_once('/') {
        Some(("node", name)) => Ok(End::Node(Name::from(name))),
        Some((namespace, name)) => Ok(End::Pod(PodId::new(namespace, name))),
        None => Err(format!("{text:?} is no end")),
    }
}

fn outcome(word: &str) -> Result<Outcome, String> {
    let outcomes = [Outcome::Allow, Outcome::Deny, Outcome::Unknown];
    outcomes.into_iter().find(|it| it.as_str() == word).ok_or_else(|| format!("{word:?} is no outcome"))
}

fn ask(line: usize, text: &str) -> Result<Ask, String> {
    let (text, because) = match text.split_once(" because ") {
        Some((text, because)) => (text, Some(because.to_owned())),
        None => (text, None),
    };
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        [from, "->", to, word] => {
            Ok(Ask { line, from: from.to_owned(), to: to.to_owned(), outcome: outcome(word)?, because })
        }
        _ => Err("FROM -> TO[:PORT] OUTCOME [because WORDS]".to_owned()),
    }
}

fn expect(line: usize, text: &str) -> Result<Expect, String> {
    let mut words = text.split_whitespace();
    let from = end(words.next().ok_or("an end is missing")?)?;
    if words.next() != Some("->") {
        return Err("FROM -> TO [PROTO/PORT] OUTCOME".to_owned());
    }
    let to = end(words.next().ok_or("an end is missing")?)?;
    let mut word = words.next().ok_or("an outcome is missing")?;
    let asked = word.contains('/').then(|| port(word)).transpose()?;
    if asked.is_some() {
        word = words.next().ok_or("an outcome is missing")?;
    }
    let outcome = outcome(word)?;
    let mut expect = Expect::bare(line, from, to, asked, outcome);
    while let Some(word) = words.next() {
        let field = match word {
            "by" => &mut expect.by,
            "at" => &mut expect.at,
            "why" => &mut expect.why,
            "families" => &mut expect.families,
            "ports" | "because" => {
                let rest = words.by_ref().collect::<Vec<_>>().join(" ");
                *(if word == "ports" { &mut expect.ports } else { &mut expect.because }) = Some(rest);
                break;
            }
            other => return Err(format!("{other:?} is no qualifier")),
        };
        *field = Some(words.next().ok_or_else(|| format!("{word} what?"))?.to_owned());
    }
    Ok(expect)
}

impl Step {
    /// What the step does, as deltas upon the cluster that stood before it.
    pub fn deltas(&self, before: &Cluster) -> (Vec<Delta>, Vec<String>) {
        let loaded = load_text("case.yaml", &self.yaml, "default").unwrap_or_else(|error| panic!("{error}"));
        let problems = loaded.cluster.all_problems().map(ToString::to_string).collect();
        let mut deltas: Vec<Delta> = self.deletes.iter().cloned().map(Delta::Gone).collect();
        deltas.extend(facts(&loaded.cluster).into_iter().filter(|it| !is_known(it, before)).map(|fact| {
            let problems = loaded.cluster.problems.get(&fact.id()).cloned().unwrap_or_default();
            Delta::Put(ReadObject { problems, ..ReadObject::new(fact) })
        }));
        deltas.extend(loaded.cluster.unreadable.iter().map(|id| {
            let problems = loaded.cluster.problems.get(id).cloned().unwrap_or_default();
            Delta::Unreadable { id: id.clone(), problems }
        }));
        deltas.extend(self.coverage.iter().cloned().map(|(kind, scope, coverage)| Delta::Covered {
            kind,
            scope,
            coverage,
        }));
        (deltas, problems)
    }
}

/// A namespace that a step merely mentions leaves the one that stands as it is.
fn is_known(fact: &AnyFact, before: &Cluster) -> bool {
    matches!(fact, AnyFact::Namespace(it) if it.implied && before.namespaces.get("", &it.meta.name).is_some())
}

fn facts(cluster: &Cluster) -> Vec<AnyFact> {
    let mut facts: Vec<AnyFact> = cluster.namespaces.iter().cloned().map(AnyFact::Namespace).collect();
    facts.extend(cluster.pods.iter().cloned().map(AnyFact::Pod));
    facts.extend(cluster.nodes.iter().cloned().map(AnyFact::Node));
    facts.extend(cluster.services.iter().cloned().map(AnyFact::Service));
    facts.extend(cluster.endpoint_slices.iter().cloned().map(AnyFact::EndpointSlice));
    facts.extend(cluster.workloads.iter().cloned().map(AnyFact::Workload));
    facts.extend(cluster.policies.iter().cloned().map(AnyFact::Policy));
    facts
}
