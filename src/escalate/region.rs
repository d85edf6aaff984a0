//! What a move leads to: one thing, or all of a sort at once, so that "every pod of shop" is taken in one step.

use std::fmt;
use std::sync::Arc;

use crate::model::facts::{Service, SharedPod};
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::role::Subject;
use crate::model::security::MetStandards;
use crate::rbac::identity::{MASTERS, user_of_node};

use super::Ground;
use super::admission::{Admission, admission};
use super::foothold::Foothold;
use super::places::{account, is_changeable, is_running};

/// Which pods of a namespace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Which {
    /// Those that run.
    Running,
    /// Of these those whose objects can be changed: a kubelet's own pods cannot.
    Changeable,
    /// Of these those that meet just this of the Pod Security Standards.
    Meeting(MetStandards),
    /// Of these those that their namespaces admit as they are.
    Admitted,
    /// Of these those of which nothing that can be read says whether their namespaces admit them.
    Undecided,
}

impl Which {
    /// Whether a pod is one of them.
    pub fn has(self, ground: &Ground<'_>, pod: &SharedPod) -> bool {
        is_running(pod)
            && match self {
                Which::Running => true,
                Which::Changeable => is_changeable(pod),
                Which::Meeting(it) => is_changeable(pod) && pod.standards() == it,
                Which::Admitted | Which::Undecided => {
                    is_changeable(pod) && Self::by_admission(ground, pod.namespace(), pod.standards()) == Some(self)
                }
            }
    }

    /// What pods of a namespace that meet this are by what admission makes of them; `None`: they are refused.
    pub fn by_admission(ground: &Ground<'_>, namespace: &Name, meets: MetStandards) -> Option<Self> {
        match admission(ground, namespace, meets) {
            Admission::Admitted => Some(Which::Admitted),
            Admission::Unknown(_) => Some(Which::Undecided),
            Admission::Refused(_) => None,
        }
    }
}

/// The traffic of which Services of a namespace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Of {
    All,
    /// Those that select pods.
    Selecting,
    /// Those without a selector, whose endpoints somebody else writes.
    Bare,
}

impl Of {
    /// Whether a Service is one of them.
    pub fn has(self, service: &Service) -> bool {
        self == Of::All || (self == Of::Bare) == service.selector.is_empty()
    }
}

