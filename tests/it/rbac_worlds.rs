//! Seeded worlds of roles and bindings for tests: small alphabets, so that words meet, and every trap among them.
//!
//! The same worlds go to the index, to the naive evaluator, and as JSON to a real API server.

use std::sync::Arc;

use kreach::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
use kreach::model::facts::{Meta, Namespace, ServiceAccount};
use kreach::model::items::Items;
use kreach::model::labels::{Labels, Operator, Requirement, Selector};
use kreach::model::name::Name;
use kreach::model::role::{
    Binding, Role, RoleRef, RoleRule, RoleSource, RuleLists, SharedBinding, SharedRole, Subject, SubjectKind,
};
use kreach::rbac::{Identity, Request, ResourceRequest};
use serde_json::{Value, json};

/// A small generator of numbers (xorshift64*), so that a seed is a world on every machine.
pub struct Random(u64);

impl Random {
    /// The generator of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    }

    /// One of these.
    pub fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// Up to `most` of these, at least `least`.
    fn some(&mut self, of: &[&str], least: usize, most: usize) -> Items<Name> {
        let count = least + self.below(most - least + 1);
        (0..count).map(|_| Name::from(self.one(of))).collect()
    }
}

/// The words that a world is made of.
pub struct Words {
    pub namespaces: &'static [&'static str],
    pub users: &'static [&'static str],
    pub groups: &'static [&'static str],
    pub accounts: &'static [&'static str],
    pub verbs: &'static [&'static str],
    pub api_groups: &'static [&'static str],
    pub resources: &'static [&'static str],
    pub names: &'static [&'static str],
    pub urls: &'static [&'static str],
    /// Whether rules may be what the API server's validation refuses.
    pub validity: Validity,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Only what a server stores.
    Stored,
    /// Also what only files hold.
    Any,
}

/// Everything, the refused included.
pub const ANYTHING: Words = Words {
    namespaces: &["a", "b", "kube-system"],
    users: &[
        "alice",
        "bob",
        "*",
        "Alice",
        "",
        "system:anonymous",
        "system:serviceaccount:a:x",
        "system:serviceaccount:a:x:y",
        "system:node:n1",
    ],
    groups: &[
        "dev",
        "*",
        "system:authenticated",
        "system:unauthenticated",
        "system:serviceaccounts",
        "system:serviceaccounts:a",
        "system:nodes",
        "system:masters",
    ],
    accounts: &["x", "y", "x:y", "default"],
    verbs: &["get", "list", "create", "delete", "deletecollection", "*", "GET", "impersonate", ""],
    api_groups: &["", "apps", "*", "core"],
    resources: &[
        "pods",
        "pods/log",
        "pods/*",
        "*/log",
        "*",
        "*/",
        "*/*",
        "deployments",
        "deployments/scale",
        "*/scale",
        "po*",
        "",
        "namespaces",
    ],
    names: &["", "n1", "*", "n2"],
    urls: &["*", "/", "/a", "/a*", "/a/*", "/a**", "", "/*a", "a"],
    validity: Validity::Any,
};

/// What a real server stores.
pub const STORED: Words = Words {
    namespaces: &["rbac-a", "rbac-b", "rbac-c"],
    users: &["alice", "bob", "*", "Alice", "system:anonymous", "system:serviceaccount:rbac-a:x", "eve\u{1b}[31m"],
    groups: &[
        "dev",
        "ops",
        "*",
        "system:authenticated",
        "system:unauthenticated",
        "system:serviceaccounts",
        "system:serviceaccounts:rbac-a",
    ],
    accounts: &["x", "y", "default"],
    verbs: &[
        "get",
        "list",
        "watch",
        "create",
        "update",
        "delete",
        "deletecollection",
        "*",
        "GET",
        "impersonate",
        "bind",
    ],
    api_groups: &["", "apps", "*", "core", "example.com"],
    resources: &[
        "pods",
        "pods/log",
        "pods/*",
        "*/log",
        "*",
        "*/*",
        "deployments",
        "deployments/scale",
        "*/scale",
        "po*",
        "namespaces",
        "nodes",
        "nodes/proxy",
        "widgets",
    ],
    names: &["n1", "*", "n2", "a:b"],
    urls: &["*", "/", "/a", "/a*", "/a/*", "/healthz", "/healthz/*"],
    validity: Validity::Stored,
};

