//! Where a key goes: to the list one chooses from, to the line one types, or to a command.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};

use super::app::{App, Typing};
use super::event::Effect;
use super::page::Seek;
use super::picker::{Choice, Picker, PickerSubject};
use super::{applying, choices, command, grants, key, palette};
use crate::ask::end::PortAsk;

/// Takes a pressed key.
pub fn press(app: &mut App, pressed: KeyEvent) -> Vec<Effect> {
    if pressed.kind == KeyEventKind::Release {
        return Vec::new();
    }
    app.input.notice = None;
    if !matches!(app.input.typing, Some(Typing::Filter(_))) {
        app.finish_work();
    }
    let name = key::name(pressed);
    if name.as_deref() == Some("ctrl-c") {
        return vec![Effect::Quit];
    }
    if let Some(picker) = app.input.picker.take() {
        return choose(app, picker, pressed, name.as_deref());
    }
    if let Some(typing) = app.input.typing.take() {
        return type_on(app, typing, pressed);
    }
    let Some(name) = name else { return Vec::new() };
    match command::find(&name, app.place()) {
        Some(command) => command::run(app, command),
        None => {
            elsewhere(app, &name);
            Vec::new()
        }
    }
}

/// Says where a key would have done something, or that it is nothing here.
fn elsewhere(app: &mut App, name: &str) {
    let other = command::COMMANDS.iter().find(|it| it.keys.contains(&name));
    let other = other.and_then(|it| command::refusal(app, it).map(|why| format!("{}: {why}", it.name)));
    match (name, other) {
        (_, Some(words)) => app.say(words),
        ("ctrl-k" | "Delete", None) => app.say("nothing is ever deleted from here"),
        _ => app.say(format!("{name} does nothing here (? lists the keys)")),
    }
}

/// Types pasted text; without a line to type in it is nothing, since a paste must never run commands.
pub fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    match (&mut app.input.picker, app.input.typing.take()) {
        (Some(picker), typing) => {
            app.input.typing = typing;
            picker.field.paste(text);
            picker.narrow();
        }
        (None, Some(Typing::Confirm(_))) => app.say("a paste confirms nothing: Enter begins again, to be typed"),
        (None, Some(mut typing)) => {
            field(&mut typing).paste(text);
            typed(app, &typing);
            app.input.typing = Some(typing);
        }
        (None, None) => app.say("pasted text goes into a line: / or : first"),
    }
    Vec::new()
}

fn field(typing: &mut Typing) -> &mut super::field::Field {
    match typing {
        Typing::Filter(field)
        | Typing::Search(field)
        | Typing::Narrow(field)
        | Typing::Acting(field)
        | Typing::Confirm(field) => field,
    }
}

/// A key in the line at the bottom.
fn type_on(app: &mut App, mut typing: Typing, pressed: KeyEvent) -> Vec<Effect> {
    match pressed.code {
        KeyCode::Enter => {
            if let Typing::Confirm(field) = &typing {
                return applying::confirmed(app, field.text());
            }
            finish(app, &typing);
        }
        KeyCode::Esc => match typing {
            Typing::Filter(_) => app.filter(""),
            Typing::Narrow(_) => grants::narrow(app, ""),
            Typing::Search(_) | Typing::Acting(_) => {}
            Typing::Confirm(_) => app.say("not confirmed: nothing is changed"),
        },
        KeyCode::Up | KeyCode::Down => {
            app.finish_work();
            command::step(app, if pressed.code == KeyCode::Up { -1 } else { 1 });
            app.input.typing = Some(typing);
        }
        _ => {
            if field(&mut typing).press(pressed) {
                typed(app, &typing);
            }
            app.input.typing = Some(typing);
        }
    }
    Vec::new()
}

/// Enter ends the line.
fn finish(app: &mut App, typing: &Typing) {
    let Typing::Acting(field) = typing else { return typed(app, typing) };
    if let Err(fault) = grants::act(app, field.text()) {
        app.say(fault.aside());
        // The line stays, to be mended.
        app.input.typing = Some(typing.clone());
    }
}