/// One thing, or all of a sort. An empty namespace stands for every namespace.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Region {
    One(Foothold),
    /// Acting as the service accounts that are there.
    Accounts(Name),
    /// The same of every namespace in which there is a workload of this resource.
    AccountsBeside(&'static str),
    /// The same of every namespace whose tokens are mounted into such pods.
    Tokens(Which),
    /// Code in pods.
    Pods(Name, Which),
    /// Code in the pods that run on a node.
    PodsOn(Name),
    /// Root on every node.
    Nodes,
    /// Acting as every node.
    NodeUsers,
    /// Acting as any user but a service account or a node that is there, to whom its name alone makes nobody.
    Users,
    /// Acting as a member of any group.
    Groups,
    /// What a client certificate can say: any user, a service account too, and any group but `system:masters`.
    Certified,
    /// The Secrets of every namespace.
    Secrets,
    /// The same of every namespace in which there is a workload of this resource.
    SecretsBeside(&'static str),
    /// The Secret of this name of every namespace.
    SecretsNamed(Name),
    /// The traffic of Services of a namespace.
    Traffic(Name, Of),
    /// The same of every namespace behind which such pods run.
    Backed(Which),
    /// Everything in every namespace.
    NamespaceAdmins,
}

impl From<Foothold> for Region {
    fn from(foothold: Foothold) -> Self {
        Region::One(foothold)
    }
}

/// The sorts of pods that are entered all at once.
const SETS: [Which; 4] = [Which::Running, Which::Changeable, Which::Admitted, Which::Undecided];

/// Told each region in turn; `true` ends it.
type RegionLook<'a> = &'a mut dyn FnMut(&Region) -> bool;

impl Region {
    /// Whether some larger one that holds all of this one is what is looked for.
    pub fn has_wider(&self, ground: &Ground<'_>, look: RegionLook<'_>) -> bool {
        match self {
            Region::One(foothold) => around(ground, foothold, look),
            Region::Accounts(namespace) if namespace.is_empty() => false,
            Region::Accounts(namespace) => {
                look(&Region::Accounts(Name::empty())) || beside(ground, namespace, Region::AccountsBeside, look)
            }
            Region::AccountsBeside(_) => look(&Region::Accounts(Name::empty())),
            Region::Tokens(which) => {
                which.wider().iter().any(|it| look(&Region::Tokens(*it))) || look(&Region::Accounts(Name::empty()))
            }
            Region::Backed(which) => {
                which.wider().iter().any(|it| look(&Region::Backed(*it)))
                    || around_traffic(&Name::empty(), Of::Selecting, look)
            }
            Region::Traffic(namespace, of) => around_traffic(namespace, *of, &mut |it| it != self && look(it)),
            Region::Pods(namespace, which) => pods(ground, namespace, *which, &mut |it| it != self && look(it)),
            Region::PodsOn(_) => look(&Region::Pods(Name::empty(), Which::Running)),
            Region::SecretsNamed(_) | Region::SecretsBeside(_) => look(&Region::Secrets),
            Region::NodeUsers => look(&Region::Certified),
            Region::Users => look(&Region::Certified),
            _ => false,
        }
    }

    /// Whether something is part of it.
    pub fn contains(&self, ground: &Ground<'_>, foothold: &Foothold) -> bool {
        matches!(self, Region::One(it) if it == foothold) || around(ground, foothold, &mut |it| it == self)
    }
}

impl Region {
    /// Whether it is rules beside somebody's own, which whoever comes to them uses with their own.
    pub fn is_lent(&self) -> bool {
        matches!(self, Region::One(Foothold::Role { .. } | Foothold::NamespaceAdmin(_) | Foothold::ClusterAdmin))
    }

    /// Whether it is code in pods.
    pub fn is_code(&self) -> bool {
        matches!(self, Region::Pods(..) | Region::PodsOn(_) | Region::One(Foothold::Pod(_)))
    }

    /// Whether it is root on nodes.
    pub fn is_node(&self) -> bool {
        matches!(self, Region::Nodes | Region::One(Foothold::Node(_)))
    }

    /// How much is in it, roughly: what is widest comes first, and pods, from which nobody asks the API server, last.
    pub fn breadth(&self) -> u8 {
        match self {
            Region::One(Foothold::ClusterAdmin) => 0,
            Region::Accounts(namespace) | Region::Pods(namespace, _) | Region::Traffic(namespace, _)
                if namespace.is_empty() =>
            {
                1
            }
            Region::Accounts(_) | Region::One(Foothold::Subject(_) | Foothold::Role { .. }) => 2,
            Region::Pods(..) | Region::PodsOn(_) | Region::One(Foothold::Pod(_)) => 4,
            Region::One(_) | Region::SecretsNamed(_) | Region::Traffic(..) => 3,
            _ => 1,
        }
    }

    /// Everything in it that the cluster knows of.
    pub fn members(&self, ground: &Ground<'_>) -> Vec<Foothold> {
        let named = ground.named();
        match self {
            Region::One(it) => vec![it.clone()],
            Region::Accounts(namespace) => {
                let of = |it: &Name| -> Vec<Foothold> {
                    ground.place(it).accounts().into_iter().map(|name| account(it, name)).collect()
                };
                spaces(ground, namespace).iter().flat_map(of).collect()
            }
            Region::AccountsBeside(resource) => {
                let all = ground.namespaces_beside(resource);
                all.iter().flat_map(|it| Region::Accounts(it.clone()).members(ground)).collect()
            }
            Region::Tokens(which) => {
                let of = |it: &Name| -> Vec<Foothold> {
                    ground.place(it).mounted(ground, *which).map(|name| account(it, name)).collect()
                };
                ground.all_namespaces().iter().flat_map(of).collect()
            }
            Region::Pods(namespace, which) => {
                let pods = |it: &Name| ground.cluster.pods.of(it).iter().filter(|it| which.has(ground, it));
                let all = spaces(ground, namespace);
                all.iter().flat_map(pods).map(|it| Foothold::Pod(it.pod_id())).collect()
            }
            Region::PodsOn(node) => ground.pods_on(node).iter().map(|it| Foothold::Pod(it.pod_id())).collect(),
            Region::Nodes => ground.nodes().iter().cloned().map(Foothold::Node).collect(),
            Region::NodeUsers => ground.nodes().iter().map(|it| Foothold::Subject(user_of_node(it))).collect(),
            Region::Users => subjects(named.users.iter().filter(|it| !ground.is_node(it))).collect(),
            Region::Groups => {
                let masters = Foothold::masters();
                let others = subjects(&named.groups).filter(|it| *it != Foothold::masters());
                std::iter::once(masters).chain(others).collect()
            }
            Region::Certified => {
                let groups = subjects(&named.groups).filter(|it| *it != Foothold::masters());
                let accounts = named.accounts.iter().flat_map(|(namespace, names)| {
                    names.iter().map(|name| account(namespace, name)).collect::<Vec<_>>()
                });
                subjects(&named.users).chain(groups).chain(accounts).collect()
            }
            Region::Secrets => {
                let of = |it: &Name| Foothold::Secrets { namespace: it.clone(), name: None };
                ground.all_namespaces().iter().map(of).collect()
            }
            Region::SecretsBeside(resource) => {
                let of = |namespace: Name| Foothold::Secrets { namespace, name: None };
                ground.namespaces_beside(resource).into_iter().map(of).collect()
            }
            Region::SecretsNamed(name) => {
                let of = |it: &Name| Foothold::Secrets { namespace: it.clone(), name: Some(name.clone()) };
                ground.all_namespaces().iter().map(of).collect()
            }
            Region::Traffic(namespace, of) => {
                let services = |it: &Name| ground.cluster.services.of(it).iter().filter(|it| of.has(it));
                spaces(ground, namespace).iter().flat_map(services).map(|it| Foothold::traffic(it)).collect()
            }
            Region::Backed(which) => {
                let is_backed = |it: &&Arc<Service>| is_backed(ground, it, *which);
                let services = |it: &Name| ground.cluster.services.of(it).iter().filter(is_backed);
                ground.all_namespaces().iter().flat_map(services).map(|it| Foothold::traffic(it)).collect()
            }
            Region::NamespaceAdmins => ground.all_namespaces().iter().cloned().map(Foothold::NamespaceAdmin).collect(),
        }
    }
}

fn subjects<'s>(all: impl IntoIterator<Item = &'s Subject>) -> impl Iterator<Item = Foothold> {
    all.into_iter().cloned().map(Foothold::Subject)
}

