//! Permissions: requests that mean the same to a move, by [`crate::rbac::powers::POWERS`], each with a number, so that a role is read once for all moves.
//!
//! ```text
//! create pods, create deployments.apps, …  =  CREATES_PODS  =  3
//! role shop/deployer, rules[2]             →  3 (create deployments.apps), 7 (patch deployments.apps)
//! ```

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use crate::model::items::Items;
use crate::model::role::RoleRule;
use crate::rbac::powers::Need;

use super::{admission, connect, edges, unfollowed};

/// Any of some requests: whoever may make one of them has it.
#[derive(Debug)]
pub struct Permission {
    pub needs: &'static [Need],
    number: OnceLock<(u16, u16)>,
}

impl Permission {
    /// Whoever may make any of these has it.
    pub const fn of(needs: &'static [Need]) -> Self {
        Self { needs, number: OnceLock::new() }
    }

    /// Its place in everything that is held by power.
    pub fn number(&self) -> usize {
        usize::from(self.numbers().0)
    }

    /// The places of its requests in everything that is held by request.
    pub fn slots(&self) -> Range<u16> {
        let first = self.numbers().1;
        first..first + self.needs.len() as u16
    }

    fn numbers(&self) -> (u16, u16) {
        LazyLock::force(&TABLE);
        *self.number.get().expect("the row of the move that asks for a power names it")
    }
}

/// The powers that a move asks for.
#[derive(Clone, Copy, Debug)]
pub enum Asks {
    /// It rests on no right.
    Nothing,
    /// Whoever holds them, one here and one there: identities are held together.
    Anybody(&'static [&'static Permission]),
    /// One identity alone: the API server judges them in one request.
    OneIdentity(&'static [&'static Permission]),
    /// Anybody, beside something that is no right: it is asked each time.
    Always(&'static [&'static Permission]),
}

impl Asks {
    /// Them.
    pub fn powers(self) -> &'static [&'static Permission] {
        match self {
            Asks::Nothing => &[],
            Asks::Anybody(all) | Asks::OneIdentity(all) | Asks::Always(all) => all,
        }
    }
}

/// Some powers; there are fewer than it has bits, or the first shift of a test panics.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct PowerSet(u128);

impl PowerSet {
    /// Every power.
    pub const ALL: Self = Self(u128::MAX);

    /// These.
    pub fn of(all: impl IntoIterator<Item = &'static Permission>) -> Self {
        all.into_iter().fold(Self::default(), |set, it| set.and(it.number() as u16))
    }

    /// The same and one more.
    pub fn and(self, power: u16) -> Self {
        Self(self.0 | 1 << power)
    }

    /// Whether a power is one of them.
    pub fn has(self, power: u16) -> bool {
        self.0 & 1 << power != 0
    }

    /// Those of either.
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of both.
    pub fn of_both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether some power is one of both.
    pub fn meets(self, other: Self) -> bool {
        self.of_both(other) != Self::default()
    }

    /// How many they are.
    pub fn count(self) -> u32 {
        self.0.count_ones()
    }
}

/// What one rule gives.
#[derive(Clone, Copy, Debug)]
pub struct Gives {
    pub power: u16,
    /// The place of the request.
    pub slot: u16,
    /// Which rule of the role.
    pub rule: u16,
    pub need: &'static Need,
}

/// A role as moves see it.
#[derive(Debug, Default)]
pub struct RolePowers {
    pub rules: Items<RoleRule>,
    pub gives: Vec<Gives>,
    /// The powers of these.
    pub powers: PowerSet,
    /// How many of these are for all objects, and how many for those that are named.
    pub counts: [usize; 2],
    /// Whether one of its rules gives every verb on every resource.
    pub everything: bool,
}

impl RolePowers {
    /// What these rules give.
    pub fn of(rules: &Items<RoleRule>) -> Self {
        let mut gives = Vec::new();
        for (at, rule) in rules.iter().enumerate().take(usize::from(u16::MAX)) {
            TABLE.read(rule, at as u16, &mut gives);
        }
        let everything = rules.iter().any(gives_everything);
        let powers = gives.iter().fold(PowerSet::default(), |set, it| set.and(it.power));
        let named = gives.iter().filter(|it| !rules[usize::from(it.rule)].names.is_empty()).count();
        let counts = [gives.len() - named, named];
        Self { rules: rules.clone(), gives, powers, counts, everything }
    }
}