fn meta(namespace: &str, name: String) -> Meta {
    Meta { namespace: namespace.into(), name: name.into(), ..Meta::default() }
}

/// By these some aggregated role takes a role in.
fn labels(random: &mut Random) -> Labels {
    match random.below(3) {
        0 => Labels::new([("aggregate".into(), random.one(&["x", "y"]).into())]),
        _ => Labels::default(),
    }
}

impl Words {
    /// A rule.
    pub fn rule(&self, random: &mut Random, home: &str) -> RoleRule {
        let verbs = random.some(self.verbs, 1, 3);
        // A server stores no rule that mixes URLs with resources, and none with URLs in a Role.
        let kind = match self.validity {
            Validity::Any => random.below(5),
            Validity::Stored if home.is_empty() => [1, 1, 1, 3][random.below(4)],
            Validity::Stored => 1,
        };
        let least = usize::from(self.validity == Validity::Stored);
        let mut rule = RuleLists { verbs, ..RuleLists::default() };
        if kind != 3 {
            rule.groups = random.some(self.api_groups, least, 2);
            rule.resources = random.some(self.resources, least, 3);
            if random.below(3) == 0 {
                rule.names = random.some(self.names, 1, 2);
            }
        }
        if kind >= 3 {
            rule.urls = random.some(self.urls, least, 2);
        }
        rule.into()
    }

    /// A Role, or a ClusterRole where the namespace is empty.
    pub fn role(&self, random: &mut Random, namespace: &str, number: usize) -> Role {
        let rules = (0..random.below(4)).map(|_| self.rule(random, namespace)).collect();
        let is_aggregated = self.validity == Validity::Any && namespace.is_empty() && random.below(4) == 0;
        let selector = |value: &str| {
            Selector::new([Requirement { key: "aggregate".into(), operator: Operator::In(vec![value.into()].into()) }])
        };
        let aggregates = is_aggregated.then(|| match random.below(4) {
            0 => [selector("x")].into(),
            1 => [selector("y"), selector("x")].into(),
            2 => [Selector::everything()].into(),
            _ => Default::default(),
        });
        let origin = if random.below(3) == 0 { RoleSource::Server } else { RoleSource::Manifest };
        let (meta, labels) = (meta(namespace, format!("r{number}")), labels(random));
        Role::new(meta, rules, origin).labeled(labels).aggregating(aggregates)
    }

    /// A subject of a binding.
    pub fn subject(&self, random: &mut Random) -> Subject {
        let any = self.validity == Validity::Any;
        match random.below(if any { 7 } else { 6 }) {
            0 | 1 => Subject::User(random.one(self.users).into()),
            2 | 3 => Subject::Group(random.one(self.groups).into()),
            4 | 5 => {
                let homeless = any && random.below(3) == 0;
                let namespace = if homeless { "" } else { random.one(self.namespaces) };
                Subject::ServiceAccount { namespace: namespace.into(), name: random.one(self.accounts).into() }
            }
            _ => Subject::Other { kind: "Robot".into(), name: random.one(self.users).into() },
        }
    }

    /// A binding to one of `roles` roles, or to one that is not there.
    pub fn binding(&self, random: &mut Random, namespace: &str, number: usize, roles: usize) -> Binding {
        let wrong = match self.validity {
            Validity::Any => random.below(12) == 0,
            Validity::Stored => false,
        };
        let kind = match (namespace.is_empty(), random.below(2)) {
            _ if wrong => random.one(&["Role", "clusterrole", ""]),
            (false, 0) => "Role",
            _ => "ClusterRole",
        };
        let role = RoleRef { kind: kind.into(), name: format!("r{}", random.below(roles + 1)).into() };
        let subjects = (0..random.below(4)).map(|_| self.subject(random)).collect();
        Binding { meta: meta(namespace, format!("b{number}")), role, subjects }
    }

