//! The shapes of JSON that scripts may rely on, version `kreach/v1`; docs/json.md describes them.
//!
//! These types mirror answers and nothing else: reasoning has no wire format. A field is never renamed or dropped
//! within a version; new ones may come.

use std::io;

use serde::{Serialize, Serializer};

use crate::ask::Fault;
use crate::ask::pair::{Pair, PairPort};
use crate::ask::trace::TraceAnswer;
use crate::ask::whys::Reasons;
use crate::model::cluster::Cluster;
use crate::model::finding::Finding;
use crate::model::id::ObjectId;
use crate::model::place::{Place, Problem};
use crate::model::port::{PortSet, Protocol};
use crate::net::reach::Counts;
use crate::net::verdict::{FamilyVerdict, Port};
use crate::text::Mark;
use crate::text::evidence::Evidence;
use crate::text::written;

use super::form::Form;
use super::staged::StagedJson;
use super::{Asked, Context};

/// The version that every document names.
pub const VERSION: &str = "kreach/v1";

/// One reason.
#[derive(Serialize)]
pub struct EvidenceJson {
    /// `allow`, `deny`, `unknown`, `miss` (the nearest that did not fit), `note`, `why`.
    pub bears: &'static str,
    /// `egress` or `ingress`; absent when it speaks of the whole answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<&'static str>,
    /// `networkpolicy/shop/allow-web`; null when no object is meant.
    #[serde(serialize_with = "shown")]
    pub object: Option<ObjectId>,
    /// `spec.ingress[0].from[1]`; empty for the whole object.
    #[serde(serialize_with = "place")]
    pub place: Place,
    pub what: String,
    /// The rule of the docs that says so; absent where there is none.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub rule: &'static str,
}

/// Something about a word of a rule that its author may not have meant.
#[derive(Serialize)]
pub struct FindingJson {
    /// `dead` or `limited`.
    pub life: &'static str,
    pub word: String,
    pub what: String,
}

impl From<&Finding> for FindingJson {
    fn from(it: &Finding) -> Self {
        Self { life: it.effect.as_str(), word: it.word.to_string(), what: it.what.to_string() }
    }
}

/// A range of ports of one protocol.
#[derive(Serialize)]
pub struct PortsJson {
    pub protocol: &'static str,
    pub first: u16,
    pub last: u16,
}

/// How many pairs have each outcome.
#[derive(Serialize)]
pub struct CountsJson {
    pub allow: u64,
    pub deny: u64,
    pub unknown: u64,
}

/// Ports by outcome, where no single port was asked for.
#[derive(Serialize)]
pub struct PortSetsJson {
    pub allowed: Vec<PortsJson>,
    pub unknown: Vec<PortsJson>,
}

/// `kreach trace -o json`, and each line of a batch.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TraceJson {
    version: &'static str,
    kind: &'static str,
    outcome: &'static str,
    from: String,
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<String>,
    counts: CountsJson,
    #[serde(skip_serializing_if = "LeftOutJson::is_empty")]
    left_out: LeftOutJson,
    evidence: Vec<EvidenceJson>,
    pairs: Vec<PairJson>,
}

/// What sets are without.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LeftOutJson {
    finished: usize,
    itself: usize,
    not_ready: usize,
    other_node: usize,
}

impl LeftOutJson {
    fn is_empty(&self) -> bool {
        self.finished + self.itself + self.not_ready + self.other_node == 0
    }
}

/// One pair of a trace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PairJson {
    outcome: &'static str,
    from: String,
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'static str>,
    /// The Service's port that leads here: `pg 5432/TCP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<PortSetsJson>,
    families: Vec<FamilyJson>,
    /// Of this pair; left out when it is the pair that `evidence` of the whole speaks of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<EvidenceJson>,
}

/// One address family; the first decides.
#[derive(Serialize)]
struct FamilyJson {
    family: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

/// The words of [`EvidenceJson::bears`].
pub const fn bears(mark: Mark) -> &'static str {
    match mark {
        Mark::Allow => "allow",
        Mark::Deny => "deny",
        Mark::Unknown => "unknown",
        Mark::Some => "some",
        Mark::Miss => "miss",
        Mark::Note => "note",
        Mark::Plain | Mark::Title => "why",
    }
}

