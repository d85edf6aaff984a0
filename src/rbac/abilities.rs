//! What somebody may do with the resources that matter most, in letters: one row of the matrix of subjects.
//!
//! ```text
//!               secret   pods  exec  roles
//! user:alice    R        rw          rwx      R read, W write, D delete, X other verbs; small: in some namespaces
//! ```
//!
//! It judges rules as written, as [`super::danger`] does: a rule for one named object counts, and is told apart.

use crate::model::id::ResourceScope;
use crate::model::name::Name;
use crate::model::role::RoleRule;

use super::identity::{Identity, MASTERS};
use super::index::{CLUSTER, Index};
use super::places::{self, NamespaceOf};
use super::powers::{self, Resource};

/// One column.
#[derive(Debug)]
pub struct AbilityColumn {
    pub title: &'static str,
    pub resource: Resource,
    /// The letters of it that should be few: `rw`.
    pub grave: &'static str,
}

impl AbilityColumn {
    /// The resource as requests and filters name it: `deployments.apps`, `pods/exec`.
    pub fn typed(&self) -> String {
        let Resource { group, name, .. } = self.resource;
        let (plural, subresource) =
            name.split_once('/').map_or((name, String::new()), |(it, sub)| (it, format!("/{sub}")));
        let dot = if group.is_empty() { "" } else { "." };
        format!("{plural}{dot}{group}{subresource}")
    }
}

const fn column(title: &'static str, resource: Resource, grave: &'static str) -> AbilityColumn {
    AbilityColumn { title, resource, grave }
}

/// All columns, what leads furthest first.
pub const COLUMNS: &[AbilityColumn] = &[
    column("secret", powers::SECRETS, "rx"),
    column("pods", powers::PODS, "wx"),
    column("exec", powers::POD_EXEC, "rw"),
    column("deploy", powers::DEPLOYMENTS, "wx"),
    column("roles", powers::ROLES, "x"),
    column("binds", powers::ROLE_BINDINGS, "wx"),
    column("netpol", powers::NETWORK_POLICIES, "wd"),
    column("sa", powers::SERVICE_ACCOUNTS, "x"),
    column("token", powers::TOKENS, "w"),
    column("config", powers::CONFIG_MAPS, ""),
    column("svc", powers::SERVICES, "w"),
    column("fwd", powers::POD_FORWARD, "rw"),
    column("logs", powers::POD_LOG, ""),
    column("jobs", powers::JOBS, "wx"),
    column("ns", powers::NAMESPACES, "wd"),
    column("nodes", powers::NODES, "w"),
    column("kublet", powers::NODE_PROXY, "rw"),
    column("croles", powers::CLUSTER_ROLES, "x"),
    column("cbinds", powers::CLUSTER_ROLE_BINDINGS, "wx"),
    column("users", powers::USERS, "x"),
    column("hooks", powers::MUTATING_WEBHOOKS, "w"),
    column("pvs", powers::PERSISTENT_VOLUMES, "w"),
];

/// The classes of verbs, with the letter of each.
const CLASSES: [(char, &[&str]); 3] =
    [('r', &["get", "list", "watch"]), ('w', &["create", "update", "patch"]), ('d', &["delete", "deletecollection"])];

/// Classes of verbs as bits, in the order of [`CLASSES`]; the last is every other verb.
type Classes = u8;

const ALL: Classes = 0b1111;
const LETTERS: [char; 4] = ['r', 'w', 'd', 'x'];

fn classes(verbs: &[Name]) -> Classes {
    let of = |verb: &Name| match CLASSES.iter().position(|(_, all)| all.contains(&verb.as_str())) {
        _ if verb == "*" => ALL,
        Some(at) => 1 << at,
        None => 1 << CLASSES.len(),
    };
    verbs.iter().map(of).fold(0, |all, it| all | it)
}

/// How a binding is held.
#[derive(Clone, Copy)]
enum BindingHold {
    Everywhere,
    Somewhere,
    AsEverybody,
}

/// What somebody may do with one resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ability {
    everywhere: Classes,
    somewhere: Classes,
    /// With objects that rules name, anywhere.
    named: Classes,
    /// By groups that come by themselves (rule 39): what everybody of its sort has.
    common: Classes,
}

impl Ability {
    fn add(&mut self, rule: &RoleRule, found: Classes, held: BindingHold) {
        let side = match held {
            BindingHold::AsEverybody => &mut self.common,
            _ if !rule.names.is_empty() => &mut self.named,
            BindingHold::Everywhere => &mut self.everywhere,
            BindingHold::Somewhere => &mut self.somewhere,
        };
        *side |= found;
    }

    /// `Rw(dx)`: capitals hold in the whole cluster, small letters somewhere; `'` stands behind what only named objects
    /// have, and in brackets stands what everybody of its sort has.
    pub fn letters(&self) -> String {
        let mut letters = String::new();
        for (at, letter) in LETTERS.iter().enumerate() {
            let has = |classes: Classes| classes >> at & 1 == 1;
            match () {
                () if has(self.everywhere) => letters.push(letter.to_ascii_uppercase()),
                () if has(self.somewhere) => letters.push(*letter),
                () if has(self.named) => letters.extend([*letter, '\'']),
                () => {}
            }
        }
        let common: String =
            LETTERS.iter().enumerate().filter(|(at, _)| self.is_common(*at)).map(|(_, it)| it).collect();
        if common.is_empty() { letters } else { format!("{letters}({common})") }
    }

