//! What somebody can come to reach once more, plainly: one request at a time is asked of the naive evaluator, whatever it
//! allows is done to a copy of the cluster, and all of that again until nothing is new. Slow on purpose; it shares
//! nothing with `kreach::escalate` but the words for what is held, and what admission says of a pod.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use kreach::escalate::admission::{Admission, admission};
use kreach::escalate::{Certainty, Foothold, Ground};
use kreach::model::cluster::{AnyFact, Cluster};
use kreach::model::facts::{Meta, Phase, SharedPod};
use kreach::model::id::{Kind, ObjectId};
use kreach::model::name::Name;
use kreach::model::role::{Binding, Role, RoleRef, RoleRule, RoleSource, RuleLists, Subject, SubjectKind};
use kreach::model::security::SecurityLevel;
use kreach::rbac::identity::node_of;
use kreach::rbac::naive::{self, RequestUser};
use kreach::rbac::{Identity, Request, ResourceRequest};

use crate::rbac_worlds::put;

/// The moves that are made here in every way in which they can be made; the others are made here in their plainest.
pub const KNOWN: [&str; 16] = [
    "MEMBER",
    "A52",
    "TOKEN_STEAL",
    "A05",
    "A06",
    "A07",
    "A08",
    "A13",
    "A14",
    "A11",
    "A12",
    "A25",
    "A26",
    "A24",
    "A28",
    "A29",
];

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const MASTERS: &str = "system:masters";
/// Names that rules of the worlds may give of objects that need not be there, and one that none gives.
const NAMES: [&str; 6] = ["n1", "x", "p0", "p1", "leading-1", ANY];
const ANY: &str = "nobody-names-it";

/// Everything that somebody comes to hold.
pub fn plain(ground: &Ground<'_>, start: &Foothold, moves: Certainty) -> BTreeSet<Foothold> {
    let mut plain = Plain {
        ground,
        cluster: ground.cluster.clone(),
        unsure: moves == Certainty::Unsure,
        held: BTreeSet::from([start.clone()]),
        asked: RefCell::default(),
    };
    loop {
        let before = (plain.held.len(), plain.cluster.bindings.len(), plain.cluster.roles.clone());
        plain.round();
        if before == (plain.held.len(), plain.cluster.bindings.len(), plain.cluster.roles.clone()) {
            return plain.held;
        }
    }
}

struct Plain<'a> {
    ground: &'a Ground<'a>,
    cluster: Cluster,
    unsure: bool,
    held: BTreeSet<Foothold>,
    asked: RefCell<BTreeMap<(Subject, [String; 5]), bool>>,
}