fn shown<S: Serializer>(object: &Option<ObjectId>, serializer: S) -> Result<S::Ok, S::Error> {
    match object {
        Some(object) => serializer.collect_str(object),
        None => serializer.serialize_none(),
    }
}

fn place<S: Serializer>(place: &Place, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&place.0)
}

/// Reasons as JSON.
pub fn evidence(all: &[Evidence]) -> Vec<EvidenceJson> {
    reasons(all.to_vec())
}

/// The same of reasons that nobody else needs.
fn reasons(all: Vec<Evidence>) -> Vec<EvidenceJson> {
    let one = |it: Evidence| EvidenceJson {
        bears: bears(it.mark),
        gate: it.gate.map(|gate| gate.as_str()),
        object: it.object,
        place: it.place,
        what: it.what,
        rule: it.rule,
    };
    all.into_iter().map(one).collect()
}

/// Whether a row has no reasons of its own.
pub fn is_without(reasons: &Reasons) -> bool {
    reasons.is_empty()
}

/// Reasons that many rows share, as JSON; made when they are written.
pub fn shared<S: Serializer>(reasons: &Reasons, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(evidence(reasons))
}

/// A set of ports as JSON.
pub fn ports(set: &PortSet) -> Vec<PortsJson> {
    let range =
        |protocol: Protocol, &(first, last): &(u16, u16)| PortsJson { protocol: protocol.as_str(), first, last };
    Protocol::ALL.into_iter().flat_map(|it| set.of(it).iter().map(move |ports| range(it, ports))).collect()
}

/// Counts as JSON.
pub fn counts(counts: &Counts) -> CountsJson {
    CountsJson { allow: counts.allow, deny: counts.deny, unknown: counts.unknown }
}

fn trace(trace: &TraceAnswer) -> TraceJson {
    let deciding = trace.deciding().map(std::ptr::from_ref);
    let port = trace.port.to_string();
    TraceJson {
        version: VERSION,
        kind: "Trace",
        outcome: trace.outcome().as_str(),
        from: trace.from.to_string(),
        to: trace.to.to_string(),
        port: (!port.is_empty()).then(|| port.trim_start_matches([':', '/']).to_owned()),
        counts: counts(&trace.counts),
        left_out: LeftOutJson {
            finished: trace.finished,
            itself: trace.itself,
            not_ready: trace.not_ready,
            other_node: trace.other_node,
        },
        evidence: reasons(trace.evidence()),
        pairs: trace.pairs.iter().map(|it| pair(trace, it, deciding == Some(std::ptr::from_ref(it)))).collect(),
    }
}

fn pair(trace: &TraceAnswer, pair: &Pair, is_deciding: bool) -> PairJson {
    let port: Option<Port> = pair.port.asked();
    let protocol = match pair.port {
        PairPort::Any => None,
        PairPort::AnyOf(protocol) | PairPort::One((protocol, _)) => Some(protocol.as_str()),
    };
    let sets = || PortSetsJson { allowed: ports(&pair.allowed()), unknown: ports(&pair.unknown()) };
    let through = pair.route.and_then(|at| trace.routes.get(at)).map(|it| crate::ask::backends::port_text(&it.port));
    PairJson {
        outcome: pair.outcome().as_str(),
        from: pair.from.to_string(),
        to: pair.to.to_string(),
        port: port.map(|it| it.1),
        protocol,
        through,
        ports: port.is_none().then(sets),
        families: pair.verdict.families.iter().map(|it| family(it, port)).collect(),
        evidence: if is_deciding { Vec::new() } else { reasons(pair.evidence()) },
    }
}

fn family(family: &FamilyVerdict, port: Option<Port>) -> FamilyJson {
    FamilyJson {
        family: family.family.as_str(),
        outcome: family.outcome(port).as_str(),
        from: family.from.map(|it| it.to_string()),
        to: family.to.map(|it| it.to_string()),
    }
}

