//! One world: a cluster and all that is derived from it or known beside it, always of one state.
//!
//! ```text
//! cluster ──first need──► network index, RBAC index      each built once, then followed change by change
//!    ▲                          │
//!  apply(deltas) ──► changes    └──► asker(), ground(): what questions are asked of
//! ```
//!
//! [`World::apply`] takes steps of the outside in; everything else only reads. It is the one place where indexes are
//! built: `can` makes no network index, `trace` none over RBAC. A clone is cheap and goes its own way.

use std::cell::{OnceCell, RefCell};
use std::net::IpAddr;
use std::sync::Arc;

use super::Asker;
use super::crew::KnownCrews;
use super::findings::{self, JoinedFindings};
use super::weights::Weights;
use crate::change::fix::WholeObjects;
use crate::escalate::{Ground, Terrain};
use crate::manifests::Manifests as Declared;
use crate::model::cluster::{AnyFact, Cluster, Delta, FactChange};
use crate::model::coverage::Coverage;
use crate::model::facts::SharedPod;
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::net::{self, Settings};
use crate::people::People;
use crate::rbac;
use crate::rbac::marks::AuthorizerMark;
use crate::rbac::review::{Reply, Review, ServerReplies, differs};
use crate::rbac::served::Served;
use crate::rbac::version::Version;

/// How many pods and bindings a small cluster has at most.
pub const SMALL: usize = 20_000;

/// A cluster with all that is derived from it.
#[derive(Clone, Debug)]
pub struct World {
    /// Read from anywhere, changed by [`World::apply`] and [`World::read_in`] alone.
    pub cluster: Cluster,
    net: OnceCell<net::Index>,
    rbac: OnceCell<rbac::Index>,
    /// What questions about reach worked out, kept for the next.
    terrain: Terrain,
    /// Who people are and which groups they are in, where that was told (`--directory`).
    pub people: Option<Arc<People>>,
    /// What the API serves: as discovery tells, else a built-in table.
    pub served: Arc<Served>,
    /// Objects as they were written or stored, whole, as far as a question wanted them to be.
    pub manifests: Arc<WholeObjects>,
    /// The server's version where it is known: notes and capabilities rest on it.
    pub version: Option<Version>,
    /// What manifests declare beyond facts, where a question wanted it.
    pub declared: Option<Arc<Declared>>,
    /// What the server said when it was asked itself.
    pub told: ServerReplies,
    /// What its words showed of other authorizers.
    shown: Vec<AuthorizerMark>,
    pub settings: Settings,
    pub check: SelfCheck,
    pub(super) weights: Weights,
    /// What stands behind workloads and Services, as far as it has been asked.
    pub(super) known: KnownCrews,
    /// What was found last, of this state or an earlier one.
    findings: RefCell<Option<Arc<JoinedFindings>>>,
    /// What the naive evaluator answered otherwise, until somebody asks.
    differences: RefCell<Vec<String>>,
    /// Whether changes are taken for made that are not: the server's word about access is then about another cluster.
    staged: bool,
    revision: u64,
    /// Another number when an answer about access may be another one.
    access: u64,
    /// Another number when what lists find may be something else.
    findable: u64,
}

/// Whether answers are decided a second time by the naive evaluator (CONTRACT §5).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SelfCheck {
    #[default]
    Off,
    On,
}

impl World {
    /// The world of a cluster, in which nothing is derived yet.
    pub fn of(cluster: Cluster, settings: Settings, check: SelfCheck) -> Self {
        Self {
            cluster,
            net: OnceCell::new(),
            rbac: OnceCell::new(),
            terrain: Terrain::default(),
            people: None,
            served: Arc::new(Served::built_in()),
            manifests: Arc::default(),
            version: None,
            declared: None,
            told: ServerReplies::default(),
            shown: Vec::new(),
            settings,
            check,
            weights: Weights::default(),
            known: KnownCrews::default(),
            findings: RefCell::default(),
            differences: RefCell::default(),
            staged: false,
            revision: 0,
            access: 0,
            findable: 0,
        }
    }

    /// A cluster of which nothing is known yet.
    pub fn unknown(settings: Settings, check: SelfCheck) -> Self {
        Self::of(Cluster::new(Coverage::Loading), settings, check)
    }

