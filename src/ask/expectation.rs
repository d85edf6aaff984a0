//! What somebody expects of a cluster, one sentence a line: read here, judged by the answers that commands give.
//!
//! ```text
//! # the shop talks to its database and to nobody else's
//! deploy/shop/web reaches svc/shop/db:5432        # every pair is allowed; "must reach" is the same
//! ns/shop cannot reach ns/payments                # no pair is
//! sa:ci/runner cannot get secrets in payments     # without "in": nowhere
//! nobody but group:sre can create pods/exec       # of all whom bindings name
//! ns/payments is default-deny ingress             # without a direction: both
//! ```
//!
//! Words are parted as a shell parts them, comments included. What is printed is read back as the same expectation.

mod isolated;
mod judge;
#[cfg(test)]
mod laws;
mod reads;

use std::fmt;

use super::escalation::{self, Actor};
use super::nearest::{did_you_mean, nearest};
use super::question::reach::Reach;
use super::question::trace::Trace;
use super::{Fault, Here, Question};
use crate::model::name::{Name, is_dns_label};
use crate::model::policy::Direction;
use crate::rbac::pasted::{self, TypedSubject};
use crate::rbac::served::path_of;

pub use judge::{ExpectationVerdict, JudgedExpectation};

/// One expectation, as it was typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expectation {
    /// `END reaches END[:PORT[/PROTO]]`.
    Connects { from: String, how: Reaching, to: String },
    /// `SUBJECT can VERB RESOURCE [NAME] [in NS]`.
    Can { subject: String, may: May, request: ExpectedRequest },
    /// `nobody [but S, S] can VERB RESOURCE [NAME] [in NS]`.
    Nobody { but: Vec<String>, request: ExpectedRequest },
    /// `ns/NS is default-deny [ingress|egress]`; without a direction: both.
    DefaultDeny { namespace: Name, direction: Option<Direction> },
}

/// Whether an end is to reach another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reaching {
    Reaches,
    /// The same in other words.
    MustReach,
    CannotReach,
}

impl Reaching {
    const ALL: [Reaching; 3] = [Reaching::Reaches, Reaching::MustReach, Reaching::CannotReach];

    const fn words(self) -> &'static [&'static str] {
        match self {
            Reaching::Reaches => &["reaches"],
            Reaching::MustReach => &["must", "reach"],
            Reaching::CannotReach => &["cannot", "reach"],
        }
    }
}

/// Whether a subject is to be able to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum May {
    Can,
    Cannot,
}

/// What is asked for; without a namespace everywhere, or nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExpectedRequest {
    pub verb: String,
    pub resource: String,
    pub name: Option<String>,
    pub namespace: Option<String>,
}

/// An expectation and the line that it stands on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Numbered {
    /// What messages call the file.
    pub file: String,
    pub line: u32,
    pub expectation: Expectation,
}

/// All that somebody expects.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expectations(pub Vec<Numbered>);

impl Expectations {
    /// Adds those of a file.
    ///
    /// # Errors
    /// A line is none: `FILE:LINE: what, and what is expected`.
    pub fn add(&mut self, file: &str, text: &str, here: &Here) -> Result<(), Fault> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (line, number) in text.lines().zip(1..) {
            let read = Expectation::read(line, here);
            let read = read.map_err(|it| it.at(format!("{file}:{number}")))?;
            self.0.extend(read.map(|expectation| Numbered { file: file.to_owned(), line: number, expectation }));
        }
        Ok(())
    }
}

/// All forms, for whoever wrote another.
const FORMS: &str = "END reaches END[:PORT[/PROTO]]; END must reach END; END cannot reach END; \
    SUBJECT can VERB RESOURCE [NAME] [in NS]; SUBJECT cannot VERB RESOURCE [NAME] [in NS]; \
    nobody [but SUBJECT, SUBJECT] can VERB RESOURCE [NAME] [in NS]; ns/NS is default-deny [ingress|egress]";

/// What stands behind an end or a subject.
const VERBS: [&str; 5] = ["reaches", "must", "cannot", "can", "is"];

impl Expectation {
    /// Reads a line; nothing where it is blank or a comment.
    ///
    /// # Errors
    /// It is no expectation, or an end or a subject in it is none.
    pub fn read(line: &str, here: &Here) -> Result<Option<Self>, Fault> {
        let words = shell_words::split(line).map_err(|_| Fault::new("a quote is not closed", FORMS))?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if words.is_empty() {
            return Ok(None);
        }
        if words.iter().any(|it| it.is_empty()) {
            return Err(Fault::new("a word is empty", FORMS));
        }
        let read = of_words(&words)?;
        read.check(here)?;
        Ok(Some(read))
    }