/// Writes a trace as one document.
pub fn write_trace(it: &TraceAnswer, form: Form, asked: &Asked<'_>, out: &mut dyn io::Write) -> Result<(), Fault> {
    write_as(form, &trace(it), asked, out)
}

/// Appends a trace as one compact line without its line break.
pub fn append_trace(it: &TraceAnswer, context: &Context, line: &mut Vec<u8>) -> Result<(), Fault> {
    append(&trace(it), context, line)
}

/// A document, and beside it what goes to stderr: what is wrong with the input, and words about it (CONTRACT §5).
#[derive(Serialize)]
struct DocumentWithNotes<'a, T: Serialize> {
    #[serde(flatten)]
    document: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    staged: Option<Vec<StagedJson>>,
    problems: Vec<ProblemJson>,
    notes: &'a [String],
}

/// A line of a batch, and what is staged.
#[derive(Serialize)]
struct Staged<'a, T: Serialize> {
    #[serde(flatten)]
    document: &'a T,
    staged: Vec<StagedJson>,
}

/// Something in an object or a file that could not be read, or that the API server would refuse.
#[derive(Serialize)]
struct ProblemJson {
    /// `networkpolicy/shop/db spec.ingress[0]`, or of a document `dump.yaml:9:7`.
    place: String,
    message: String,
}

impl<'a, T: Serialize> DocumentWithNotes<'a, T> {
    fn of(document: &'a T, run: Run<'a>) -> Self {
        let problem = |it: &Problem| ProblemJson { place: it.whole_place(), message: it.what.to_string() };
        let problems = run.cluster.into_iter().flat_map(Cluster::all_problems).map(problem).collect();
        Self { document, staged: run.context.staged_json(), problems, notes: &run.context.notes }
    }
}

/// What a document was answered from.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub context: &'a Context,
    pub cluster: Option<&'a Cluster>,
}

impl<'a> From<&'a Asked<'_>> for Run<'a> {
    fn from(asked: &'a Asked<'_>) -> Self {
        Self { context: asked.context, cluster: Some(&asked.world.cluster) }
    }
}

/// Writes any document, indented, with a line break at its end.
pub fn write<'a>(document: &impl Serialize, run: impl Into<Run<'a>>, out: &mut dyn io::Write) -> Result<(), Fault> {
    Ok(written::json(&DocumentWithNotes::of(document, run.into()), out)?)
}

/// Writes any document as YAML: the same fields in the same order.
fn write_yaml<'a>(document: &impl Serialize, run: impl Into<Run<'a>>, out: &mut dyn io::Write) -> Result<(), Fault> {
    Ok(written::yaml(&DocumentWithNotes::of(document, run.into()), out)?)
}

/// Writes any document as YAML where that is the form, else as JSON.
pub fn write_as<'a>(
    form: Form,
    document: &impl Serialize,
    run: impl Into<Run<'a>>,
    out: &mut dyn io::Write,
) -> Result<(), Fault> {
    if form == Form::Yaml { write_yaml(document, run, out) } else { write(document, run, out) }
}

/// Appends any document as one compact line without its line break.
pub fn append(document: &impl Serialize, context: &Context, line: &mut Vec<u8>) -> Result<(), Fault> {
    match context.staged_json() {
        Some(staged) => written::json_line(&Staged { document, staged }, line)?,
        None => written::json_line(document, line)?,
    }
    Ok(())
}

/// The answer to a line of a batch that is no question (CONTRACT §5).
#[derive(Serialize)]
struct FaultyJson<'a> {
    outcome: &'static str,
    error: &'a str,
    evidence: [EvidenceJson; 0],
}

/// Appends the answer to a faulty line.
pub fn append_error(error: &str, context: &Context, line: &mut Vec<u8>) -> Result<(), Fault> {
    let faulty = FaultyJson { outcome: "unknown", error, evidence: [] };
    append(&faulty, context, line)
}