    /// A namespace, or the whole cluster.
    pub fn home(&self, random: &mut Random) -> &'static str {
        match random.below(3) {
            0 => "",
            _ => self.namespaces[random.below(self.namespaces.len())],
        }
    }

    /// Somebody who asks, with groups besides the implied.
    pub fn identity(&self, random: &mut Random) -> Identity {
        loop {
            let subject = self.subject(random);
            let is_known = !matches!(subject.kind(), SubjectKind::Other(_)) && !subject.name().is_empty();
            if is_known && (subject.kind() != SubjectKind::ServiceAccount || !subject.namespace().is_empty()) {
                let given = random.some(self.groups, 0, 2);
                return Identity::new(&subject, &given);
            }
        }
    }

    /// A request.
    pub fn request(&self, random: &mut Random) -> Request {
        if random.below(5) == 0 {
            return Request::url(
                random.one(self.verbs),
                random.one(&["/", "/a", "/a/b", "/ab", "/healthz/etcd", "a", "*"]),
            );
        }
        // What rules write and what requests ask differ: wildcards are asked for too.
        let (resource, subresource) = match random.one(self.resources).split_once('/') {
            Some((resource, subresource)) => (resource, subresource),
            None => (
                random.one(&["pods", "deployments", "namespaces", "widgets", "*"]),
                random.one(&["", "", "log", "scale", "*"]),
            ),
        };
        Request::Resource(ResourceRequest {
            verb: random.one(self.verbs).into(),
            group: random.one(self.api_groups).into(),
            resource: resource.into(),
            subresource: subresource.into(),
            name: random.one(&["", "", "n1", "n2", "*", "a:b"]).into(),
            // A review cannot ask for two names: only where no server is asked.
            domain: match self.validity {
                Validity::Any => random.one(&["", "", "", "n2"]).into(),
                Validity::Stored => Name::empty(),
            },
            namespace: random.one(&[self.namespaces[0], self.namespaces[1], "", "nowhere"]).into(),
        })
    }

    /// A question that some binding may well answer: its subject, and words of a rule of its role, one perhaps changed.
    pub fn likely(&self, random: &mut Random, cluster: &Cluster) -> Option<(Identity, Request)> {
        let bindings: Vec<&SharedBinding> = cluster.bindings.iter().collect();
        let binding = bindings[random.below(bindings.len())];
        let home = if binding.role.kind == *"Role" { binding.meta.namespace.as_str() } else { "" };
        let role = cluster.roles.get(home, &binding.role.name)?;
        let rule = role.rules.get(random.below(role.rules.len().max(1)))?;
        let subject = binding.subjects.get(random.below(binding.subjects.len().max(1)))?;
        let identity = Identity::new(subject, &random.some(self.groups, 0, 1));
        let word = |random: &mut Random, list: &[Name], otherwise: &[&str]| match list.len() {
            0 => Name::from(random.one(otherwise)),
            count => Some(list[random.below(count)].clone())
                .filter(|it| it != "*" && random.below(12) > 0)
                .unwrap_or_else(|| random.one(otherwise).into()),
        };
        let verb = word(random, &rule.verbs, self.verbs);
        if rule.resources.is_empty() {
            let path = word(random, &rule.urls, &["/a/b", "/ab", "/"]).replace('*', random.one(&["", "x", "*"]));
            return Some((identity, Request::url(&verb, &path)));
        }
        let resource = word(random, &rule.resources, &["pods", "deployments/scale", "nodes/log"]);
        let (resource, subresource) = resource.split_once('/').unwrap_or((&resource, ""));
        let request = ResourceRequest {
            verb,
            group: word(random, &rule.groups, self.api_groups),
            resource: if resource == "*" { random.one(&["pods", "*"]) } else { resource }.into(),
            subresource: subresource.into(),
            name: word(random, &rule.names, &["", "n1"]),
            domain: Name::empty(),
            namespace: match binding.meta.namespace.is_empty() {
                true => random.one(&["", self.namespaces[0], "nowhere"]).into(),
                false => word(random, std::slice::from_ref(&binding.meta.namespace), self.namespaces),
            },
        };
        Some((identity, Request::Resource(request)))
    }

    /// Roles and bindings, `size` of each.
    pub fn facts(&self, random: &mut Random, size: usize) -> Vec<AnyFact> {
        let mut facts = Vec::new();
        for number in 0..size {
            let home = self.home(random);
            facts.push(AnyFact::Role(SharedRole::new(self.role(random, home, number % 5))));
            let home = self.home(random);
            facts.push(AnyFact::Binding(SharedBinding::new(self.binding(random, home, number, 5))));
        }
        facts
    }
}

