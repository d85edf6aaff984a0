//! Changes that an answer takes for made, and how it says so.
//!
//! ```text
//! WHAT-IF: 2 changes staged from fix.json
//! ```

use std::collections::BTreeSet;

use crate::change::Op;
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::untrusted;
use crate::text::words;

/// One change that is taken for made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Staged {
    pub op: Op,
    pub object: ObjectId,
    /// The file that it comes from, or what else does: `the editor`.
    pub from: Name,
}

/// What stands above every answer for a staged cluster: how much is staged, and from where.
pub fn heading(staged: &[Staged]) -> String {
    let mut seen = BTreeSet::new();
    let origins = staged.iter().map(|it| &it.from).filter(|it| seen.insert(*it));
    let origins: Vec<String> = origins.map(|it| untrusted::show(it).into_owned()).collect();
    let count = words::count(staged.len() as u64, "change", "changes");
    let from = if origins.is_empty() { String::new() } else { format!(" from {}", words::listed(&origins)) };
    format!("WHAT-IF: {count} staged{from}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::Kind;

    #[test]
    fn a_heading_counts_the_changes_and_names_each_file_once() {
        let change = |name: &str, from: &str| Staged {
            op: Op::Create,
            object: ObjectId::new(Kind::NETWORK_POLICY, "shop", name),
            from: from.into(),
        };
        assert_eq!(heading(&[change("a", "fix.json")]), "WHAT-IF: 1 change staged from fix.json");
        let many = [change("a", "z.yaml"), change("b", "a.yaml"), change("c", "z.yaml")];
        assert_eq!(heading(&many), "WHAT-IF: 3 changes staged from z.yaml, a.yaml");
        assert_eq!(heading(&[]), "WHAT-IF: 0 changes staged");
    }
}
