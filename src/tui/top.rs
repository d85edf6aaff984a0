//! The first row: which cluster, what part of it, how fresh it is, and which pane is in front.
//!
//! ```text
//! prod-eu > shop  RO  LIVE                        you user:ana  1Ns <2Pods> 3Pol  4Subj
//! /srv/dumps/2~nes/prod.yaml > shop  RO  FILES                  1Ns <2Pods> 3Pol  4Subj
//! prod-eu~rope-1 > shop  RO  STALE 1m20s · API unreachable  cannot reach ht~     <2Pods>
//! ```
//!
//! Where there is no room for all, what is told last gives way first: who one is; then the title, shortened in its
//! middle; the other panes' names; the end of a sentence. How fresh it is and the pane in front stay.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::App;
use super::layout::ScreenSide;
use super::paint::{self, TextSlot};
use super::panes::PANES;
use super::theme::TextRole;
use super::{event, grants, status};
use crate::ask::scope::Problems;

/// How many columns of a long title stay.
const TITLE: u16 = 12;
/// How many columns of a long namespace stay.
const PLACE: u16 = 20;
/// Between two parts.
const GAP: u16 = 2;

/// A part of the row and its look.
type TopPart = (String, TextRole);

/// Draws it.
pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = app.setup.theme;
    let mut slot = TextSlot::row(area, 0).after(1);
    let (place, states, words) = (place(app), states(app), words(app));
    let wide = |it: &str| if it.is_empty() { 0 } else { paint::width(it) + GAP };
    let taken: u16 = states.iter().map(|it| wide(&it.0)).sum();
    let room = slot.width.saturating_sub(taken + GAP);

    let (own, place_wide) = (paint::width(&app.setup.title), paint::width(&place));
    let least = own.min(TITLE) + place_wide.min(PLACE);
    let all = tabs(app);
    let tabs = if room >= least + wide(&words.0) + paint::width(&all) { all } else { in_front(app) };
    let room = room.saturating_sub(paint::width(&tabs));
    let crumbs = room.saturating_sub(wide(&words.0)).max(least.min(room));
    let place = paint::shortened(&place, crumbs.saturating_sub(own.min(TITLE)), theme);
    let title = paint::shortened(&app.setup.title, crumbs.saturating_sub(paint::width(&place)), theme);

    let right = slot.after(slot.width.saturating_sub(paint::width(&tabs)));
    slot.width -= right.width;
    let title = [(title + &place, TextRole::Title)];
    for (at, (text, role)) in title.iter().chain(&states).chain([&words]).enumerate() {
        // That nothing on the screen is of the cluster as it is cannot be overlooked.
        let is_banner = at == title.len() && app.session.what_if.is_some();
        let style = if is_banner { theme.block(*role) } else { theme.style(*role) };
        let taken = paint::put(buffer, slot, text, style, theme);
        slot = slot.after(taken + if taken > 0 { GAP } else { 0 });
    }
    // Who one is stands there where there is room; the panes' numbers are wanted more often.
    if let Some(you) = you(app).filter(|it| slot.width > paint::width(it)) {
        paint::put(buffer, slot, &you, theme.style(TextRole::Dim), theme);
    }
    paint::put(buffer, right, &tabs, theme.style(TextRole::Dim), theme);
}

/// The namespaces that are looked at.
fn place(app: &App) -> String {
    match app.focus.scope.namespaces.len() {
        0 => String::new(),
        1 => format!(" > {}", app.focus.scope.only().map_or("", |it| it.as_str())),
        many => format!(" > {many} namespaces"),
    }
}

/// What always stands there: whether it is of the staged cluster, whether anything may be
/// written, how fresh it is, and in which
/// way it is not all or not safe.
fn states(app: &App) -> Vec<TopPart> {
    let said = said(app);
    let role = if said.word == "STALE" { TextRole::Deny } else { TextRole::Allow };
    let fresh = format!("{} {}", said.word, said.brief);
    let staged = app.staging.stage.items().len();
    let what_if = app.session.what_if.is_some().then(|| (format!(" WHAT-IF {staged} staged "), TextRole::Deny));
    let mut states: Vec<TopPart> = what_if.into_iter().collect();
    let writes = if app.session.writes { ("RW", TextRole::Note) } else { ("RO", TextRole::Dim) };
    states.extend([(writes.0.to_owned(), writes.1), (fresh.trim_end().to_owned(), role)]);
    if app.session.insecure {
        states.push(("INSECURE".to_owned(), TextRole::Deny));
    }
    if let Some((_, since)) = &app.session.behind {
        let age = since.zip(app.session.now).and_then(|(since, now)| now.duration_since(since).try_into().ok());
        states.push((format!("FROZEN {}", age.map(event::age).unwrap_or_default()), TextRole::Deny));
    }
    if let Some(acting) = &app.session.acting {
        states.push((grants::brief(acting), TextRole::Note));
    }
    if app.focus.scope.problems == Problems::Only {
        states.push(("problems only".to_owned(), TextRole::Deny));
    }
    states
}

fn said(app: &App) -> status::StatusWords {
    let (session, dot) = (&app.session, app.setup.theme.pick('·', '-'));
    status::sentence(&app.freshness(), &session.world.cluster, &session.progress, (session.now, dot))
}

/// The sentence behind the states; why there is no connection is more than that there is none.
fn words(app: &App) -> TopPart {
    match app.session.connection.is_empty() {
        true => (said(app).rest, TextRole::Dim),
        false => (app.session.connection.clone(), TextRole::Deny),
    }
}

/// Who the server says the operator is.
fn you(app: &App) -> Option<String> {
    app.session.world.told.me().map(|it| format!("you {}", it.subject()))
}

/// The panes by their numbers, the one in front in angle brackets.
fn tabs(app: &App) -> String {
    (0..PANES.len()).map(|at| tab(app, at)).collect()
}

/// The one in front alone.
fn in_front(app: &App) -> String {
    if app.focus.side == ScreenSide::Pane { tab(app, app.focus.pane) } else { String::new() }
}

fn tab(app: &App, at: usize) -> String {
    let (number, name) = (at + 1, PANES[at].short);
    match at == app.focus.pane && app.focus.side == ScreenSide::Pane {
        true => format!("<{number}{name}>"),
        false => format!(" {number}{name} "),
    }
}
