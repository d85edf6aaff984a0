//! Commands that move, choose, and say how things are shown.

use super::{At, BUT_STAGE, EVERYWHERE, Finds, LISTS, OBJECTS, ScreenCommand, TEXTS, always, motion, step};
use crate::tui::app::App;
use crate::tui::event::{Effect, Mouse};
use crate::tui::layout::{ListShare, ScreenSide};
use crate::tui::page::Seek;
use crate::tui::{choices, copy, grants, navigate, open_view, status};

/// The rows.
pub(super) const ALL: &[ScreenCommand] = &[
    motion(
        &["Tab"],
        "next pane",
        "go to the next part of the screen",
        EVERYWHERE,
        quietly!(|app| navigate::next(app, 1)),
    ),
    motion(
        &["BackTab"],
        "previous pane",
        "go to the previous part of the screen",
        EVERYWHERE,
        quietly!(|app| navigate::next(app, -1)),
    ),
    motion(
        &["l", "Right"],
        "right",
        "the next pane, or the columns to the right",
        EVERYWHERE,
        quietly!(|app| navigate::sideways(app, 1)),
    ),
    motion(
        &["h", "Left"],
        "left",
        "the previous pane, or the columns to the left",
        EVERYWHERE,
        quietly!(|app| navigate::sideways(app, -1)),
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
        quietly!(|app| navigate::scroll(app, 1)),
    ),
    motion(&["H"], "columns left", "scroll the columns back", EVERYWHERE, quietly!(|app| navigate::scroll(app, -1))),
    motion(
        &["}"],
        "next tab",
        "the next page about the selected object",
        EVERYWHERE,
        quietly!(|app| navigate::tab(app, 1)),
    ),
    motion(
        &["{"],
        "previous tab",
        "the previous page about the selected object",
        EVERYWHERE,
        quietly!(|app| navigate::tab(app, -1)),
    ),
    always(
        &["n"],
        "pick namespace",
        "narrow to namespaces (space marks several); in a text: the next match",
        LISTS,
        choices::namespaces,
    ),
    motion(
        &["n"],
        "next match",
        "go to the next match of the search",
        TEXTS,
        quietly!(|app| navigate::find(app, Seek::Next)),
    ),
    motion(
        &["N"],
        "previous match",
        "go to the previous match of the search",
        TEXTS,
        quietly!(|app| navigate::find(app, Seek::Previous)),
    ),
    ScreenCommand {
        keys: &["u"],
        name: "use namespace",
        help: "narrow to the namespace of the selected object",
        places: LISTS,
        refuses: |app| app.selected().is_none_or(|it| it.namespace().is_none()).then_some("cluster-scoped"),
        run: quietly!(navigate::use_namespace),
        finds: Finds::ByName,
    },
    always(
        &["0"],
        "all namespaces",
        "show all namespaces again",
        EVERYWHERE,
        quietly!(|app| app.narrow(Default::default())),
    ),
    ScreenCommand {
        keys: &["@"],
        name: "context",
        help: "go to the cluster of another context",
        places: EVERYWHERE,
        refuses: |app| app.session.contexts.is_empty().then_some("there is no other context"),
        run: choices::contexts,
        finds: Finds::ByName,
    },
    always(&["space"], "mark", "mark the selected row, or take its mark away", LISTS, quietly!(navigate::mark)),
    always(
        &["v"],
        "mark range",
        "mark everything from the nearest mark to here",
        LISTS,
        quietly!(|app| app.with_pane(|pane, _| pane.mark_range())),
    ),
    motion(&["shift-Down"], "mark down", "mark the row and go down", LISTS, quietly!(navigate::mark)),
    ScreenCommand {
        keys: &["S"],
        name: "sort",
        help: "choose the column to sort by, of a list or the map",
        places: OBJECTS,
        refuses: choices::not_sorted,
        run: choices::sort,
        finds: Finds::ByName,
    },
    always(&[","], "columns", "choose the columns to show", LISTS, choices::columns),
    always(
        &["ctrl-w"],
        "wide",
        "give the list the whole width with all its columns, or take it back",
        LISTS,
        quietly!(|app| app.focus.share =
            if app.focus.share == ListShare::Whole { ListShare::Normal } else { ListShare::Whole }),
    ),
    ScreenCommand {
        keys: &["I"],
        name: "invert sort",
        help: "sort the other way",
        places: OBJECTS,
        refuses: choices::not_sorted,
        run: quietly!(navigate::invert),
        finds: Finds::ByName,
    },
    always(&["!"], "problems only", "show only rows with problems, or all again", LISTS, quietly!(navigate::problems)),
    ScreenCommand {
        keys: &["!"],
        name: "dangers only",
        help: "of permissions: show only those that are dangerous, or all again",
        places: &[At::Page],
        refuses: grants::no_permissions,
        run: quietly!(grants::dangers),
        finds: Finds::ByName,
    },
    always(
        &["p"],
        "freeze",
        "pause the screen while the cluster goes on, or resume",
        EVERYWHERE,
        quietly!(navigate::freeze),
    ),
    always(&["z"], "unfold", "open or close what is folded below a line", &[At::Page], quietly!(open_view::unfold)),
    always(
        &["Z"],
        "unfold all",
        "open or close all that is folded",
        &[At::Page],
        quietly!(|app| app.explain_reader().toggle_all()),
    ),
    always(&["[", "Backspace"], "back", "go back to where you were", EVERYWHERE, quietly!(navigate::back)),
    always(&["]"], "forward", "go forward again", EVERYWHERE, quietly!(navigate::forward)),
    always(&["-"], "last view", "go between the last two places", EVERYWHERE, quietly!(navigate::last)),
    ScreenCommand {
        keys: &["c"],
        name: "copy",
        help: "copy the name of the selected object",
        places: EVERYWHERE,
        refuses: open_view::nothing_selected,
        run: copy::copy,
        finds: Finds::ByName,
    },
    ScreenCommand {
        keys: &["C"],
        name: "copy menu",
        help: "choose what to copy: a name, a command, the answer as text",
        places: EVERYWHERE,
        refuses: open_view::nothing_selected,
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
    always(&["m"], "managed fields", "show or hide managedFields", &[At::Yaml], quietly!(navigate::managed)),
    ScreenCommand {
        keys: &["R"],
        name: "resync",
        help: "drop all connections and read everything again",
        places: EVERYWHERE,
        refuses: not_read_again,
        run: resync,
        finds: Finds::ByName,
    },
    ScreenCommand {
        keys: &["ctrl-r"],
        name: "resync",
        help: "the same as R; in the stage it redoes",
        places: BUT_STAGE,
        refuses: not_read_again,
        run: resync,
        finds: Finds::ByKey,
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
        quietly!(navigate::leave),
    ),
    always(&["q"], "back or quit", "go back one level; at the top: quit", EVERYWHERE, navigate::quit_level),
    always(&["Q", "ctrl-c"], "quit", "quit at once", EVERYWHERE, |_| vec![Effect::Quit]),
];

/// How many rows a screen has.
fn page(app: &App) -> isize {
    let areas = app.areas();
    let area = if app.focus.side == ScreenSide::View { areas.view } else { areas.panes[app.focus.pane] };
    (area.height as isize - 3).max(1)
}

fn larger(share: ListShare) -> ListShare {
    if share == ListShare::Normal { ListShare::Wide } else { ListShare::Whole }
}

fn smaller(share: ListShare) -> ListShare {
    if share == ListShare::Whole { ListShare::Wide } else { ListShare::Normal }
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

fn not_read_again(app: &App) -> Option<&'static str> {
    (app.setup.origin == status::Origin::Files).then_some("files are read once")
}

fn resync(app: &mut App) -> Vec<Effect> {
    app.say("reading everything again");
    vec![Effect::Resync]
}
