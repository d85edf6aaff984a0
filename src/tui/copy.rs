//! What is taken out of the screen: copies for the clipboard, and dumps of the screen itself.
//!
//! The clipboard and the files are not touched here; see [`Effect::Copy`] and [`Effect::Dump`].

use ratatui::buffer::Buffer;

use super::app::App;
use super::event::Effect;
use super::layout::ScreenSide;
use super::picker::{Choice, Picker, PickerEntry, PickerSubject};
use super::questions;
use super::svg;
use crate::ask::staged;

/// The name of what is selected, marked rows each on a line.
pub fn copy(app: &mut App) -> Vec<Effect> {
    let marked = app.with_pane(|pane, _| pane.marked());
    let text = match (marked.as_slice(), app.selected()) {
        ([], Some(item)) => item.name().to_owned(),
        (marked, _) => marked.iter().map(|it| it.name()).collect::<Vec<_>>().join("\n"),
    };
    put_on_clipboard(app, text)
}

/// Keeps text and asks for it to be put on the clipboard.
pub fn put_on_clipboard(app: &mut App, text: String) -> Vec<Effect> {
    app.input.register.clone_from(&text);
    vec![Effect::Copy(text)]
}

/// What can be copied.
pub fn copies(app: &mut App) -> Vec<Effect> {
    let mut entries = Vec::new();
    // What has the keys comes first: the answer, or the selected object.
    let is_what_if = app.session.what_if.is_some();
    let heading = is_what_if.then(|| staged::heading(&app.staging.told()));
    // What is pasted elsewhere says as well that it is not of the cluster as it is.
    let marked = |(label, text): (&'static str, String)| match &heading {
        Some(heading) if label == "answer as text" => (label, format!("{heading}\n{text}")),
        _ => (label, text),
    };
    let of_answer = app.focus.shown.view().copies(app).into_iter().map(marked);
    let (first, last): (Vec<_>, Vec<_>) = of_answer.partition(|_| app.focus.side == ScreenSide::View);
    let mut offer = |label: &str, text: String| {
        let first = text.lines().next().unwrap_or_default().to_owned();
        entries.push(PickerEntry::new(label, first, Choice::Copy(text)));
    };
    first.into_iter().for_each(|(label, text)| offer(label, text));
    if let Some(item) = app.selected() {
        offer("name", item.name().to_owned());
        offer("as typed here", item.typed());
        if let Some(object) = item.object() {
            let namespace =
                if object.namespace.is_empty() { String::new() } else { format!("-n {} ", object.namespace) };
            offer("kubectl", format!("kubectl {namespace}get {} {} -o yaml", object.kind, object.name));
        }
    }
    // A command would answer for the cluster as it is.
    if let Some(line) = questions::shown(app).filter(|_| !is_what_if) {
        let line = line.to_string();
        let subcommand = line.split(' ').next().unwrap_or_default();
        offer(&format!("kreach {subcommand}"), format!("kreach {line}"));
    }
    last.into_iter().for_each(|(label, text)| offer(label, text));
    app.input.picker = Some(Picker::new(PickerSubject::Copy, "copy", entries));
    Vec::new()
}

/// The screen as text and as a picture.
pub fn dump(app: &mut App) -> Vec<Effect> {
    let mut buffer = Buffer::empty(app.size);
    super::draw(app, app.size, &mut buffer);
    vec![Effect::Dump { text: text(&buffer), svg: svg::svg(&buffer) }]
}

/// The cells of a buffer as lines of text.
pub fn text(buffer: &Buffer) -> String {
    let area = buffer.area;
    let row = |y: u16| {
        let cells = (area.left()..area.right()).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_owned() + "\n"
    };
    (area.top()..area.bottom()).map(row).collect()
}
