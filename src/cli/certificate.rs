//! `kreach reach … --to … --certificate FILE`: a "no" as JSON that another program can check.

use serde::Serialize;

use crate::ask::escalation::ReachPath;
use crate::escalate::certificate::{Closed, Shut, goals};
use crate::escalate::{Goal, Ground, certificate, connect};
use crate::text::{words, written};

use super::json;

/// The certificate of a way that there is not.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateJson<'a> {
    version: &'static str,
    kind: &'static str,
    from: &'a str,
    to: &'a str,
    /// What must not be held; what ends in `/*` is anything that begins so.
    goals: Vec<String>,
    /// That the one who starts is in besides.
    groups: Vec<String>,
    /// Null: not known, and what depends on it is taken to be allowed.
    server_version: Option<String>,
    sets: Vec<SetJson>,
}

/// All that one who starts comes to hold.
#[derive(Serialize)]
struct SetJson {
    start: String,
    closed: Vec<String>,
    steps: Vec<ShutJson>,
}

/// Why one sort of step leads out of it nowhere.
#[derive(Serialize)]
struct ShutJson {
    edge: &'static str,
    name: &'static str,
    needs: &'static str,
    rights: Option<usize>,
    why: String,
}

/// It as one document, for each of those who start.
pub fn document(path: &ReachPath, ground: &Ground<'_>) -> Vec<u8> {
    let question = &path.question;
    let connects = matches!(question.goal, Goal::Connects { .. });
    let beside: Vec<Shut> = match connects {
        true => connect::EDGES.iter().map(|it| Shut { edge: it, rights: None }).collect(),
        false => Vec::new(),
    };
    let document = CertificateJson {
        version: json::VERSION,
        kind: "Certificate",
        from: &question.from,
        to: &question.to,
        goals: goals(&question.goal),
        groups: ground.groups.iter().map(ToString::to_string).collect(),
        server_version: ground.version.map(|it| it.to_string()),
        sets: question.starts.iter().map(|it| set(certificate::closed(ground, it), &beside)).collect(),
    };
    let mut text = Vec::new();
    written::json(&document, &mut text).expect("a vector takes everything");
    text
}

fn set(it: Closed, beside: &[Shut]) -> SetJson {
    let steps = it.steps.iter().chain(beside).map(shut).collect();
    SetJson { start: it.start.to_string(), closed: it.held.into_iter().collect(), steps }
}

fn shut(it: &Shut) -> ShutJson {
    let why = match it.rights {
        Some(0) => "nobody who is held has a right of it".to_owned(),
        Some(count) => format!("what {} of it lead to is held", words::count(count as u64, "right", "rights")),
        None => "what it leads to is held".to_owned(),
    };
    ShutJson { edge: it.edge.id, name: it.edge.name, needs: it.edge.needs, rights: it.rights, why }
}