    /// Whether a class is held as everybody holds it, and not besides.
    fn is_common(&self, at: usize) -> bool {
        self.common & !self.own() & 1 << at != 0
    }

    fn own(&self) -> Classes {
        self.everywhere | self.somewhere | self.named
    }

    /// Whether all of it is what everybody of its sort has.
    pub fn is_nothing_own(&self) -> bool {
        self.own() == 0
    }

    /// Whether any of its own should be rare.
    pub fn is_grave(&self, column: &AbilityColumn) -> bool {
        let has = |letter: char| LETTERS.iter().position(|it| *it == letter);
        column.grave.chars().filter_map(has).any(|at| self.own() >> at & 1 == 1)
    }
}

impl Index {
    /// What somebody may do with each of [`COLUMNS`], by the bindings of the namespaces that `holds` lets through.
    pub fn abilities(&self, identity: &Identity, holds: impl Fn(&Name) -> bool) -> Vec<Ability> {
        let start = if identity.is_in(MASTERS) { ALL } else { 0 };
        let mut abilities = vec![Ability { everywhere: start, ..Ability::default() }; COLUMNS.len()];
        let own = self.all_slots(&identity.without_implied());
        for slot in self.all_slots(identity) {
            let Some(entry) = self.bindings.get(slot) else { continue };
            let is_everywhere = entry.namespace == CLUSTER;
            let rules = self.role_entry(entry).and_then(|it| it.rules());
            let binding_namespace = &entry.binding.meta.namespace;
            let Some(rules) = rules.filter(|_| is_everywhere || holds(binding_namespace)) else { continue };
            let held = match (own.binary_search(&slot), is_everywhere) {
                (Err(_), _) => BindingHold::AsEverybody,
                (Ok(_), true) => BindingHold::Everywhere,
                (Ok(_), false) => BindingHold::Somewhere,
            };
            for (ability, column) in abilities.iter_mut().zip(COLUMNS) {
                let place = if is_everywhere { "" } else { binding_namespace };
                let rules = rules.iter().filter(|it| column.resource.is_covered_by(it));
                rules.for_each(|it| ability.add(it, classes_in(place, it, column), held));
            }
        }
        abilities
    }
}

/// What a rule lets do through a binding in a namespace (empty: cluster-wide): of what is cluster-scoped a RoleBinding
/// grants little (rules 16, 17 and 49).
fn classes_in(namespace: &str, rule: &RoleRule, column: &AbilityColumn) -> Classes {
    if namespace.is_empty() || column.resource.scope == ResourceScope::Namespaced {
        return classes(&rule.verbs);
    }
    let Some(exception) = places::exception(column.resource.group, column.resource.name) else { return 0 };
    let is_of_it =
        exception.whose != NamespaceOf::Own || rule.names.is_empty() || rule.names.iter().any(|it| it == namespace);
    let verbs = exception.verbs.iter().filter(|verb| is_of_it && rule.verbs.iter().any(|it| it == "*" || it == *verb));
    classes(&verbs.map(|it| Name::from(*it)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::role::RuleLists;

    fn rule(verbs: &[&str], names: &[&str]) -> RoleRule {
        let words = |all: &[&str]| all.iter().map(|it| Name::from(*it)).collect();
        RoleRule::from(RuleLists {
            verbs: words(verbs),
            groups: words(&[""]),
            resources: words(&["secrets"]),
            names: words(names),
            ..RuleLists::default()
        })
    }

    #[test]
    fn letters_tell_where_and_how_far() {
        let add = |ability: &mut Ability, verbs: &[&str], names: &[&str], held: BindingHold| {
            let rule = rule(verbs, names);
            ability.add(&rule, classes(&rule.verbs), held);
        };
        let mut ability = Ability::default();
        assert_eq!(ability.letters(), "");
        add(&mut ability, &["get", "delete"], &[], BindingHold::AsEverybody);
        assert_eq!(ability.letters(), "(rd)");
        assert!(ability.is_nothing_own() && !ability.is_grave(&COLUMNS[0]));
        add(&mut ability, &["get"], &["one"], BindingHold::Everywhere);
        assert_eq!(ability.letters(), "r'(d)");
        add(&mut ability, &["list", "create"], &[], BindingHold::Somewhere);
        assert_eq!(ability.letters(), "rw(d)");
        add(&mut ability, &["watch", "impersonate"], &[], BindingHold::Everywhere);
        assert_eq!(ability.letters(), "RwX(d)");
        add(&mut ability, &["*"], &[], BindingHold::Everywhere);
        assert_eq!(ability.letters(), "RWDX");
        assert!(ability.is_grave(&COLUMNS[0]) && !ability.is_grave(&COLUMNS[9]));
        let covers = |at: usize| COLUMNS[at].resource.is_covered_by(&rule(&["get"], &[]));
        assert!(covers(0) && !covers(1));
    }
}
