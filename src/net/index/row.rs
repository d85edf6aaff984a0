//! All classes at once: which of them reach an end, or are reached by it.
//!
//! ```text
//! near   the end's own gate: its rules' peers, as sets of classes
//! far    the gates of all others: the classes that have a rule whose peer holds the end, and the open ones
//! row    for each part of the ports that no rule in sight tells apart: near ∧ far
//! ```
//!
//! What does `shop/web` reach? [`super::pair`] could be asked once for each class, but of ten thousand ingress gates
//! nearly none has a rule that speaks of web. So the question is turned round: the peers that hold web are known, each
//! of them knows the rules that name it, and those know the classes that have them. Say that web may go out to `app=db`
//! on 5432 and to everybody on 53/UDP; that db lets `app=web` in on 5432, dns is not isolated, and nobody comes to web
//! or to cache:
//!
//! ```text
//! part         near (web, egress)     far (ingress of the others) ∪ open    row
//! 5432/TCP     {db}                   {db}                        ∪ {dns}   {db}
//! 53/UDP       all                    {}                          ∪ {dns}   {dns}
//! the rest     {}                     not looked at                         {}
//! ```
//!
//! Three parts, each a few ORs and an AND of bitmaps, however many classes there are. It is right because in the tier
//! of NetworkPolicies rules only add: a gate lets a port pass if some rule does, so that rules may be gathered in any
//! order and from either side. None of that holds where the first rule that fits decides, nor where a policy was not
//! fully understood: classes with such policies (`slow_path`) are judged one by one afterwards, by [`super::pair`].
//!
//! What is unknown makes two sets of one: `sure` holds the classes that pass however it turns out, `possible` those
//! that pass if it turns out well. Most rows have nothing unknown; then `possible` is left out, not kept twice.

use super::Index;
use super::class_sets::{ClassBitmap, ClassSet};
use super::families::Deciding;
use super::indexed_end::{EndReading, IndexedEnd};
use super::peers::{ANYONE, PeerKey};
use super::port_mask::{PortMask, TriPorts};
use super::ports::ResolvedPorts;
use super::slot;
use crate::model::address::Family;
use crate::model::policy::{Action, Direction};
use crate::net::verdict::Tri;

/// The classes that pass on some ports.
#[derive(Clone, Debug)]
pub(super) struct PortSlice {
    pub ports: PortMask,
    pub sure: ClassBitmap,
    /// `None`: the same.
    pub possible: Option<ClassBitmap>,
}

/// What one end has with every class, in one reading.
#[derive(Clone, Debug)]
pub(super) struct ClassRow {
    pub slices: Vec<PortSlice>,
    /// Classes that were judged one by one, in order.
    pub judged: Vec<(u32, TriPorts)>,
    /// Classes that share no address family with the end.
    pub no_common_family: ClassBitmap,
    /// How many families have slices, both of which the first is not known being one: those of one have no port in
    /// common.
    pub families: u8,
}

/// The classes that one rule speaks of.
enum RuleClasses<'a> {
    All,
    /// Those surely, and those maybe; as the index holds them.
    Set(&'a ClassSet, &'a ClassSet),
    /// The same, worked out here: of a rule with named ports those classes alone that declare the names alike.
    Cut(ClassBitmap, ClassBitmap),
}

/// What one rule, or many alike, lets through: these ports, from or to these classes.
struct RulePeers<'a> {
    ports: ResolvedPorts,
    who: RuleClasses<'a>,
}

/// The maybe part of a rule about which all is known.
static NOBODY: ClassSet = ClassSet::NONE;

impl RulePeers<'_> {
    fn is_certain(&self) -> bool {
        self.ports.sure == self.ports.possible
            && match &self.who {
                RuleClasses::All => true,
                RuleClasses::Set(_, maybe) => maybe.is_empty(),
                RuleClasses::Cut(_, maybe) => maybe.is_empty(),
            }
    }
}

impl PortSlice {
    /// The ports of both, where one or the other holds; `None`: they have no port in common.
    fn either(&self, other: &Self) -> Option<Self> {
        let ports = self.ports.and(&other.ports);
        if ports.is_empty() {
            return None;
        }
        let (mut sure, mut possible) = (self.sure.clone(), self.possible.as_ref().unwrap_or(&self.sure).clone());
        sure.and(&other.sure);
        possible.or(other.possible.as_ref().unwrap_or(&other.sure));
        let differs = possible.words() != sure.words();
        Some(Self { ports, sure, possible: differs.then_some(possible) })
    }
}