/// What has been typed takes effect at once.
fn typed(app: &mut App, typing: &Typing) {
    match typing {
        Typing::Filter(field) => {
            if app.panes[app.focus.pane].filter != field.text() {
                app.begin_filter(field.text());
                app.selection_moved();
            }
        }
        Typing::Narrow(field) => grants::narrow(app, field.text()),
        Typing::Acting(_) | Typing::Confirm(_) => {}
        Typing::Search(field) => {
            if app.input.search != field.text() && !field.text().is_empty() {
                app.input.search = field.text().to_owned();
                let letters = app.input.search.clone();
                app.with_shown(|view, app| view.find(app, &letters, Seek::Here));
            }
        }
    }
}

/// A key while one chooses.
fn choose(app: &mut App, mut picker: Picker, pressed: KeyEvent, name: Option<&str>) -> Vec<Effect> {
    match name {
        Some("Esc") => return Vec::new(),
        Some("Enter") => return chosen(app, picker),
        Some("Down") | Some("ctrl-n") => picker.step(1),
        Some("Up") | Some("ctrl-p") => up(app, &mut picker),
        Some("PgDn") => picker.step(10),
        Some("PgUp") => picker.step(-10),
        Some("Tab") if picker.subject == PickerSubject::Namespaces => picker.mark(),
        Some("Tab") => complete(app, &mut picker),
        _ => {
            if picker.field.press(pressed) {
                renew(app, &mut picker);
            }
        }
    }
    app.input.picker = Some(picker);
    Vec::new()
}

/// Up in the palette at the first entry recalls what was typed before.
fn up(app: &App, picker: &mut Picker) {
    if picker.subject != PickerSubject::Palette || !picker.is_at_top() {
        return picker.step(-1);
    }
    let typed = picker.field.text().to_owned();
    let earlier = app.input.history.iter().rposition(|it| *it == typed).unwrap_or(app.input.history.len());
    if let Some(recalled) = earlier.checked_sub(1).and_then(|at| app.input.history.get(at)) {
        picker.field = super::field::Field::holding(recalled);
        renew(app, picker);
    }
}

/// Another line is typed: the palette offers what fits it.
fn renew(app: &App, picker: &mut Picker) {
    match picker.subject {
        PickerSubject::Palette => picker.renew(palette::entries(app, picker.field.text())),
        _ => picker.narrow(),
    }
}

/// Completes what is being typed by the entry under the cursor.
fn complete(app: &App, picker: &mut Picker) {
    let completed = picker.selected().map(|it| match &it.choice {
        Choice::Word(word) => format!("{word} "),
        Choice::Fill(line) => line.clone(),
        _ => it.label.clone(),
    });
    if let Some(text) = completed {
        picker.field = super::field::Field::holding(&text);
        renew(app, picker);
    }
}

/// Enter: the marked entries, the typed line, or the entry under the cursor.
fn chosen(app: &mut App, picker: Picker) -> Vec<Effect> {
    let typed = picker.field.text().trim().to_owned();
    // A line that was typed is run as it stands: what is listed below it is run only where the cursor was moved there.
    if picker.subject == PickerSubject::Palette && !typed.is_empty() && !picker.is_moved() {
        if app.input.history.last() != Some(&typed) {
            app.input.history.push(typed.clone());
        }
        return palette::run(app, &typed);
    }
    let marked: std::collections::BTreeSet<_> = picker
        .marked()
        .filter_map(|it| match &it.choice {
            Choice::Namespace(name) => Some(name.clone()),
            _ => None,
        })
        .collect();
    if !marked.is_empty() {
        choices::narrow_to(app, marked);
        return Vec::new();
    }
    match picker.selected() {
        Some(entry) => match &entry.refusal {
            Some(why) => {
                app.say(format!("{}: {why}", entry.label));
                Vec::new()
            }
            None => choices::choose(app, entry.choice.clone()),
        },
        None if picker.subject == PickerSubject::Ports => typed_port(app, &typed),
        None => {
            app.say(format!("{typed:?} matches nothing"));
            Vec::new()
        }
    }
}

/// A port that is not in the list.
fn typed_port(app: &mut App, typed: &str) -> Vec<Effect> {
    let (port, protocol) = typed.split_once('/').map_or((typed, None), |(port, it)| (port, Some(it)));
    let protocol = protocol.map(crate::ask::end::read_protocol).transpose();
    match protocol.and_then(|protocol| PortAsk::new(port, protocol)) {
        Ok(port) => choices::choose(app, Choice::Port(port)),
        Err(fault) => {
            app.say(fault.what);
            Vec::new()
        }
    }
}
