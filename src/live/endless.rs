//! When a list that does not end is given up: a token that comes twice, pages without objects, more objects than any
//! cluster has.
//!
//! A server, or what stands before it, may answer each page with a next one. Who follows that asks thousands of times
//! a second and holds ever more. Both the session and the commands read their pages past this.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use super::fault::{LiveFault, LiveFaultClass};

/// How many objects a list may have; the largest clusters known have some hundred thousand of a kind.
pub const OBJECTS: usize = 1_000_000;
/// How many pages in a row may bring nothing.
const EMPTY: u32 = 20;
/// A page that brings less than this is followed by a rest: a whole one holds 500.
const SMALL: usize = 100;
const REST: Duration = Duration::from_millis(50);

/// What was seen of one list.
#[derive(Default)]
pub struct ListBound {
    /// The tokens so far, by their hashes.
    tokens: HashSet<u64>,
    objects: usize,
    empty: u32,
}

impl ListBound {
    /// A page with so many objects came in, and the next one begins at this token (empty: none does); how long to
    /// wait before it is asked for.
    ///
    /// # Errors
    /// The list does not end.
    pub fn page(&mut self, objects: usize, continues: &str) -> Result<Duration, LiveFault> {
        self.objects(objects)?;
        if continues.is_empty() {
            return Ok(Duration::ZERO);
        }
        let mut hasher = DefaultHasher::new();
        continues.hash(&mut hasher);
        if !self.tokens.insert(hasher.finish()) {
            return Err(LiveFault::garbled("the list does not end: a continue token came twice"));
        }
        self.empty = if objects == 0 { self.empty + 1 } else { 0 };
        if self.empty > EMPTY {
            return Err(LiveFault::garbled(&format!("the list does not end: {EMPTY} pages in a row are empty")));
        }
        Ok(if objects < SMALL { REST } else { Duration::ZERO })
    }

    /// So many more objects came in.
    ///
    /// # Errors
    /// They are more than [`OBJECTS`].
    pub fn objects(&mut self, more: usize) -> Result<(), LiveFault> {
        self.objects += more;
        let beyond = || {
            LiveFault::new(LiveFaultClass::Endless, "the list has more than 1,000,000 objects: kreach reads no further")
        };
        if self.objects > OBJECTS { Err(beyond()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_does_not_end_is_given_up() {
        let mut again = ListBound::default();
        assert_eq!(again.page(500, "a").ok(), Some(Duration::ZERO));
        assert_eq!(again.page(1, "b").ok(), Some(REST), "small pages come slower");
        assert!(
            again.page(500, "a").is_err_and(|it| it.class == LiveFaultClass::Garbled),
            "not only the last one counts"
        );
        let mut empty = ListBound::default();
        let given_up = (0..).find(|it| empty.page(0, &it.to_string()).is_err());
        assert_eq!(given_up, Some(20));
        let mut large = ListBound::default();
        let given_up = (1..).find(|it: &usize| large.page(500, &it.to_string()).is_err());
        assert_eq!(given_up, Some(OBJECTS / 500 + 1));
        assert!(ListBound::default().page(0, "").is_ok_and(|it| it.is_zero()), "an empty list ends");
    }
}