impl ClassRow {
    /// The ports that surely pass with a class, and those that may.
    pub fn with(&self, class: u32, none: &PortMask, full: &PortMask) -> TriPorts {
        if let Ok(at) = self.judged.binary_search_by_key(&class, |it| it.0) {
            return self.judged[at].1.clone();
        }
        if self.no_common_family.has(class) {
            return TriPorts::unknown(none.clone(), full.clone());
        }
        let mut pass = TriPorts { sure: none.clone(), possible: none.clone() };
        for slice in &self.slices {
            if slice.sure.has(class) {
                pass.sure |= &slice.ports;
            }
            if slice.possible.as_ref().unwrap_or(&slice.sure).has(class) {
                pass.possible |= &slice.ports;
            }
        }
        pass
    }
}

/// Where a class is in a row: classes in the same places have the same ports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SliceMembership {
    /// In these slices, surely and possibly.
    Slices(u64, u64),
    Own,
}

impl ClassRow {
    /// Where a class is.
    pub fn places(&self, class: u32) -> SliceMembership {
        let is_judged = || self.judged.binary_search_by_key(&class, |it| it.0).is_ok();
        if self.slices.len() > 64 || self.no_common_family.has(class) || !self.judged.is_empty() && is_judged() {
            return SliceMembership::Own;
        }
        let (mut sure, mut possible) = (0, 0);
        for (at, slice) in self.slices.iter().enumerate() {
            sure |= u64::from(slice.sure.has(class)) << at;
            possible |= u64::from(slice.possible.as_ref().unwrap_or(&slice.sure).has(class)) << at;
        }
        SliceMembership::Slices(sure, possible)
    }

    /// Whether slices say all, each of ports of its own.
    pub fn is_plain(&self) -> bool {
        self.families <= 1 && self.slices.len() <= 64 && self.judged.is_empty() && self.no_common_family.is_empty()
    }

    /// Whether what may pass is what surely does.
    pub fn is_certain(&self) -> bool {
        self.judged.is_empty() && self.slices.iter().all(|it| it.possible.is_none()) && self.no_common_family.is_empty()
    }

    /// Leaves out these ports; what pairs without a common family may have is all that is asked about.
    pub fn leave_out(&mut self, ports: &PortMask) {
        self.slices.iter_mut().for_each(|it| it.ports = it.ports.without(ports));
        self.slices.retain(|it| !it.ports.is_empty());
        for (_, pass) in &mut self.judged {
            *pass = pass.without(ports);
        }
    }

    /// Adds the classes that may pass on some port.
    pub fn passing_into(&self, classes: &mut ClassBitmap) {
        self.slices.iter().for_each(|it| classes.or(it.possible.as_ref().unwrap_or(&it.sure)));
        classes.or(&self.no_common_family);
        self.judged.iter().for_each(|it| classes.set(it.0));
    }
}

impl Index {
    /// What an end has with every class, for each of its readings; `direction` is that of the end's own gate.
    pub(super) fn rows(&self, found: &IndexedEnd<'_>, direction: Direction) -> Vec<ClassRow> {
        let readings = (0..found.readings()).filter_map(|reading| self.end_reading(found, reading));
        readings.map(|it| self.row(&it, direction)).collect()
    }

    /// What an end has with every class.
    pub(super) fn row(&self, end: &EndReading<'_>, direction: Direction) -> ClassRow {
        let is_slow_path = match end {
            EndReading::Class(class, _) => self.slow_path.has(*class),
            EndReading::External(_) => false,
        };
        let mut row =
            ClassRow { slices: Vec::new(), judged: Vec::new(), no_common_family: ClassBitmap::default(), families: 0 };
        if is_slow_path || !self.bends_all.is_empty() {
            row.judged = self.live.iter().map(|it| (it, self.judge(end, it, direction))).collect();
            return row;
        }
        let selections = self.selections(end.families(), direction, &mut row.no_common_family);
        for (deciding, selected) in selections.into_iter().filter(|it| !it.1.is_empty()) {
            row.families += 1;
            let mut slices = self.slices(end, direction, deciding);
            for slice in &mut slices {
                slice.sure.and(&selected);
                if let Some(possible) = &mut slice.possible {
                    possible.and(&selected);
                }
            }
            row.slices.append(&mut slices);
        }
        let mut apart = self.doubt_row(end, direction, &mut row.slices);
        apart.or(&self.slow_path);
        if !apart.is_empty() {
            row.judged = apart.iter().map(|it| (it, self.judge(end, it, direction))).collect();
        }
        row
    }

