//! Every command, in one table: its keys, its name, what it does, where it works, and when it cannot.
//!
//! Key handling, the help, the palette, the hints in the last row and docs/keys.md are all made from [`COMMANDS`].
//! A test keeps a key from being bound twice in one place.

use super::app::App;
use super::event::Effect;
use super::layout::ScreenSide;
use super::navigate;
use super::panes::{self, PANES, Pane};

/// The commands that do most of the work, which the help begins with.
pub const CARD: [&str; 12] = [
    "trace",
    "reach",
    "who",
    "matrix",
    "open",
    "filter",
    "palette",
    "pick namespace",
    "problems only",
    "yaml",
    "back",
    "leave",
];

/// What the help calls its parts, in their order: by what one wants to do.
pub const TASKS: [&str; 7] = [
    "the twelve keys that do most",
    "ask and open",
    "stage changes",
    "go to a list",
    "choose rows",
    "move",
    "the screen and the session",
];

impl ScreenCommand {
    /// The part of the help that it stands in: an index into [`TASKS`].
    pub fn task(&self) -> usize {
        let is_asking = || asking::ALL.iter().any(|it| it.name == self.name);
        match () {
            _ if CARD.contains(&self.name) => 0,
            _ if is_asking() => 1,
            _ if staging::ALL.iter().any(|it| it.name == self.name) => 2,
            _ if panes::named(self.name).is_some() => 3,
            _ if self.finds == Finds::ByKey => 5,
            _ if CHOOSING.contains(&self.name) => 4,
            _ => 6,
        }
    }
}

/// Commands that say which rows are shown, and how.
const CHOOSING: [&str; 11] = [
    "use namespace",
    "all namespaces",
    "mark",
    "mark range",
    "sort",
    "columns",
    "wide",
    "invert sort",
    "dangers only",
    "unfold",
    "unfold all",
];

/// A part of the program that keys go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// The list of a pane.
    List,
    /// An explanation, a verdict, a reach: lines with links.
    Page,
    Yaml,
    /// Cells with a cursor that goes both ways.
    Sheet,
    /// The stage, or a change of it: lines with links.
    Stage,
}

/// Where a command works.
pub type CommandPlaces = &'static [At];

const EVERYWHERE: CommandPlaces = &[At::List, At::Page, At::Yaml, At::Sheet, At::Stage];
const BUT_STAGE: CommandPlaces = &[At::List, At::Page, At::Yaml, At::Sheet];
const STAGE: CommandPlaces = &[At::Stage];
const LISTS: CommandPlaces = &[At::List];
const TEXTS: CommandPlaces = &[At::Page, At::Yaml, At::Stage];
const ENDS: CommandPlaces = &[At::List, At::Page, At::Sheet];
const OBJECTS: CommandPlaces = &[At::List, At::Page];

/// One command.
#[derive(Clone, Copy)]
pub struct ScreenCommand {
    pub keys: &'static [&'static str],
    /// What the hints and the palette call it.
    pub name: &'static str,
    pub help: &'static str,
    pub places: CommandPlaces,
    /// Why it cannot run now.
    pub refuses: fn(&App) -> Option<&'static str>,
    pub run: fn(&mut App) -> Vec<Effect>,
    pub finds: Finds,
}

/// How one comes by a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finds {
    /// By its key, or by its name behind `:`.
    ByName,
    /// By its key alone: it moves about, and nobody types that.
    ByKey,
}

const fn never(_: &App) -> Option<&'static str> {
    None
}

/// A command that always can.
const fn always(
    keys: &'static [&'static str],
    name: &'static str,
    help: &'static str,
    places: CommandPlaces,
    run: fn(&mut App) -> Vec<Effect>,
) -> ScreenCommand {
    ScreenCommand { keys, name, help, places, refuses: never, run, finds: Finds::ByName }
}

/// A command that moves about.
const fn motion(
    keys: &'static [&'static str],
    name: &'static str,
    help: &'static str,
    places: CommandPlaces,
    run: fn(&mut App) -> Vec<Effect>,
) -> ScreenCommand {
    ScreenCommand { finds: Finds::ByKey, ..always(keys, name, help, places, run) }
}

/// Runs what changes only the screen.
macro_rules! quietly {
    ($run:expr) => {
        |app| {
            let run: fn(&mut App) = $run;
            run(app);
            Vec::new()
        }
    };
}

// Below the macro, which they use.
mod asking;
mod moving;
mod staging;

/// All commands, in the order of the help: what asks, what is staged, the panes, what moves.
pub const COMMANDS: &[ScreenCommand] = &joined();

/// How many commands stand before those of panes.
const BEFORE: usize = asking::ALL.len() + staging::ALL.len();

const fn joined() -> [ScreenCommand; BEFORE + panes::COUNT + moving::ALL.len()] {
    let mut all = [asking::ALL[0]; BEFORE + panes::COUNT + moving::ALL.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < asking::ALL.len() {
            asking::ALL[at]
        } else if at < BEFORE {
            staging::ALL[at - asking::ALL.len()]
        } else if at < BEFORE + panes::COUNT {
            to_pane(at - BEFORE)
        } else {
            moving::ALL[at - BEFORE - panes::COUNT]
        };
        at += 1;
    }
    all
}

