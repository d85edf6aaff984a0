//! Ports as atoms: ranges that every rule holds or leaves out together, so that a set of ports is a few bits.
//!
//! ```text
//! rules say 80, 443 and 8000-9000 of TCP  →  atoms: TCP 80 │ TCP 443 │ TCP 8000-9000 │ everything else
//! ```
//!
//! A name resolves on the ports that the destination declares (S24), so one rule's ports are as many sets as there
//! are ways of declaring that name. What was seen once stays: atoms only get finer.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use rustc_hash::FxBuildHasher;

use super::port_mask::{PortMask, TriPorts};
use crate::model::facts::{ContainerPort, ContainerRole};
use crate::model::name::Name;
use crate::model::port::{PortMatch, PortSet, Protocol};

/// A port that a pod declares under a name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct DeclaredPort {
    name: Name,
    protocol: Protocol,
    number: u16,
    container: ContainerRole,
}

/// What a rule's ports mean on one destination: numbers of two port sets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct ResolvedPorts {
    pub sure: u32,
    pub possible: u32,
}

/// All ports that rules speak of and that pods declare by name.
#[derive(Clone, Debug)]
pub(super) struct Ports {
    specs: Vec<Vec<PortMatch>>,
    spec_ids: HashMap<Vec<PortMatch>, u32, FxBuildHasher>,
    /// For rules without names; `None`: resolve by declaration.
    plain: Vec<Option<ResolvedPorts>>,
    declared: Vec<Vec<DeclaredPort>>,
    declared_ids: HashMap<Vec<DeclaredPort>, u32, FxBuildHasher>,
    /// By rule with names, then by declaration.
    named: Vec<Vec<ResolvedPorts>>,
    sets: Vec<Arc<PortSet>>,
    set_ids: HashMap<Arc<PortSet>, u32, FxBuildHasher>,
    masks: Vec<PortMask>,
    /// The number of the set with these atoms; made when first asked for after atoms were parted.
    by_mask: OnceLock<HashMap<PortMask, u32, FxBuildHasher>>,
    nothing: Arc<PortSet>,
    atoms: Vec<PortSet>,
    /// By protocol: the ports at which an atom begins, in order; it goes on until the next one begins.
    spans: [Vec<(u16, u32)>; Protocol::ALL.len()],
    /// All atoms.
    full: PortMask,
}

/// The declaration of an end that declares nothing.
pub(super) const NOTHING_DECLARED: u32 = 0;

impl Default for Ports {
    fn default() -> Self {
        let mut ports = Self {
            specs: Vec::new(),
            spec_ids: HashMap::default(),
            plain: Vec::new(),
            declared: Vec::new(),
            declared_ids: HashMap::default(),
            named: Vec::new(),
            sets: Vec::new(),
            set_ids: HashMap::default(),
            masks: Vec::new(),
            by_mask: OnceLock::new(),
            nothing: Arc::default(),
            atoms: vec![PortSet::all()],
            spans: Protocol::ALL.map(|_| vec![(1, 0)]),
            full: PortMask::One(1),
        };
        ports.declare(&[]);
        ports.set(PortSet::all());
        ports
    }
}

impl Ports {
    /// The number of words that masks have now.
    pub fn words(&self) -> usize {
        self.atoms.len().div_ceil(64)
    }

    pub fn none(&self) -> PortMask {
        PortMask::none(self.words())
    }

    pub fn full(&self) -> PortMask {
        self.full.clone()
    }

    /// Nothing is known of any port.
    pub fn unknown(&self) -> TriPorts {
        TriPorts::unknown(self.none(), self.full())
    }

    /// The atom that holds this port; `None`: port 0, which readers and questions refuse, since it does not exist.
    pub fn atom(&self, protocol: Protocol, port: u16) -> Option<usize> {
        let spans = Protocol::ALL.into_iter().zip(&self.spans).find(|it| it.0 == protocol)?.1;
        let before = spans.partition_point(|it| it.0 <= port).checked_sub(1)?;
        Some(spans[before].1 as usize)
    }

    /// The atoms of which each port is in this set.
    pub fn within(&self, set: &PortSet) -> PortMask {
        let mut within = self.none();
        if !set.is_empty() {
            let atoms = self.atoms.iter().enumerate().filter(|(_, atom)| atom.difference(set).is_empty());
            atoms.for_each(|(at, _)| within.set(at));
        }
        within
    }

    pub fn mask(&self, set: u32) -> &PortMask {
        &self.masks[set as usize]
    }

