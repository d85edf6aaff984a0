//! What is staged: the changes, the difference that one makes to its object, and what all of them make of the cluster.

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use super::{Back, View};
use crate::change::clash::Clash;
use crate::change::stage::{Fetched, StagedItem};
use crate::model::id::ObjectId;
use crate::model::place::Place;
use crate::text::{Line, Mark, Page, Shape};
use crate::tui::app::{App, Shown};
use crate::tui::command::At;
use crate::tui::event::Effect;
use crate::tui::job::What;
use crate::tui::page::saying;
use crate::tui::staging;

/// All that is staged.
pub struct StageView;

/// One staged change.
#[derive(Clone, PartialEq, Debug)]
pub struct StagedAt(pub ObjectId);

/// The cluster as it is against what is staged.
pub struct StagedComparison;

impl View for StageView {
    fn title(&self, app: &App, _: u16) -> String {
        format!(" stage: {} ", app.staging.counted())
    }

    fn place(&self) -> At {
        At::Stage
    }

    fn name(&self) -> &'static str {
        "the stage"
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "unstage", "undo", "edit", "what-if", "impact", "apply", "export", "leave"]
    }

    fn answer(&self, app: &mut App) {
        let page = page(app);
        app.answers.reader.show(page);
    }

    fn copies(&self, app: &App) -> Vec<(&'static str, String)> {
        staging::texts(app).into_iter().map(|it| (it.name, it.text)).collect()
    }

    /// The order is checked beside the loop, with the comparison.
    fn wanted(&self, app: &App) -> Option<What> {
        app.answers.impact.wanted_order(app)
    }

    fn open(&self, app: &mut App) -> Vec<Effect> {
        match app.answers.reader.link().map(|it| it.object.clone()) {
            Some(id) => app.open(Shown::Staged(StagedAt(id))),
            None => app.say("nothing to open here"),
        }
        Vec::new()
    }
}

/// The staged changes in the order in which they are made, and what stands in their way.
fn page(app: &App) -> Page {
    let staging = &app.staging;
    if staging.stage.is_empty() {
        let mut page = saying(Mark::Plain, "nothing is staged");
        page.say(
            0,
            Mark::Plain,
            "e on a policy, role or binding edits it; :stage PATH stages manifests or a fix as JSON",
        );
        return page;
    }
    let mut page = Page::default();
    let conflicts = staging.clashes.values().filter(|it| it.is_conflict()).count();
    let head = match conflicts {
        0 => format!("{}, in the order in which they are made; nothing is applied", staging.counted()),
        many => format!("{}; nothing is applied; {many} in conflict with the cluster", staging.counted()),
    };
    page.say(0, if conflicts > 0 { Mark::Deny } else { Mark::Title }, head);
    for item in app.answers.impact.in_order(app) {
        let text = format!("{}  {}  (from {})", item.op().as_str(), item.id(), item.origin());
        page.push(Line::new(1, Mark::Plain, text).linked(item.id(), &Place::default()));
        if let Fetched::Unseen(why) = item.fetched() {
            page.say(2, Mark::Unknown, format!("not compared with the cluster: {why}"));
        }
        staging.taken_over.get(item.id()).into_iter().for_each(|it| page.say(2, Mark::Note, it));
        staging.clashes.get(item.id()).into_iter().for_each(|it| page.push(clash_line(it)));
    }
    app.answers.impact.order_lines(app).into_iter().for_each(|it| page.push(it));
    page
}

fn clash_line(clash: &Clash) -> Line {
    Line::new(2, if clash.is_conflict() { Mark::Deny } else { Mark::Note }, clash.words())
}

impl View for StagedAt {
    fn title(&self, app: &App, _: u16) -> String {
        let op = app.staging.stage.of(&self.0).map_or("not staged", |it| it.op().as_str());
        format!(" staged: {op} {} ", self.0)
    }

    fn place(&self) -> At {
        At::Stage
    }

    fn name(&self) -> &'static str {
        "a staged change"
    }

    fn hints(&self) -> &'static [&'static str] {
        &["unstage", "edit", "undo", "what-if", "impact", "export", "leave"]
    }

    fn answer(&self, app: &mut App) {
        let page = match app.staging.stage.of(&self.0) {
            Some(item) => difference(item, app.staging.clashes.get(&self.0)),
            None => saying(Mark::Plain, format!("{} is not staged any more", self.0)),
        };
        app.answers.reader.show(page);
    }

    fn leads_back(&self) -> Back {
        Back::Answer
    }
}

/// How many lines are shown around what differs.
const AROUND: usize = 3;

/// What a change makes of its object, line by line.
fn difference(item: &StagedItem, clash: Option<&Clash>) -> Page {
    let mut page = Page::default();
    page.say(0, Mark::Title, format!("{}  {}  (from {})", item.op().as_str(), item.id(), item.origin()));
    clash.into_iter().for_each(|it| page.push(clash_line(it)));
    let lines = |it: Option<&serde_json::Value>| it.map(staging::lines).unwrap_or_default();
    let (before, after) = (lines(item.before()), lines(item.after()));
    let ops = capture_diff_slices(Algorithm::Myers, &before, &after);
    for group in group_diff_ops(ops, AROUND) {
        if page.lines.len() > 1 {
            page.push(own(Mark::Miss, "  ..."));
        }
        group.iter().for_each(|it| hunk(*it, &before, &after, &mut page));
    }
    page
}

fn hunk(op: DiffOp, before: &[String], after: &[String], page: &mut Page) {
    let (old, new) = (op.old_range(), op.new_range());
    if let DiffOp::Equal { .. } = op {
        return before[old].iter().for_each(|it| page.push(own(Mark::Miss, &format!("  {it}"))));
    }
    before[old].iter().for_each(|it| page.push(own(Mark::Deny, &format!("- {it}"))));
    after[new].iter().for_each(|it| page.push(own(Mark::Allow, &format!("+ {it}"))));
}

/// A line that bears its own sign.
fn own(mark: Mark, text: &str) -> Line {
    Line::new(0, mark, text).shaped(Shape::Signed)
}

impl View for StagedComparison {
    fn title(&self, app: &App, _: u16) -> String {
        format!(" the cluster against the stage{} ", app.answers.jobs.state().words())
    }

    fn name(&self) -> &'static str {
        "the difference"
    }

    fn hints(&self) -> &'static [&'static str] {
        &["open", "stage", "what-if", "export", "filter", "copy menu", "leave"]
    }

    fn answer(&self, app: &mut App) {
        let page = app.answers.impact.page(app);
        app.answers.reader.show(page);
    }

    fn leads_back(&self) -> Back {
        Back::Answer
    }

    fn wanted(&self, app: &App) -> Option<What> {
        app.answers.impact.wanted(app)
    }

    fn has_something(&self, app: &App) -> bool {
        app.answers.impact.has(app)
    }
}
