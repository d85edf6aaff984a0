//! `fix`: changes that make a flow, a namespace, a pod or a right otherwise, and all that they change.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::access::{self, Groups, rbac_needs};
use super::declared::Declared;
use super::trace::Trace;
use super::{Here, Reads, ServedNames, Words};
use crate::ask::end::{self, AskedEnd};
use crate::ask::expectation::{Expectation, Numbered, Reaching};
use crate::ask::fix::isolate::{CutOff, Isolate};
use crate::ask::fix::revoke::{self, ChokedWays, Revoke, Taken};
use crate::ask::fix::{FixAnswer as Answer, FlowAsk, FlowTurn, wholes};
use crate::ask::needs::{self, Needs};
use crate::ask::topic::Topic;
use crate::ask::{Fault, World};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::rbac::review::Review;
use crate::rbac::{Identity, Request};

/// Changes that make something otherwise, each with all that it changes.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Fix {
    /// FROM and TO[:PORT[/PROTO]] as trace takes them; with --revoke a verb, a resource and maybe a name as can takes them, or nothing
    #[arg(value_name = "WORD", num_args = 0..=3)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Let FROM connect to TO
    #[arg(long, group = "form")]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow: bool,
    /// Keep FROM from connecting to TO
    #[arg(long, group = "form")]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deny: bool,
    /// Deny by default in a namespace: ns/NAME
    #[arg(long, value_name = "ns/NAME", group = "form")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolate: Option<String>,
    /// Cut a pod off: pod/NAMESPACE/NAME
    #[arg(long, value_name = "POD", group = "form")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contain: Option<String>,
    /// Take what bindings give to this subject: user:NAME, group:NAME or sa:NAMESPACE/NAME
    #[arg(long, value_name = "SUBJECT", group = "form")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke: Option<String>,
    /// End every way to this goal, by the fewest grants: of whom --revoke names, else of everybody
    #[arg(long, value_name = "GOAL", conflicts_with_all = ["allow", "deny", "isolate", "contain"])]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// With --isolate and --contain: a file of expectations, of which "END reaches END" are kept
    #[arg(long, value_name = "FILE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<String>,
    /// What stands in that file, once it is read.
    #[arg(skip)]
    #[serde(skip)]
    pub kept: Option<Vec<Numbered>>,
    #[command(flatten)]
    #[serde(flatten)]
    pub declared: Declared,
    #[command(flatten)]
    #[serde(flatten)]
    pub groups: Groups,
}

/// What is asked for.
enum FixForm {
    Flow(FlowAsk),
    Isolate(Isolate),
    /// A right, or all of them.
    Revoke(Identity, Option<Request>),
    Choke(ChokedWays),
}

const USAGE: &str = "fix FROM TO[:PORT[/PROTO]] --allow or --deny, fix --isolate ns/NAME, fix --contain POD, \
     fix --revoke SUBJECT [VERB RESOURCE [NAME]], or fix [--revoke SUBJECT] --to GOAL";

impl Fix {
    fn form(&self, here: &Here, world: &World) -> Result<FixForm, Fault> {
        if let Some(subject) = &self.revoke {
            return self.revoked(subject, here, world);
        }
        if let Some(to) = &self.to {
            return self.choked_for_all(to, here);
        }
        if let Some(what) = self.cut_off(&here.namespace)? {
            self.no_words()?;
            let baseline = match &what {
                CutOff::Namespace(name) => {
                    self.declared.wanted(name, self.kept.as_deref().unwrap_or_default(), here)?
                }
                CutOff::Pod(_) => None,
            };
            return Ok(FixForm::Isolate(Isolate { what, keep: self.keep(here)?, baseline }));
        }
        let way = match (self.allow, self.deny) {
            (true, _) => FlowTurn::Allow,
            (_, true) => FlowTurn::Deny,
            _ => return Err(Fault::new("what is to be otherwise is not said", USAGE)),
        };
        let [from, to] = &self.words[..] else { return Err(Fault::new("two ends are needed", USAGE)) };
        self.flow(from, to, way, here).map(FixForm::Flow)
    }

    fn flow(&self, from: &str, to: &str, way: FlowTurn, here: &Here) -> Result<FlowAsk, Fault> {
        let trace = Trace { from: Some(from.to_owned()), to: Some(to.to_owned()) };
        let (from, to, port) = trace.ends(&here.namespace)?;
        Ok(FlowAsk { from, to, port, way })
    }

    fn no_words(&self) -> Result<(), Fault> {
        match self.words.first() {
            Some(word) => Err(Fault::new(format!("{word:?} belongs to no form of fix"), USAGE)),
            None => Ok(()),
        }
    }

    /// The namespace or the pod that is to be cut off.
    fn cut_off(&self, namespace: &Name) -> Result<Option<CutOff>, Fault> {
        if let Some(text) = &self.isolate {
            return match end::end(text, namespace)? {
                AskedEnd::Namespace(name) => Ok(Some(CutOff::Namespace(name))),
                _ => Err(Fault::new(format!("{text} is no namespace"), "such as --isolate ns/shop")),
            };
        }
        let Some(text) = &self.contain else { return Ok(None) };
        match end::end(text, namespace)? {
            AskedEnd::Pod(pod) => Ok(Some(CutOff::Pod(pod))),
            _ => Err(Fault::new(format!("{text} is no pod"), "such as --contain pod/shop/web-0")),
        }
    }

