//! `explain OBJECT` and `touch OBJECT`: what an object is, and who may change, delete or enter it.
//!
//! ```text
//! shop/web-0   deploy/shop/web   ns/shop   networkpolicy/shop/db   svc/shop/db   sa:shop/web
//! ```

use std::cell::OnceCell;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::access::{Groups, beside_subject, rbac_needs, with_marks};
use super::{Here, Reads, Words};
use crate::ask::baseline::BaselineScope;
use crate::ask::directory::Directory;
use crate::ask::end::{self, AskedEnd, PortAsk};
use crate::ask::item::Item;
use crate::ask::nearest::{did_you_mean, nearest};
use crate::ask::needs::{self, Needs, ReadNeed};
use crate::ask::resolve::{EndRole, resolve};
use crate::ask::scope::{CellContext, ListScope};
use crate::ask::topic::Topic;
use crate::ask::{Fault, World, escalation, explain, somebody};
use crate::kinds;
use crate::model::coverage::Scope as Covered;
use crate::model::id::{Kind, ObjectId, WorkloadId};
use crate::model::labels::Labels;
use crate::model::name::Name;
use crate::model::owner::Owner;
use crate::model::role::{Subject, SubjectKind};
use crate::rbac::identity::Identity;
use crate::rbac::pasted::{self, TypedSubject};
use crate::rbac::touch::Touched;
use crate::text::Page;

/// What OBJECT is.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Explain {
    /// NS/POD, deploy/NS/NAME, svc/NS/NAME, ns/NAME, networkpolicy/NS/NAME (or another kind of policy), user:NAME,
    /// group:NAME or sa:NS/NAME
    #[arg(value_name = "OBJECT")]
    pub object: String,
    #[command(flatten)]
    #[serde(flatten)]
    pub groups: Groups,
    /// Of a namespace: read what its manifests declare, and tell which of that policies deny
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gaps: bool,
}

/// Who may touch OBJECT.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Touch {
    /// NS/POD, deploy/NS/NAME, svc/NS/NAME, ns/NAME, networkpolicy/NS/NAME (or another kind of policy), sa:NS/NAME
    #[arg(value_name = "OBJECT")]
    pub object: String,
}

/// What an object is.
pub struct Explanation {
    pub item: Item,
    /// Facts, what governs it, problems.
    pub facts: Page,
    pub labels: Labels,
    pub labels_page: Page,
}

impl Explanation {
    /// Facts first, then the labels, where there are some.
    pub fn page(&self) -> Page {
        let mut page = self.facts.clone();
        if self.labels != Labels::default() {
            page.add(0, self.labels_page.clone());
        }
        page
    }
}

const SUCH_AS: &str = "such as shop/web-0, deploy/shop/web, svc/shop/db, ns/shop, networkpolicy/shop/db or sa:shop/web";

/// Reads which object is meant; nothing here looks at a cluster.
///
/// # Errors
/// It is none of those that are explained.
pub fn item(text: &str, here: &Here) -> Result<Item, Fault> {
    if escalation::is_subject(text) {
        return match pasted::read(text, &here.namespace).map_err(|what| Fault::new(what, SUCH_AS))? {
            TypedSubject::Somebody(subject) => Ok(Item::Subject(subject)),
            TypedSubject::Me => Err(Fault::new(format!("{text} names nobody"), SUCH_AS)),
        };
    }
    if let Some(policy) = policy(text, here) {
        return Ok(Item::Policy(policy));
    }
    match end::end(text, &here.namespace)? {
        AskedEnd::Pod(pod) => Ok(Item::Pod(pod)),
        AskedEnd::Namespace(name) => Ok(Item::Namespace(name)),
        AskedEnd::Service { namespace, name } => Ok(Item::Service(ObjectId::new(Kind::SERVICE, namespace, name))),
        AskedEnd::Workload { kind, namespace, name } => {
            Ok(Item::Workload(WorkloadId { namespace, kind: Owner::word(&kind), name }))
        }
        other => Err(Fault::new(format!("{other} is not explained: no list shows it"), SUCH_AS)),
    }
}

