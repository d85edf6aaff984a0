//! `permissions [SUBJECT]`: everything that somebody holds, with binding, role and rule; `--diff OTHER` compares.

use std::collections::BTreeSet;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::access::{self, Groups, Unserved};
use super::{Here, Reads, ServedNames, Words};
use crate::ask::compared::ComparedSubjects;
use crate::ask::needs::Needs;
use crate::ask::topic::Topic;
use crate::ask::{Fault, World};
use crate::model::name::Name;
use crate::rbac::capability::Capability;
use crate::rbac::fold::Folded;
use crate::rbac::identity::Identity;
use crate::rbac::note;
use crate::rbac::review::{Review, Rules};
use crate::text::{self, Mark, Page, words};

/// All grants of SUBJECT, with binding, role and rule.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Permissions {
    /// Who: user:NAME, group:NAME, sa:NAMESPACE/NAME or me; left out: me
    pub subject: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    pub groups: Groups,
    /// Compare with another subject: what only one of them holds
    #[arg(long, value_name = "OTHER")]
    pub diff: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    pub unserved: Unserved,
}

/// What somebody holds, and what it amounts to.
#[derive(Clone, Debug)]
pub struct HeldPermissions<'a> {
    pub folded: Folded,
    pub capabilities: Vec<Capability>,
    /// The server's word on the operator, namespace by namespace, where bindings may not all be read.
    pub own: Vec<(Name, &'a Rules)>,
}

impl HeldPermissions<'_> {
    /// What should be known beside the rows: what is wrong with the objects they come from, or that there are none.
    pub fn notes(&self, world: &World) -> Vec<String> {
        let problems = note::of_problems(&world.cluster, &self.folded.objects());
        problems.into_iter().chain(note::no_rbac(&world.cluster)).collect()
    }

    /// The answer in words.
    pub fn page(&self, world: &World) -> Page {
        let folded = &self.folded;
        let mut page = text::rbac::permissions(folded);
        self.own.iter().for_each(|(namespace, rules)| text::rbac::own_rules(&mut page, namespace, rules));
        text::capability::add(&mut page, &self.capabilities);
        if access::unknown(&folded.identity, world).is_none() {
            page.lines.extend(text::rbac::unnamed(world.rbac(), folded));
        }
        self.notes(world).iter().for_each(|it| page.say(1, Mark::Note, it));
        access::left(&folded.identity, world).iter().for_each(|it| page.push(it.line(1)));
        page
    }
}

impl Permissions {
    /// The namespace that the operator's own rules are asked in.
    fn own_namespace(here: &Here) -> Name {
        access::own_namespace(here.only.as_deref().unwrap_or_default(), here)
    }

    /// The server's word on somebody whose bindings may not all be read, where it is the operator.
    fn own_rules<'a>(folded: &Folded, here: &Here, world: &'a World) -> Option<(Name, &'a Rules)> {
        let is_own = folded.is_partial() && world.told.me().is_some_and(|it| it.is(&folded.identity));
        let namespace = Self::own_namespace(here);
        let rules = world.told.rules(&namespace).filter(|_| is_own)?;
        Some((namespace, rules))
    }

    /// Whom it is about, each once that is known.
    fn identities(&self, here: &Here, world: &World) -> Result<Vec<Option<Identity>>, Fault> {
        let typed = std::iter::once(self.subject.as_deref()).chain(self.diff.iter().map(|it| Some(it.as_str())));
        typed.map(|it| self.groups.who(it, here, world)).collect()
    }

    fn folded(&self, text: Option<&str>, here: &Here, world: &World) -> Result<Folded, Fault> {
        let identity = self.groups.who(text, here, world)?.ok_or_else(access::nobody_yet)?;
        Ok(world.rbac().folded(&identity, here.only.as_ref(), &world.served))
    }

    /// What the subject holds.
    ///
    /// # Errors
    /// Nobody is asked about.
    pub fn answer<'a>(&self, here: &Here, world: &'a World) -> Result<HeldPermissions<'a>, Fault> {
        let folded = self.folded(self.subject.as_deref(), here, world)?;
        let capabilities = world.rbac().capabilities(&folded.identity, here.only.as_ref(), world.version);
        let own = Self::own_rules(&folded, here, world).into_iter().collect();
        Ok(HeldPermissions { folded, capabilities, own })
    }

    /// What only one of the subject and the other one of `--diff` holds; `None` where no other was named.
    ///
    /// # Errors
    /// Nobody is asked about, or the other is none.
    pub fn compared(&self, here: &Here, world: &World) -> Result<Option<ComparedSubjects>, Fault> {
        let Some(other) = &self.diff else { return Ok(None) };
        let subject = self.folded(self.subject.as_deref(), here, world)?;
        Ok(Some(ComparedSubjects::of(&subject, &self.folded(Some(other), here, world)?)))
    }

    pub(super) fn words(&self) -> Words {
        let mut words = Words::of([self.subject.as_ref()]);
        self.groups.add(&mut words);
        words.option("diff", self.diff.as_deref());
        self.unserved.add(&mut words);
        words
    }
}