    /// The flows that are kept.
    fn keep(&self, here: &Here) -> Result<Vec<FlowAsk>, Fault> {
        let Some(path) = &self.keep else { return Ok(Vec::new()) };
        let unread = || Fault::new(format!("{path} is not read here"), "--keep is for the command kreach fix");
        let all = self.kept.as_ref().ok_or_else(unread)?;
        let mut kept = Vec::new();
        for it in all {
            match &it.expectation {
                Expectation::Connects { from, how, to } if *how != Reaching::CannotReach => {
                    let flow = self.flow(from, to, FlowTurn::Allow, here);
                    let placed = |fault: Fault| fault.at(format!("{}:{}", it.file, it.line));
                    kept.push(flow.map_err(placed)?);
                }
                _ => {}
            }
        }
        Ok(kept)
    }

    /// The ways of everybody are to end.
    fn choked_for_all(&self, to: &str, here: &Here) -> Result<FixForm, Fault> {
        self.no_words()?;
        if !self.groups.groups.is_empty() {
            return Err(Fault::new("--group says in which groups one is who is named", "name them with --revoke"));
        }
        let (to, namespace) = (to.to_owned(), here.namespace.clone());
        Ok(FixForm::Choke(ChokedWays { from: None, to, groups: Vec::new(), namespace }))
    }

    fn revoked(&self, subject: &str, here: &Here, world: &World) -> Result<FixForm, Fault> {
        let who = self.groups.who(Some(subject), here, world)?.ok_or_else(access::nobody_yet)?;
        if let Some(to) = &self.to {
            self.no_words()?;
            let groups = who.said_groups().map(|it| it.0.clone()).collect();
            let (from, to, namespace) = (Some(who.subject.to_string()), to.clone(), here.namespace.clone());
            return Ok(FixForm::Choke(ChokedWays { from, to, groups, namespace }));
        }
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let (verb, resource, name) = match *words {
            [] => return Ok(FixForm::Revoke(who, None)),
            [verb, resource] => (verb, resource, None),
            [verb, resource, name] => (verb, resource, Some(name)),
            _ => return Err(Fault::new("a verb and a resource are needed", USAGE)),
        };
        let namespace = if here.all_namespaces { "" } else { here.namespace.as_str() };
        let resolved = access::resolve((verb, resource, name), namespace, here, world);
        if let Some(it) = resolved.refusal {
            return Err(Fault::new(it.what, it.hint));
        }
        Ok(FixForm::Revoke(who, Some(resolved.request)))
    }

    /// The answer.
    ///
    /// # Errors
    /// It is not said what is to be otherwise, or an end is none or proven not to be there.
    pub fn answer(&self, here: &Here, world: &World) -> Result<Answer, Fault> {
        match self.form(here, world)? {
            FixForm::Flow(it) => it.answer(world),
            FixForm::Isolate(it) => it.answer(world, here),
            FixForm::Choke(it) => it.answer(world),
            FixForm::Revoke(identity, request) => {
                let what = request.map_or(Taken::Everything, Taken::One);
                Revoke { identity, what }.answer(world)
            }
        }
    }

    pub(super) fn words(&self) -> Words {
        let mut words = Words::of(self.words.iter().map(Some));
        words.flag("allow", self.allow);
        words.flag("deny", self.deny);
        words.option("isolate", self.isolate.as_deref());
        words.option("contain", self.contain.as_deref());
        words.option("revoke", self.revoke.as_deref());
        words.option("to", self.to.as_deref());
        words.option("keep", self.keep.as_deref());
        self.declared.add(&mut words);
        self.groups.add(&mut words);
        words
    }
}

/// Everything: what is changed may change any flow and any right.
fn all_needs() -> Needs {
    let mut needs = needs::everything();
    needs.0.extend(rbac_needs(None).0);
    needs.0.extend(Needs::all_of([Kind::SERVICE_ACCOUNT]).0);
    needs
}

impl Reads for Fix {
    fn needs(&self, here: &Here, world: &World) -> Result<Needs, Fault> {
        // Who the operator is may have to be asked first.
        if self.revoke.is_some() { Ok(all_needs()) } else { self.form(here, world).map(|_| all_needs()) }
    }

    fn namespaces(&self, here: &Here) -> Vec<Name> {
        let named = self.words.iter().chain(&self.isolate).chain(&self.contain);
        let ends = named.filter_map(|it| end::end_and_port(it, &here.namespace).ok());
        ends.filter_map(|it| it.0.namespace().cloned()).collect()
    }

    fn wholes(&self, here: &Here, world: &World) -> Vec<ObjectId> {
        match self.form(here, world) {
            Ok(FixForm::Flow(it)) => wholes(&it, world),
            Ok(FixForm::Isolate(it)) => it.wholes(world),
            Ok(FixForm::Choke(it)) => it.wholes(world),
            Ok(FixForm::Revoke(identity, request)) => revoke::wholes(&identity, request.as_ref(), world),
            Err(_) => Vec::new(),
        }
    }

    /// What a baseline keeps is declared by manifests.
    fn wants_manifests(&self, _: &Here) -> bool {
        self.declared.baseline
    }

    /// Who asks: what the server will refuse to them is told.
    fn reviews(&self, here: &Here, _: &World) -> Result<Vec<Review>, Fault> {
        Ok(if here.from_files { Vec::new() } else { vec![Review::Own] })
    }

    fn names(&self) -> ServedNames {
        ServedNames::Served
    }

    fn topic(&self) -> Topic {
        Topic::Any
    }
}