impl Plain<'_> {
    /// Makes every move that can be made.
    fn round(&mut self) {
        let actors: Vec<Subject> = self.actors();
        let namespaces = self.cluster.namespace_names();
        for who in &actors {
            self.of_the_cluster(who);
            for namespace in &namespaces {
                self.in_namespace(who, namespace);
            }
        }
        for namespace in &namespaces {
            self.together(&actors, namespace);
        }
        self.escalated(&actors);
        self.places();
    }

    fn actors(&self) -> Vec<Subject> {
        let subject = |it: &Foothold| match it {
            Foothold::Subject(it) => Some(it.clone()),
            _ => None,
        };
        self.held.iter().filter_map(subject).collect()
    }

    fn may(&self, who: &Subject, verbs: &str, group: &str, resource: &str, namespace: &str, name: &str) -> bool {
        verbs.split('|').any(|verb| {
            let asked = [verb, group, resource, namespace, name].map(str::to_owned);
            let known = self.asked.borrow().get(&(who.clone(), asked.clone())).copied();
            known.unwrap_or_else(|| {
                let answer = self.is_allowed(who, verb, group, resource, namespace, name);
                self.asked.borrow_mut().insert((who.clone(), asked), answer);
                answer
            })
        })
    }

    fn is_allowed(&self, who: &Subject, verb: &str, group: &str, path: &str, namespace: &str, name: &str) -> bool {
        let identity = Identity::new(who, &[]);
        let groups = identity.groups.iter().map(|(it, _)| it.as_str()).collect();
        let asker = RequestUser { user: identity.user.as_str(), groups };
        let (resource, subresource) = path.split_once('/').unwrap_or((path, ""));
        let request = Request::Resource(ResourceRequest {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            subresource: subresource.into(),
            name: name.into(),
            namespace: namespace.into(),
            ..ResourceRequest::default()
        });
        asker.groups.contains(&MASTERS) || !naive::grants(&self.cluster, &asker, &request).is_empty()
    }

    fn write(&mut self, fact: AnyFact) {
        self.cluster.apply(put(fact));
        self.asked.borrow_mut().clear();
    }

    fn hold(&mut self, it: Foothold) {
        self.held.insert(it);
    }

    fn accounts(&self, namespace: &str) -> BTreeSet<Name> {
        let listed = self.cluster.service_accounts.of(namespace).iter().map(|it| it.meta.name.clone());
        let used = self.cluster.pods.of(namespace).iter().map(|it| it.service_account().clone());
        listed.chain(used).chain([Name::from("default")]).collect()
    }

    fn hold_accounts(&mut self, namespace: &Name) {
        for name in self.accounts(namespace) {
            self.hold(account(namespace, &name));
        }
    }

    fn running(&self) -> Vec<SharedPod> {
        self.cluster.pods.iter().filter(|it| it.phase() == Phase::Running).cloned().collect()
    }

    fn nodes(&self) -> BTreeSet<Name> {
        let named = self.cluster.pods.iter().map(|it| it.node().clone()).filter(|it| !it.is_empty());
        let all: BTreeSet<Name> = self.cluster.nodes.iter().map(|it| it.meta.name.clone()).chain(named).collect();
        if all.is_empty() { BTreeSet::from(["*".into()]) } else { all }
    }

    /// Whom bindings name, as they are asked about.
    fn named(&self) -> BTreeSet<Subject> {
        let all = self.ground.cluster.bindings.iter().flat_map(|binding| {
            binding.subjects.iter().map(|it| match it {
                Subject::ServiceAccount { namespace, name } if namespace.is_empty() => {
                    Subject::ServiceAccount { namespace: binding.meta.namespace.clone(), name: name.clone() }
                }
                it => it.clone(),
            })
        });
        let is_somebody = |it: &Subject| !it.name().is_empty() && !matches!(it, Subject::Other { .. });
        all.filter(is_somebody).map(|it| Identity::new(&it, &[]).subject).collect()
    }

    /// What one identity may do that stands in no namespace.
    fn of_the_cluster(&mut self, who: &Subject) {
        if Identity::new(who, &[]).is_in(MASTERS) {
            self.hold(Foothold::masters());
            self.hold(Foothold::ClusterAdmin);
        }
        if self.may(who, "*", "*", "*", "", "") {
            self.hold(Foothold::ClusterAdmin);
            self.namespaces().into_iter().for_each(|it| self.hold(Foothold::NamespaceAdmin(it)));
        }
        self.impersonated(who);
        for node in self.nodes() {
            if self.may(who, "create|get", "", "nodes/proxy", "", &node) {
                let pods = self.running().into_iter().filter(|it| *it.node() == node);
                pods.for_each(|it| self.hold(Foothold::Pod(it.pod_id())));
            }
        }
        if self.may(who, "create", "", "pods", "reach-new", "")
            && self.actors().iter().any(|it| self.may(it, "create", "", "namespaces", "", ""))
        {
            self.nodes().into_iter().for_each(|it| self.hold(Foothold::Node(it)));
        }
        self.bound(who, &Name::empty());
        if self.unsure {
            self.unsure_of_the_cluster(who);
        }
    }

    fn namespaces(&self) -> BTreeSet<Name> {
        self.cluster.namespace_names()
    }

    fn impersonated(&mut self, who: &Subject) {
        let (named, spaces) = (self.named(), self.namespaces());
        for user in named.iter().filter(|it| it.kind() == SubjectKind::User) {
            // A node's user is a node in the group of nodes alone, which impersonation gives to whoever asks for it.
            let is_sure =
                node_of(user.name()).is_none() || self.may(who, "impersonate", "", "groups", "", "system:nodes");
            if (is_sure || self.unsure) && self.may(who, "impersonate", "", "users", "", user.name()) {
                self.hold(Foothold::Subject(user.clone()));
            }
        }
        for node in self.nodes() {
            let user = format!("system:node:{node}");
            let may_be = |group: &str| self.may(who, "impersonate", "", "groups", "", group);
            if may_be("system:nodes") && self.may(who, "impersonate", "", "users", "", &user) {
                self.hold(Foothold::Subject(Subject::User(user.into())));
            }
        }
        for name in NAMES {
            let names_it = |plain: &Self| {
                plain.may(who, "impersonate", "", "users", "", name)
                    && !plain.may(who, "impersonate", "", "users", "", ANY)
            };
            if names_it(self) {
                self.hold(Foothold::Subject(Subject::User(name.into())));
            }
        }
        let some_user = || NAMES.iter().any(|it| self.may(who, "impersonate", "", "users", "", it));
        let some_account =
            |it: &Name| NAMES.iter().any(|name| self.may(who, "impersonate", "", "serviceaccounts", it, name));
        if !some_user() && !spaces.iter().any(some_account) {
            return;
        }
        let all = self.may(who, "impersonate", "", "groups", "", ANY);
        let names = NAMES.iter().map(|it| Name::from(*it)).filter(|_| !all);
        let groups = named.iter().filter(|it| it.kind() == SubjectKind::Group).map(|it| it.name().clone());
        for group in groups.chain([MASTERS.into()]).chain(names).collect::<BTreeSet<Name>>() {
            if self.may(who, "impersonate", "", "groups", "", &group) {
                self.hold(Foothold::Subject(Subject::Group(group)));
            }
        }
    }

    fn unsure_of_the_cluster(&mut self, who: &Subject) {
        let webhooks = ["mutatingwebhookconfigurations", "mutatingadmissionpolicies"];
        let writes =
            |name: &&str| webhooks.iter().any(|it| self.may(who, "create|update|patch", ADMISSION, it, "", name));
        if NAMES.iter().chain(&[""]).any(writes) {
            self.hold(Foothold::ClusterAdmin);
            let name = format!("plain-everything-{who}");
            self.write(binding(&name, &Name::empty(), ("ClusterRole", "plain-everything"), who));
            self.write(everything("plain-everything"));
        }
        if self.may(who, "create", "", "secrets", "kube-system", "") {
            self.hold(Foothold::Subject(Subject::Group("system:bootstrappers".into())));
        }
        let creates = |it: &Subject| self.may(it, "create", CERTIFICATES, "certificatesigningrequests", "", "");
        let updates =
            |it: &&str| self.may(who, "update|patch", CERTIFICATES, "certificatesigningrequests/approval", "", it);
        let approves = self.may(who, "approve", CERTIFICATES, "signers", "", "kubernetes.io/kube-apiserver-client");
        if approves && NAMES.iter().any(updates) && self.actors().iter().any(creates) {
            let all = self.named().into_iter().filter(|it| *it.name() != *MASTERS);
            all.for_each(|it| self.hold(Foothold::Subject(it)));
        }
    }

    /// What one identity may do in a namespace.
    fn in_namespace(&mut self, who: &Subject, namespace: &Name) {
        if self.may(who, "*", "*", "*", namespace, "") {
            self.hold(Foothold::NamespaceAdmin(namespace.clone()));
        }
        for pod in self.running().into_iter().filter(|it| it.namespace() == namespace) {
            let name = pod.name().to_name();
            let may = |verbs: &str, what: &str| self.may(who, verbs, "", what, namespace, &name);
            let enters = may("create", "pods/exec")
                || self.unsure && (may("get", "pods/exec") || may("create|get", "pods/attach"));
            let changes = may("patch|update", "pods/ephemeralcontainers") || may("patch|update", "pods");
            if enters || changes && self.passes(namespace, pod.standards()) {
                self.hold(Foothold::Pod(pod.pod_id()));
            }
        }
        if self.makes_pods(who, namespace) {
            self.hold_accounts(namespace);
            self.hold(Foothold::Secrets { namespace: namespace.clone(), name: None });
            if self.passes(namespace, SecurityLevel::Privileged) {
                self.nodes().into_iter().for_each(|it| self.hold(Foothold::Node(it)));
            }
        }
        for name in self.accounts(namespace) {
            let tokens = self.may(who, "create", "", "serviceaccounts/token", namespace, &name);
            if tokens || self.may(who, "impersonate", "", "serviceaccounts", namespace, &name) {
                self.hold(account(namespace, &name));
            }
        }
        for name in ["", "n1", "x", "p0", "p1", "leading-1"] {
            if self.may(who, "get|list|watch", "", "secrets", namespace, name) {
                let name = (!name.is_empty()).then(|| name.into());
                self.hold(Foothold::Secrets { namespace: namespace.clone(), name });
            }
        }
        self.bound(who, namespace);
    }

    fn makes_pods(&self, who: &Subject, namespace: &Name) -> bool {
        let apps = ["deployments", "replicasets", "statefulsets", "daemonsets"];
        let may = |group, what| self.may(who, "create", group, what, namespace, "");
        may("", "pods")
            || may("", "replicationcontrollers")
            || apps.into_iter().any(|it| may("apps", it))
            || ["jobs", "cronjobs"].into_iter().any(|it| may("batch", it))
    }

    /// Whether a pod is admitted, by the labels as they are or as somebody who is held may write them.
    fn passes(&self, namespace: &Name, meets: impl Into<kreach::model::security::MetStandards>) -> bool {
        let labels = |it: &Subject| {
            ["namespaces", "namespaces/status"]
                .into_iter()
                .any(|what| self.may(it, "patch|update", "", what, namespace, namespace))
                || self.may(it, "update", "", "namespaces/finalize", namespace, namespace)
        };
        match admission(self.ground, namespace, meets) {
            Admission::Admitted => true,
            Admission::Unknown(_) if self.unsure => true,
            _ => self.actors().iter().any(labels),
        }
    }

    /// What takes two who are held, one for each half.
    fn together(&mut self, actors: &[Subject], namespace: &Name) {
        let some = |it: &dyn Fn(&Subject) -> bool| actors.iter().any(it);
        let creates_accounts = some(&|it| self.may(it, "create", "", "serviceaccounts", namespace, ""));
        let tokens = some(&|it| self.may(it, "create", "", "serviceaccounts/token", namespace, ANY));
        let pods = some(&|it| self.makes_pods(it, namespace));
        let creates = some(&|it| self.may(it, "create", "", "secrets", namespace, ""));
        let reads = some(&|it| {
            ["", "n1", "x", "p0", "p1", "leading-1"]
                .iter()
                .any(|name| self.may(it, "get|list|watch", "", "secrets", namespace, name))
        });
        let volumes = some(&|it| self.may(it, "create", "", "persistentvolumes", "", ""));
        let claims = some(&|it| self.may(it, "create", "", "persistentvolumeclaims", namespace, ""));
        if creates && reads {
            self.hold_accounts(namespace);
        }
        if volumes && claims && pods {
            self.nodes().into_iter().for_each(|it| self.hold(Foothold::Node(it)));
        }
        if creates_accounts && (tokens || pods) {
            let there = self.accounts(namespace);
            for it in self.named() {
                if it.kind() == SubjectKind::ServiceAccount && it.namespace() == namespace && !there.contains(it.name())
                {
                    self.hold(Foothold::Subject(it));
                }
            }
        }
    }

    /// A17: roles that one identity binds to itself, cluster-wide or in a namespace.
    fn bound(&mut self, who: &Subject, namespace: &Name) {
        let create = if namespace.is_empty() { "clusterrolebindings" } else { "rolebindings" };
        if !self.may(who, "create", RBAC, create, namespace, "") {
            return;
        }
        for (kind, plural, home) in [("ClusterRole", "clusterroles", ""), ("Role", "roles", namespace.as_str())] {
            if kind == "Role" && namespace.is_empty() {
                continue;
            }
            let roles: Vec<Name> = self.cluster.roles.of(home).iter().map(|it| it.meta.name.clone()).collect();
            for role in roles {
                let name = format!("plain-{kind}-{role}-{who}");
                let is_new = self.cluster.bindings.get(namespace, &name).is_none();
                if is_new && self.may(who, "bind", RBAC, plural, namespace, &role) {
                    self.write(binding(&name, namespace, (kind, &role), who));
                }
            }
        }
    }

    /// A16: roles into which somebody who is held writes every rule, where somebody who is held is bound to them.
    fn escalated(&mut self, actors: &[Subject]) {
        let bindings: Vec<_> = self.cluster.bindings.iter().cloned().collect();
        for binding in bindings {
            let speaks = |who: &Subject| binding.subjects.iter().any(|it| is_spoken_of(it, &binding, who));
            if !actors.iter().any(speaks) {
                continue;
            }
            let (home, plural) = match binding.role.kind.as_str() {
                "ClusterRole" => (Name::empty(), "clusterroles"),
                "Role" if !binding.meta.namespace.is_empty() => (binding.meta.namespace.clone(), "roles"),
                _ => continue,
            };
            let before = self.cluster.roles.get(&home, &binding.role.name).cloned();
            let (verbs, name) = match before {
                Some(_) => ("update|patch", binding.role.name.clone()),
                None => ("create", Name::empty()),
            };
            let may = |it: &Subject, verbs| self.may(it, verbs, RBAC, plural, &home, &name);
            if !actors.iter().any(|it| may(it, "escalate") && may(it, verbs)) {
                continue;
            }
            let scope = binding.meta.namespace.clone();
            self.hold(if scope.is_empty() { Foothold::ClusterAdmin } else { Foothold::NamespaceAdmin(scope) });
            let mut rules: Vec<RoleRule> = before.iter().flat_map(|it| it.rules.iter().cloned()).collect();
            if !rules.contains(&every_rule()) {
                rules.push(every_rule());
                let meta = Meta { namespace: home, name: binding.role.name.clone(), ..Meta::default() };
                self.write(AnyFact::Role(Role::new(meta, rules.into(), RoleSource::Server).into()));
            }
        }
    }

    /// What stands on nodes and in pods.
    fn places(&mut self) {
        for held in self.held.clone() {
            match held {
                Foothold::Node(node) => {
                    self.hold(Foothold::Subject(Subject::User(format!("system:node:{node}").into())));
                    let pods = self.running().into_iter().filter(|it| *it.node() == node);
                    pods.for_each(|it| self.hold(Foothold::Pod(it.pod_id())));
                }
                Foothold::Pod(id) => {
                    let Some(pod) = self.cluster.pods.get(&id.namespace, &id.name).cloned() else { continue };
                    self.hold(account(&id.namespace, pod.service_account()));
                    if pod.host_access().privileged && !pod.node().is_empty() {
                        self.hold(Foothold::Node(pod.node().clone()));
                    }
                }
                _ => {}
            }
        }
    }
}