impl Reads for Permissions {
    fn needs(&self, here: &Here, world: &World) -> Result<Needs, Fault> {
        self.identities(here, world)?;
        Ok(access::rbac_needs(None))
    }

    fn names(&self) -> ServedNames {
        ServedNames::Served
    }

    fn beside(&self, here: &Here, world: &World) -> Needs {
        let mut needs = access::beside(here);
        for identity in self.identities(here, world).unwrap_or_default().iter().flatten() {
            needs.0.extend(access::beside_subject(identity, world).0);
        }
        needs
    }

    fn notes(&self, here: &Here, world: &World) -> Vec<String> {
        let identities = self.identities(here, world).unwrap_or_default();
        let unknown = identities.iter().flatten().filter_map(|it| access::unknown(it, world));
        let elsewhere = identities.iter().flatten().filter_map(|it| holds_elsewhere(it, here, world));
        unknown.chain(elsewhere).chain(self.unserved.absence(here, world)).collect()
    }

    fn refusal(&self, here: &Here, world: &World) -> Option<Fault> {
        self.unserved.refusal(None, here, world)
    }

    /// Where the operator may not read what he himself is given, the server is asked.
    fn reviews(&self, here: &Here, world: &World) -> Result<Vec<Review>, Fault> {
        if !access::has_read(world) {
            return Ok(Vec::new());
        }
        let mut reviews = Vec::new();
        for identity in self.identities(here, world)? {
            let Some(identity) = identity else { return Ok(vec![Review::Own]) };
            if world.rbac().folded(&identity, here.only.as_ref(), &world.served).is_partial() {
                reviews.extend(match world.told.me() {
                    None => Some(Review::Own),
                    Some(me) => me.is(&identity).then(|| Review::OwnRules(Self::own_namespace(here))),
                });
            }
        }
        reviews.dedup();
        Ok(reviews)
    }

    fn topic(&self) -> Topic {
        Topic::Access
    }
}

/// What somebody holds elsewhere, where `-n` leaves nothing to show.
fn holds_elsewhere(identity: &Identity, here: &Here, world: &World) -> Option<String> {
    let only = here.only.as_ref()?;
    let held = world.rbac().folded(identity, Some(only), &world.served);
    let is_empty = held.rows.is_empty() && held.empty.is_empty();
    let all = is_empty.then(|| world.rbac().folded(identity, None, &world.served).rows)?;
    let places: BTreeSet<&Name> = all.iter().map(|it| &it.scope).collect();
    let count = words::count(places.len() as u64, "other namespace", "other namespaces");
    let subject = &identity.subject;
    (!places.is_empty()).then(|| format!("{subject} holds nothing in {only}, and something in {count} (without -n)"))
}