fn is_backed(ground: &Ground<'_>, service: &Service, which: Which) -> bool {
    let (namespace, name) = (&service.meta.namespace, &service.meta.name);
    ground.place(namespace).selected(ground, namespace, name, which).is_some()
}

/// The regions of namespaces that have such a workload as this one has.
fn beside(ground: &Ground<'_>, namespace: &Name, of: impl Fn(&'static str) -> Region, look: RegionLook<'_>) -> bool {
    let all = ground.first_workloads();
    all.get(namespace).into_iter().flatten().any(|it| look(&of(it.resource)))
}

/// This namespace; empty: all of them.
fn spaces(ground: &Ground<'_>, namespace: &Name) -> Vec<Name> {
    if namespace.is_empty() { ground.all_namespaces().to_vec() } else { vec![namespace.clone()] }
}

impl Which {
    /// Of the whole cluster the sorts that hold all pods of this one.
    fn wider(self) -> &'static [Self] {
        match self {
            Which::Running => &[],
            Which::Changeable => &[Which::Running],
            Which::Meeting(_) | Which::Admitted | Which::Undecided => &[Which::Changeable, Which::Running],
        }
    }
}

/// The regions of pods of these sorts, in their namespace and in all.
fn pods(ground: &Ground<'_>, namespace: &Name, which: Which, look: RegionLook<'_>) -> bool {
    let by_admission = || match which {
        Which::Meeting(it) if !namespace.is_empty() => Which::by_admission(ground, namespace, it),
        _ => None,
    };
    let mut is_there = |place: &Name, it: Which| look(&Region::Pods(place.clone(), it));
    in_all(namespace, |place| is_there(place, which) || which.wider().iter().any(|it| is_there(place, *it)))
        || by_admission().is_some_and(|it| look(&Region::Pods(Name::empty(), it)))
}

/// The regions of such traffic, of a namespace and of all.
fn around_traffic(namespace: &Name, of: Of, look: RegionLook<'_>) -> bool {
    let sorts: &[Of] = if of == Of::All { &[Of::All] } else { &[of, Of::All] };
    in_all(namespace, |place| sorts.iter().any(|it| look(&Region::Traffic(place.clone(), *it))))
}

/// Asks of a namespace, then of all of them.
fn in_all(namespace: &Name, mut look: impl FnMut(&Name) -> bool) -> bool {
    look(namespace) || !namespace.is_empty() && look(&Name::empty())
}

