//! One end with its rows of classes: what lists of all that it reaches are made from.

use super::class_sets::ClassBitmap;
use super::indexed_end::IndexedEnd;
use super::row::ClassRow;
use super::units::{AnswerContext, PortSetCache};
use crate::model::policy::Direction;

/// One end, and what it has with every class.
pub(super) struct EndRows<'a> {
    pub found: IndexedEnd<'a>,
    pub rows: Vec<ClassRow>,
    /// The classes that may pass on some port in some reading.
    pub any: ClassBitmap,
    /// The classes that surely pass, and those that may (`None`: the same), in the first reading on the port that was
    /// asked for.
    pub allow: ClassBitmap,
    pub may: Option<ClassBitmap>,
    pub direction: Direction,
    pub terms: AnswerContext,
    /// The end itself: its namespace and its place among the pods.
    pub own: Option<(u32, usize)>,
    /// Whether the end is a node that is connected to: node ports are none of its own (S46).
    pub is_into_node: bool,
}

impl EndRows<'_> {
    /// Port sets of the rows of this end.
    pub fn sets(&self) -> PortSetCache {
        if self.is_into_node { PortSetCache::without(self.terms.apart.0.clone()) } else { PortSetCache::default() }
    }

    /// The end's row, if it alone says what passes, whatever nodes the pods are on.
    pub fn plain_row(&self) -> Option<&ClassRow> {
        let row = self.rows.first().filter(|it| it.is_plain());
        row.filter(|_| self.rows.len() == 1 && !self.found.is_node())
    }
}