/// `networkpolicy/shop/db`, `netpol/db`, `policy/shop/db` for whichever kind.
fn policy(text: &str, here: &Here) -> Option<ObjectId> {
    let (word, rest) = text.split_once('/')?;
    let is_any = ["policy", "policies"].contains(&word);
    let spec = if is_any { Some(kinds::WRITTEN_POLICY) } else { kinds::spec_named(word) };
    let spec = spec.filter(|it| it.is_policy())?;
    let (namespace, name) = match rest.split_once('/') {
        Some((namespace, name)) => (namespace, name),
        None if spec.is_namespaced() => (here.namespace.as_str(), rest),
        None => ("", rest),
    };
    Some(ObjectId::new(spec.kind, namespace, name))
}

/// The same, once it is known to be there or cannot be known to be absent.
///
/// # Errors
/// It is proven not to be there.
pub fn found(item: Item, world: &World) -> Result<Item, Fault> {
    let end = match (item.end(), &item) {
        (Some(end), _) => end,
        (None, Item::Policy(it)) => return policy_found(it, world).map(Item::Policy),
        (None, _) => return Ok(item),
    };
    let directory = OnceCell::new();
    let directory = || directory.get_or_init(|| Directory::of(&world.cluster));
    resolve(&world.cluster, directory, &end, EndRole::Goal(&PortAsk::NONE))?;
    Ok(item)
}

/// The policy of this name, of the kind that was typed or, where there is none, of another.
fn policy_found(id: &ObjectId, world: &World) -> Result<ObjectId, Fault> {
    let here = world.cluster.policies.of(&id.namespace);
    let named = || here.iter().filter(|it| it.meta.name == id.name);
    let known = named().find(|it| it.kind == id.kind).or_else(|| named().next());
    if let Some(known) = known {
        return Ok(known.id());
    }
    if !world.cluster.coverage.is_complete(id.kind, &id.namespace) {
        return Ok(id.clone());
    }
    let near = nearest(&id.name, here.iter().map(|it| it.meta.name.as_str()));
    let near: Vec<String> = near.into_iter().map(|it| format!("{}/{it}", id.namespace)).collect();
    Err(Fault::new(format!("{id} does not exist"), if near.is_empty() { String::new() } else { did_you_mean(&near) }))
}

/// What the facts of an object rest on.
fn facts_needs(item: &Item, world: &World) -> Needs {
    let end = match (item.end(), item) {
        // The Services before it are those of its namespace.
        (Some(_), Item::Workload(_)) => return needs::everything(),
        (Some(end), _) => end,
        (None, Item::Subject(subject)) => return subject_needs(subject),
        // Whether a rule matches anything is told of all that is there.
        (None, _) => return needs::everything(),
    };
    needs::of_trace(&world.cluster, &end, &end, &PortAsk::NONE)
}

fn subject_needs(subject: &Subject) -> Needs {
    let mut needs = rbac_needs(None);
    if subject.kind() == SubjectKind::ServiceAccount {
        let scope = || Covered::Namespace(subject.namespace().clone());
        needs.0.extend([Kind::SERVICE_ACCOUNT, Kind::POD].map(|kind| ReadNeed::All { kind, scope: scope() }));
    }
    needs
}

impl Explain {
    /// What it is.
    ///
    /// # Errors
    /// It is nothing that is explained, or proven not to be there.
    pub fn answer(&self, here: &Here, world: &World) -> Result<Explanation, Fault> {
        let item = found(item(&self.object, here)?, world)?;
        let scope = ListScope::default();
        let acting = match &item {
            Item::Subject(subject) => Some(Identity::new(subject, &self.given())).filter(|_| !self.given().is_empty()),
            _ => None,
        };
        let view = CellContext { world, scope: &scope, acting: acting.as_ref() };
        let labels = explain::labels_of(view, &item);
        let mut facts = explain::facts(view, &item);
        if let Item::Namespace(name) = &item {
            facts.add(0, self.gaps(name, here, world)?);
        } else if self.gaps {
            return Err(Fault::new(format!("{} is no namespace: --gaps is of one", item.typed()), "such as ns/shop"));
        }
        Ok(Explanation { facts, labels_page: explain::labels(view, &item), labels, item })
    }

