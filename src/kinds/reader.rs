//! The functions by which the objects of one kind are read, as the table of kinds holds them.
//!
//! ```text
//! JSON, YAML ──serde──► R::Slim ──R::fact──► fact + problems ──► Reading
//!                 └─ does not decode: its metadata alone ──► Reading::Unreadable
//! ```

use std::borrow::Cow;

use serde_json::Value;

use super::context::{ReadContext, ReadKind, ReadOutcome};
use super::page::{ListMeta, page};
use super::plain::is_plain;
use super::prune::prune;
use super::slim::{METADATA, OnlyMetadata, OnlyNames};
use super::words::{odd_words, odd_words_of_plain};
use super::yaml::{BooleanWords, Misfit, options};
use crate::model::facts::{AnyFact, InTable, SnapshotMeta};

/// The readers of one kind, for the table.
#[derive(Clone, Copy)]
pub(super) struct KindReader {
    pub json: fn(&str, &mut ReadContext<'_>) -> ReadOutcome,
    /// The same for an object that decodes; nothing for any other.
    pub clean: fn(&str, &mut ReadContext<'_>) -> Option<ReadOutcome>,
    pub yaml: fn(&str, &mut ReadContext<'_>) -> ReadOutcome,
    /// The object of a fact that one of them is; see [`ReadKind::object`].
    pub object: fn(&AnyFact, SnapshotMeta) -> Option<Value>,
    pub page: fn(&str, &mut ReadContext<'_>, &mut Vec<ReadOutcome>) -> Result<ListMeta, serde_json::Error>,
}

impl KindReader {
    /// The readers that `R` gives.
    pub const fn of<R: ReadKind>() -> Self {
        Self { json: json::<R>, clean: clean::<R>, yaml: yaml::<R>, object: object::<R>, page: page::<R> }
    }
}

fn object<R: ReadKind>(fact: &AnyFact, kept: SnapshotMeta) -> Option<Value> {
    R::object(R::Fact::of(fact)?, kept)
}

fn clean<R: ReadKind>(text: &str, context: &mut ReadContext<'_>) -> Option<ReadOutcome> {
    serde_json::from_str::<R::Slim<'_>>(text).ok().map(|slim| context.read::<R>(&slim))
}

fn json<R: ReadKind>(text: &str, context: &mut ReadContext<'_>) -> ReadOutcome {
    match serde_json::from_str::<R::Slim<'_>>(text) {
        Ok(slim) => context.read::<R>(&slim),
        Err(_) => {
            let names = || serde_json::from_str::<OnlyNames<'_>>(text).ok().map(OnlyNames::metadata);
            let metadata = serde_json::from_str::<OnlyMetadata<'_>>(text).ok().map(|it| it.metadata).or_else(names);
            let tree = || serde_json::from_str(text).ok();
            context.broken::<R>(metadata.as_ref(), tree, &Misfit::of_json::<R::Slim<'_>>(text))
        }
    }
}

fn yaml<R: ReadKind>(text: &str, context: &mut ReadContext<'_>) -> ReadOutcome {
    // What an anchor stands for may be in a part that nobody reads, and so may a mistake.
    let (pruned, odd) = if may_have_anchors(text) || !is_plain(text) {
        (Cow::Borrowed(text), odd_words(text))
    } else {
        let mut fields = [METADATA, R::FIELDS].concat();
        fields.sort_unstable();
        let pruned = prune(text, &fields, R::KEEPS_UNKNOWN);
        let odd = odd_words_of_plain(&pruned);
        (pruned.into(), odd)
    };
    let words = if R::IS_TREE { BooleanWords::AsWritten } else { BooleanWords::AsMeant };
    let parsed = odd.as_ref().map_or(&*pruned, |(quoted, _)| quoted);
    let mut reading = match serde_saphyr::from_str_with_options::<R::Slim<'_>>(parsed, options(words)) {
        Ok(slim) => context.read::<R>(&slim),
        Err(_) => whole_yaml::<R>(text, words, context),
    };
    reading.add(odd.into_iter().flat_map(|(_, words)| words));
    reading
}

/// Parses all of a document, once what is left of it after pruning did not read.
fn whole_yaml<R: ReadKind>(text: &str, words: BooleanWords, context: &mut ReadContext<'_>) -> ReadOutcome {
    let odd = odd_words(text);
    let text = odd.as_ref().map_or(text, |(quoted, _)| quoted);
    match serde_saphyr::from_str_with_options::<R::Slim<'_>>(text, options(words)) {
        Ok(slim) => context.read::<R>(&slim),
        Err(_) => {
            let options = || options(words);
            let whole = serde_saphyr::from_str_with_options::<OnlyMetadata<'_>>(text, options()).ok();
            let names = || serde_saphyr::from_str_with_options::<OnlyNames<'_>>(text, options()).ok();
            let metadata = whole.map(|it| it.metadata).or_else(|| names().map(OnlyNames::metadata));
            let tree = || serde_saphyr::from_str_with_options(text, options()).ok();
            context.broken::<R>(metadata.as_ref(), tree, &Misfit::of_yaml::<R::Slim<'_>>(text, words))
        }
    }
}

/// Whether a word of a text begins as an anchor or an alias does.
fn may_have_anchors(text: &str) -> bool {
    let bytes = text.as_bytes();
    let begins = |at: usize| {
        let before = at.checked_sub(1).and_then(|it| bytes.get(it));
        let after = bytes.get(at + 1);
        before.is_none_or(|it| b" \t\n[{,".contains(it)) && after.is_some_and(u8::is_ascii_alphanumeric)
    };
    memchr::memchr2_iter(b'&', b'*', bytes).any(begins)
}