    /// Whether its ends and subjects can be asked about at all.
    fn check(&self, here: &Here) -> Result<(), Fault> {
        match self {
            Expectation::Connects { .. } => match self.connection(&here.namespace)? {
                Question::Trace(it) => it.ends(&here.namespace).map(drop),
                Question::Reach(it) => it.is_plain(&here.namespace).map(drop),
                _ => Ok(()),
            },
            Expectation::Can { subject, .. } => who(subject, here).map(drop),
            Expectation::Nobody { but, .. } => but.iter().try_for_each(|it| who(it, here).map(drop)),
            Expectation::DefaultDeny { .. } => Ok(()),
        }
    }

    /// The question about two ends: that of `trace`, and where one is a subject or a sink that of `reach --to`.
    ///
    /// # Errors
    /// One of them is none.
    fn connection(&self, namespace: &Name) -> Result<Question, Fault> {
        let Expectation::Connects { from, to, .. } = self else { return Err(Fault::new("no two ends", FORMS)) };
        let (start, goal) = (escalation::actor(from, namespace)?, escalation::actor(to, namespace)?);
        Ok(match (start, goal) {
            (Actor::End(..), Actor::End(..)) => {
                Question::Trace(Trace { from: Some(from.clone()), to: Some(to.clone()) })
            }
            _ => Question::Reach(Reach { of: from.clone(), to: Some(to.clone()), ..Reach::default() }),
        })
    }
}

/// Whom a subject means.
fn who(text: &str, here: &Here) -> Result<TypedSubject, Fault> {
    let namespace = if here.namespace.is_empty() { "default" } else { here.namespace.as_str() };
    let whom =
        pasted::read(text, namespace).map_err(|it| Fault::new(it, "such as user:alice, group:dev or sa:shop/web"))?;
    match whom {
        TypedSubject::Me if here.from_files => {
            Err(Fault::new("me is not available with files: they do not know the operator", "name a subject"))
        }
        whom => Ok(whom),
    }
}

fn of_words(words: &[&str]) -> Result<Expectation, Fault> {
    let [first, rest @ ..] = words else { return Err(Fault::new("a line says nothing", FORMS)) };
    if *first == "nobody" {
        return nobody(rest);
    }
    if let Some(connects) = connects(first, rest) {
        return connects;
    }
    match rest {
        ["is", what @ ..] => default_deny(first, what),
        ["can", request @ ..] => Ok(can(first, May::Can, asked(request)?)),
        ["cannot", request @ ..] => Ok(can(first, May::Cannot, asked(request)?)),
        [word, ..] => Err(unknown(word, &VERBS, "reaches, must reach, cannot reach, can, cannot or is")),
        [] => Err(unknown(first, &["nobody"], "an end, a subject or nobody, and what is expected of it")),
    }
}

/// `END reaches END` in each of its forms; nothing where the words behind the first are of another sentence.
fn connects(from: &str, rest: &[&str]) -> Option<Result<Expectation, Fault>> {
    let (how, behind) = Reaching::ALL.iter().find_map(|it| Some((*it, rest.strip_prefix(it.words())?)))?;
    Some(match behind {
        [to] => Ok(Expectation::Connects { from: from.to_owned(), how, to: (*to).to_owned() }),
        [] => Err(Fault::new(format!("an end is missing behind {}", how.words().join(" ")), FORMS)),
        [_, word, ..] => Err(Fault::new(format!("nothing is expected behind the second end, but {word:?}"), FORMS)),
    })
}

fn can(subject: &str, may: May, request: ExpectedRequest) -> Expectation {
    Expectation::Can { subject: subject.to_owned(), may, request }
}

/// `[but S, S] can …`, behind `nobody`.
fn nobody(rest: &[&str]) -> Result<Expectation, Fault> {
    let Some(at) = rest.iter().position(|it| *it == "can") else {
        let word = rest.first().copied().unwrap_or_default();
        return Err(unknown(word, &["but", "can"], "can, or but and subjects"));
    };
    let (before, request) = (&rest[..at], asked(&rest[at + 1..])?);
    let but = match before {
        [] => Vec::new(),
        ["but", subjects @ ..] => subjects.iter().flat_map(|it| parted(it)).collect::<Vec<_>>(),
        [word, ..] => return Err(unknown(word, &["but", "can"], "can, or but and subjects")),
    };
    if but.is_empty() && !before.is_empty() {
        return Err(Fault::new("no subject follows but", FORMS));
    }
    Ok(Expectation::Nobody { but, request })
}

/// The subjects of one word: commas part them where another subject follows, since names hold commas too.
fn parted(word: &str) -> Vec<String> {
    const SORTS: [&str; 6] = ["user:", "group:", "sa:", "serviceaccount:", "serviceaccount/", "system:"];
    let mut parts: Vec<String> = Vec::new();
    for part in word.split(',') {
        let begins = parts.is_empty() || SORTS.iter().any(|it| part.starts_with(it));
        match parts.last_mut() {
            Some(last) if !begins => *last = format!("{last},{part}"),
            _ => parts.push(part.to_owned()),
        }
    }
    parts.iter().map(|it| it.trim_matches(',').to_owned()).filter(|it| !it.is_empty()).collect()
}

