//! Every command, in one table: its keys, its name, what it does, where it works, and when it cannot.
//!
//! Key handling, the help, the palette, the hints in the last row and docs/keys.md are all made from [`COMMANDS`].
//! A test keeps a key from being bound twice in one place.

use super::app::App;
use super::event::{Effect, Mouse};
use super::layout::{Share, Side};
use super::panes::{self, PANES, Pane};
use super::{copy, go, grants, open};
use crate::ask::reaches::Way;

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
}

/// Where a command works.
pub type Places = &'static [At];

const EVERYWHERE: Places = &[At::List, At::Page, At::Yaml, At::Sheet];
const LISTS: Places = &[At::List];
const TEXTS: Places = &[At::Page, At::Yaml];
const ENDS: Places = &[At::List, At::Page, At::Sheet];
const OBJECTS: Places = &[At::List, At::Page];

/// One command.
#[derive(Clone, Copy)]
pub struct Command {
    pub keys: &'static [&'static str],
    /// What the hints and the palette call it.
    pub name: &'static str,
    pub help: &'static str,
    pub places: Places,
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
    places: Places,
    run: fn(&mut App) -> Vec<Effect>,
) -> Command {
    Command { keys, name, help, places, refuses: never, run, finds: Finds::ByName }
}

/// A command that moves about.
const fn motion(
    keys: &'static [&'static str],
    name: &'static str,
    help: &'static str,
    places: Places,
    run: fn(&mut App) -> Vec<Effect>,
) -> Command {
    Command { finds: Finds::ByKey, ..always(keys, name, help, places, run) }
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

/// All commands, in the order of the help: what asks, the panes, what moves.
pub const COMMANDS: &[Command] = &joined();

const fn joined() -> [Command; ASKING.len() + panes::COUNT + MOVING.len()] {
    let mut all = [ASKING[0]; ASKING.len() + panes::COUNT + MOVING.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < ASKING.len() {
            ASKING[at]
        } else if at < ASKING.len() + panes::COUNT {
            to_pane(at - ASKING.len())
        } else {
            MOVING[at - ASKING.len() - panes::COUNT]
        };
        at += 1;
    }
    all
}

/// The command that goes to a pane: its key is its number.
const fn to_pane(at: usize) -> Command {
    // One digit each: there is no key for a tenth.
    const NUMBERS: [&[&str]; 9] = [&["1"], &["2"], &["3"], &["4"], &["5"], &["6"], &["7"], &["8"], &["9"]];
    const GO: [fn(&mut App) -> Vec<Effect>; 9] = [
        |app| go::pane(app, 0),
        |app| go::pane(app, 1),
        |app| go::pane(app, 2),
        |app| go::pane(app, 3),
        |app| go::pane(app, 4),
        |app| go::pane(app, 5),
        |app| go::pane(app, 6),
        |app| go::pane(app, 7),
        |app| go::pane(app, 8),
    ];
    always(NUMBERS[at], PANES[at].word, PANES[at].help, EVERYWHERE, GO[at])
}

/// Commands that ask and open.
const ASKING: &[Command] = &[
    Command {
        keys: &["t"],
        name: "trace",
        help: "trace a connection: first its source, then its destination; two marked rows at once",
        places: ENDS,
        refuses: open::no_end,
        run: open::trace,
        finds: Finds::ByName,
    },
    Command {
        keys: &["o"],
        name: "port",
        help: "choose the port of the trace",
        places: EVERYWHERE,
        refuses: open::no_trace,
        run: open::ports,
        finds: Finds::ByName,
    },
    Command {
        keys: &["T"],
        name: "swap",
        help: "swap source and destination of the trace",
        places: EVERYWHERE,
        refuses: open::no_trace,
        run: open::swap,
        finds: Finds::ByName,
    },
    Command {
        keys: &["r"],
        name: "reach",
        help: "what the selected subject, pod, node or namespace can come to reach: in steps, and by the network",
        places: ENDS,
        refuses: open::no_reach,
        run: |app| open::reach(app, Way::From),
        finds: Finds::ByName,
    },
    Command {
        keys: &["w"],
        name: "who",
        help: "who can come to reach it, in steps and by the network; on a permission: who else can",
        places: ENDS,
        refuses: open::no_who,
        run: |app| open::reach(app, Way::To),
        finds: Finds::ByName,
    },
    Command {
        keys: &["a"],
        name: "access",
        help: "what the selected subject may do: its permissions",
        places: ENDS,
        refuses: open::no_subject,
        run: open::permissions,
        finds: Finds::ByName,
    },
    always(
        &["x"],
        "matrix",
        "which namespace may connect to which; in the pane of subjects: who may do what",
        EVERYWHERE,
        open::matrix,
    ),
    always(
        &["i"],
        "see as",
        "see with a user and groups that you type: their permissions, and marks on who may touch what",
        EVERYWHERE,
        grants::start_acting,
    ),
    always(&["d"], "explain", "go to the explanation of the selected object", LISTS, open::explain),
    Command {
        keys: &["y"],
        name: "yaml",
        help: "the whole object as YAML, at the place in question",
        places: OBJECTS,
        refuses: open::no_object,
        run: open::yaml,
        finds: Finds::ByName,
    },
    always(
        &["Enter"],
        "open",
        "open what is selected: a namespace's pods, a pod's policies, what a subject may do, a line's grants or object",
        EVERYWHERE,
        open::enter,
    ),
    always(
        &["/"],
        "filter",
        "show only rows with a word in a column: word, !word, ~letters, -l label=value, column=value; of permissions: verb=get resource=secrets danger",
        EVERYWHERE,
        go::start_filter,
    ),
    always(&[":"], "palette", "run any command by its name, with arguments", EVERYWHERE, open::palette),
    always(&["?"], "help", "all keys and what they do here; Enter runs one", EVERYWHERE, open::help),
];

/// Commands that move, choose, and say how things are shown.
const MOVING: &[Command] = &[
    motion(&["Tab"], "next pane", "go to the next part of the screen", EVERYWHERE, quietly!(|app| go::next(app, 1))),
    motion(
        &["BackTab"],
        "previous pane",
        "go to the previous part of the screen",
        EVERYWHERE,
        quietly!(|app| go::next(app, -1)),
    ),
    motion(
        &["l", "Right"],
        "right",
        "the next pane, or the columns to the right",
        EVERYWHERE,
        quietly!(|app| go::sideways(app, 1)),
    ),
    motion(
        &["h", "Left"],
        "left",
        "the previous pane, or the columns to the left",
        EVERYWHERE,
        quietly!(|app| go::sideways(app, -1)),
    ),
    motion(&["j", "Down"], "down", "one row down", EVERYWHERE, quietly!(|app| step(app, 1))),
    motion(&["k", "Up"], "up", "one row up", EVERYWHERE, quietly!(|app| step(app, -1))),
    motion(&["ctrl-d"], "half page down", "half a screen down", EVERYWHERE, quietly!(|app| step(app, page(app) / 2))),
    motion(&["ctrl-u"], "half page up", "half a screen up", EVERYWHERE, quietly!(|app| step(app, -page(app) / 2))),
    motion(&["PgDn", "ctrl-f"], "page down", "a screen down", EVERYWHERE, quietly!(|app| step(app, page(app)))),
    motion(&["PgUp", "ctrl-b"], "page up", "a screen up", EVERYWHERE, quietly!(|app| step(app, -page(app)))),
    motion(&["g", "Home"], "top", "the first row", EVERYWHERE, quietly!(|app| step(app, isize::MIN / 2))),
    motion(&["G", "End"], "bottom", "the last row", EVERYWHERE, quietly!(|app| step(app, isize::MAX / 2))),
    motion(
        &["L"],
        "columns right",
        "scroll the columns; the first stays",
        EVERYWHERE,
        quietly!(|app| go::scroll(app, 1)),
    ),
    motion(&["H"], "columns left", "scroll the columns back", EVERYWHERE, quietly!(|app| go::scroll(app, -1))),
    motion(&["}"], "next tab", "the next page about the selected object", EVERYWHERE, quietly!(|app| go::tab(app, 1))),
    motion(
        &["{"],
        "previous tab",
        "the previous page about the selected object",
        EVERYWHERE,
        quietly!(|app| go::tab(app, -1)),
    ),
    always(
        &["n"],
        "pick namespace",
        "narrow to namespaces (space marks several); in a text: the next match",
        LISTS,
        open::namespaces,
    ),
    motion(&["n"], "next match", "go to the next match of the search", TEXTS, quietly!(|app| go::find(app, true))),
    motion(
        &["N"],
        "previous match",
        "go to the previous match of the search",
        TEXTS,
        quietly!(|app| go::find(app, false)),
    ),
    Command {
        keys: &["u"],
        name: "use namespace",
        help: "narrow to the namespace of the selected object",
        places: LISTS,
        refuses: |app| app.selected().is_none_or(|it| it.namespace().is_none()).then_some("cluster-scoped"),
        run: quietly!(go::use_namespace),
        finds: Finds::ByName,
    },
    always(
        &["0"],
        "all namespaces",
        "show all namespaces again",
        EVERYWHERE,
        quietly!(|app| app.narrow(Default::default())),
    ),
    Command {
        keys: &["@"],
        name: "context",
        help: "go to the cluster of another context",
        places: EVERYWHERE,
        refuses: |app| app.session.contexts.is_empty().then_some("there is no other context"),
        run: open::contexts,
        finds: Finds::ByName,
    },
    always(&["space"], "mark", "mark the selected row, or take its mark away", LISTS, quietly!(go::mark)),
    always(
        &["v"],
        "mark range",
        "mark everything from the nearest mark to here",
        LISTS,
        quietly!(|app| app.with_pane(|pane, _| pane.mark_range())),
    ),
    motion(&["shift-Down"], "mark down", "mark the row and go down", LISTS, quietly!(go::mark)),
    Command {
        keys: &["S"],
        name: "sort",
        help: "choose the column to sort by, of a list or the map",
        places: OBJECTS,
        refuses: open::not_sorted,
        run: open::sort,
        finds: Finds::ByName,
    },
    always(&[","], "columns", "choose the columns to show", LISTS, open::columns),
    always(
        &["ctrl-w"],
        "wide",
        "give the list the whole width with all its columns, or take it back",
        LISTS,
        quietly!(|app| app.focus.share = if app.focus.share == Share::Whole { Share::Normal } else { Share::Whole }),
    ),
    Command {
        keys: &["I"],
        name: "invert sort",
        help: "sort the other way",
        places: OBJECTS,
        refuses: open::not_sorted,
        run: quietly!(go::invert),
        finds: Finds::ByName,
    },
    always(&["!"], "problems only", "show only rows with problems, or all again", LISTS, quietly!(go::problems)),
    Command {
        keys: &["!"],
        name: "dangers only",
        help: "of permissions: show only those that are dangerous, or all again",
        places: &[At::Page],
        refuses: grants::no_permissions,
        run: quietly!(grants::dangers),
        finds: Finds::ByName,
    },
    always(&["p"], "freeze", "pause the screen while the cluster goes on, or resume", EVERYWHERE, quietly!(go::freeze)),
    always(&["z"], "unfold", "open or close what is folded below a line", &[At::Page], quietly!(open::unfold)),
    always(
        &["Z"],
        "unfold all",
        "open or close all that is folded",
        &[At::Page],
        quietly!(|app| app.explain_reader().toggle_all()),
    ),
    always(&["[", "Backspace"], "back", "go back to where you were", EVERYWHERE, quietly!(go::back)),
    always(&["]"], "forward", "go forward again", EVERYWHERE, quietly!(go::forward)),
    always(&["-"], "last view", "go between the last two places", EVERYWHERE, quietly!(go::last)),
    Command {
        keys: &["c"],
        name: "copy",
        help: "copy the name of the selected object",
        places: EVERYWHERE,
        refuses: open::nothing_selected,
        run: copy::copy,
        finds: Finds::ByName,
    },
    Command {
        keys: &["C"],
        name: "copy menu",
        help: "choose what to copy: a name, a command, the answer as text",
        places: EVERYWHERE,
        refuses: open::nothing_selected,
        run: copy::copies,
        finds: Finds::ByName,
    },
    motion(
        &["+"],
        "larger",
        "give the focused part more of the screen",
        EVERYWHERE,
        quietly!(|app| app.focus.share = larger(app.focus.share)),
    ),
    motion(
        &["_"],
        "smaller",
        "give the focused part less of the screen",
        EVERYWHERE,
        quietly!(|app| app.focus.share = smaller(app.focus.share)),
    ),
    always(&["m"], "managed fields", "show or hide managedFields", &[At::Yaml], quietly!(go::managed)),
    Command {
        keys: &["R", "ctrl-r"],
        name: "resync",
        help: "drop all connections and read everything again",
        places: EVERYWHERE,
        refuses: |app| (app.setup.origin == super::status::Origin::Files).then_some("files are read once"),
        run: |app| {
            app.say("reading everything again");
            vec![Effect::Resync]
        },
        finds: Finds::ByName,
    },
    always(&["ctrl-s"], "dump screen", "keep this screen as text and as a picture", EVERYWHERE, copy::dump),
    always(&["ctrl-l"], "redraw", "redraw the screen", EVERYWHERE, |_| vec![Effect::Redraw]),
    always(&["ctrl-t"], "theme", "the next set of colors (--theme begins with one)", EVERYWHERE, quietly!(theme)),
    always(&["ctrl-z"], "suspend", "give the terminal back to the shell; fg comes back", EVERYWHERE, |_| {
        vec![Effect::Suspend]
    }),
    always(&["M"], "mouse", "mouse on, or off", EVERYWHERE, mouse),
    motion(
        &["Esc"],
        "leave",
        "close, clear the filter, clear the marks, or go back one level; never quits",
        EVERYWHERE,
        quietly!(go::leave),
    ),
    always(&["q"], "back or quit", "go back one level; at the top: quit", EVERYWHERE, go::quit_level),
    always(&["Q", "ctrl-c"], "quit", "quit at once", EVERYWHERE, |_| vec![Effect::Quit]),
];

/// The part of the program that keys go to.
pub fn place(app: &App) -> At {
    if app.focus.side == Side::View { app.focus.shown.view().place() } else { At::List }
}

/// The command that a key runs here.
pub fn find(key: &str, at: At) -> Option<&'static Command> {
    COMMANDS.iter().find(|it| it.keys.contains(&key) && it.places.contains(&at))
}