    fn judge(&self, end: &EndReading<'_>, class: u32, direction: Direction) -> TriPorts {
        let other = self.class_reading(class);
        match direction {
            Direction::Egress => self.between_readings(*end, other),
            Direction::Ingress => self.between_readings(other, *end),
        }
    }

    /// The plain classes, by parts of the ports; where either family may decide, what both say.
    fn slices(&self, end: &EndReading<'_>, direction: Direction, deciding: Deciding) -> Vec<PortSlice> {
        let of = |family| self.slices_of(end, direction, family);
        match deciding {
            Deciding::One(family) => of(family),
            Deciding::Either => {
                let (v4, v6) = (of(Family::V4), of(Family::V6));
                v4.iter().flat_map(|a| v6.iter().filter_map(|b| a.either(b))).collect()
            }
        }
    }

    /// The plain classes, by parts of the ports.
    fn slices_of(&self, end: &EndReading<'_>, direction: Direction, family: Family) -> Vec<PortSlice> {
        let near = self.near(end, direction, family);
        let far = self.far(end, direction, family);
        let entries = || near.iter().flatten().chain(&far);
        let mut sets: Vec<u32> = entries().flat_map(|it| [it.ports.sure, it.ports.possible]).collect();
        sets.sort_unstable();
        sets.dedup();
        let is_certain = entries().all(RulePeers::is_certain);
        let open = &self.open[slot(direction.opposite())];
        let slice = |ports: PortMask| {
            let both = |possible: bool| {
                let mut classes = match &near {
                    None => self.live.clone(),
                    Some(entries) => self.union(entries, &ports, possible, ClassBitmap::none(self.classes.bound())),
                };
                if !classes.is_empty() {
                    classes.and(&self.union(&far, &ports, possible, open.clone()));
                }
                classes
            };
            PortSlice { sure: both(false), possible: (!is_certain).then(|| both(true)), ports: ports.clone() }
        };
        self.parts(&sets).into_iter().map(slice).collect()
    }

    /// The ports in parts that none of these sets tells apart: `{80}` and `{80, 443}` make 80, 443 and the rest.
    fn parts(&self, sets: &[u32]) -> Vec<PortMask> {
        let mut parts = vec![self.ports.full()];
        for set in sets {
            let mask = self.ports.mask(*set);
            for at in 0..parts.len() {
                let (inside, outside) = (parts[at].and(mask), parts[at].without(mask));
                if !inside.is_empty() && !outside.is_empty() {
                    parts[at] = inside;
                    parts.push(outside);
                }
            }
        }
        parts
    }

