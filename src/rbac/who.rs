//! Who can: everybody for whom [`Index::can`] says allow, among those whom the cluster knows (CONTRACT §4).
//!
//! The candidates are all subjects of bindings, all service accounts, and the groups and users that every cluster has.
//! A grant to `system:authenticated` is therefore everybody's, each named.
//!
//! Who can read secrets? To ask [`Index::can`] of each of ten thousand candidates would read many bindings ten thousand
//! times. It is asked the other way: the words of roles lead to the few roles that have `secrets` or `*` (in one
//! namespace the bindings that count there lead to theirs), roles to their rules that cover the request (hits) and to
//! their bindings, and each binding to the keys that it names, a key being the name of a user or of a group:
//!
//! ```text
//! hits     0: ClusterRole/view rule 3    1: Role/shop/ops rule 0
//! links    #  hit  binding        next               heads   user ana → 2    group dev → 0
//!          0   0   dev-views      —
//!          1   0   ana-views      —                  ana has links 2, 1;  dev has link 0
//!          2   1   shop/ana-ops   1
//! ```
//!
//! So what is found stands in two flat lists, and what a key has is a chain through the second, newest first. It is no
//! list for each key: most keys have one link, and there may be a hundred thousand. A grant, with its words, is made of
//! a link when somebody asks for it; counting makes none.
//!
//! Groups that come by themselves make the difference between the two sorts of [`Holder`]. While no grant is to one of
//! them, who can is exactly who has a head. As soon as `system:serviceaccounts:shop` has one, all accounts of shop can,
//! those too that no binding names: then every candidate is looked at, with the chains of all keys that it has.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::model::cluster::Cluster;
use crate::model::evidence::Gap;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::role::{Subject, SubjectKind};

use super::grant::Grant;
use super::identity::{
    ANONYMOUS, AUTHENTICATED, Identity, MASTERS, NODES, SERVICE_ACCOUNTS, UNAUTHENTICATED, accounts_of, canonical,
};
use super::index::{BindingEntry, CLUSTER, Index, KeySlot, RoleEntry, Roles, Slot, SubjectKey, SubjectKeys};
use super::lookup::grant_by;
use super::mask::{Mask, VerbMask};
use super::matching::{Match, PreparedRequest};
use super::request::Request;

/// Where a question about everybody looks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AskedPlaces {
    /// In the namespace of the request (empty: cluster-wide only).
    Asked,
    /// Cluster-wide and in every namespace.
    Everywhere,
}

/// Somebody who can.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Holder {
    /// Whom bindings name themselves, and the first of their links.
    Named { key: KeySlot, first: u32 },
    /// Who can by what they have by themselves as well: the places of each key's first link. None: always.
    Somebody { subject: Subject, through: Vec<u32> },
}

impl Holder {
    /// Whether no binding is needed: `group:system:masters` alone.
    pub fn is_always(&self) -> bool {
        matches!(self, Holder::Somebody { through, .. } if through.is_empty())
    }
}

/// One rule of one role that covers the request.
#[derive(Clone, Copy, Debug)]
struct Hit<'a> {
    role: &'a RoleEntry,
    rule: u32,
    matched: Match,
}

/// What one binding gives to one of its keys by one rule, and the next link of the same key.
#[derive(Clone, Copy, Debug)]
struct GrantLink {
    hit: u32,
    binding: Slot,
    subject: u32,
    next: u32,
}

/// The end of a chain of links.
const NONE: u32 = u32::MAX;

/// Everybody who can do something. Who they are and which grants they have is read from the index when it is asked for.
#[derive(Clone, Debug)]
pub struct WhoCanAnswer<'a> {
    pub request: Request,
    pub places: AskedPlaces,
    /// By subject; `group:system:masters` is always among them.
    pub holders: Vec<Holder>,
    /// Why somebody may be missing.
    pub gaps: Vec<Gap>,
    index: &'a Index,
    hits: Vec<Hit<'a>>,
    links: Vec<GrantLink>,
    /// Whether a key is one that somebody has without being named.
    everybody: Everybody,
}

/// The keys that many have by themselves.
struct Common {
    authenticated: Option<KeySlot>,
    accounts: Option<KeySlot>,
}

impl Common {
    fn of(keys: &SubjectKeys) -> Self {
        Self { authenticated: keys.group(AUTHENTICATED), accounts: keys.group(SERVICE_ACCOUNTS) }
    }
}

/// Whether a grant is to everybody of a sort.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Everybody {
    Granted,
    NotGranted,
}

