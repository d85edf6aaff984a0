//! Which roles write a resource word, or a URL: where the question "who can" begins.
//!
//! ```text
//! pods ──► (role 3, get list), (role 17, *), …        each with the verbs and groups of its rules that write the word
//! ```
//!
//! What else such a rule says is not looked at here. Words are never forgotten: rules know few of them.

use rustc_hash::FxHashMap;

use crate::model::name::Name;
use crate::model::role::RoleRule;
use crate::rbac::mask::{Mask, VerbMask, WordBits};

use super::Slot;
use super::lists::push;

/// A role whose rules write a resource word, and what these rules are for: six bytes, of which there are many.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(2))]
pub(in crate::rbac) struct RoleUse {
    pub role: Slot,
    pub verb_mask: VerbMask,
}

/// Resource words with the roles that write them.
#[derive(Clone, Debug, Default)]
pub(in crate::rbac) struct ResourceWords {
    places: FxHashMap<Name, u32>,
    /// The roles whose rules write the word, sorted.
    role_uses: Vec<Vec<RoleUse>>,
    /// The roles with URLs in their rules, sorted.
    urls: Vec<Slot>,
}

/// What was found out about words while the roles of one cluster are read.
#[derive(Default)]
pub(super) struct SeenWords {
    /// By where the text stands in memory, which is good for as long as that cluster holds it.
    words: FxHashMap<usize, (WordBits, Option<u32>)>,
    /// Of the rules that were read last.
    masks: Vec<Mask>,
}

impl SeenWords {
    /// The masks of the rules that were read last.
    pub fn masks(&self) -> &[Mask] {
        &self.masks
    }

    fn word(&mut self, text: &Name) -> &mut (WordBits, Option<u32>) {
        self.words.entry(text.as_ptr() as usize).or_insert_with(|| (WordBits::of(text), None))
    }
}

impl ResourceWords {
    /// The roles whose rules write a resource word.
    pub fn role_uses(&self, word: &str) -> &[RoleUse] {
        self.places.get(word).map_or(&[], |at| &self.role_uses[*at as usize])
    }

    /// The roles whose rules write URLs.
    pub fn urls(&self) -> &[Slot] {
        &self.urls
    }

    /// All words, in no order.
    pub fn all(&self) -> impl Iterator<Item = (&Name, &[RoleUse])> {
        // order does not matter to whoever asks
        self.places.iter().map(|(word, at)| (word, self.role_uses[*at as usize].as_slice()))
    }

    /// Takes in the rules of a role; their masks stay in `seen`.
    pub(super) fn learn(&mut self, role: Slot, rules: &[RoleRule], seen: &mut SeenWords) {
        seen.masks.clear();
        for rule in rules {
            let (mut mask, verb_mask) = Mask::without_resources(rule, |it| seen.word(it).0);
            for word in rule.resources.iter() {
                let (bits, place) = seen.word(word);
                let place = *place.get_or_insert_with(|| self.place(word));
                mask = mask.with_resource(*bits);
                add_role_use(&mut self.role_uses[place as usize], role, verb_mask);
            }
            seen.masks.push(mask);
            if !rule.urls.is_empty()
                && let Err(at) = self.urls.binary_search(&role)
            {
                self.urls.insert(at, role);
            }
        }
    }

    /// The place of a resource word.
    fn place(&mut self, word: &Name) -> u32 {
        if let Some(at) = self.places.get(word.as_str()) {
            return *at;
        }
        let at = self.role_uses.len() as u32;
        self.role_uses.push(Vec::new());
        self.places.insert(word.clone(), at);
        at
    }

    /// Takes a role out, whose rules were these.
    pub fn forget(&mut self, role: Slot, rules: &[RoleRule]) {
        for word in rules.iter().flat_map(|it| it.resources.iter()) {
            let Some(at) = self.places.get(word.as_str()) else { continue };
            let role_uses = &mut self.role_uses[*at as usize];
            if let Ok(at) = role_uses.binary_search_by_key(&role, |it| it.role) {
                role_uses.remove(at);
            }
        }
        if let Ok(at) = self.urls.binary_search(&role) {
            self.urls.remove(at);
        }
    }
}

/// Puts a role in its place among the roles of a word.
fn add_role_use(role_uses: &mut Vec<RoleUse>, role: Slot, verb_mask: VerbMask) {
    // Builds run in ascending order: look at the end first.
    match role_uses.last_mut() {
        Some(last) if last.role == role => last.verb_mask = last.verb_mask.and(verb_mask),
        Some(last) if last.role > role => match role_uses.binary_search_by_key(&role, |it| it.role) {
            Ok(at) => role_uses[at].verb_mask = role_uses[at].verb_mask.and(verb_mask),
            Err(at) => role_uses.insert(at, RoleUse { role, verb_mask }),
        },
        _ => push(role_uses, RoleUse { role, verb_mask }),
    }
}
