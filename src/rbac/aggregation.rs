//! Aggregated ClusterRoles: whose rules they hold, and which member gave each (rules 43–46).
//!
//! ```text
//! clusterrole/view  ←  members by label: system:aggregate-to-view, cron-viewer, …
//! ```
//!
//! What came from a server is believed as stored, however stale, and lag is told apart; what came from a manifest is
//! computed, because no controller has filled it in yet (rule 44).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::items::Items;
use crate::model::name::Name;
use crate::model::role::{Role, RoleRule, RoleSource, SharedRole};

/// The ClusterRole, aggregated itself by none, that gave a rule, and the rule's index there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AggregatedFrom {
    pub role: Name,
    pub rule: u32,
}

/// The rules that decide for a role, and where they come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Effective {
    pub rules: Items<RoleRule>,
    /// For an aggregated role one element a rule; `None` where no member has this rule (any more).
    pub members: Option<Items<Option<AggregatedFrom>>>,
    /// Whether its own rules and its members' differ: the controller is behind, or somebody wrote them by hand.
    pub lags: Lag,
}

/// Whether an aggregated role's own rules, stored or written, are those of its members.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Lag {
    #[default]
    None,
    Differs,
    /// A manifest's own rules are not those of its members: the controller will overwrite them.
    Overwritten,
}

impl Effective {
    /// A role's own rules.
    pub fn own(role: &Role) -> Self {
        Self { rules: role.rules.clone(), members: None, lags: Lag::None }
    }
}

/// All ClusterRoles by name, and who is a member of which aggregated one.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Aggregation {
    /// For each aggregated ClusterRole its members' names, selector by selector.
    aggregated: BTreeMap<Name, Vec<BTreeSet<Name>>>,
}