    /// The same, knowing a directory of people.
    pub fn with_people(self, people: Option<Arc<People>>) -> Self {
        Self { people, ..self }
    }

    /// The same, where the API serves these resources.
    pub fn serving(self, served: Arc<Served>) -> Self {
        Self { served, ..self }
    }

    /// Who may connect to whom; made when first asked for.
    pub fn net(&self) -> &net::Index {
        self.net.get_or_init(|| net::Index::with(&self.cluster, self.settings.clone()))
    }

    /// Who may do what; made when first asked for, with what is known of other authorizers.
    pub fn rbac(&self) -> &rbac::Index {
        self.rbac.get_or_init(|| {
            let mut index = rbac::Index::build(&self.cluster);
            self.told.mark(index.marks_mut());
            self.shown.iter().for_each(|it| index.marks_mut().tell(it.clone()));
            index
        })
    }

    /// Asks about connections, twice where that is wanted.
    pub fn asker(&self) -> Asker<'_> {
        let asker = Asker::new(&self.cluster, self.net());
        if self.check == SelfCheck::On { asker.with_self_check(&self.settings, &self.differences) } else { asker }
    }

    /// What the naive evaluator answered otherwise since this was last asked.
    pub fn differences(&self) -> Vec<String> {
        self.differences.take()
    }

    /// What questions about reach rest on, asked of one who is in these groups besides.
    pub fn ground<'a>(&'a self, groups: &'a [Name]) -> Ground<'a> {
        let (net, rbac) = (self.net(), self.rbac());
        Ground { cluster: &self.cluster, net, rbac, version: self.version, groups, terrain: &self.terrain }
    }

    /// Whether the cluster is small enough for what takes all of it to be worked out where nobody asks for it: findings in
    /// lists, and who could open the flow that a trace denies. In the largest that takes seconds.
    pub fn is_small(&self) -> bool {
        self.cluster.pods.len() + self.cluster.bindings.len() <= SMALL
    }

    /// What was found last, of this state or an earlier one; `None`: nobody has looked.
    pub fn findings(&self) -> Option<Arc<JoinedFindings>> {
        self.findings.borrow().clone()
    }

    /// Takes findings in that were worked out beside it.
    pub fn keep_findings(&self, found: Arc<JoinedFindings>) {
        self.findings.replace(Some(found));
    }

    /// Tells states of one cluster apart: another one after every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Tells states apart between which an answer about access may change; pods come and go without it.
    pub fn access(&self) -> u64 {
        self.access
    }

    /// Tells states apart between which what lists find may be something else: not those in which pods of no Service that
    /// is entered from outside are ready or not.
    pub fn findable(&self) -> u64 {
        self.findable
    }

    /// Whether this is the operator, where the server said who that is.
    pub fn is_me(&self, subject: &Subject) -> bool {
        self.told.me().is_some_and(|it| it.subject() == *subject)
    }

    /// One pod.
    pub fn pod(&self, id: &PodId) -> Option<&SharedPod> {
        self.cluster.pods.get(&id.namespace, &id.name)
    }

    /// Takes in what the server said itself, as part of an answer.
    pub fn keep(&mut self, review: Review, reply: Reply) {
        self.access += 1;
        self.told.keep(review, reply);
        if let Some(index) = self.rbac.get_mut() {
            self.told.mark(index.marks_mut());
        }
    }

    /// The same, and what its word shows of authorizers other than RBAC, for whatever is asked afterwards.
    pub fn hear(&mut self, review: Review, reply: Reply) {
        if let (Review::Access { .. }, Reply::Word(word)) = (&review, &reply) {
            let ours = review.asked().map(|(identity, request)| self.rbac().can(&identity, request));
            let shown = ours.and_then(|it| differs(&it, word));
            if let (Some(mark), Some(index)) = (&shown, self.rbac.get_mut()) {
                index.marks_mut().tell(mark.clone());
            }
            self.shown.extend(shown);
        }
        self.keep(review, reply);
    }

    /// Takes steps in and says what they changed.
    pub fn apply(&mut self, deltas: Vec<Delta>) -> Vec<FactChange> {
        deltas.into_iter().flat_map(|it| self.step(it)).collect()
    }

    /// Takes one step in: an index must see the cluster as each change left it.
    fn step(&mut self, delta: Delta) -> Vec<FactChange> {
        let changes = self.cluster.apply(delta);
        self.net.get_mut().into_iter().for_each(|it| it.apply(&self.cluster, &changes));
        self.rbac.get_mut().into_iter().for_each(|it| it.apply(&self.cluster, &changes));
        self.terrain.forget(&changes);
        changes.iter().for_each(|it| self.weights.forget(it));
        self.known.forget(&changes);
        self.revision += u64::from(!changes.is_empty());
        self.access += u64::from(changes.iter().any(moves_access));
        self.findable += u64::from(changes.iter().any(|it| findings::may_move(it, &self.cluster)));
        changes
    }

    /// Takes changes for made that are not.
    ///
    /// What the server said about access was said of the cluster as it is, and counts for nothing then; who the operator
    /// is, and that another authorizer was seen, stays.
    pub fn stage(&mut self, deltas: Vec<Delta>) -> Vec<FactChange> {
        self.staged = true;
        self.findings = RefCell::default();
        self.shown.extend(self.told.shows());
        self.told = self.told.of_who();
        self.access += 1;
        self.apply(deltas)
    }

    /// Lets it be a later state than another one, whose place it takes: what was worked out for that is not taken for
    /// its own.
    pub fn succeed(&mut self, earlier: &World) {
        self.revision = self.revision.max(earlier.revision) + 1;
        self.access = self.access.max(earlier.access) + 1;
        self.findable = self.findable.max(earlier.findable) + 1;
    }

    /// Whether changes are taken for made that are not.
    pub fn is_staged(&self) -> bool {
        self.staged
    }

    /// Takes in what was read because answers rest on it, and whose pods are known now.
    ///
    /// An index follows a few objects; where many come that it rests on, it is made anew when it is needed again.
    pub fn read_in(&mut self, deltas: Vec<Delta>, address: Option<IpAddr>, node: Option<(Name, Name)>) {
        if deltas.iter().map(objects).sum::<usize>() > FOLLOWED {
            self.net = OnceCell::new();
            if deltas.iter().any(is_of_rbac) {
                self.rbac = OnceCell::new();
            }
        }
        deltas.into_iter().for_each(|it| drop(self.step(it)));
        self.cluster.coverage.addresses.extend(address);
        self.cluster.coverage.nodes.extend(node);
    }
}