/// The command that goes to a pane: its key is its number.
const fn to_pane(at: usize) -> ScreenCommand {
    // One digit each: there is no key for a tenth.
    const NUMBERS: [&[&str]; 9] = [&["1"], &["2"], &["3"], &["4"], &["5"], &["6"], &["7"], &["8"], &["9"]];
    const GO: [fn(&mut App) -> Vec<Effect>; 9] = [
        |app| navigate::pane(app, 0),
        |app| navigate::pane(app, 1),
        |app| navigate::pane(app, 2),
        |app| navigate::pane(app, 3),
        |app| navigate::pane(app, 4),
        |app| navigate::pane(app, 5),
        |app| navigate::pane(app, 6),
        |app| navigate::pane(app, 7),
        |app| navigate::pane(app, 8),
    ];
    always(NUMBERS[at], PANES[at].word, PANES[at].help, EVERYWHERE, GO[at])
}

/// The part of the program that keys go to.
pub fn place(app: &App) -> At {
    if app.focus.side == ScreenSide::View { app.focus.shown.view().place() } else { At::List }
}

/// The command that a key runs here.
pub fn find(key: &str, at: At) -> Option<&'static ScreenCommand> {
    COMMANDS.iter().find(|it| it.keys.contains(&key) && it.places.contains(&at))
}

/// The command of this name, of those that are found by it.
pub fn named(name: &str) -> Option<&'static ScreenCommand> {
    COMMANDS.iter().find(|it| it.name == name && it.finds == Finds::ByName)
}

/// Why a command does not run here and now.
pub fn refusal(app: &App, command: &ScreenCommand) -> Option<String> {
    if !command.places.contains(&app.place()) {
        return Some(format!("not in {}", name_of(app)));
    }
    (command.refuses)(app).map(Into::into)
}

/// What a place is called.
fn name_of(app: &App) -> &'static str {
    if app.focus.side == ScreenSide::View { app.focus.shown.view().name() } else { PANES[app.focus.pane].title }
}

/// Runs a command, or says why not.
pub fn run(app: &mut App, command: &ScreenCommand) -> Vec<Effect> {
    match refusal(app, command) {
        Some(why) => {
            app.say(format!("{}: {why}", command.name));
            Vec::new()
        }
        None => (command.run)(app),
    }
}

/// Moves whatever has the keys by so many rows.
pub fn step(app: &mut App, rows: isize) {
    if app.focus.side == ScreenSide::View {
        return app.with_shown(|view, app| view.step(app, rows));
    }
    app.with_pane(|pane: &mut dyn Pane, _| pane.go(pane.at().saturating_add_signed(rows)));
    app.selection_moved();
}

/// The keys as a page of docs, by the table alone.
pub fn document() -> String {
    let mut page = String::from("| keys | name | what it does |\n|---|---|---|\n");
    for command in COMMANDS {
        let keys: Vec<String> = command.keys.iter().map(|it| format!("`{}`", it.replace('|', "\\|"))).collect();
        page.push_str(&format!("| {} | {} | {} |\n", keys.join(" "), command.name, command.help));
    }
    page.push_str("\n| `:` command | what it does |\n|---|---|\n");
    for word in super::palette::words() {
        let typed = format!("{} {}", word.name, word.arguments);
        page.push_str(&format!("| `{}` | {} |\n", typed.trim(), word.help));
    }
    page
}

/// The commands named in the last row, most useful first, for where one is; on a line with a rule that comes first.
pub fn hints(app: &App) -> Vec<&'static ScreenCommand> {
    let names =
        if app.focus.side == ScreenSide::View { app.focus.shown.view().hints() } else { PANES[app.focus.pane].hints };
    let why = super::open_view::no_rule(app).is_none().then_some(&"why");
    let at = app.place();
    let command = |name: &&str| COMMANDS.iter().find(|it| it.name == *name && it.places.contains(&at));
    why.into_iter().chain(names).filter_map(command).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::Shown;
    use crate::tui::key;

    #[test]
    fn no_key_is_bound_twice_in_one_place_and_every_key_exists() {
        for at in EVERYWHERE {
            let mut seen = std::collections::BTreeMap::new();
            for command in COMMANDS.iter().filter(|it| it.places.contains(at)) {
                for key in command.keys {
                    assert!(key::parse(key).is_some(), "{key} is no key");
                    let before = seen.insert(*key, command.name);
                    assert_eq!(before, None, "{key} is bound twice in {at:?}: {}", command.name);
                }
            }
        }
    }

    #[test]
    fn every_hint_is_a_command() {
        let mut app = App::new(Default::default(), Default::default());
        for pane in 0..PANES.len() {
            (app.focus.pane, app.focus.side) = (pane, ScreenSide::Pane);
            assert!(hints(&app).len() >= 6, "{:?}", app.place());
        }
        for shown in [Shown::Explain, Shown::Trace, Shown::Matrix, Shown::Abilities] {
            (app.focus.shown, app.focus.side) = (shown, ScreenSide::View);
            assert!(hints(&app).len() >= 4, "{:?}", app.place());
        }
    }
}