/// A cluster of these facts, in files' closed world.
pub fn cluster(facts: &[AnyFact]) -> Cluster {
    let mut cluster = Cluster::default();
    for fact in facts {
        cluster.apply(put(fact.clone()));
    }
    cluster
}

/// The delta that puts a fact.
pub fn put(fact: AnyFact) -> Delta {
    Delta::Put(ReadObject::new(fact))
}

/// A service account.
pub fn account(namespace: &str, name: &str) -> AnyFact {
    let meta = Meta { namespace: namespace.into(), name: name.into(), ..Meta::default() };
    AnyFact::ServiceAccount(Arc::new(ServiceAccount::new(meta)))
}

/// A namespace.
pub fn namespace(name: &str) -> AnyFact {
    let meta = Meta { name: name.into(), ..Meta::default() };
    AnyFact::Namespace(Arc::new(Namespace { meta, labels: Labels::default(), implied: false }))
}

/// A role as the API writes it.
pub fn role_json(role: &Role) -> Value {
    let words = |words: &[Name]| words.iter().map(|it| json!(it.as_str())).collect::<Vec<_>>();
    let rules: Vec<Value> = role
        .rules
        .iter()
        .map(|it| {
            let mut rule = json!({ "verbs": words(&it.verbs) });
            for (key, list) in [
                ("apiGroups", &it.groups),
                ("resources", &it.resources),
                ("resourceNames", &it.names),
                ("nonResourceURLs", &it.urls),
            ] {
                if !list.is_empty() {
                    rule[key] = json!(words(list));
                }
            }
            rule
        })
        .collect();
    let kind = if role.meta.namespace.is_empty() { "ClusterRole" } else { "Role" };
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": meta_json(&role.meta), "rules": rules,
    })
}

/// A binding as the API writes it.
pub fn binding_json(binding: &Binding) -> Value {
    let subject = |it: &Subject| match it.kind() {
        SubjectKind::ServiceAccount => {
            json!({ "kind": "ServiceAccount", "namespace": it.namespace().as_str(), "name": it.name().as_str() })
        }
        SubjectKind::Group => {
            json!({ "kind": "Group", "name": it.name().as_str(), "apiGroup": "rbac.authorization.k8s.io" })
        }
        _ => json!({ "kind": "User", "name": it.name().as_str(), "apiGroup": "rbac.authorization.k8s.io" }),
    };
    let kind = if binding.meta.namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": meta_json(&binding.meta),
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": binding.role.kind.as_str(), "name": binding.role.name.as_str() },
        "subjects": binding.subjects.iter().map(subject).collect::<Vec<_>>(),
    })
}

fn meta_json(meta: &Meta) -> Value {
    let mut value = json!({ "name": meta.name.as_str() });
    if !meta.namespace.is_empty() {
        value["namespace"] = json!(meta.namespace.as_str());
    }
    value
}
