//! Why rows of maps and of reaches are unknown: the reasons of one pair of each that is (CONTRACT §2, §5).
//!
//! ```text
//! pod/shop/web ? pod/shop/db   networkpolicy/shop/db spec.ingress[0]: not understood: …
//! ```
//!
//! Asked for row by row when rows are written: rows themselves hold no reasons. Rows whose ends are of the same signature
//! share what they say.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use crate::model::evidence::Gap;
use crate::model::policy::Direction;
use crate::model::port::{PortSet, Protocol};
use crate::net::reach::{Granularity, ReachRow, Summary, Unit};
use crate::net::representatives::{EndSignature, Representative, Representatives, SoughtPair};
use crate::net::verdict::{End, Port};
use crate::text::Mark;
use crate::text::evidence::Evidence;
use crate::text::net;

use super::Asker;
use super::many::{AskedMember, NetworkReach, singles};
use super::unseen::is_outside;

/// Reasons, shared by all rows that have them.
pub type Reasons = Arc<[Evidence]>;

/// What was learned for which ends.
type KnownReasons = HashMap<(EndSignature, EndSignature, bool), Reasons, FxBuildHasher>;

/// Tells why rows of one answer are unknown.
pub struct Whys<'a> {
    asker: &'a Asker<'a>,
    by: Granularity,
    representatives: OnceCell<Representatives>,
    known: RefCell<KnownReasons>,
    told: RefCell<BTreeSet<Reasons>>,
}

impl<'a> Asker<'a> {
    /// Why rows of an answer by these units are unknown.
    pub fn whys(&'a self, by: Granularity) -> Whys<'a> {
        Whys { asker: self, by, representatives: OnceCell::new(), known: RefCell::default(), told: RefCell::default() }
    }
}

impl Whys<'_> {
    /// The reasons of a row of a map; none if nothing in it is unknown.
    pub fn between(&self, from: &Unit, to: &Unit, summary: &Summary) -> Reasons {
        let Some(doubt) = doubt(summary, None) else { return Reasons::default() };
        let representatives = self.representatives();
        let unseen = self.unseen(is_outside(from) || is_outside(to));
        self.with(unseen, self.tell(&representatives.of(from), &representatives.of(to), doubt))
    }

    /// The reasons of a row of what an end reaches or what reaches it: of its first member that has some.
    pub fn of_reach(&self, reach: &NetworkReach, row: &ReachRow) -> Reasons {
        if !reach.unsure.is_empty() {
            return self.share(reach.unsure.iter().map(Evidence::gap).collect());
        }
        let of_member = |at: usize, (member, port): &AskedMember| {
            let doubt = doubt(&row.summary, *port)?;
            let (own, others) =
                ([Representative::asked(at as u32, member.end())], self.representatives().of(&row.unit));
            let reasons = match reach.direction {
                Direction::Egress => self.tell(&own, &others, doubt),
                Direction::Ingress => self.tell(&others, &own, doubt),
            };
            (!reasons.is_empty()).then_some(reasons)
        };
        let unseen = self.unseen(is_outside(&row.unit) && doubt(&row.summary, None).is_some());
        let told = || singles(&row.unit).find_map(|it| reach.reasons.get(&it)).map(|it| self.share(it.clone()));
        let of_members = || reach.members.iter().enumerate().find_map(|(at, it)| of_member(at, it));
        self.with(unseen, told().or_else(of_members).unwrap_or_default())
    }

    /// Who may hold an address outside and was not read, as a reason of a row about such addresses.
    fn unseen(&self, is_of_address: bool) -> Option<Evidence> {
        is_of_address.then(|| self.asker.unseen_holders()).flatten().map(|it| Evidence::gap(&it))
    }

    /// The reasons with one more before them.
    fn with(&self, more: Option<Evidence>, reasons: Reasons) -> Reasons {
        let Some(more) = more else { return reasons };
        self.share(std::iter::once(more).chain(reasons.iter().cloned()).collect())
    }

    /// The same reasons, as those that were told before have them.
    fn share(&self, reasons: Reasons) -> Reasons {
        let mut told = self.told.borrow_mut();
        let known = told.get(&reasons).cloned();
        known.unwrap_or_else(|| {
            told.insert(reasons.clone());
            reasons
        })
    }

    fn representatives(&self) -> &Representatives {
        self.representatives.get_or_init(|| self.asker.index.representatives(self.asker.cluster, self.by))
    }

    fn tell(&self, from: &[Representative], to: &[Representative], doubt: SoughtPair) -> Reasons {
        let Asker { index, cluster, .. } = self.asker;
        let Some((from, to)) = index.doubted(cluster, from, to, doubt) else { return Reasons::default() };
        let key = (from.signature, to.signature, doubt == SoughtPair::SomePort);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let reasons = self.share(self.explain(&from.end, &to.end, doubt));
        self.known.borrow_mut().insert(key, reasons.clone());
        reasons
    }

    /// What a trace of the pair says that bears on unknown.
    fn explain(&self, from: &End, to: &End, doubt: SoughtPair) -> Reasons {
        let Asker { index, cluster, .. } = self.asker;
        let verdict = |port| index.trace(cluster, from, to, port);
        let asked = if let SoughtPair::Pair(port) = doubt { port } else { None };
        let whole = verdict(asked);
        let mut reasons = if doubt == SoughtPair::SomePort { Vec::new() } else { unsure(&net::verdict(&whole, &[])) };
        if reasons.is_empty() && asked.is_none() {
            reasons = unsure(&net::verdict(&verdict(first(&whole.unknown())), &[]));
        }
        if reasons.is_empty() {
            let what = format!("from {} to {}: not sure", net::end(from), net::end(to));
            reasons.push(Evidence::gap(&Gap::End { what: what.into() }));
        }
        reasons.into()
    }
}

/// The reasons that bear on unknown; a gate's headline only where nothing below it says more.
pub(super) fn unsure(all: &[Evidence]) -> Vec<Evidence> {
    let is_headline = |it: &&Evidence| it.gate.is_some() && it.depth == 0;
    let (headlines, others): (Vec<_>, Vec<_>) = all.iter().filter(|it| it.mark == Mark::Unknown).partition(is_headline);
    let told = if others.is_empty() { headlines } else { others };
    told.into_iter().cloned().collect()
}

/// The first port of a set.
pub(super) fn first(ports: &PortSet) -> Option<Port> {
    Protocol::ALL.into_iter().find_map(|it| Some((it, ports.of(it).first()?.0)))
}

/// What is unknown about a row.
fn doubt(summary: &Summary, port: Option<Port>) -> Option<SoughtPair> {
    let some_port = || !summary.unknown().is_empty();
    (summary.pairs.unknown > 0)
        .then_some(SoughtPair::Pair(port))
        .or_else(|| some_port().then_some(SoughtPair::SomePort))
}
