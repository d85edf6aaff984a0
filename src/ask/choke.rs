//! Choke points, as people ask for them: the fewest grants to cut so that nobody, or not somebody, comes to a goal.
//!
//! ```text
//! x 1 grant to cut, no fewer will do: then sa:ci/runner does not come to cluster-admin
//!   cut
//!     x clusterrolebinding/ops subjects[0]: sa:ops/admin, clusterrole/all rules[0]
//!       sa:ci/runner in 3 steps: exec into a pod > ... > holds everything
//! ```

use crate::escalate::choke::{self, GrantCut, Left, Point, WhoseWays, Why, choke};
use crate::escalate::{Ground, Step};
use crate::model::evidence::{Gap, Outcome};
use crate::model::id::ObjectId;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::role::RoleRef;
use crate::text::escalate as ways;
use crate::text::evidence::Evidence;
use crate::text::{About, Line, Mark, Page, words};

use super::escalation::{Actor, Watch, actor, or_sink, typed};
use super::{Asker, Fault};

/// So many of those who stay for one reason are told.
const TOLD: usize = 5;

/// The grants to cut, and what stays.
#[derive(Clone, PartialEq, Debug)]
pub struct Choked {
    /// As it can be typed again.
    pub goal: String,
    /// Whose ways are to end; `None`: everybody's.
    pub of: Option<String>,
    pub found: choke::Cut,
    /// What is not known of the ends, and what could lead there where no way was found.
    pub gaps: Vec<Gap>,
}

impl Asker<'_> {
    /// The grants to cut so that nobody comes to a goal, or not this one.
    ///
    /// # Errors
    /// An end is none, or proven not to be there.
    pub fn choke(
        &self,
        ground: &Ground<'_>,
        goal: &str,
        of: Option<&Actor>,
        namespace: &Name,
        watch: Watch<'_>,
    ) -> Result<Choked, Fault> {
        let to = actor(goal, namespace)?;
        let text = typed(&to);
        let (wanted, mut gaps) = self.wanted(&to, &text).map_err(|it| or_sink(goal, it))?;
        let whose = match of {
            None => WhoseWays::Everyone,
            Some(of) => {
                let (starts, more) = self.starts(of)?;
                gaps.extend(more);
                if starts.is_empty() {
                    gaps.push(Gap::End { what: "no running pod".into() });
                }
                WhoseWays::These(starts)
            }
        };
        let found = choke(ground, &wanted, &whose, watch);
        gaps.extend(found.gaps.iter().cloned());
        Ok(Choked { goal: text, of: of.map(typed), found, gaps })
    }
}

impl Choked {
    /// Allow: a cut, and no smaller one; unknown: one that may be larger than it need be, or ways that are not sure; deny:
    /// there is nothing to cut.
    pub fn outcome(&self) -> Outcome {
        let is_unsure = |it: &Left| it.why == Why::Unsure;
        match self.found.cut.is_empty() {
            false if self.found.is_exact() => Outcome::Allow,
            false => Outcome::Unknown,
            true if !self.gaps.is_empty() || self.found.left.iter().any(is_unsure) => Outcome::Unknown,
            true => Outcome::Deny,
        }
    }

    /// The answer in words.
    pub fn page(&self) -> Page {
        let mut page: Page = [self.headline()].into_iter().collect();
        if !self.found.cut.is_empty() {
            page.push(Line::new(1, Mark::Title, "cut"));
            self.found.cut.iter().for_each(|it| page.lines.extend(self.point(it)));
        }
        if !self.found.left.is_empty() {
            page.push(Line::new(1, Mark::Title, "what stays"));
            page.lines.extend(self.left());
        }
        page.lines.extend(self.gaps.iter().map(|it| Evidence::gap(it).line(1)));
        page
    }

    /// `user:ana does not come to cluster-admin`.
    fn then(&self) -> String {
        let stays = |it: &Left| it.why != Why::Unsure;
        match (&self.of, self.found.left.iter().any(stays)) {
            (Some(of), _) => format!("{of} does not come to {}", self.goal),
            (None, true) => format!("nobody but those below comes to {}", self.goal),
            (None, false) => format!("nobody comes to {}", self.goal),
        }
    }