/// `VERB RESOURCE [NAME] [in NS]`.
fn asked(words: &[&str]) -> Result<ExpectedRequest, Fault> {
    let (words, namespace) = match words {
        [rest @ .., "in", namespace] if rest.len() >= 2 => (rest, Some(*namespace)),
        _ => (words, None),
    };
    let (verb, resource, name) = match *words {
        [_, _, "in"] => return Err(Fault::new("no namespace follows in", FORMS)),
        [verb, resource] => (verb, resource, None),
        [verb, resource, name] => (verb, resource, Some(name)),
        [_, _, _, word, ..] => return Err(unknown(word, &["in"], "in and a namespace, or nothing")),
        _ => return Err(Fault::new("a verb and a resource are expected", "such as get secrets [NAME] [in NS]")),
    };
    if let Some(namespace) = namespace {
        is_namespace(namespace)?;
        if path_of(resource).is_some() {
            return Err(Fault::new(format!("{resource} is in no namespace"), format!("leave out in {namespace}")));
        }
    }
    let text = |it: &str| it.to_owned();
    Ok(ExpectedRequest {
        verb: text(verb),
        resource: text(resource),
        name: name.map(text),
        namespace: namespace.map(text),
    })
}

fn is_namespace(name: &str) -> Result<(), Fault> {
    match is_dns_label(name) {
        true => Ok(()),
        false => Err(Fault::new(format!("no namespace can be called {name:?}"), "expected in NS, such as in shop")),
    }
}

/// `ns/NS is default-deny [ingress|egress]`, behind `is`.
fn default_deny(namespace: &str, rest: &[&str]) -> Result<Expectation, Fault> {
    let name = ["ns/", "namespace/", "namespaces/"].iter().find_map(|it| namespace.strip_prefix(it));
    let name = name.ok_or_else(|| {
        Fault::new(
            format!("{namespace:?} is no namespace"),
            format!("expected ns/NS is default-deny, such as ns/{namespace}"),
        )
    })?;
    is_namespace(name)?;
    let direction = match *rest {
        ["default-deny"] => None,
        ["default-deny", "ingress"] => Some(Direction::Ingress),
        ["default-deny", "egress"] => Some(Direction::Egress),
        ["default-deny", word] => return Err(unknown(word, &["ingress", "egress"], "ingress, egress or nothing")),
        ["default-deny", _, word, ..] => {
            return Err(unknown(word, &[], "nothing more: without a direction it is both"));
        }
        [word, ..] => return Err(unknown(word, &["default-deny"], "default-deny")),
        [] => return Err(Fault::new("nothing follows is", "expected default-deny [ingress|egress]")),
    };
    Ok(Expectation::DefaultDeny { namespace: name.into(), direction })
}

/// A word that means nothing where it stands: what is expected there, and the nearest of it.
fn unknown(word: &str, known: &[&'static str], expected: &str) -> Fault {
    let near: Vec<String> = nearest(word, known.iter().copied()).into_iter().map(str::to_owned).collect();
    let near = if near.is_empty() { String::new() } else { format!(" ({})", did_you_mean(&near)) };
    Fault::new(format!("unexpected {word:?}: expected {expected}{near}"), FORMS)
}

/// The line again.
impl fmt::Display for Expectation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |it: &String| shell_words::quote(it).into_owned();
        match self {
            Expectation::Connects { from, how, to } => {
                write!(out, "{} {} {}", quoted(from), how.words().join(" "), quoted(to))
            }
            Expectation::Can { subject, may, request } => {
                let may = if *may == May::Can { "can" } else { "cannot" };
                write!(out, "{} {may} {request}", quoted(subject))
            }
            Expectation::Nobody { but, request } if but.is_empty() => write!(out, "nobody can {request}"),
            Expectation::Nobody { but, request } => {
                let but: Vec<String> = but.iter().map(quoted).collect();
                write!(out, "nobody but {} can {request}", but.join(", "))
            }
            Expectation::DefaultDeny { namespace, direction } => {
                write!(out, "ns/{namespace} is default-deny")?;
                direction.map_or(Ok(()), |it| write!(out, " {}", it.as_str()))
            }
        }
    }
}

impl fmt::Display for ExpectedRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [Some(&self.verb), Some(&self.resource), self.name.as_ref()];
        let words: Vec<_> = words.into_iter().flatten().map(|it| shell_words::quote(it)).collect();
        out.write_str(&words.join(" "))?;
        self.namespace.as_ref().map_or(Ok(()), |it| write!(out, " in {}", shell_words::quote(it)))
    }
}
