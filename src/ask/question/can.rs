//! `can [SUBJECT] VERB RESOURCE[.GROUP][/SUBRESOURCE] [NAME]` or `VERB /URL`: may somebody do something, and why.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::access::{self, Groups, Unserved};
use super::{Here, Reads, ServedNames, Words};
use crate::ask::needs::Needs;
use crate::ask::topic::Topic;
use crate::ask::{Fault, World};
use crate::model::evidence::Outcome;
use crate::rbac::grant::Access;
use crate::rbac::identity::Identity;
use crate::rbac::pasted;
use crate::rbac::request::Request;
use crate::rbac::review::{self, Reply, Review};
use crate::rbac::served::{ResolvedResource, path_of};
use crate::text::evidence::Evidence;
use crate::text::{self, Mark, Page};

/// May SUBJECT do it, and why.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Can {
    /// Who: user:NAME, group:NAME, sa:NAMESPACE/NAME or me; left out: me
    #[arg(index = 1)]
    pub subject: Option<String>,
    /// The verb: get, list, watch, create, update, patch, delete, ... or an HTTP method before a /URL
    #[arg(index = 2)]
    pub verb: Option<String>,
    /// What is asked for.
    #[arg(index = 3, help = "RESOURCE[.GROUP][/SUBRESOURCE], or a /URL")]
    pub resource: Option<String>,
    /// The object's name
    #[arg(index = 4, value_name = "NAME")]
    pub object: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    pub groups: Groups,
    #[command(flatten)]
    #[serde(flatten)]
    pub unserved: Unserved,
}

/// Whether somebody may do something, and what should be known beside it.
#[derive(Clone, PartialEq, Debug)]
pub struct Allowed {
    pub access: Access,
    pub notes: Vec<Evidence>,
}

impl Allowed {
    /// What RBAC says, the server's own word where it was asked for what that leaves unknown, and notes.
    pub fn of(identity: &Identity, request: &Request, world: &World) -> Self {
        let mut access = world.rbac().can(identity, request);
        let mut notes = access::notes(&access, world);
        notes.extend(access::left(identity, world));
        match review::appeal(&access, &world.told).and_then(|it| world.told.reply(&it)) {
            Some(Reply::Word(word)) => access.word = Some(word.clone()),
            Some(Reply::Silent(why)) => {
                notes.push(Evidence::new(Mark::Note, format!("the server was asked itself and does not say: {why}")));
            }
            _ => {}
        }
        Self { access, notes }
    }

    /// The answer in words.
    pub fn page(&self, world: &World) -> Page {
        let mut page = text::rbac::access(&self.access, world.rbac());
        self.notes.iter().for_each(|it| page.push(it.line(1)));
        page
    }
}

/// The words of a typed question.
struct CanWords<'a> {
    subject: Option<&'a str>,
    verb: &'a str,
    resource: &'a str,
    object: Option<&'a str>,
}

impl Can {
    /// What was typed: who may be left out.
    fn typed(&self) -> Result<CanWords<'_>, Fault> {
        let typed = [&self.subject, &self.verb, &self.resource, &self.object];
        let typed: Vec<&str> = typed.into_iter().flatten().map(String::as_str).collect();
        let needed = || Fault::new("a verb and a resource are needed", "such as user:alice get secrets [NAME] -n shop");
        let (subject, rest) = pasted::split(&typed);
        let (verb, resource, object) = match *rest {
            [verb, resource] => (verb, resource, None),
            [verb, resource, object] => (verb, resource, Some(object)),
            _ => return Err(needed()),
        };
        Ok(CanWords { subject, verb, resource, object })
    }

    /// Who was typed, if anybody was.
    ///
    /// # Errors
    /// No verb or no resource was typed.
    pub fn who(&self) -> Result<Option<&str>, Fault> {
        Ok(self.typed()?.subject)
    }

    /// The request that is meant.
    ///
    /// # Errors
    /// No verb or no resource was typed.
    pub fn resolved(&self, here: &Here, world: &World) -> Result<ResolvedResource, Fault> {
        let words = self.typed()?;
        let namespace = if here.all_namespaces { "" } else { here.namespace.as_str() };
        let typed = (words.verb, words.resource, words.object);
        Ok(self.unserved.resolved(access::resolve(typed, namespace, here, world)))
    }

    /// Who is asked about, once that is known, and what.
    fn question(&self, here: &Here, world: &World) -> Result<(Option<Identity>, Request), Fault> {
        let identity = self.groups.who(self.who()?, here, world)?;
        Ok((identity, self.resolved(here, world)?.request))
    }

    /// The answer, decided twice where that is wanted.
    ///
    /// # Errors
    /// Nobody is asked about or nothing; or both evaluators differ.
    pub fn answer(&self, here: &Here, world: &World) -> Result<Allowed, Fault> {
        let (identity, request) = self.question(here, world)?;
        let identity = identity.ok_or_else(access::nobody_yet)?;
        access::self_check(world, &identity, &request, world.rbac().can(&identity, &request).outcome())?;
        Ok(Allowed::of(&identity, &request, world))
    }

    pub(super) fn words(&self) -> Words {
        let typed = [&self.subject, &self.verb, &self.resource, &self.object];
        let mut words = Words::of(typed.map(Option::as_ref));
        self.groups.add(&mut words);
        self.unserved.add(&mut words);
        words
    }
}

