//! The rules that answers rest on: what the documentation says below the number of each.
//!
//! ```text
//! | S44 | Existing connections on policy change: … | W |     a row of docs/network-policy.md
//! | A05 | exec into a pod | create pods/exec … |            a row of docs/reach.md
//! ```
//!
//! The pages are part of the program, so that the number behind a line can be looked up where there is no network.

use std::sync::LazyLock;

use super::Fault;
use crate::text::{Line, Mark, Page};

/// The pages that number rules, each with what it is about.
const PAGES: [(&str, &str); 2] = [
    ("docs/network-policy.md", include_str!("../../docs/network-policy.md")),
    ("docs/reach.md", include_str!("../../docs/reach.md")),
];

/// One row of a table of rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleRow {
    pub id: &'static str,
    /// The page that it stands on.
    pub page: &'static str,
    /// What each column is called, and what it says of the rule.
    pub says: Vec<(&'static str, String)>,
}

impl RuleRow {
    /// As a page: the number and what it says first, then the other columns.
    pub fn lines(&self) -> Page {
        let mut columns = self.says.iter();
        let first = columns.next().map(|it| it.1.as_str()).unwrap_or_default();
        let mut page = Page::default();
        page.say(0, Mark::Title, format!("{}: {first}", self.id));
        for (name, said) in columns.filter(|it| !it.1.is_empty()) {
            page.say(1, Mark::Plain, format!("{}: {said}", name.to_lowercase()));
        }
        let legend = self.says.iter().any(|it| it.0 == "Source").then(|| legend(self.page)).flatten();
        page.lines.extend(legend.map(|it| Line::new(1, Mark::Plain, it)));
        page.say(1, Mark::Plain, format!("from {}", self.page));
        page
    }
}

/// All rules, page by page as they stand there.
static RULES: LazyLock<Vec<RuleRow>> =
    LazyLock::new(|| PAGES.iter().flat_map(|(page, text)| of_page(page, text)).collect());

/// The rule of this number, however its letters are typed.
pub fn rule(id: &str) -> Option<&'static RuleRow> {
    RULES.iter().find(|it| it.id.eq_ignore_ascii_case(id))
}

/// The same, for who typed it.
///
/// # Errors
/// There is no such rule.
pub fn named(id: &str) -> Result<&'static RuleRow, Fault> {
    rule(id).ok_or_else(|| Fault::new(format!("{id:?} is no rule"), "kreach rule lists them"))
}

/// A line for each rule: its number, and how what it says begins.
pub fn list() -> Page {
    let line = |it: &RuleRow| {
        let first = it.says.first().map(|it| it.1.as_str()).unwrap_or_default();
        Line::new(0, Mark::Plain, format!("{:<12} {first}", it.id))
    };
    RULES.iter().map(line).collect()
}

/// What letters that stand for a source mean, as the page begins.
fn legend(page: &str) -> Option<String> {
    let (_, text) = PAGES.iter().find(|it| it.0 == page)?;
    let paragraph = text.split("\n\n").find_map(|it| it.strip_prefix("Sources: "))?;
    Some(format!("sources: {}", plain(&paragraph.replace('\n', " "))))
}

/// The rows of those tables of a page whose first column numbers what stands beside it.
fn of_page(page: &'static str, text: &'static str) -> Vec<RuleRow> {
    let mut heads: Vec<&'static str> = Vec::new();
    let mut found = Vec::new();
    let mut before = "";
    for line in text.lines() {
        if line.starts_with("|---") {
            heads = cells(before);
        } else if line.starts_with('|') && heads.first().is_some_and(|it| ["#", "id"].contains(it)) {
            found.extend(row(page, &heads, line));
        } else {
            heads.clear();
        }
        before = line;
    }
    found
}

fn row(page: &'static str, heads: &[&'static str], line: &'static str) -> Option<RuleRow> {
    let cells = cells(line);
    let (id, rest) = cells.split_first()?;
    let says = heads[1..].iter().zip(rest).map(|(name, said)| (*name, plain(said))).collect();
    Some(RuleRow { id, page, says })
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split(" | ").map(str::trim).collect()
}

/// Markdown without its signs.
fn plain(text: &str) -> String {
    text.replace("**", "").replace('`', "").replace("](", " (").replace('[', "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escalate::edges::EDGES;

    #[test]
    fn a_rule_is_what_its_row_says() {
        let found = rule("s44").expect("it is numbered");
        assert_eq!((found.id, found.page), ("S44", "docs/network-policy.md"));
        assert_eq!(found.says[0].0, "Rule");
        assert!(found.says[0].1.starts_with("Existing connections"), "{found:?}");
        assert_eq!(rule("S0"), None);
        let page = found.lines().to_string();
        assert!(page.contains("source: W\n") && page.contains("W the documentation"), "{page}");
    }

    #[test]
    fn every_step_and_every_number_of_the_network_is_told() {
        for edge in EDGES {
            assert!(rule(edge.id).is_some(), "{}", edge.id);
        }
        for number in 1..=58 {
            assert!(rule(&format!("S{number}")).is_some(), "S{number}");
        }
        assert!(RULES.iter().all(|it| !it.says.is_empty() && !it.says[0].1.is_empty()));
    }
}