    /// The classes of all entries that hold this part of the ports.
    fn union(
        &self,
        entries: &[RulePeers<'_>],
        ports: &PortMask,
        possible: bool,
        mut classes: ClassBitmap,
    ) -> ClassBitmap {
        for entry in entries {
            let set = if possible { entry.ports.possible } else { entry.ports.sure };
            if !self.ports.mask(set).meets(ports) {
                continue;
            }
            match &entry.who {
                RuleClasses::All => classes.or(&self.live),
                RuleClasses::Set(sure, maybe) => {
                    sure.or_into(&mut classes);
                    if possible {
                        maybe.or_into(&mut classes);
                    }
                }
                RuleClasses::Cut(sure, maybe) => {
                    classes.or(sure);
                    if possible {
                        classes.or(maybe);
                    }
                }
            }
        }
        classes
    }

    /// What the end's own rules speak of; `None`: nothing isolates it.
    fn near<'a>(&'a self, end: &EndReading<'_>, direction: Direction, family: Family) -> Option<Vec<RulePeers<'a>>> {
        let policies = end.policies().iter().map(|it| self.policies.get(*it));
        let isolating: Vec<_> = policies.filter(|it| it.isolates(direction)).collect();
        if isolating.is_empty() {
            return None;
        }
        let declared = (direction == Direction::Ingress).then(|| end.declared());
        let mut entries = Vec::new();
        for rule in isolating.iter().flat_map(|it| it.rules_of(direction)).filter(|it| it.action == Action::Allow) {
            for &(peer, _) in rule.peers.iter() {
                let entry = self.peers.get(peer);
                let who = match &entry.key {
                    PeerKey::Anyone => || RuleClasses::All,
                    PeerKey::Block(block) if block.family() != family => continue,
                    _ => {
                        self.push(&mut entries, rule.spec, declared, &entry.sure, &entry.maybe);
                        continue;
                    }
                };
                self.push_all(&mut entries, rule.spec, declared, who);
            }
        }
        Some(entries)
    }

    /// What the rules of others say of the end.
    fn far<'a>(&'a self, end: &EndReading<'_>, direction: Direction, family: Family) -> Vec<RulePeers<'a>> {
        let declared = (direction == Direction::Ingress).then(|| end.declared());
        let mut entries = Vec::new();
        let mut add = |peer: u32, tri: Tri| {
            let entry = self.peers.get(peer);
            let is_foreign = matches!(&entry.key, PeerKey::Block(block) if block.family() != family);
            for group in entry.groups[slot(direction.opposite())].iter().filter(|_| !is_foreign) {
                let group = self.groups.get(*group);
                match tri {
                    Tri::Yes => self.push(&mut entries, group.spec, declared, &group.members, &NOBODY),
                    Tri::Maybe => self.push(&mut entries, group.spec, declared, &NOBODY, &group.members),
                    Tri::No => {}
                }
            }
        };
        add(ANYONE, Tri::Yes);
        match end {
            EndReading::Class(_, class) => class.peers().for_each(|it| add(it.peer(), it.tri())),
            EndReading::External(_) => {
                let peers = self.blocks.values().flatten().chain(&self.node_peers);
                peers.for_each(|it| add(*it, self.peer_holds(*it, end, family)));
            }
        }
        entries
    }

    /// Adds an entry, or one for each way of declaring its named ports when the destination varies.
    fn push<'a>(
        &'a self,
        entries: &mut Vec<RulePeers<'a>>,
        spec: u32,
        declared: Option<u32>,
        sure: &'a ClassSet,
        maybe: &'a ClassSet,
    ) {
        let fixed = declared.map(|it| self.ports.resolved(spec, it)).or(self.ports.plain(spec));
        if let Some(ports) = fixed {
            entries.push(RulePeers { ports, who: RuleClasses::Set(sure, maybe) });
            return;
        }
        let mut all = (ClassBitmap::default(), ClassBitmap::default());
        sure.or_into(&mut all.0);
        maybe.or_into(&mut all.1);
        self.push_cut(entries, spec, &all);
    }

    fn push_all<'a>(
        &'a self,
        entries: &mut Vec<RulePeers<'a>>,
        spec: u32,
        declared: Option<u32>,
        who: fn() -> RuleClasses<'a>,
    ) {
        let fixed = declared.map(|it| self.ports.resolved(spec, it)).or(self.ports.plain(spec));
        match fixed {
            Some(ports) => entries.push(RulePeers { ports, who: who() }),
            None => self.push_cut(entries, spec, &(self.live.clone(), ClassBitmap::default())),
        }
    }

    fn push_cut(&self, entries: &mut Vec<RulePeers<'_>>, spec: u32, all: &(ClassBitmap, ClassBitmap)) {
        for (declared, members) in self.declared.iter().enumerate() {
            let ports = self.ports.resolved(spec, declared as u32);
            if self.ports.mask(ports.possible).is_empty() {
                continue;
            }
            let mut cut = ClassBitmap::default();
            members.or_into(&mut cut);
            let mut maybe = cut.clone();
            cut.and(&all.0);
            maybe.and(&all.1);
            entries.push(RulePeers { ports, who: RuleClasses::Cut(cut, maybe) });
        }
    }
}