/// How many objects an index follows one by one, when they are read.
const FOLLOWED: usize = 100;

/// How many objects a step is about.
fn objects(delta: &Delta) -> usize {
    if let Delta::Listed { entries, .. } = delta { entries.len() } else { 1 }
}

/// Whether a step is about what grants are made of.
fn is_of_rbac(delta: &Delta) -> bool {
    let kind = match delta {
        Delta::Put(entry) => return matches!(entry.fact, AnyFact::Role(_) | AnyFact::Binding(_)),
        Delta::Gone(id) | Delta::Unreadable { id, .. } => id.kind,
        Delta::Listed { kind, .. } | Delta::Covered { kind, .. } => *kind,
        Delta::Noted(_) => return false,
    };
    rbac::index::KINDS.contains(&kind)
}

/// Whether an answer about access may rest on what changed: of pods those that can be the API server itself.
fn moves_access(change: &FactChange) -> bool {
    match change {
        FactChange::Pod(diff) => diff.before.iter().chain(&diff.after).any(|it| *it.namespace() == "kube-system"),
        FactChange::Service(_) | FactChange::EndpointSlice(_) | FactChange::Workload(_) | FactChange::Policy(_) => {
            false
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::coverage::Scope;
    use crate::model::id::Kind;

    fn many(kind: Kind) -> Vec<Delta> {
        let scope = Scope::Everywhere;
        (0..=FOLLOWED).map(|_| Delta::Covered { kind, scope: scope.clone(), coverage: Coverage::Live }).collect()
    }

    /// `can` asks its index in each round of reading: what later rounds bring beside grants does not undo it.
    #[test]
    fn an_index_follows_what_is_read_unless_much_comes_that_it_rests_on() {
        let mut world = World::unknown(Settings::default(), SelfCheck::Off);
        world.net();
        world.rbac();
        world.read_in(many(Kind::NODE), None, None);
        assert!(world.rbac.get().is_some() && world.net.get().is_none());
        world.read_in(many(Kind::ROLE), None, None);
        assert!(world.rbac.get().is_none());
    }
}