/// Why a command does not run here and now.
pub fn refusal(app: &App, command: &Command) -> Option<String> {
    if !command.places.contains(&app.place()) {
        return Some(format!("not in {}", name_of(app)));
    }
    (command.refuses)(app).map(Into::into)
}

/// What a place is called.
fn name_of(app: &App) -> &'static str {
    if app.focus.side == Side::View { app.focus.shown.view().name() } else { PANES[app.focus.pane].title }
}

/// Runs a command, or says why not.
pub fn run(app: &mut App, command: &Command) -> Vec<Effect> {
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
    if app.focus.side == Side::View {
        return app.with_shown(|view, app| view.step(app, rows));
    }
    app.with_pane(|pane: &mut dyn Pane, _| pane.go(pane.at().saturating_add_signed(rows)));
    app.selection_moved();
}

/// How many rows a screen has.
fn page(app: &App) -> isize {
    let areas = app.areas();
    let area = if app.focus.side == Side::View { areas.view } else { areas.panes[app.focus.pane] };
    (area.height as isize - 3).max(1)
}

fn larger(share: Share) -> Share {
    if share == Share::Normal { Share::Wide } else { Share::Whole }
}

fn smaller(share: Share) -> Share {
    if share == Share::Whole { Share::Wide } else { Share::Normal }
}