    /// The ports of these atoms.
    pub fn set_of(&self, mask: &PortMask) -> Arc<PortSet> {
        if mask.is_empty() {
            return self.nothing.clone();
        }
        // Most answers are what one rule says, whose set is at hand.
        let by_mask = self.by_mask.get_or_init(|| self.masks.iter().cloned().zip(0..).collect());
        if let Some(known) = by_mask.get(mask) {
            return self.sets[*known as usize].clone();
        }
        let atoms = self.atoms.iter().enumerate().filter(|(at, _)| mask.has(*at));
        Arc::new(PortSet::union_of(atoms.map(|(_, atom)| atom)))
    }

    /// The number of this list of a rule's ports.
    pub fn spec(&mut self, spec: &[PortMatch]) -> u32 {
        if let Some(&id) = self.spec_ids.get(spec) {
            return id;
        }
        let id = self.specs.len() as u32;
        self.specs.push(spec.to_vec());
        self.spec_ids.insert(spec.to_vec(), id);
        if spec.iter().any(|it| matches!(it, PortMatch::Named { .. })) {
            self.plain.push(None);
            self.named.push(Vec::new());
            (0..self.declared.len() as u32).for_each(|declared| self.resolve(id, declared));
        } else {
            let set = self.set(resolve(spec, &[]).0);
            self.plain.push(Some(ResolvedPorts { sure: set, possible: set }));
            self.named.push(Vec::new());
        }
        id
    }

    /// The number of this way to declare named ports.
    pub fn declare(&mut self, ports: &[ContainerPort]) -> u32 {
        let mut declared: Vec<DeclaredPort> = ports
            .iter()
            .filter(|it| !it.name.is_empty())
            .map(|it| DeclaredPort {
                name: it.name.clone(),
                protocol: it.protocol,
                number: it.number,
                container: it.container,
            })
            .collect();
        declared.sort_unstable();
        declared.dedup();
        if let Some(&id) = self.declared_ids.get(&declared) {
            return id;
        }
        let id = self.declared.len() as u32;
        self.declared.push(declared.clone());
        self.declared_ids.insert(declared, id);
        let by_name: Vec<u32> = (0..self.specs.len() as u32).filter(|it| self.plain[*it as usize].is_none()).collect();
        by_name.into_iter().for_each(|spec| self.resolve(spec, id));
        id
    }

    fn resolve(&mut self, spec: u32, declared: u32) {
        let (sure, possible) = resolve(&self.specs[spec as usize], &self.declared[declared as usize]);
        let resolved = ResolvedPorts { sure: self.set(sure), possible: self.set(possible) };
        debug_assert_eq!(self.named[spec as usize].len(), declared as usize);
        self.named[spec as usize].push(resolved);
    }

    /// What a rule's ports mean on a destination that declares so.
    pub fn resolved(&self, spec: u32, declared: u32) -> ResolvedPorts {
        self.plain[spec as usize].unwrap_or_else(|| self.named[spec as usize][declared as usize])
    }

    /// What they mean on every destination; `None`: it depends on what it declares.
    pub fn plain(&self, spec: u32) -> Option<ResolvedPorts> {
        self.plain[spec as usize]
    }

    /// A list of a rule's ports, as written.
    pub fn written(&self, spec: u32) -> String {
        format!("{:?}", self.specs[spec as usize])
    }

    /// How much was ever seen, used or not.
    pub fn seen(&self) -> usize {
        self.specs.len() + self.declared.len()
    }

    /// The number of this set of ports; new sets part the atoms.
    fn set(&mut self, set: PortSet) -> u32 {
        if let Some(&id) = self.set_ids.get(&set) {
            return id;
        }
        self.part(&set);
        let mut mask = self.none();
        self.meeting(&set).into_iter().for_each(|atom| mask.set(atom));
        let id = self.sets.len() as u32;
        let set = Arc::new(set);
        if let Some(by_mask) = self.by_mask.get_mut() {
            by_mask.insert(mask.clone(), id);
        }
        self.masks.push(mask);
        self.sets.push(set.clone());
        self.set_ids.insert(set, id);
        id
    }

    /// The atoms that have ports of the set, in order.
    fn meeting(&self, set: &PortSet) -> Vec<usize> {
        let mut atoms = Vec::new();
        for (protocol, spans) in Protocol::ALL.into_iter().zip(&self.spans) {
            for (first, last) in set.of(protocol) {
                let begin = spans.partition_point(|it| it.0 <= *first).saturating_sub(1);
                atoms.extend(spans[begin..].iter().take_while(|it| it.0 <= *last).map(|it| it.1 as usize));
            }
        }
        atoms.sort_unstable();
        atoms.dedup();
        atoms
    }