impl WhoCanAnswer<'_> {
    /// Who a holder is.
    pub fn subject<'b>(&'b self, holder: &'b Holder) -> &'b Subject {
        match holder {
            Holder::Named { key, .. } => self.index.keys.subject(*key),
            Holder::Somebody { subject, .. } => subject,
        }
    }

    /// All grants of one holder, each once.
    pub fn grants(&self, holder: &Holder) -> Vec<Grant> {
        let firsts = match holder {
            Holder::Named { first, .. } => std::slice::from_ref(first),
            Holder::Somebody { through, .. } => through,
        };
        let mut grants: Vec<Grant> = firsts.iter().flat_map(|it| self.chain(*it)).collect();
        // Those that name the holder come first.
        let who = self.subject(holder);
        let is_implied = |it: &Grant| it.subject().kind() == SubjectKind::Group && it.subject() != who;
        grants.sort_by(|a, b| (is_implied(a), a.order()).cmp(&(is_implied(b), b.order())));
        grants.dedup_by(|a, b| a.order() == b.order());
        grants
    }

    /// How many grants one holder has.
    pub fn count(&self, holder: &Holder) -> usize {
        let links =
            |first: u32| std::iter::successors(self.links.get(first as usize), |it| self.links.get(it.next as usize));
        match holder {
            Holder::Named { first, .. } => links(*first).count(),
            Holder::Somebody { through, .. } => through.iter().map(|it| links(*it).count()).sum(),
        }
    }

    fn chain(&self, first: u32) -> impl Iterator<Item = Grant> + '_ {
        let link = |at: u32| self.links.get(at as usize);
        std::iter::successors(link(first), move |it| link(it.next)).filter_map(|it| {
            let hit = &self.hits[it.hit as usize];
            let entry = self.index.bindings.get(it.binding)?;
            grant_by(entry, hit.role, hit.rule as usize, it.subject as usize, hit.matched)
        })
    }

    /// The rules that cover the request, each with its role.
    pub fn rules(&self) -> Vec<(ObjectId, Place)> {
        let id = |it: &Hit<'_>| Some((it.role.role.as_ref()?.id(), Place::new("rules").item(it.rule as usize)));
        self.hits.iter().filter_map(id).collect()
    }

    /// Whether a grant is to everybody of a sort, so that every service account and namespace counts.
    pub fn is_of_everybody(&self) -> bool {
        self.everybody == Everybody::Granted
    }

    /// Whether anybody but `system:masters` can.
    pub fn has_others(&self) -> bool {
        self.holders.len() > 1
    }
}

/// Equal when the same is answered, whatever the numbers of places are.
impl PartialEq for WhoCanAnswer<'_> {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Holder, &Holder)| {
            self.subject(a) == other.subject(b) && a.is_always() == b.is_always() && self.grants(a) == other.grants(b)
        };
        (&self.request, &self.places, &self.gaps) == (&other.request, &other.places, &other.gaps)
            && self.holders.len() == other.holders.len()
            && self.holders.iter().zip(&other.holders).all(same)
    }
}

/// Links as they are found, chained by key.
struct GrantChains<'a> {
    hits: Vec<Hit<'a>>,
    links: Vec<GrantLink>,
    /// The last link of each key that was put in.
    heads: Vec<u32>,
    /// The keys that have links.
    seen: Vec<KeySlot>,
}

impl<'a> GrantChains<'a> {
    /// Takes in the rules of a role that cover the request; gives where they stand among the hits.
    fn hit(&mut self, roles: &Roles, role: &'a RoleEntry, asked: &PreparedRequest<'_>, mask: Mask) -> Range<usize> {
        let from = self.hits.len();
        let Some(rules) = role.rules() else { return from..from };
        for (rule, _) in roles.masks(role).iter().enumerate().filter(|(_, it)| it.may_cover(mask)) {
            if let Some(matched) = asked.matched_by(&rules[rule]) {
                self.hits.push(Hit { role, rule: rule as u32, matched });
            }
        }
        from..self.hits.len()
    }

    /// Takes in what a binding gives by these hits.
    fn bind(&mut self, keys: impl Iterator<Item = (usize, KeySlot)>, binding: Slot, hits: Range<usize>) {
        for (subject, key) in keys {
            let head = &mut self.heads[key as usize];
            if *head == NONE && !hits.is_empty() {
                self.seen.push(key);
            }
            for hit in hits.clone() {
                self.links.push(GrantLink { hit: hit as u32, binding, subject: subject as u32, next: *head });
                *head = self.links.len() as u32 - 1;
            }
        }
    }
}

