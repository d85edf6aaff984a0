//! What we were told, kind by kind and namespace by namespace; absent is not empty.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;

use super::id::Kind;
use super::name::Name;

/// How much of a kind, in one namespace or everywhere, we hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Coverage {
    /// Files: what they do not hold does not exist.
    #[default]
    Closed,
    /// Listed and watched.
    Live,
    /// All that was known at `since`; outcomes stand and are labeled "as of" (CONTRACT §1).
    Stale { since: Timestamp, why: Name },
    /// The API has no such kind, and discovery said so.
    NotServed,
    /// Not all has been listed yet.
    Loading,
    /// We may not list it; what was known before is kept and no longer believed.
    Forbidden { why: Name },
    /// Files hold documents that could not be read and may be of it: what was read holds, and there may be more.
    /// One clause says which: `policy.yaml:9:7 could not be read`.
    Unreadable { why: Name },
    /// It was asked for and could not be read, for another reason than a missing right; nothing is claimed of it.
    Failed { why: Name },
    /// The question did not need it (one-shot commands), so nothing is claimed of it.
    Unread,
}

impl Coverage {
    /// Whether what we hold is all there is (or was, when stale), so that absence means absence.
    pub fn is_complete(&self) -> bool {
        matches!(self, Coverage::Closed | Coverage::Live | Coverage::Stale { .. } | Coverage::NotServed)
    }

    /// The same, without where the documents stand that could not be read.
    pub fn without_place(&self) -> Self {
        match self {
            Coverage::Unreadable { .. } => Coverage::Unreadable { why: Name::empty() },
            other => other.clone(),
        }
    }

    /// A word for screens and JSON.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Coverage::Closed => "closed",
            Coverage::Live => "live",
            Coverage::Stale { .. } => "stale",
            Coverage::NotServed => "not served",
            Coverage::Loading => "loading",
            Coverage::Forbidden { .. } => "forbidden",
            Coverage::Unreadable { .. } => "unreadable",
            Coverage::Failed { .. } => "failed",
            Coverage::Unread => "unread",
        }
    }
}

/// The part of the cluster that a list or a state of coverage speaks of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    Everywhere,
    Namespace(Name),
}

impl Scope {
    /// Whether objects of this namespace are meant.
    pub fn holds(&self, namespace: &str) -> bool {
        match self {
            Scope::Everywhere => true,
            Scope::Namespace(it) => it == namespace,
        }
    }
}

/// The coverage of one kind: everywhere, unless a namespace says otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KindCoverage {
    pub everywhere: Coverage,
    pub namespaces: BTreeMap<Name, Coverage>,
}

impl KindCoverage {
    /// The coverage in this namespace.
    pub fn of(&self, namespace: &str) -> &Coverage {
        self.namespaces.get(namespace).unwrap_or(&self.everywhere)
    }
}

/// The coverage of all kinds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CoverageMap {
    /// For kinds that `kinds` does not name.
    pub otherwise: Coverage,
    pub kinds: BTreeMap<Kind, KindCoverage>,
    /// Addresses whose pods are all known though pods are not: one-shot reads ask for them one by one, as `kreach trace
    /// 10.0.0.9 …` does. A cluster that was read so is never followed, so that nothing takes them out again.
    pub addresses: BTreeSet<IpAddr>,
    /// Namespaces and nodes whose pods there are all known though the namespace's are not.
    pub nodes: BTreeSet<(Name, Name)>,
}

impl CoverageMap {
    /// Every kind in this state.
    pub fn all(otherwise: Coverage) -> Self {
        Self { otherwise, ..Self::default() }
    }

    /// The coverage of a kind in a namespace (empty: of cluster-wide objects, or as a whole).
    pub fn of(&self, kind: Kind, namespace: &str) -> &Coverage {
        self.kinds.get(&kind).map_or(&self.otherwise, |it| it.of(namespace))
    }

    /// Whether absence of this kind in this namespace means absence.
    pub fn is_complete(&self, kind: Kind, namespace: &str) -> bool {
        self.of(kind, namespace).is_complete()
    }

    /// Whether some kind has not been listed yet, somewhere.
    ///
    /// Kinds that are not named are none that will be: a session names all that it follows before it lists the first.
    pub fn is_loading(&self) -> bool {
        let of_kinds =
            || self.kinds.values().flat_map(|it| std::iter::once(&it.everywhere).chain(it.namespaces.values()));
        let is_new = self.kinds.is_empty() && self.otherwise == Coverage::Loading;
        is_new || of_kinds().any(|it| *it == Coverage::Loading)
    }