/// `*` on `*` of every group and name; one rule must say it alone (rule 48).
pub fn gives_everything(rule: &RoleRule) -> bool {
    let has_star = |list: &Items<_>| list.iter().any(|it: &crate::model::name::Name| it == "*");
    has_star(&rule.verbs) && has_star(&rule.groups) && has_star(&rule.resources) && rule.names.is_empty()
}

/// How many powers there are.
pub fn count() -> usize {
    TABLE.powers.len()
}

/// How many requests they have together.
pub fn slots() -> usize {
    usize::from(TABLE.slots)
}

/// Whether two rights of it are told apart by who holds them.
pub fn is_of_one_identity(power: u16) -> bool {
    TABLE.of_one[usize::from(power)]
}

/// Whether it is looked up in the rules of whoever it is asked of: so many have it that none of them holds it as a right.
pub fn is_looked_up(power: u16) -> bool {
    TABLE.looked_up.contains(&power)
}

/// All powers of all moves.
struct PowerTable {
    powers: Vec<&'static Permission>,
    of_one: Vec<bool>,
    looked_up: Range<u16>,
    slots: u16,
    /// What names a resource, by that.
    by_resource: BTreeMap<&'static str, Vec<PlacedPower>>,
    /// What stands for any resource.
    wild: Vec<PlacedPower>,
}

/// A request, with its power and its place.
#[derive(Clone, Copy)]
struct PlacedPower {
    power: u16,
    slot: u16,
    need: &'static Need,
}

static TABLE: LazyLock<PowerTable> = LazyLock::new(PowerTable::new);

impl PowerTable {
    fn new() -> Self {
        let (powers, of_one, looked_up, by_resource, wild) = Default::default();
        let mut table = Self { powers, of_one, looked_up, slots: 0, by_resource, wild };
        for edge in edges::EDGES.iter().chain(connect::EDGES) {
            let of_one = matches!(edge.asks, Asks::OneIdentity(_));
            edge.asks.powers().iter().for_each(|it| table.add(it, of_one));
        }
        table.add(&admission::RELABELS, false);
        table.add(&admission::USES, false);
        unfollowed::UNFOLLOWED.iter().for_each(|it| table.add(&it.power, false));
        let first = table.powers.len() as u16;
        edges::LOOKED_UP.iter().for_each(|it| table.add(it, true));
        table.looked_up = first..table.powers.len() as u16;
        table
    }

    fn add(&mut self, power: &'static Permission, of_one: bool) {
        let (number, first) = *power.number.get_or_init(|| (self.powers.len() as u16, self.slots));
        if usize::from(number) < self.powers.len() {
            self.of_one[usize::from(number)] |= of_one;
            return;
        }
        self.powers.push(power);
        self.of_one.push(of_one);
        self.slots += power.needs.len() as u16;
        for (slot, need) in (first..).zip(power.needs) {
            let place = PlacedPower { power: number, slot, need };
            match need.resource {
                "*" => self.wild.push(place),
                resource => self.by_resource.entry(resource).or_default().push(place),
            }
        }
    }

    /// What a rule gives.
    fn read(&self, rule: &RoleRule, at: u16, gives: &mut Vec<Gives>) {
        let first = gives.len();
        let mut take = |all: &[PlacedPower]| {
            let met = all.iter().filter(|it| it.need.is_met_by(rule));
            gives.extend(met.map(|it| Gives { power: it.power, slot: it.slot, rule: at, need: it.need }));
        };
        take(&self.wild);
        if rule.resources.iter().any(|it| it.contains('*')) {
            self.by_resource.values().for_each(|it| take(it));
        } else {
            rule.resources.iter().filter_map(|it| self.by_resource.get(it.as_str())).for_each(|it| take(it));
        }
        // The same order on every machine, and no need twice where a resource is named twice.
        gives[first..].sort_by_key(|it| (it.power, it.slot));
        gives.dedup_by_key(|it| (it.rule, it.slot));
    }
}
