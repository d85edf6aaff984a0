//! Which namespace may connect to which: one cell a pair, rows are sources, columns destinations.
//!
//! ```text
//! from \ to   default  payments  shop
//! default        v         x       v       v all pairs of pods may   x none may
//! payments       v         ~       x       ~ some may                ? unknown   . no pair of pods
//!
//! Namespaces without pods are left out.
//! ```
//!
//! Nodes and what is outside are in no namespace, so that they have no cell here: `reach` and `map` list them, row by row.
//!
//! A small cluster is counted here and now. A large one takes longer than a key may wait: a [`super::job`] counts it
//! beside the screen, which shows what was counted last, or blanks, until that is done. A count that failed is said in
//! the title, and tried again once the cluster is another.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::grid::{self, Cursor, GridSheet};
use super::job::{JobState, Said, Work};
use super::paint::{self, FrameFocus};
use super::theme::{TextRole, Theme};
use crate::ask::World;
use crate::ask::matrix::{Counted, PairCell, with_pods};
use crate::ask::scope::ListScope;
use crate::model::name::Name;
use crate::text::Mark;
use crate::text::written::markdown;

/// The matrix and where the cursor is.
#[derive(Clone, Debug, Default)]
pub struct MatrixState {
    names: Vec<Name>,
    counted: Option<Arc<Counted>>,
    cursor: Cursor,
}

/// Up to so many pods are counted at once, in a few milliseconds.
const AT_ONCE: usize = 1_000;

/// The work that counts this world.
pub fn work(world: &World) -> Work {
    let world = world.clone();
    Box::new(move |_| Said::Matrix(Arc::new(Counted::of(&world.cluster, world.net(), world.revision()))))
}

/// The widest that a column's title gets.
const TITLE: u16 = 10;

impl MatrixState {
    /// Shows what the cluster says now, as far as that is counted.
    pub fn show(&mut self, world: &World, scope: &ListScope) {
        let here = self.selected();
        self.names = with_pods(&world.cluster).filter(|it| scope.holds(it)).collect();
        if self.is_behind(world) && world.cluster.pods.len() <= AT_ONCE {
            self.take(Arc::new(Counted::of(&world.cluster, world.net(), world.revision())));
        }
        self.find(here);
    }

    /// Whether what is shown is not what the cluster says.
    pub fn is_behind(&self, world: &World) -> bool {
        self.counted.as_ref().is_none_or(|it| it.revision != world.revision())
    }

    /// Whether something was counted.
    pub fn is_counted(&self) -> bool {
        self.counted.is_some()
    }

    /// Takes what was counted.
    pub fn take(&mut self, counted: Arc<Counted>) {
        self.counted = Some(counted);
    }

    /// Keeps the cursor on the pair that it was on.
    fn find(&mut self, here: Option<(Name, Name)>) {
        let at = |name: &Name| self.names.binary_search(name).ok();
        let found = here.and_then(|(from, to)| Some((at(&from)?, at(&to)?)));
        let (row, column) = found.unwrap_or_default();
        self.cursor = Cursor { row, column };
    }

    /// Moves the cursor.
    pub fn step(&mut self, rows: isize, columns: isize) {
        self.cursor.step(rows, columns, self.size());
    }

    /// The pair under the cursor, source first.
    pub fn selected(&self) -> Option<(Name, Name)> {
        Some((self.names.get(self.cursor.row)?.clone(), self.names.get(self.cursor.column)?.clone()))
    }

    fn summary(&self, row: usize, column: usize) -> PairCell<'_> {
        match (&self.counted, self.names.get(row), self.names.get(column)) {
            (Some(counted), Some(from), Some(to)) => counted.cell(from, to),
            _ => PairCell::Uncounted,
        }
    }

    /// The matrix as a Markdown table.
    pub fn markdown(&self) -> String {
        let titles: Vec<String> = self.names.iter().map(|it| markdown(it)).collect();
        let mut text = format!("| from \\ to | {} |\n|---|{}\n", titles.join(" | "), "---|".repeat(titles.len()));
        for (row, name) in titles.iter().enumerate() {
            let cells: Vec<&str> = (0..self.names.len()).map(|it| self.summary(row, it).sign().0).collect();
            text.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
        }
        text
    }

    /// What stands above it.
    pub fn title(&self, state: JobState) -> String {
        let state = match (state, &self.counted) {
            (JobState::Idle, _) => "",
            (JobState::Running(_), None) => ", computing",
            (JobState::Running(_), Some(_)) => ", recomputing",
            (JobState::Failed, None) => ", the count failed",
            (JobState::Failed, Some(_)) => ", as of before: the count failed",
        };
        format!(" namespaces: {0} x {0}{state} ", self.names.len())
    }

    /// Draws it in a frame.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, state: JobState, focus: FrameFocus, theme: Theme) {
        let title = format!("{}{}", self.title(state), grid::shown(self, self.cursor, area));
        let inner = paint::frame(buffer, area, &title, focus, theme);
        grid::draw(self, self.cursor, buffer, inner, focus, theme);
    }

    /// How many columns of the screen the longest name takes.
    fn longest(&self) -> u16 {
        self.names.iter().map(|it| paint::width(it)).max().unwrap_or(0)
    }
}

