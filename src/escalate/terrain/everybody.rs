//! Who comes to what in one move, of everybody, kept until anything changes.

use std::cell::RefCell;
use std::sync::Arc;

use super::super::Ground;
use super::super::back::Graph;
use super::super::choke::Watch;
use super::super::foothold::Foothold;
use crate::model::role::SubjectKind;
use crate::rbac::identity::node_of;
use crate::rbac::version::Version;

/// What was worked out, as a server of a version has it.
#[derive(Clone, Default, Debug)]
pub(super) struct Everybody(RefCell<Option<(Option<Version>, Arc<Graph>)>>);

impl Everybody {
    /// Something has changed, on which any move may rest.
    pub fn forget(&mut self) {
        *self.0.get_mut() = None;
    }
}

impl Ground<'_> {
    /// Who comes to what in one move: of all these who start, who want this, and of everything that they come to.
    pub fn everybody(
        &self,
        wanted: Option<&Foothold>,
        starts: impl Iterator<Item = Foothold>,
        watch: Watch<'_>,
    ) -> Arc<Graph> {
        // Who is in a group, or a node's user, counts where it is asked for alone; groups besides are those of one question.
        let is_named = |it: &&Foothold| {
            let subject = if let Foothold::Subject(it) = it { Some(it) } else { None };
            subject.is_some_and(|it| it.kind() == SubjectKind::Group || node_of(it.name()).is_some())
        };
        let is_kept = wanted.filter(is_named).is_none() && self.groups.is_empty();
        let mut kept = self.terrain.everybody.0.borrow_mut();
        let known = kept.take().filter(|it| is_kept && it.0 == self.version);
        let mut graph = known.map(|it| it.1).unwrap_or_default();
        let is_whole = Arc::make_mut(&mut graph).grow(self, wanted, starts, watch);
        *kept = (is_kept && is_whole).then(|| (self.version, graph.clone()));
        graph
    }
}