    /// The first incomplete place of a kind; `None` when all of it is known.
    ///
    /// A kind that is forbidden everywhere but read in some namespaces gives the whole (an empty namespace).
    pub fn hole(&self, kind: Kind) -> Option<(Name, &Coverage)> {
        let Some(found) = self.kinds.get(&kind) else {
            return (!self.otherwise.is_complete()).then(|| (Name::empty(), &self.otherwise));
        };
        if !found.everywhere.is_complete() {
            return Some((Name::empty(), &found.everywhere));
        }
        found.namespaces.iter().find(|(_, it)| !it.is_complete()).map(|(name, it)| (name.clone(), it))
    }

    /// Sets the coverage of a kind in a scope and says whether that changed anything.
    ///
    /// "Everywhere" forgets what single namespaces said before.
    pub fn set(&mut self, kind: Kind, scope: &Scope, coverage: Coverage) -> bool {
        let before = self.kinds.get(&kind).cloned();
        let entry = self
            .kinds
            .entry(kind)
            .or_insert_with(|| KindCoverage { everywhere: self.otherwise.clone(), namespaces: BTreeMap::new() });
        match scope {
            Scope::Everywhere => *entry = KindCoverage { everywhere: coverage, namespaces: BTreeMap::new() },
            Scope::Namespace(name) => {
                entry.namespaces.insert(name.clone(), coverage);
            }
        }
        before.as_ref() != Some(entry)
    }
}

impl CoverageMap {
    /// The same, without where the documents stand that could not be read.
    pub fn without_places(&self) -> Self {
        let mut all = self.clone();
        all.each_mut().for_each(|it| *it = it.without_place());
        all
    }

    /// Whether nothing is missing but documents that could not be read.
    pub fn lacks_only_unreadable_documents(&self) -> bool {
        let mut all = self.clone();
        all.each_mut().all(|it| it.is_complete() || matches!(it, Coverage::Unreadable { .. }))
    }

    fn each_mut(&mut self) -> impl Iterator<Item = &mut Coverage> {
        fn of_kind(it: &mut KindCoverage) -> impl Iterator<Item = &mut Coverage> {
            std::iter::once(&mut it.everywhere).chain(it.namespaces.values_mut())
        }
        std::iter::once(&mut self.otherwise).chain(self.kinds.values_mut().flat_map(of_kind))
    }

    /// Makes what is complete of a kind in a scope incomplete; what is not known anyway stays as it is.
    pub fn spoil(&mut self, kind: Kind, scope: &Scope, by: &Coverage) {
        let otherwise = self.otherwise.clone();
        let found = self
            .kinds
            .entry(kind)
            .or_insert_with(|| KindCoverage { everywhere: otherwise, namespaces: BTreeMap::new() });
        let spoil = |it: &mut Coverage| {
            if it.is_complete() {
                *it = by.clone();
            }
        };
        match scope {
            Scope::Everywhere => {
                spoil(&mut found.everywhere);
                found.namespaces.values_mut().for_each(spoil);
            }
            Scope::Namespace(name) => {
                spoil(found.namespaces.entry(name.clone()).or_insert_with(|| found.everywhere.clone()));
            }
        }
    }

    /// The same of every kind everywhere.
    pub fn spoil_all(&mut self, by: &Coverage) {
        if self.otherwise.is_complete() {
            self.otherwise = by.clone();
        }
        for kind in self.kinds.keys().copied().collect::<Vec<_>>() {
            self.spoil(kind, &Scope::Everywhere, by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_may_be_known_where_the_whole_is_not() {
        let mut map = CoverageMap::all(Coverage::Loading);
        assert!(map.set(Kind::POD, &Scope::Everywhere, Coverage::Forbidden { why: "403".into() }));
        assert!(map.set(Kind::POD, &Scope::Namespace("shop".into()), Coverage::Live));
        assert!(!map.set(Kind::POD, &Scope::Namespace("shop".into()), Coverage::Live));
        assert!(map.is_complete(Kind::POD, "shop") && !map.is_complete(Kind::POD, "db"));
        assert!(!map.is_complete(Kind::NODE, ""));
        assert!(map.hole(Kind::POD).is_some());
    }
}