/// Whether some region of more than one thing that something is part of is what is looked for.
fn around(ground: &Ground<'_>, foothold: &Foothold, look: RegionLook<'_>) -> bool {
    match foothold {
        Foothold::Subject(subject) => around_subject(ground, subject, look),
        Foothold::Pod(id) => around_pod(ground, id, look),
        Foothold::Node(name) => ground.has_node(name) && look(&Region::Nodes),
        Foothold::Secrets { name: Some(name), namespace } => {
            let all = Foothold::Secrets { namespace: namespace.clone(), name: None };
            look(&Region::SecretsNamed(name.clone())) || look(&Region::One(all.clone())) || around(ground, &all, look)
        }
        Foothold::Secrets { namespace, name: None } => {
            look(&Region::Secrets) || beside(ground, namespace, Region::SecretsBeside, look)
        }
        Foothold::NamespaceAdmin(_) => look(&Region::NamespaceAdmins),
        Foothold::Intercept { namespace, service } => {
            let selects = |it: &Arc<Service>| if it.selector.is_empty() { Of::Bare } else { Of::Selecting };
            let fact = ground.cluster.services.get(namespace, service);
            around_traffic(namespace, fact.map_or(Of::All, selects), look)
                || SETS.into_iter().any(|which| {
                    let is_backed = || fact.is_some_and(|it| is_backed(ground, it, which));
                    is_backed() && look(&Region::Backed(which))
                })
        }
        _ => false,
    }
}

fn around_subject(ground: &Ground<'_>, subject: &Subject, look: RegionLook<'_>) -> bool {
    match subject {
        Subject::User(name) if name.is_empty() => false,
        Subject::User(_) => {
            look(if ground.is_node(subject) { &Region::NodeUsers } else { &Region::Users }) || look(&Region::Certified)
        }
        Subject::Group(name) if name == MASTERS => look(&Region::Groups),
        Subject::Group(_) => look(&Region::Groups) || look(&Region::Certified),
        Subject::ServiceAccount { namespace, name } => {
            let place = ground.place(namespace);
            let is_there = place.class_of_account(name).is_some();
            look(&Region::Certified)
                || is_there && in_all(namespace, |it| look(&Region::Accounts(it.clone())))
                || SETS
                    .into_iter()
                    .any(|which| place.mounting(ground, name, which).is_some() && look(&Region::Tokens(which)))
                || is_there && beside(ground, namespace, Region::AccountsBeside, look)
        }
        Subject::Other { .. } => false,
    }
}

fn around_pod(ground: &Ground<'_>, id: &PodId, look: RegionLook<'_>) -> bool {
    let Some(pod) = ground.pod(id).filter(|it| is_running(it)) else { return false };
    let which = match is_changeable(pod) {
        true => Which::Meeting(pod.standards()),
        false => Which::Running,
    };
    pods(ground, &id.namespace, which, look) || !pod.node().is_empty() && look(&Region::PodsOn(pod.node().clone()))
}

/// As one row of an answer: `sa:shop/*`, `pod/*/*`, `node-root/*`.
impl fmt::Display for Region {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |namespace: &Name| if namespace.is_empty() { "*".to_owned() } else { namespace.to_string() };
        match self {
            Region::One(it) => write!(out, "{it}"),
            Region::Accounts(namespace) => write!(out, "sa:{}/*", word(namespace)),
            Region::Tokens(_) | Region::AccountsBeside(_) => out.write_str("sa:*/*"),
            Region::Backed(_) => out.write_str("intercept/*/*"),
            Region::Pods(namespace, _) => write!(out, "pod/{}/*", word(namespace)),
            Region::PodsOn(node) => write!(out, "pods on node/{node}"),
            Region::Nodes => out.write_str("node-root/*"),
            Region::NodeUsers => out.write_str("user:system:node:*"),
            Region::Users => out.write_str("user:*"),
            Region::Groups | Region::Certified => out.write_str("group:*"),
            Region::Secrets | Region::SecretsBeside(_) => out.write_str("secrets/*"),
            Region::SecretsNamed(name) => write!(out, "secrets/*/{name}"),
            Region::Traffic(namespace, _) => write!(out, "intercept/{}/*", word(namespace)),
            Region::NamespaceAdmins => out.write_str("namespace-admin/*"),
        }
    }
}