    fn headline(&self) -> Line {
        let count = self.found.cut.len();
        let grants = words::count(count as u64, "grant", "grants");
        let text = match (count, self.found.is_exact(), self.outcome()) {
            (0, ..) => return self.nothing(),
            (_, true, _) => format!("{grants} to cut, no fewer will do: then {}", self.then()),
            _ => format!("{grants} to cut, at least {} are needed: then {}", self.found.lower_bound, self.then()),
        };
        Line::new(0, if self.found.is_exact() { Mark::Allow } else { Mark::Unknown }, text)
    }

    /// That there is nothing to cut, and why.
    fn nothing(&self) -> Line {
        let (goal, stays) = (&self.goal, self.found.left.iter().any(|it| it.why != Why::Unsure));
        let text = match (&self.of, self.outcome(), stays) {
            (Some(of), Outcome::Unknown, _) => format!("nothing to cut: no sure way leads from {of} to {goal}"),
            (None, Outcome::Unknown, _) => format!("nothing to cut: no sure way of a grant leads to {goal}"),
            (Some(of), _, true) => format!("nothing to cut: no grant that can be cut ends the ways of {of} to {goal}"),
            (None, _, true) => format!("nothing to cut: only those below come to {goal}"),
            (Some(of), ..) => format!("nothing to cut: {of} does not come to {goal}"),
            (None, ..) => format!("nothing to cut: nobody comes to {goal}"),
        };
        Line::new(0, Mark::of(self.outcome()), text)
    }

    fn point(&self, it: &Point) -> [Line; 2] {
        let GrantCut { binding, .. } = &it.cut;
        let text = format!("{} subjects[{}]: {}, {}", binding.id(), it.cut.place, it.cut.subject(), role(&it.cut));
        let place = Place::new("subjects").item(it.cut.place);
        [Line::new(2, Mark::Deny, text).linked(&binding.id(), &place), self.way(3, Mark::Plain, &it.way, "")]
    }

    /// `user:ana in 2 steps: exec into a pod > use the pod's token`, which leads to the whole way.
    fn way(&self, indent: u8, mark: Mark, path: &[Step], why: &str) -> Line {
        let Some(first) = path.first() else { return Line::new(indent, mark, why) };
        let who = first.from.to_string();
        let length = words::count(path.len() as u64, "step", "steps");
        let text = format!("{who} in {length}: {}{why}", ways::names(path));
        Line::new(indent, mark, text).on(About::Way { from: who, to: self.goal.clone() })
    }

    /// Whoever stays, each in a sentence, reason by reason.
    pub fn stays(&self) -> Vec<String> {
        self.left().into_iter().map(|it| format!("stays: {}", it.text)).collect()
    }

    /// Whoever stays, reason by reason.
    fn left(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for alike in self.found.left.chunk_by(|a, b| a.why == b.why) {
            let mark = if alike[0].why == Why::Unsure { Mark::Unknown } else { Mark::Note };
            for it in alike.iter().take(TOLD) {
                lines.push(self.way(2, mark, &it.path, &format!(" ({})", why(it))));
            }
            let more = alike.len().saturating_sub(TOLD);
            lines.extend((more > 0).then(|| Line::new(2, mark, format!("and {more} more for the same reason"))));
        }
        lines
    }
}

/// Why it stays, in a clause.
pub fn why(it: &Left) -> &'static str {
    match it.why {
        Why::Masters => "system:masters is always allowed everything, by no grant",
        Why::NoGrant => "the way rests on no grant",
        Why::ComesBack => "its grants are Kubernetes' own, made again when the API server starts",
        Why::Unsure => "not sure",
    }
}

/// `clusterrole/edit rules[3]`; the role as a whole where no rule is the reason.
fn role(cut: &GrantCut) -> String {
    match &cut.rule {
        Some((role, rule)) => format!("{role} rules[{rule}]"),
        None => role_id(&cut.binding.role, &cut.binding.meta.namespace),
    }
}

/// The role that a binding in this namespace refers to.
pub fn role_id(role: &RoleRef, namespace: &Name) -> String {
    use crate::model::id::Kind;
    match role.kind.as_str() {
        "Role" => ObjectId::new(Kind::ROLE, namespace.clone(), role.name.clone()).to_string(),
        _ => ObjectId::new(Kind::CLUSTER_ROLE, "", role.name.clone()).to_string(),
    }
}