    /// Cuts every atom that is partly in the set.
    fn part(&mut self, set: &PortSet) {
        let before = self.atoms.len();
        for at in self.meeting(set) {
            let inside = self.atoms[at].intersection(set);
            if inside.is_empty() || inside == self.atoms[at] {
                continue;
            }
            let new = self.atoms.len();
            self.give(&inside, new as u32);
            self.atoms[at] = self.atoms[at].difference(set);
            self.atoms.push(inside);
            let words = self.words();
            for mask in self.masks.iter_mut().chain([&mut self.full]) {
                if mask.words().len() < words {
                    mask.widen(words);
                }
                if mask.has(at) {
                    mask.set(new);
                }
            }
        }
        if self.atoms.len() > before {
            self.by_mask = OnceLock::new();
        }
    }

    /// Gives ports, all of one atom until now, to another.
    fn give(&mut self, ports: &PortSet, atom: u32) {
        for (protocol, spans) in Protocol::ALL.into_iter().zip(&mut self.spans) {
            for &(first, last) in ports.of(protocol) {
                let begin = spans.partition_point(|it| it.0 < first);
                let end = spans.partition_point(|it| it.0 <= last);
                let next = last.checked_add(1).filter(|next| spans.get(end).is_none_or(|it| it.0 != *next));
                let rest = next.map(|it| (it, spans[end - 1].1));
                spans.splice(begin..end, std::iter::once((first, atom)).chain(rest));
            }
        }
    }

    pub fn bytes(&self) -> usize {
        self.specs.iter().map(|it| 64 + it.len() * 32).sum::<usize>()
            + self.declared.iter().map(|it| 64 + it.len() * 32).sum::<usize>()
            + self.named.iter().map(|it| 24 + it.capacity() * 8).sum::<usize>()
            + (self.sets.len() + self.atoms.len()) * 160
            + self.spans.iter().map(|it| it.capacity() * 8).sum::<usize>()
    }
}

/// The ports that surely fit, and those that may: a name on a plain init container counts for some (S26).
fn resolve(spec: &[PortMatch], declared: &[DeclaredPort]) -> (PortSet, PortSet) {
    let (mut sure, mut possible) = (PortSet::none(), PortSet::none());
    for matches in spec {
        match matches {
            PortMatch::Any => return (PortSet::all(), PortSet::all()),
            PortMatch::All(protocol) => sure.insert(*protocol, 1, u16::MAX),
            PortMatch::Range { protocol, first, last } => sure.insert(*protocol, *first, *last),
            PortMatch::Named { protocol, name } => {
                for it in declared.iter().filter(|it| it.name == *name && it.protocol == *protocol) {
                    match it.container {
                        ContainerRole::Init => possible.insert(*protocol, it.number, it.number),
                        ContainerRole::Regular | ContainerRole::Sidecar => sure.insert(*protocol, it.number, it.number),
                    }
                }
            }
        }
    }
    let possible = possible.union(&sure);
    (sure, possible)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More than 64 atoms are no limit.
    #[test]
    fn spans_say_what_atoms_hold() {
        let mut ports = Ports::default();
        let mut seed = 7u32;
        let mut below = |bound: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % bound
        };
        for _ in 0..60 {
            let protocol = Protocol::ALL[below(3) as usize];
            let mut spec = Vec::new();
            for _ in 0..1 + below(3) {
                let first = 1 + below(65_535) as u16;
                spec.push(PortMatch::Range { protocol, first, last: first.saturating_add(below(5_000) as u16) });
            }
            spec.extend((below(20) == 0).then_some(PortMatch::All(protocol)));
            let set = ports.spec(&spec);
            let mask = ports.mask(ports.resolved(set, NOTHING_DECLARED).sure).clone();
            assert_eq!(*ports.set_of(&mask), resolve(&spec, &[]).0);
        }
        for protocol in Protocol::ALL {
            for port in (0..=u16::MAX).step_by(7).chain([1, u16::MAX]) {
                let held = ports.atoms.iter().position(|it| it.contains(protocol, port));
                assert_eq!(ports.atom(protocol, port), held, "{port}/{protocol}");
            }
        }
    }

    #[test]
    fn atoms_grow_beyond_one_word() {
        let mut ports = Ports::default();
        let one = |port| vec![PortMatch::Range { protocol: Protocol::Tcp, first: port, last: port }];
        let ids: Vec<u32> = (1..200).map(|port| ports.spec(&one(port * 3))).collect();
        let range = ports.spec(&[PortMatch::Range { protocol: Protocol::Tcp, first: 1, last: 300 }]);
        assert_eq!(ports.atoms.len(), 201);
        for (at, id) in ids.iter().enumerate() {
            let port = (at as u16 + 1) * 3;
            let mask = ports.mask(ports.resolved(*id, NOTHING_DECLARED).sure);
            assert_eq!(*ports.set_of(mask), PortSet::range(Protocol::Tcp, port, port));
            assert_eq!(mask.meets(ports.mask(ports.resolved(range, NOTHING_DECLARED).sure)), port <= 300);
        }
        assert_eq!(*ports.set_of(&ports.full()), PortSet::all());
    }
}