    /// What manifests declare and policies deny; where nothing was read, how that is told.
    fn gaps(&self, name: &Name, here: &Here, world: &World) -> Result<Page, Fault> {
        let Some(manifests) = &world.declared else { return Ok([explain::unread_gaps(name)].into_iter().collect()) };
        let wanted = BaselineScope { namespaces: vec![name.clone()], ..BaselineScope::default() };
        let baseline = world.baseline(manifests, &wanted, here)?;
        let is_told = self.gaps || !baseline.gaps.is_empty();
        Ok(if is_told { baseline.gaps_page() } else { Page::default() })
    }

    fn given(&self) -> Vec<Name> {
        self.groups.groups.iter().map(Into::into).collect()
    }

    pub(super) fn words(&self) -> Words {
        let mut words = Words::of([Some(&self.object)]);
        self.groups.add(&mut words);
        words.flag("gaps", self.gaps);
        words
    }
}

impl Touch {
    /// Who may touch it, way by way.
    ///
    /// # Errors
    /// It is no object, or proven not to be there.
    pub fn answer(&self, here: &Here, world: &World) -> Result<Touched, Fault> {
        let item = found(item(&self.object, here)?, world)?;
        let touched = item.object().and_then(|it| world.rbac().touched(&world.cluster, &it, None));
        touched.ok_or_else(|| Fault::new(format!("{} is no object of the cluster", item.typed()), SUCH_AS))
    }

    pub(super) fn words(&self) -> Words {
        Words::of([Some(&self.object)])
    }
}

impl Reads for Explain {
    fn needs(&self, here: &Here, world: &World) -> Result<Needs, Fault> {
        let item = item(&self.object, here)?;
        // Who is declared to connect there, and what denies it, may be in any namespace.
        Ok(if self.gaps { needs::everything() } else { facts_needs(&item, world) })
    }

    fn namespaces(&self, here: &Here) -> Vec<Name> {
        let item = self.gaps.then(|| item(&self.object, here).ok()).flatten();
        item.into_iter().filter_map(|it| if let Item::Namespace(name) = it { Some(name) } else { None }).collect()
    }

    /// What is declared and denied is told of a namespace in files, where all is at hand; of a cluster when asked for.
    fn wants_manifests(&self, here: &Here) -> bool {
        (here.from_files || self.gaps) && matches!(item(&self.object, here), Ok(Item::Namespace(_)))
    }

    fn beside(&self, here: &Here, world: &World) -> Needs {
        match item(&self.object, here) {
            Ok(Item::Subject(subject)) => beside_subject(&Identity::new(&subject, &[]), world),
            _ => Needs::default(),
        }
    }

    fn notes(&self, here: &Here, world: &World) -> Vec<String> {
        let Ok(Item::Subject(subject)) = item(&self.object, here) else { return Vec::new() };
        let unknown = || somebody::unknown(&world.cluster, world.rbac(), world.people.as_deref(), &subject);
        (!world.is_me(&subject)).then(unknown).flatten().into_iter().collect()
    }

    fn topic(&self) -> Topic {
        if escalation::is_subject(&self.object) { Topic::Access } else { Topic::Network }
    }
}

impl Reads for Touch {
    fn needs(&self, here: &Here, _: &World) -> Result<Needs, Fault> {
        let item = item(&self.object, here)?;
        let id = item.object().ok_or_else(|| Fault::new(format!("{} is no object", item.typed()), SUCH_AS))?;
        let mut needs = with_marks(rbac_needs(item.namespace()));
        needs.0.insert(ReadNeed::One(id));
        needs.0.extend(item.namespace().map(|it| ReadNeed::One(ObjectId::new(Kind::NAMESPACE, "", it.clone()))));
        Ok(needs)
    }

    fn topic(&self) -> Topic {
        Topic::Access
    }
}
