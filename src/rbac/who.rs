//! Who can: everybody for whom [`Index::can`] says allow, among those whom the cluster knows (CONTRACT §4).
//!
//! The candidates are all subjects of bindings, all service accounts, and the groups and users that every cluster has.
//! A grant to `system:authenticated` is therefore everybody's, each named.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::model::cluster::Cluster;
use crate::model::evidence::Gap;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};

use super::grant::Grant;
use super::identity::{
    ANONYMOUS, AUTHENTICATED, Identity, MASTERS, NODES, SERVICE_ACCOUNTS, UNAUTHENTICATED, accounts_of, canonical,
};
use super::index::{BindingEntry, CLUSTER, Index, Key, Slot};
use super::lookup::grant;
use super::mask::Mask;
use super::matching::Asked;
use super::request::Request;

/// Where a question about everybody looks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Places {
    /// In the namespace of the request (empty: cluster-wide only).
    Asked,
    /// Cluster-wide and in every namespace.
    Everywhere,
}

/// Somebody who can.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    pub subject: Subject,
    /// The keys of [`WhoCan::keys`] through which it can; empty only for `group:system:masters`.
    pub through: Vec<Key>,
}

/// Everybody who can do something.
#[derive(Clone, PartialEq, Debug)]
pub struct WhoCan {
    pub request: Request,
    pub places: Places,
    /// What each user or group that a binding names is granted.
    pub keys: BTreeMap<Key, Vec<Grant>>,
    /// By subject; `group:system:masters` is always among them.
    pub holders: Vec<Holder>,
    /// Why somebody may be missing.
    pub gaps: Vec<Gap>,
}

impl WhoCan {
    /// All grants of one holder.
    pub fn grants(&self, holder: &Holder) -> Vec<&Grant> {
        let mut grants: Vec<&Grant> = holder.through.iter().filter_map(|it| self.keys.get(it)).flatten().collect();
        grants.sort_by(|a, b| a.order().cmp(&b.order()));
        grants.dedup_by(|a, b| a.order() == b.order());
        grants
    }

    /// Whether a grant is to everybody of a sort, so that every service account and namespace counts.
    pub fn is_of_everybody(&self) -> bool {
        self.keys.keys().any(is_implied)
    }

    /// Whether anybody but `system:masters` can.
    pub fn has_others(&self) -> bool {
        self.holders.len() > 1
    }
}

impl Index {
    /// Everybody who can do something.
    ///
    /// `cluster` is the one that the index stands for: it names the service accounts and namespaces.
    pub fn who_can(&self, cluster: &Cluster, request: &Request, places: Places) -> WhoCan {
        let asked = Asked::new(request);
        let mask = Mask::of_request(&asked);
        let mut found: FxHashMap<Key, Vec<Grant>> = FxHashMap::default();
        let entries: Vec<&BindingEntry> = match places {
            Places::Asked => self.bindings_in(request.namespace()).collect(),
            Places::Everywhere => self.bindings_with(&asked),
        };
        for entry in entries {
            self.collect(entry, &asked, mask, &mut found);
        }
        // Into an ordered map: order does not matter.
        let mut keys: BTreeMap<Key, Vec<Grant>> = found.into_iter().collect();
        for grants in keys.values_mut() {
            grants.sort_by(|a, b| a.order().cmp(&b.order()));
        }
        let holders = self.holders(cluster, &keys);
        let gaps = self.who_gaps(cluster, request, &places, &keys);
        WhoCan { request: request.clone(), places, keys, holders, gaps }
    }

    /// All bindings that a request in this namespace consults.
    fn bindings_in(&self, namespace: &str) -> impl Iterator<Item = &BindingEntry> {
        let number = self.namespaces.get(namespace).copied().filter(|it| *it != CLUSTER);
        let rows = [Some(CLUSTER), number].into_iter().flatten();
        let slots = rows.filter_map(|it| self.by_namespace.get(it as usize)).flatten();
        slots.filter_map(|it| self.bindings[*it as usize].as_ref())
    }

    /// All bindings whose role has a word for this resource, wherever they are; of URLs the cluster-wide ones.
    fn bindings_with(&self, asked: &Asked<'_>) -> Vec<&BindingEntry> {
        let words: Vec<Name> = match asked.request {
            Request::Url { .. } => Vec::new(),
            Request::Resource(it) if it.subresource.is_empty() => vec!["*".into(), asked.combined().clone()],
            Request::Resource(it) => {
                vec!["*".into(), asked.combined().clone(), format!("*/{}", it.subresource).into()]
            }
        };
        let mut roles: Vec<Slot> = match asked.request {
            Request::Url { .. } => self.by_url.clone(),
            Request::Resource(_) => {
                words.iter().filter_map(|it| self.by_resource.get(it.as_str())).flatten().copied().collect()
            }
        };
        roles.sort_unstable();
        roles.dedup();
        let is_url = matches!(asked.request, Request::Url { .. });
        let slots = roles.iter().flat_map(|it| &self.roles[*it as usize].bindings);
        let entries = slots.filter_map(|it| self.bindings[*it as usize].as_ref());
        entries.filter(|it| !is_url || it.namespace == CLUSTER).collect()
    }