impl Index {
    /// Everybody who can do something.
    ///
    /// `cluster` is the one that the index stands for: it names the service accounts and namespaces.
    pub fn who_can(&self, cluster: &Cluster, request: &Request, places: AskedPlaces) -> WhoCanAnswer<'_> {
        let asked = PreparedRequest::new(request);
        let mut found =
            GrantChains { hits: Vec::new(), links: Vec::new(), heads: vec![NONE; self.keys.bound()], seen: Vec::new() };
        match places {
            AskedPlaces::Asked => self.find_in(request.namespace(), &asked, &mut found),
            AskedPlaces::Everywhere => self.find_everywhere(&asked, &mut found),
        }
        let is_implied = found.seen.iter().any(|it| is_implied(self.keys.subject(*it)));
        let everybody = if is_implied { Everybody::Granted } else { Everybody::NotGranted };
        let holders = self.holders(cluster, &found, everybody);
        let gaps = self.who_gaps(cluster, request, &places, everybody);
        let GrantChains { hits, links, .. } = found;
        WhoCanAnswer { request: request.clone(), places, holders, gaps, index: self, hits, links, everybody }
    }

    /// What the bindings give that a request in this namespace consults.
    fn find_in<'a>(&'a self, namespace: &str, asked: &PreparedRequest<'_>, found: &mut GrantChains<'a>) {
        let mask = Mask::of_request(asked);
        for slot in self.slots_in(namespace) {
            let Some(entry) = self.bindings.get(slot) else { continue };
            let Some(role) = self.role_entry(entry) else { continue };
            let hits = found.hit(&self.roles, role, asked, mask);
            found.bind(self.bindings.keys(entry), slot, hits);
        }
    }

    fn slots_in(&self, namespace: &str) -> impl Iterator<Item = Slot> {
        let number = self.namespaces.find(namespace).filter(|it| *it != CLUSTER);
        let rows = [Some(CLUSTER), number].into_iter().flatten();
        rows.flat_map(|it| self.namespaces.bindings(it)).copied()
    }

    /// All bindings that a request in this namespace consults.
    pub(super) fn bindings_in(&self, namespace: &str) -> impl Iterator<Item = &BindingEntry> {
        self.slots_in(namespace).filter_map(|it| self.bindings.get(it))
    }

    /// What all bindings give whose role has a word for this resource; of URLs the cluster-wide ones.
    fn find_everywhere<'a>(&'a self, asked: &PreparedRequest<'_>, found: &mut GrantChains<'a>) {
        let mask = Mask::of_request(asked);
        let is_url = matches!(asked.request, Request::Url { .. });
        for slot in self.roles_with(asked) {
            let role = self.roles.get(slot);
            let bindings = self.roles.bindings(role);
            if bindings.is_empty() {
                continue;
            }
            let hits = found.hit(&self.roles, role, asked, mask);
            for binding in bindings.iter().filter(|_| !hits.is_empty()) {
                let entry = self.bindings.get(*binding);
                if let Some(entry) = entry.filter(|it| !is_url || it.namespace == CLUSTER) {
                    found.bind(self.bindings.keys(entry), *binding, hits.clone());
                }
            }
        }
    }

    /// The roles that may have a rule for this, each once.
    fn roles_with(&self, asked: &PreparedRequest<'_>) -> Vec<Slot> {
        let Request::Resource(it) = asked.request else { return self.words.urls().to_vec() };
        let verb_mask = VerbMask::of_request(asked);
        let below = (!it.subresource.is_empty()).then(|| format!("*/{}", it.subresource));
        let words = ["*", asked.combined()].into_iter().chain(below.as_deref());
        let role_uses = words.flat_map(|it| self.words.role_uses(it)).filter(|it| it.verb_mask.may_cover(verb_mask));
        let mut roles: Vec<Slot> = role_uses.map(|it| it.role).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// Everybody who has one of the found keys, by subject.
    fn holders(&self, cluster: &Cluster, found: &GrantChains<'_>, everybody: Everybody) -> Vec<Holder> {
        let masters = subject_of(&SubjectKey::Group(MASTERS.into()));
        let always = Holder::Somebody { subject: masters.clone(), through: Vec::new() };
        if everybody == Everybody::NotGranted {
            // Nobody has a group that nothing names for them: each key is its own subject's.
            let mut seen = found.seen.clone();
            self.keys.sort(&mut seen);
            let subject = |key: &KeySlot| self.keys.subject(*key);
            let named = |key: &KeySlot| Holder::Named { key: *key, first: found.heads[*key as usize] };
            let at = seen.partition_point(|it| *subject(it) < masters);
            let is_named = seen.get(at).is_some_and(|it| *subject(it) == masters);
            let (before, after) = seen.split_at(at);
            let always = (!is_named).then_some(always);
            return before.iter().map(named).chain(always).chain(after.iter().map(named)).collect();
        }
        let common = Common::of(&self.keys);
        let holder = |subject: Subject| {
            let keys = self.through(&subject, &common);
            let through: Vec<u32> =
                keys.into_iter().map(|it| found.heads[it as usize]).filter(|it| *it != NONE).collect();
            (!through.is_empty() || subject == masters).then_some(Holder::Somebody { subject, through })
        };
        self.candidates(cluster).into_iter().filter_map(holder).collect()
    }

    /// The keys that one has without being told more: its own, and those of the groups that come by themselves.
    fn through(&self, subject: &Subject, common: &Common) -> Vec<KeySlot> {
        let own = self.keys.of(subject);
        match subject.kind() {
            SubjectKind::User if !subject.name().starts_with("system:") => {
                [own, common.authenticated].into_iter().flatten().collect()
            }
            SubjectKind::ServiceAccount => {
                let here = self.keys.group(&accounts_of(subject.namespace()));
                [own, common.authenticated, common.accounts, here].into_iter().flatten().collect()
            }
            _ => self.keys_of(&Identity::new(subject, &[])).collect(),
        }
    }

    /// Everybody whom the cluster knows (CONTRACT §4), by subject and as answers name them.
    pub fn candidates(&self, cluster: &Cluster) -> Vec<Subject> {
        let mut keys: Vec<KeySlot> = self.keys.in_use().collect();
        self.keys.sort(&mut keys);
        let mut named = keys.into_iter().map(|it| self.keys.subject(it).clone()).peekable();
        // Nobody else has a key: the two lists share nobody.
        let mut others = self.unnamed(cluster).into_iter().peekable();
        let next = || match (named.peek(), others.peek()) {
            (Some(one), Some(other)) if other < one => others.next(),
            (None, _) => others.next(),
            _ => named.next(),
        };
        std::iter::from_fn(next).collect()
    }

    /// Those of them whom no binding names.
    fn unnamed(&self, cluster: &Cluster) -> BTreeSet<Subject> {
        let mut all = BTreeSet::from([subject_of(&SubjectKey::User(ANONYMOUS.into()))]);
        let groups = [MASTERS, AUTHENTICATED, UNAUTHENTICATED, SERVICE_ACCOUNTS];
        all.extend(groups.map(|it| subject_of(&SubjectKey::Group(it.into()))));
        // Only a Namespace object brings its group: one that is merely mentioned in files names nobody.
        let defined = cluster.namespaces.iter().filter(|it| !it.implied);
        all.extend(defined.map(|it| subject_of(&SubjectKey::Group(accounts_of(&it.meta.name)))));
        all.extend(cluster.service_accounts.iter().map(|it| {
            let (namespace, name) = (it.meta.namespace.clone(), it.meta.name.clone());
            canonical(&Subject::ServiceAccount { namespace, name })
        }));
        all.retain(|it| self.keys.of(it).is_none());
        all
    }

    fn who_gaps(&self, cluster: &Cluster, request: &Request, places: &AskedPlaces, everybody: Everybody) -> Vec<Gap> {
        let mut gaps = match places {
            AskedPlaces::Asked => self.binding_gaps(request.namespace()),
            AskedPlaces::Everywhere if matches!(request, Request::Url { .. }) => self.binding_gaps(""),
            AskedPlaces::Everywhere => self.all_binding_gaps(),
        };
        gaps.extend(match places {
            AskedPlaces::Asked => self.role_gaps(self.bindings_in(request.namespace())),
            AskedPlaces::Everywhere => self.role_gaps(self.bindings.all()),
        });
        if everybody == Everybody::Granted {
            let kinds = [Kind::SERVICE_ACCOUNT, Kind::NAMESPACE];
            let hole = |kind| {
                let (namespace, coverage) = cluster.coverage.hole(kind)?;
                Some(Gap::Uncovered { kind, namespace, coverage: coverage.clone() })
            };
            gaps.extend(kinds.into_iter().filter_map(hole));
        }
        gaps.extend(self.marks.all_gaps());
        gaps
    }
}

/// Whether a key is one that somebody has without being named by a binding (rule 39).
fn is_implied(subject: &Subject) -> bool {
    let name = subject.name();
    match subject.kind() {
        SubjectKind::Group => {
            [AUTHENTICATED, UNAUTHENTICATED, NODES].contains(&name.as_str()) || name.starts_with(SERVICE_ACCOUNTS)
        }
        _ => false,
    }
}

/// The subject that a key stands for, as answers name it.
pub fn subject_of(key: &SubjectKey) -> Subject {
    let (kind, name) = match key {
        SubjectKey::User(name) => (SubjectKind::User, name),
        SubjectKey::Group(name) => (SubjectKind::Group, name),
    };
    canonical(&Subject::new(kind, Name::empty(), name.clone()))
}
