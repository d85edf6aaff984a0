//! Answers as graphs for Graphviz, and as Markdown for a ticket.
//!
//! ```text
//! digraph "sa:ci/runner" {
//!   "sa:ci/runner" -> "pod/ops/admin-0" [label="A05 exec into a pod"];
//! ```
//!
//! What is unsure is dashed, what is denied dotted: no meaning hangs on color.

use std::collections::BTreeSet;
use std::fmt;

use super::{Line, Mark, Page, written};
use crate::escalate::{Certainty, Step};
use crate::model::evidence::Outcome;

/// What leads from one thing to another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Arrow {
    pub from: String,
    pub to: String,
    pub words: String,
    pub outcome: Outcome,
}

/// Things and what leads from one to the next.
#[derive(Clone, PartialEq, Debug)]
pub struct TextGraph {
    pub title: String,
    pub arrows: Vec<Arrow>,
}

impl TextGraph {
    /// A graph of these ways, each step once; `goal` is what the last step of a single way is called.
    pub fn of_ways<'p>(
        title: impl Into<String>,
        ways: impl IntoIterator<Item = (&'p [Step], Option<&'p str>)>,
    ) -> Self {
        let mut seen = BTreeSet::new();
        let mut arrows = Vec::new();
        for (path, goal) in ways {
            for (at, step) in path.iter().enumerate() {
                let is_last = at + 1 == path.len();
                let to = goal.filter(|_| is_last).map_or_else(|| step.to.to_string(), str::to_owned);
                let outcome = if step.certainty == Certainty::Certain { Outcome::Allow } else { Outcome::Unknown };
                let words = format!("{} {}", step.edge.id, step.edge.name);
                let arrow = Arrow { from: step.from.to_string(), to, words, outcome };
                if seen.insert(arrow.clone()) {
                    arrows.push(arrow);
                }
            }
        }
        Self { title: title.into(), arrows }
    }
}

/// As Graphviz reads it.
impl fmt::Display for TextGraph {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "digraph {} {{", written::dot(&self.title))?;
        writeln!(out, "  rankdir=LR;\n  node [shape=box];")?;
        if self.arrows.is_empty() {
            writeln!(out, "  {};", written::dot(&self.title))?;
        }
        for it in &self.arrows {
            let style = match it.outcome {
                Outcome::Allow => "solid",
                Outcome::Unknown => "dashed",
                Outcome::Deny => "dotted",
            };
            let (from, to, words) = (written::dot(&it.from), written::dot(&it.to), written::dot(&it.words));
            writeln!(out, "  {from} -> {to} [label={words}, style={style}];")?;
        }
        writeln!(out, "}}")
    }
}

impl Page {
    /// The page as Markdown: its first line bold, what stands below it a list.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for (at, line) in self.lines.iter().enumerate() {
            let words = words(line);
            match (at, line.indent) {
                (0, _) => text.push_str(&format!("**{words}**\n\n")),
                (_, indent) => {
                    let indent = usize::from(indent.saturating_sub(1)) * 2;
                    text.push_str(&format!("{:indent$}- {words}\n", ""));
                }
            }
        }
        text
    }
}

/// The mark and the words of a line; a dash alone would begin a list.
fn words(line: &Line) -> String {
    let words = written::markdown(&line.text);
    match line.mark {
        Mark::Plain | Mark::Title => words,
        mark => format!("{} {words}", written::markdown(&mark.glyph().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_quotes() {
        let arrow = Arrow {
            from: "user:a\"; b\\".into(),
            to: "sa:x/\u{202e}y\n".into(),
            words: "A05".into(),
            outcome: Outcome::Unknown,
        };
        let graph = TextGraph { title: "t".into(), arrows: vec![arrow] };
        let line = r#"  "user:a\"; b\\" -> "sa:x/\\u{202e}y\\n" [label="A05", style=dashed];"#;
        assert_eq!(graph.to_string().lines().nth(3), Some(line), "{graph}");
    }

    #[test]
    fn a_page_is_a_list_that_holds_no_markup_of_a_cluster() {
        let mut page = Page::default();
        page.say(0, Mark::Allow, "allow a -> b");
        page.say(1, Mark::Plain, "1. [x](http://y)");
        page.say(2, Mark::Miss, "*");
        assert_eq!(page.markdown(), "**v allow a -&gt; b**\n\n- 1. \\[x\\](http\\://y)\n  - \\~ \\*\n");
    }
}