fn theme(app: &mut App) {
    let colors = app.setup.theme.colors.next();
    app.setup.theme.colors = colors;
    let palette = colors.palette();
    app.say(format!("theme {}: {}", palette.name, palette.help));
}

fn mouse(app: &mut App) -> Vec<Effect> {
    app.input.mouse = if app.input.mouse == Mouse::Terminal { Mouse::Program } else { Mouse::Terminal };
    app.say(match app.input.mouse {
        Mouse::Program => "mouse on (M turns it off)",
        Mouse::Terminal => "mouse off",
    });
    vec![Effect::Mouse(app.input.mouse)]
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

/// The commands named in the last row, most useful first, for where one is.
pub fn hints(app: &App) -> Vec<&'static Command> {
    let names = if app.focus.side == Side::View { app.focus.shown.view().hints() } else { PANES[app.focus.pane].hints };
    let at = app.place();
    let command = |name: &&str| COMMANDS.iter().find(|it| it.name == *name && it.places.contains(&at));
    names.iter().filter_map(command).collect()
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
            (app.focus.pane, app.focus.side) = (pane, Side::Pane);
            assert!(hints(&app).len() >= 6, "{:?}", app.place());
        }
        for shown in [Shown::Explain, Shown::Trace, Shown::Matrix, Shown::Abilities] {
            (app.focus.shown, app.focus.side) = (shown, Side::View);
            assert!(hints(&app).len() >= 4, "{:?}", app.place());
        }
    }
}