    fn collect(&self, entry: &BindingEntry, asked: &Asked<'_>, mask: Mask, found: &mut FxHashMap<Key, Vec<Grant>>) {
        let Some(role) = self.role_entry(entry) else { return };
        for (rule, _) in role.masks.iter().enumerate().filter(|(_, it)| it.may_cover(mask)) {
            let Some(first) = grant(entry, role, rule, 0, asked) else { continue };
            for (subject, key) in &entry.keys {
                let grants = match found.get_mut(key) {
                    Some(grants) => grants,
                    None => found.entry(key.clone()).or_default(),
                };
                let is_repeated = grants
                    .last()
                    .is_some_and(|it| std::sync::Arc::ptr_eq(&it.binding, &first.binding) && it.rule == first.rule);
                if !is_repeated {
                    grants.push(Grant { subject: *subject, ..first.clone() });
                }
            }
        }
    }

    /// Everybody who has one of these keys, by subject.
    fn holders(&self, cluster: &Cluster, keys: &BTreeMap<Key, Vec<Grant>>) -> Vec<Holder> {
        let masters = subject_of(&Key::Group(MASTERS.into()));
        let mut holders: BTreeMap<Subject, Vec<Key>> = BTreeMap::from([(masters, Vec::new())]);
        let hold = |candidate: Subject| {
            let identity = Identity::new(&candidate, &[]);
            let user = Key::User(identity.user.clone());
            let groups = identity.groups.iter().map(|(it, _)| Key::Group(it.clone()));
            let through: Vec<Key> = std::iter::once(user).chain(groups).filter(|it| keys.contains_key(it)).collect();
            if !through.is_empty() {
                holders.insert(identity.subject, through);
            }
        };
        if keys.keys().any(is_implied) {
            self.candidates(cluster).into_iter().for_each(hold);
        } else {
            // Nobody has a group that nothing names for them: each key is its own subject's.
            for key in keys.keys() {
                holders.entry(subject_of(key)).or_default().push(key.clone());
            }
        }
        holders.into_iter().map(|(subject, through)| Holder { subject, through }).collect()
    }

    /// Everybody whom the cluster knows (CONTRACT §4), by subject.
    pub fn candidates(&self, cluster: &Cluster) -> BTreeSet<Subject> {
        let mut all: BTreeSet<Subject> = self.keys().iter().map(subject_of).collect();
        all.insert(subject_of(&Key::User(ANONYMOUS.into())));
        let groups = [MASTERS, AUTHENTICATED, UNAUTHENTICATED, SERVICE_ACCOUNTS];
        all.extend(groups.map(|it| subject_of(&Key::Group(it.into()))));
        // Only a Namespace object brings its group: one that is merely mentioned in files names nobody.
        let defined = cluster.namespaces.iter().filter(|it| !it.implied);
        all.extend(defined.map(|it| subject_of(&Key::Group(accounts_of(&it.meta.name)))));
        all.extend(cluster.service_accounts.iter().map(|it| Subject {
            kind: SubjectKind::ServiceAccount,
            namespace: it.meta.namespace.clone(),
            name: it.meta.name.clone(),
        }));
        all
    }

    fn who_gaps(
        &self,
        cluster: &Cluster,
        request: &Request,
        places: &Places,
        keys: &BTreeMap<Key, Vec<Grant>>,
    ) -> Vec<Gap> {
        let mut gaps = match places {
            Places::Asked => self.binding_gaps(request.namespace()),
            Places::Everywhere if matches!(request, Request::Url { .. }) => self.binding_gaps(""),
            Places::Everywhere => self.all_binding_gaps(),
        };
        gaps.extend(match places {
            Places::Asked => self.role_gaps(self.bindings_in(request.namespace())),
            Places::Everywhere => self.role_gaps(self.bindings.iter().flatten()),
        });
        if keys.keys().any(is_implied) {
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
fn is_implied(key: &Key) -> bool {
    match key {
        Key::Group(name) => {
            [AUTHENTICATED, UNAUTHENTICATED, NODES].contains(&name.as_str()) || name.starts_with(SERVICE_ACCOUNTS)
        }
        // The nameless somebody of a group has it.
        Key::User(name) => name.is_empty(),
    }
}

/// The subject that a key stands for, as answers name it.
pub fn subject_of(key: &Key) -> Subject {
    let (kind, name) = match key {
        Key::User(name) => (SubjectKind::User, name),
        Key::Group(name) => (SubjectKind::Group, name),
    };
    canonical(&Subject { kind, namespace: Name::empty(), name: name.clone() })
}