impl GridSheet for MatrixState {
    fn size(&self) -> (usize, usize) {
        (self.names.len(), self.names.len())
    }
    fn corner(&self) -> &str {
        "from \\ to"
    }
    fn row(&self, row: usize) -> String {
        self.names[row].to_string()
    }
    fn column(&self, column: usize) -> &str {
        &self.names[column]
    }
    /// What is open stands out, what is closed is in order.
    fn cell(&self, row: usize, column: usize, theme: Theme) -> (String, Style) {
        let (word, tone) = self.summary(row, column).sign();
        match word {
            "v" => (format!(" {}", theme.glyph(Mark::Allow)), theme.block(TextRole::Allow)),
            "~" => (" ~".to_owned(), theme.block(TextRole::Unknown)),
            "x" => (format!(" {}", theme.glyph(Mark::Deny)), theme.style(TextRole::Dim)),
            word => (format!(" {word}"), theme.style(tone.into())),
        }
    }
    fn words(&self, cursor: Cursor, theme: Theme) -> String {
        let Some((from, to)) = self.selected() else { return "no namespace".into() };
        let said = self.summary(cursor.row, cursor.column).words();
        format!("{from} {} {to}: {said}", theme.arrow())
    }
    fn legend(&self, theme: Theme) -> String {
        let [allow, deny] = [Mark::Allow, Mark::Deny].map(|it| theme.glyph(it));
        format!("{allow} all  ~ some  {deny} none  ? unknown  . no pods   Enter lists rows, t traces")
    }
    fn stub(&self, _: u16) -> u16 {
        self.longest().clamp(9, 20) + 2
    }
    fn widths(&self) -> (u16, u16) {
        let most = self.longest().clamp(3, TITLE) + 1;
        (4.min(most), most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::world::SelfCheck;
    use crate::model::cluster::{AnyFact, Cluster, Delta, ReadObject};
    use crate::model::facts::Pod;
    use crate::net::Settings;
    use crate::tui::event::Event;
    use crate::tui::job::{Jobs, WantedJob, What};

    fn put(namespace: &str, name: String) -> Delta {
        Delta::Put(ReadObject::new(AnyFact::Pod(Pod::named(namespace, &name).into())))
    }

    fn world(pods: usize) -> World {
        let mut world = World::of(Cluster::default(), Settings::default(), SelfCheck::Off);
        let namespace = |at: usize| if at.is_multiple_of(2) { "a" } else { "b" };
        world.apply((0..pods).map(|at| put(namespace(at), format!("pod-{at}"))).collect());
        world
    }

    fn signs(matrix: &MatrixState) -> Vec<&'static str> {
        let size = matrix.names.len();
        (0..size * size).map(|at| matrix.summary(at / size, at % size).sign().0).collect()
    }

    #[test]
    fn a_small_cluster_is_counted_at_once() {
        let (mut matrix, world) = (MatrixState::default(), world(4));
        matrix.show(&world, &ListScope::default());
        assert_eq!(signs(&matrix), ["v"; 4]);
        assert!(!matrix.is_behind(&world));
    }

    fn count(jobs: &mut Jobs, matrix: &mut MatrixState, world: &World) {
        assert!(matrix.is_behind(world) && jobs.lacks(&wanted(world)));
        let job = jobs.begin(wanted(world), work(world));
        assert!(!jobs.lacks(&wanted(world)), "it is counted once");
        let Event::Job { number, said } = job.run(&mut |_, _| true) else { panic!("a job") };
        let Some(Said::Matrix(counted)) = jobs.hear(number, said) else { panic!("a count") };
        matrix.take(counted);
    }

    fn wanted(world: &World) -> WantedJob {
        WantedJob { what: What::Matrix, revision: world.revision() }
    }

    /// A pair is never shown as denied before it is counted; what was counted stays until it is counted anew.
    #[test]
    fn a_large_cluster_is_counted_beside_the_screen() {
        let (mut matrix, mut world, mut jobs) = (MatrixState::default(), world(AT_ONCE + 1), Jobs::default());
        matrix.show(&world, &ListScope::default());
        assert_eq!(signs(&matrix), [""; 4]);
        count(&mut jobs, &mut matrix, &world);
        assert_eq!(signs(&matrix), ["v"; 4]);
        world.apply(vec![put("c", "new".into())]);
        matrix.show(&world, &ListScope::default());
        assert_eq!(signs(&matrix), ["v", "v", "", "v", "v", "", "", "", ""]);
        count(&mut jobs, &mut matrix, &world);
        let counted = Counted::of(&world.cluster, world.net(), world.revision());
        assert_eq!(**matrix.counted.as_ref().expect("a count"), counted);
        assert!(signs(&matrix)[..8].iter().all(|it| *it == "v"));
    }

    /// A count that failed ends; the same state is not tried again, another one is.
    #[test]
    fn a_count_that_failed_is_said_and_tried_again_when_something_changes() {
        let (mut matrix, mut world, mut jobs) = (MatrixState::default(), world(AT_ONCE + 1), Jobs::default());
        matrix.show(&world, &ListScope::default());
        let title = |matrix: &MatrixState, jobs: &Jobs| {
            let area = Rect::new(0, 0, 60, 6);
            let mut buffer = Buffer::empty(area);
            matrix.draw(&mut buffer, area, jobs.state(), FrameFocus::Here, Theme::default());
            crate::tui::text(&buffer).lines().next().unwrap_or_default().to_owned()
        };
        let job = jobs.begin(wanted(&world), work(&world));
        assert!(title(&matrix, &jobs).contains("2 x 2, computing "), "{}", title(&matrix, &jobs));
        jobs.hear(job.number(), Said::Failed);
        assert!(title(&matrix, &jobs).contains("2 x 2, the count failed "), "{}", title(&matrix, &jobs));
        assert!(!jobs.lacks(&wanted(&world)));
        world.apply(vec![put("c", "new".into())]);
        assert!(jobs.lacks(&wanted(&world)));
        count(&mut jobs, &mut matrix, &world);
        matrix.show(&world, &ListScope::default());
        assert!(title(&matrix, &jobs).contains("3 x 3 "), "{}", title(&matrix, &jobs));
    }
}
