//! Everybody whom the cluster knows, each with how much they hold, where, the worst of it, and what is odd about them.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::model::cluster::Cluster;
use crate::model::coverage::CoverageMap;
use crate::model::id::Kind;
use crate::model::name::Name;
use crate::model::role::{Subject, SubjectKind};

use super::danger::{self, DANGERS, Danger};
use super::identity::{Identity, MASTERS};
use super::index::{CLUSTER, Index, Slot};
use super::served::Reach;

/// How far somebody's rights go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Extent {
    Nothing,
    /// In this many namespaces.
    Namespaces(usize),
    /// Cluster-wide, and perhaps in namespaces besides.
    Cluster,
}

/// What is odd about a subject.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Oddity {
    /// Bound, and does not exist: whoever makes it gets the rights (rule 38).
    Stale,
    /// A service account that no pod runs as.
    Unused,
    /// A service account of pods of several workloads.
    Shared,
    /// The account that pods get when they name none.
    Default,
    /// A directory of people says that they have left.
    Left,
}

impl Oddity {
    /// The word for lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Oddity::Stale => "stale",
            Oddity::Unused => "unused",
            Oddity::Shared => "shared",
            Oddity::Default => "default",
            Oddity::Left => "left",
        }
    }
}

/// One subject of the list.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    pub subject: Subject,
    /// Bindings that name it, itself or in groups that it has by itself.
    pub bindings: usize,
    pub extent: Extent,
    /// An index into [`DANGERS`].
    pub worst: Option<usize>,
    /// Pods that run as it.
    pub pods: usize,
    pub oddities: Vec<Oddity>,
}

impl Row {
    /// The worst that it can do.
    pub fn danger(&self) -> Option<&'static Danger> {
        self.worst.map(|it| &DANGERS[it])
    }
}

/// Pods that run as a service account, and their controllers.
#[derive(Default)]
struct Use {
    pods: usize,
    first_owner: Option<Name>,
    others: usize,
}

impl Index {
    /// Everybody, by subject.
    pub fn subjects(&self, cluster: &Cluster) -> Vec<Row> {
        let uses = uses(cluster);
        let mut worst: FxHashMap<(Slot, Reach), Option<usize>> = FxHashMap::default();
        let mut all = self.candidates(cluster);
        all.extend(uses.keys().map(|(namespace, name)| Subject {
            kind: SubjectKind::ServiceAccount,
            namespace: namespace.clone(),
            name: name.clone(),
        }));
        all.into_iter().map(|subject| self.row(cluster, &uses, &mut worst, subject)).collect()
    }

    /// The worst that somebody can do anywhere, for one row at a time; [`Index::subjects`] is for all of them.
    pub fn worst(&self, identity: &Identity) -> Option<&'static Danger> {
        let slots = self.all_slots(identity);
        let worst = slots.iter().filter_map(|it| self.bindings[*it as usize].as_ref()).filter_map(|entry| {
            let reach = if entry.namespace == CLUSTER { Reach::Cluster } else { Reach::Namespaced };
            let effective = self.role_entry(entry)?.effective.as_ref()?;
            danger::worst(&effective.rules, reach)
        });
        let is_master = identity.is_in(MASTERS).then_some(0);
        worst.chain(is_master).min().map(|it| &DANGERS[it])
    }

    fn row(
        &self,
        cluster: &Cluster,
        uses: &BTreeMap<(Name, Name), Use>,
        cache: &mut FxHashMap<(Slot, Reach), Option<usize>>,
        subject: Subject,
    ) -> Row {
        let identity = Identity::new(&subject, &[]);
        let mut namespaces: Vec<u32> = Vec::new();
        let mut worst: Option<usize> = None;
        let slots = self.all_slots(&identity);
        for entry in slots.iter().filter_map(|it| self.bindings[*it as usize].as_ref()) {
            namespaces.push(entry.namespace);
            let reach = if entry.namespace == CLUSTER { Reach::Cluster } else { Reach::Namespaced };
            if let (Some(slot), Some(role)) = (entry.role, self.role_entry(entry)) {
                let found = *cache
                    .entry((slot, reach))
                    .or_insert_with(|| role.effective.as_ref().and_then(|it| danger::worst(&it.rules, reach)));
                worst = [worst, found].into_iter().flatten().min();
            }
        }
        namespaces.sort_unstable();
        namespaces.dedup();
        let is_master = identity.is_in(MASTERS);
        let extent = match namespaces.first() {
            _ if is_master => Extent::Cluster,
            None => Extent::Nothing,
            Some(&CLUSTER) => Extent::Cluster,
            Some(_) => Extent::Namespaces(namespaces.len()),
        };
        let used = uses.get(&(subject.namespace.clone(), subject.name.clone()));
        let used = used.filter(|_| subject.kind == SubjectKind::ServiceAccount);
        Row {
            bindings: slots.len(),
            extent,
            worst: if is_master { Some(0) } else { worst },
            pods: used.map_or(0, |it| it.pods),
            oddities: oddities(cluster, &subject, used, slots.len()),
            subject,
        }
    }

    /// Every binding that speaks of somebody, wherever it is.
    pub(super) fn all_slots(&self, identity: &Identity) -> Vec<Slot> {
        let mut slots: Vec<Slot> = self.rows(identity).flatten().map(|(_, slot)| *slot).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }
}

/// Which service accounts pods run as; finished pods no longer run.
fn uses(cluster: &Cluster) -> BTreeMap<(Name, Name), Use> {
    let mut uses: BTreeMap<(Name, Name), Use> = BTreeMap::new();
    for pod in cluster.pods.iter().filter(|it| !it.phase.is_finished() && !it.service_account.is_empty()) {
        let it = uses.entry((pod.meta.namespace.clone(), pod.service_account.clone())).or_default();
        it.pods += 1;
        let owner = pod.owner.as_ref().map_or_else(|| pod.meta.name.clone(), |owner| owner.name.clone());
        match &it.first_owner {
            None => it.first_owner = Some(owner),
            Some(first) if *first != owner => it.others += 1,
            Some(_) => {}
        }
    }
    uses
}

fn oddities(cluster: &Cluster, subject: &Subject, used: Option<&Use>, bindings: usize) -> Vec<Oddity> {
    if subject.kind != SubjectKind::ServiceAccount {
        return Vec::new();
    }
    let is_complete = |kind: Kind, map: &CoverageMap| map.is_complete(kind, &subject.namespace);
    let exists = cluster.service_accounts.get(&subject.namespace, &subject.name).is_some();
    // Files often leave service accounts out altogether; then nothing is told of them.
    let is_told = is_complete(Kind::SERVICE_ACCOUNT, &cluster.coverage) && !cluster.service_accounts.is_empty();
    let pods_are_told = is_complete(Kind::POD, &cluster.coverage) && !cluster.pods.is_empty();
    let odd = [
        (Oddity::Stale, !exists && is_told && bindings > 0 && subject.name != "default"),
        (Oddity::Unused, exists && used.is_none() && pods_are_told),
        (Oddity::Shared, used.is_some_and(|it| it.others > 0)),
        (Oddity::Default, subject.name == "default"),
    ];
    odd.into_iter().filter(|(_, holds)| *holds).map(|(it, _)| it).collect()
}