impl Aggregation {
    /// The memberships among these ClusterRoles.
    pub fn build<'a>(roles: impl Iterator<Item = &'a SharedRole> + Clone) -> Self {
        let mut all = Self::default();
        for role in roles.clone().filter(|it| it.aggregates().is_some()) {
            all.insert_aggregated(role, roles.clone());
        }
        all
    }

    fn insert_aggregated<'a>(&mut self, role: &Role, roles: impl Iterator<Item = &'a SharedRole> + Clone) {
        let selectors = role.aggregates().unwrap_or_default();
        let members = selectors.iter().map(|selector| {
            let chosen = roles.clone().filter(|it| selector.matches(it.labels()) && it.meta.name != role.meta.name);
            chosen.map(|it| it.meta.name.clone()).collect()
        });
        self.aggregated.insert(role.meta.name.clone(), members.collect());
    }

    /// The names of aggregated ClusterRoles.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.aggregated.keys()
    }

    /// Takes in that one ClusterRole changed, and gives the aggregated roles whose rules may differ now.
    pub fn apply<'a>(
        &mut self,
        before: Option<&Role>,
        after: Option<&Role>,
        held: impl Fn(&str) -> Option<&'a SharedRole>,
        all: impl Iterator<Item = &'a SharedRole> + Clone,
    ) -> BTreeSet<Name> {
        let Some(name) = before.or(after).map(|it| it.meta.name.clone()) else { return BTreeSet::new() };
        let mut touched: BTreeSet<Name> = BTreeSet::new();
        for (aggregated, members) in &mut self.aggregated {
            let selectors = held(aggregated).and_then(|it| it.aggregates()).unwrap_or_default();
            for (selector, chosen) in selectors.iter().zip(members) {
                let is_member = after.is_some_and(|it| selector.matches(it.labels())) && name != *aggregated;
                let was_member = chosen.remove(&name);
                if is_member {
                    chosen.insert(name.clone());
                }
                if is_member || was_member {
                    touched.insert(aggregated.clone());
                }
            }
        }
        if before.and_then(Role::aggregates) != after.and_then(Role::aggregates) {
            self.aggregated.remove(&name);
            if let Some(role) = after.filter(|it| it.aggregates().is_some()) {
                self.insert_aggregated(role, all);
            }
        }
        touched.insert(name);
        self.spread(touched)
    }

    /// Adds the aggregated roles that have one of these as a member, at any distance.
    fn spread(&self, mut touched: BTreeSet<Name>) -> BTreeSet<Name> {
        loop {
            let reached = self.aggregated.iter().filter(|(name, members)| {
                !touched.contains(*name) && members.iter().any(|it| !it.is_disjoint(&touched))
            });
            let reached: Vec<Name> = reached.map(|(name, _)| name.clone()).collect();
            if reached.is_empty() {
                touched.retain(|it| self.aggregated.contains_key(it));
                return touched;
            }
            touched.extend(reached);
        }
    }

    /// The rules that decide for a ClusterRole.
    pub fn effective<'a>(&self, role: &Role, held: &impl Fn(&str) -> Option<&'a SharedRole>) -> Effective {
        if role.aggregates().is_none() {
            return Effective::own(role);
        }
        let mut above = BTreeSet::from([role.meta.name.clone()]);
        let computed = self.computed(&role.meta.name, held, &mut above);
        match role.origin {
            RoleSource::Manifest => {
                let (rules, members): (Vec<RoleRule>, Vec<Option<AggregatedFrom>>) =
                    computed.into_iter().map(|(rule, member)| (rule, Some(member))).unzip();
                let is_kept = role.rules.iter().all(|it| rules.contains(it));
                let lags = if is_kept { Lag::None } else { Lag::Overwritten };
                Effective { rules: rules.into(), members: Some(members.into()), lags }
            }
            RoleSource::Server => attributed(role, &computed),
        }
    }

    /// What the controller would write, each rule once with the member that it stands in.
    ///
    /// Members that stand above in the chain add nothing new: a circle holds the rules of all its plain members.
    /// Source: kubernetes/pkg/controller/clusterroleaggregation.
    fn computed<'a>(
        &self,
        name: &str,
        held: &impl Fn(&str) -> Option<&'a SharedRole>,
        above: &mut BTreeSet<Name>,
    ) -> Vec<(RoleRule, AggregatedFrom)> {
        let mut rules: Vec<(RoleRule, AggregatedFrom)> = Vec::new();
        for member in self.aggregated.get(name).into_iter().flatten().flatten() {
            let Some(role) = held(member).filter(|_| !above.contains(member)) else { continue };
            for (rule, from) in self.rules_of_member(role, held, above) {
                if !rules.iter().any(|(it, _)| *it == rule) {
                    rules.push((rule, from));
                }
            }
        }
        rules
    }

    fn rules_of_member<'a>(
        &self,
        role: &Role,
        held: &impl Fn(&str) -> Option<&'a SharedRole>,
        above: &mut BTreeSet<Name>,
    ) -> Vec<(RoleRule, AggregatedFrom)> {
        let own = |at: usize| AggregatedFrom { role: role.meta.name.clone(), rule: at as u32 };
        let stored = || role.rules.iter().enumerate().map(|(at, it)| (it.clone(), own(at)));
        if role.aggregates().is_none() {
            return stored().collect();
        }
        above.insert(role.meta.name.clone());
        let computed = self.computed(&role.meta.name, held, above);
        above.remove(&role.meta.name);
        match role.origin {
            RoleSource::Manifest => computed,
            // The controller copies what is stored; who gave it is told from the members where they agree.
            RoleSource::Server => {
                let from = |rule: &RoleRule| computed.iter().find(|(it, _)| it == rule).map(|(_, from)| from.clone());
                stored()
                    .map(|(rule, own)| (from(&rule).unwrap_or(own), rule))
                    .map(|(from, rule)| (rule, from))
                    .collect()
            }
        }
    }
}

/// The stored rules of an aggregated role from a server, each with the member that it came from.
fn attributed(role: &Role, computed: &[(RoleRule, AggregatedFrom)]) -> Effective {
    let of = |rule: &RoleRule| computed.iter().find(|(it, _)| it == rule).map(|(_, member)| member.clone());
    let members: Items<Option<AggregatedFrom>> = role.rules.iter().map(of).collect();
    let is_missing = |rule: &RoleRule| !role.rules.contains(rule);
    let differs = members.contains(&None) || computed.iter().any(|(rule, _)| is_missing(rule));
    let lags = if differs { Lag::Differs } else { Lag::None };
    Effective { rules: role.rules.clone(), members: Some(members), lags }
}
