//! `who-can VERB RESOURCE[.GROUP][/SUBRESOURCE] [NAME]` or `VERB /URL`: everybody who can, by which grants.
//!
//! Without `-n` it covers the cluster and every namespace, each grant with where it holds (CONTRACT §4).

use clap::Args;
use serde::{Deserialize, Serialize};

use super::access::{self, Unserved};
use super::{Here, Reads, ServedNames, Words};
use crate::ask::needs::Needs;
use crate::ask::topic::Topic;
use crate::ask::{Fault, World};
use crate::model::cluster::Cluster;
use crate::model::evidence::Outcome;
use crate::model::id::{Kind, ObjectId, ResourceScope};
use crate::model::role::{Subject, SubjectKind};
use crate::rbac::note;
use crate::rbac::request::Request;
use crate::rbac::review::Review;
use crate::rbac::served::{ResolvedResource, path_of};
use crate::rbac::who::{self, AskedPlaces};
use crate::text::evidence::Evidence;
use crate::text::{self, Line, Mark, Page};

/// List who can do it, and through which grants.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct WhoCan {
    /// The verb: get, list, watch, create, update, patch, delete, ... or an HTTP method before a /URL
    pub verb: String,
    /// What is asked for.
    #[arg(help = "RESOURCE[.GROUP][/SUBRESOURCE], or a /URL")]
    pub resource: String,
    /// The object's name
    #[arg(value_name = "NAME")]
    pub object: Option<String>,
    /// Show the pods that run as each service account
    #[arg(long)]
    #[serde(default)]
    pub pods: bool,
    #[command(flatten)]
    #[serde(flatten)]
    pub unserved: Unserved,
}

impl WhoCan {
    /// The request that is meant.
    pub fn resolved(&self, here: &Here, world: &World) -> ResolvedResource {
        let namespace = here.only.as_deref().unwrap_or_default();
        let typed = (self.verb.as_str(), self.resource.as_str(), self.object.as_deref());
        self.unserved.resolved(access::resolve(typed, namespace, here, world))
    }

    /// Where to look: in a namespace that was named, in none for what stands in none, else everywhere.
    pub fn places(&self, here: &Here, resolved: &ResolvedResource) -> AskedPlaces {
        let is_url = path_of(&self.resource).is_some();
        match here.only.is_some() || resolved.scope == Some(ResourceScope::Cluster) || is_url {
            true => AskedPlaces::Asked,
            false => AskedPlaces::Everywhere,
        }
    }

    /// The answer.
    pub fn answer<'a>(&self, here: &Here, world: &'a World) -> Holders<'a> {
        let resolved = self.resolved(here, world);
        Holders::of(world, &resolved.request, self.places(here, &resolved), self.pods)
    }

    pub(super) fn words(&self) -> Words {
        let mut words = Words::of([Some(&self.verb), Some(&self.resource), self.object.as_ref()]);
        words.flag("pods", self.pods);
        self.unserved.add(&mut words);
        words
    }
}

/// Everybody who can, and whether the pods that run as them were asked for.
pub struct Holders<'a> {
    pub who: who::WhoCanAnswer<'a>,
    pub pods: bool,
}

impl<'a> Holders<'a> {
    /// Everybody who can do this there.
    pub fn of(world: &'a World, request: &Request, places: AskedPlaces, pods: bool) -> Self {
        Self { who: world.rbac().who_can(&world.cluster, request, places), pods }
    }

    /// `Allow`: somebody besides `system:masters` can; `Unknown`: the list may be incomplete (CONTRACT §4).
    pub fn outcome(&self) -> Outcome {
        match (self.who.gaps.is_empty(), self.who.has_others()) {
            (false, _) => Outcome::Unknown,
            (true, true) => Outcome::Allow,
            (true, false) => Outcome::Deny,
        }
    }

    /// The answer in words.
    pub fn page(&self, world: &World) -> Page {
        self.page_of(world, &|_, _| true)
    }

    /// The same with the grants of those alone that are open: it is asked of the page's first line and a holder's.
    pub fn page_of(&self, world: &World, is_open: &dyn Fn(&Line, &Line) -> bool) -> Page {
        let who = &self.who;
        let people = world.people.as_deref();
        let mut page = text::rbac::who_can_opened(who, &world.rbac().beside(who), people, is_open);
        self.notes(world).iter().for_each(|it| page.push(it.line(1)));
        if self.pods {
            self.add_pods(&mut page, &world.cluster);
        }
        page
    }

    /// What should be known of the request, whoever can.
    pub fn notes(&self, world: &World) -> Vec<Evidence> {
        let mut notes = note::of_request(&self.who.request, world.version);
        if !self.who.has_others() {
            notes.extend(note::no_rbac(&world.cluster));
        }
        notes.extend(note::of_problems(&world.cluster, &self.who.rules()));
        notes.into_iter().map(|it| Evidence::new(Mark::Note, it)).collect()
    }

    fn add_pods(&self, page: &mut Page, cluster: &Cluster) {
        page.say(0, Mark::Title, "pods that run as them");
        for subject in self.who.holders.iter().map(|it| self.who.subject(it)) {
            for pod in pods(subject, cluster) {
                let line = Line::new(1, Mark::Plain, format!("{pod} as {subject}"));
                page.push(line.linked(&pod, &Default::default()));
            }
        }
    }
}

/// The unfinished pods that run as a service account.
pub fn pods(subject: &Subject, cluster: &Cluster) -> Vec<ObjectId> {
    if subject.kind() != SubjectKind::ServiceAccount {
        return Vec::new();
    }
    let own = cluster.pods.of(subject.namespace()).iter();
    let own = own.filter(|it| *it.service_account() == *subject.name() && !it.phase().is_finished());
    own.map(|it| it.pod_id().object()).collect()
}

impl Reads for WhoCan {
    fn needs(&self, here: &Here, world: &World) -> Result<Needs, Fault> {
        let resolved = self.resolved(here, world);
        let namespace = match self.places(here, &resolved) {
            AskedPlaces::Asked => Some(resolved.request.namespace().into()),
            AskedPlaces::Everywhere => None,
        };
        let mut needs = access::with_marks(access::rbac_needs(namespace.as_ref()));
        if self.pods {
            needs.0.extend(Needs::all_of([Kind::POD]).0);
        }
        // A group of all service accounts or all users stands for every account and namespace there is.
        if access::has_read(world) && self.answer(here, world).who.is_of_everybody() {
            needs.0.extend(Needs::all_of([Kind::SERVICE_ACCOUNT, Kind::NAMESPACE]).0);
        }
        Ok(needs)
    }

    fn names(&self) -> ServedNames {
        if path_of(&self.resource).is_some() { ServedNames::Known } else { ServedNames::Served }
    }

    /// Whether the server asks other authorizers, whom nobody can list.
    fn reviews(&self, here: &Here, _: &World) -> Result<Vec<Review>, Fault> {
        Ok(vec![Review::OwnRules(access::own_namespace(here.only.as_deref().unwrap_or_default(), here))])
    }

    fn beside(&self, here: &Here, _: &World) -> Needs {
        access::beside(here)
    }

    fn notes(&self, here: &Here, world: &World) -> Vec<String> {
        let notes = self.resolved(here, world).notes;
        notes.iter().map(ToString::to_string).chain(self.unserved.absence(here, world)).collect()
    }

    fn refusal(&self, here: &Here, world: &World) -> Option<Fault> {
        self.unserved.refusal(Some(self.resolved(here, world)), here, world)
    }

    fn topic(&self) -> Topic {
        Topic::Access
    }
}