fn is_spoken_of(subject: &Subject, binding: &Binding, who: &Subject) -> bool {
    let identity = Identity::new(who, &[]);
    match subject {
        Subject::User(name) => !name.is_empty() && identity.user == *name,
        Subject::Group(name) => !name.is_empty() && identity.is_in(name),
        Subject::ServiceAccount { namespace, name } => {
            let home = if namespace.is_empty() { &binding.meta.namespace } else { namespace };
            !home.is_empty() && identity.user == *format!("system:serviceaccount:{home}:{name}")
        }
        Subject::Other { .. } => false,
    }
}

fn account(namespace: &Name, name: &Name) -> Foothold {
    Foothold::Subject(Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() })
}

fn every_rule() -> RoleRule {
    let star = || [Name::from("*")].into();
    RoleRule::from(RuleLists { verbs: star(), groups: star(), resources: star(), ..RuleLists::default() })
}

fn everything(name: &str) -> AnyFact {
    let id = ObjectId::new(Kind::CLUSTER_ROLE, "", name);
    let meta = Meta { name: id.name, ..Meta::default() };
    AnyFact::Role(Role::new(meta, [every_rule()].into(), RoleSource::Server).into())
}

fn binding(name: &str, namespace: &Name, role: (&str, &str), who: &Subject) -> AnyFact {
    let meta = Meta { namespace: namespace.clone(), name: name.into(), ..Meta::default() };
    let role = RoleRef { kind: role.0.into(), name: role.1.into() };
    AnyFact::Binding(Binding { meta, role, subjects: [who.clone()].into() }.into())
}