impl Reads for Can {
    fn needs(&self, here: &Here, world: &World) -> Result<Needs, Fault> {
        let (identity, request) = self.question(here, world)?;
        let needs = access::rbac_needs(Some(&request.namespace().into()));
        let Some(identity) = identity else { return Ok(needs) };
        let is_allowed = world.rbac().can(&identity, &request).outcome() == Outcome::Allow;
        Ok(if access::has_read(world) && !is_allowed { access::with_marks(needs) } else { needs })
    }

    fn names(&self) -> ServedNames {
        let is_typed = self.typed().is_ok_and(|it| path_of(it.resource).is_none());
        if is_typed { ServedNames::Served } else { ServedNames::Known }
    }

    /// Where a "no" would be said: whether the server asks other authorizers, and what it says itself.
    fn reviews(&self, here: &Here, world: &World) -> Result<Vec<Review>, Fault> {
        let (Some(identity), request) = self.question(here, world)? else { return Ok(vec![Review::Own]) };
        let access = world.rbac().can(&identity, &request);
        if !access::has_read(world) || access.outcome() == Outcome::Allow {
            return Ok(Vec::new());
        }
        let rules = || Review::OwnRules(access::own_namespace(request.namespace(), here));
        let is_no = access.outcome() == Outcome::Deny;
        Ok(is_no.then(rules).into_iter().chain(review::appeal(&access, &world.told)).collect())
    }

    fn beside(&self, here: &Here, world: &World) -> Needs {
        let mut needs = access::beside(here);
        if let Ok((Some(identity), _)) = self.question(here, world) {
            needs.0.extend(access::beside_subject(&identity, world).0);
        }
        needs
    }

    fn refusal(&self, here: &Here, world: &World) -> Option<Fault> {
        let resolved = self.resolved(here, world).ok()?;
        self.unserved.refusal(Some(resolved), here, world)
    }

    fn notes(&self, here: &Here, world: &World) -> Vec<String> {
        let notes = self.resolved(here, world).map(|it| it.notes).unwrap_or_default();
        let identity = self.question(here, world).ok().and_then(|it| it.0);
        let unknown = identity.and_then(|it| access::unknown(&it, world));
        let absence = self.unserved.absence(here, world);
        unknown.into_iter().chain(notes.iter().map(ToString::to_string)).chain(absence).collect()
    }

    fn topic(&self) -> Topic {
        Topic::Access
    }
}

/// Questions that are read line by line, each judged literally.
#[derive(Clone, Copy, Debug)]
pub struct CanBatch;

impl Reads for CanBatch {
    fn needs(&self, _: &Here, _: &World) -> Result<Needs, Fault> {
        Ok(access::with_marks(access::rbac_needs(None)))
    }

    fn reviews(&self, here: &Here, _: &World) -> Result<Vec<Review>, Fault> {
        Ok(vec![Review::OwnRules(access::own_namespace("", here))])
    }

    fn notes(&self, _: &Here, world: &World) -> Vec<String> {
        let literal = "--directory gives no groups to lines of --batch: each is judged literally";
        world.people.iter().map(|_| literal.to_owned()).collect()
    }

    fn topic(&self) -> Topic {
        Topic::Access
    }
}
