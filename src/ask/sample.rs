//! `--self-check` of answers about many pairs: a thousand of them, drawn the same way every time, decided twice.

use crate::model::port::Protocol;

use super::Asker;
use super::member::EndMember;
use super::pair::PairPort;

/// How many pairs are drawn (CONTRACT §5).
const DRAWN: usize = 1_000;
/// Ports that draws ask for, besides any: common ones, and one that nobody names.
const PORTS: [u16; 4] = [53, 80, 8080, 61_234];

/// A small generator of numbers (SplitMix64), so that a run can be repeated.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((it ^ (it >> 31)) % bound.max(1) as u64) as usize
    }
}

impl Asker<'_> {
    /// Decides drawn pairs twice, if that is wanted; `ends`: each pair has one of these, empty: any two pods or nodes.
    pub(super) fn check_drawn(&self, ends: &[EndMember]) {
        let pods: Vec<EndMember> = match self.second {
            Some(_) => {
                self.cluster.pods.iter().filter(|it| !it.phase().is_finished()).cloned().map(EndMember::Pod).collect()
            }
            None => return,
        };
        let nodes = self.cluster.nodes.iter().cloned().map(EndMember::Node);
        let pods: Vec<EndMember> = pods.into_iter().chain(nodes).collect();
        let ends = if ends.is_empty() { &pods } else { ends };
        if pods.is_empty() || ends.is_empty() {
            return;
        }
        let mut draw = Draw(1);
        for _ in 0..DRAWN {
            let (a, b) = (ends[draw.below(ends.len())].end(), pods[draw.below(pods.len())].end());
            let (from, to) = if draw.below(2) == 0 { (a, b) } else { (b, a) };
            let port = match PORTS.get(draw.below(PORTS.len() + 1)) {
                Some(number) => PairPort::One((Protocol::ALL[draw.below(2)], *number)),
                None => PairPort::Any,
            };
            let outcome = self.index.outcome(self.cluster, &from, &to, port.asked());
            self.check(&from, &to, port, outcome);
        }
    }
}
