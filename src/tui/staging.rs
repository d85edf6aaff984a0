//! What waits to be made: staged from files, fixes and the editor, taken back, edited, exported. What writes it to
//! the cluster is `applying`.
//!
//! ```text
//! e      ──Effect::Edit──► the editor ──Event::Edited──► read, refused with line and reason, or staged
//! :stage ──Effect::StageFiles──► the objects as they are ──Event::Staged──► the stage ──Effect::KeepStage──► its file
//! the cluster changes ──Effect::Compare──► Event::Compared ──► what somebody else did meanwhile
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::app::{App, Shown};
use super::event::Effect;
use super::layout::ScreenSide;
use super::picker::{Choice, Picker, PickerEntry, PickerSubject as Picking};
use super::views::stage::StagedAt;
use super::yaml::{self, ManagedFieldsShown};
use super::{open_view, what_if};
use crate::ask::staged::Staged;
use crate::ask::{Fault, FaultKind};
use crate::change::clash::{Clash, clash};
use crate::change::rebase::rebased;
use crate::change::stage::{Fetched, StagedItem};
use crate::change::{Change, Op, Stage};
use crate::kinds;
use crate::model::cluster::Delta;
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;
use crate::model::owner::is_workload;
use crate::text::words::count;

/// What waits, and what is known of it beside.
#[derive(Default)]
pub struct Staging {
    pub stage: Stage,
    /// What somebody else did to an object since its change was staged.
    pub clashes: BTreeMap<ObjectId, Clash>,
    /// What somebody else did since, and is part of the staged change by now.
    pub taken_over: BTreeMap<ObjectId, String>,
    /// What was edited last and is no object: the next edit goes on from it.
    refused: Option<(ObjectId, String)>,
}

impl Staging {
    /// What answers that take it for made say of it.
    pub fn told(&self) -> Vec<Staged> {
        let told = |it: &StagedItem| Staged { op: it.op(), object: it.id().clone(), from: Name::from(it.origin()) };
        self.stage.items().iter().map(|it| told(it)).collect()
    }

    /// `3 staged changes`.
    pub fn counted(&self) -> String {
        count(self.stage.items().len() as u64, "staged change", "staged changes")
    }

    /// The staged objects that these steps are about: they may not be any more what they were.
    pub fn concerned(&self, deltas: &[Delta]) -> BTreeSet<ObjectId> {
        self.stage.items().iter().map(|it| it.id()).filter(|it| is_about(deltas, it)).cloned().collect()
    }
}

/// Whether steps are about this object.
pub fn is_about(deltas: &[Delta], id: &ObjectId) -> bool {
    deltas.iter().any(|it| match it {
        Delta::Listed { kind, .. } => *kind == id.kind,
        other => other.object().as_ref() == Some(id),
    })
}

/// Takes in the stage that was kept in another session.
pub fn recall(app: &mut App, kept: Result<Option<Stage>, Fault>) -> Vec<Effect> {
    match kept {
        Ok(Some(stage)) if !stage.is_empty() => {
            app.staging.stage = stage;
            app.say(format!("{} from the last session (s shows them, W answers with them)", app.staging.counted()));
        }
        Ok(stage) => app.staging.stage = stage.unwrap_or_default(),
        Err(fault) => app.say(format!("the stage of the last session is put aside: {}", fault.whole())),
    }
    app.reanswer();
    compare(app)
}

/// Asks how the objects of all staged changes are by now.
fn compare(app: &App) -> Vec<Effect> {
    let all: BTreeSet<ObjectId> = app.staging.stage.items().iter().map(|it| it.id().clone()).collect();
    if all.is_empty() { Vec::new() } else { vec![Effect::Compare(all)] }
}

/// Takes in how an object is by now: what others did to other fields is taken over, the rest stands in the way.
pub fn compared(app: &mut App, id: &ObjectId, now: Result<Option<Value>, Fault>) -> Vec<Effect> {
    // What could not be fetched says nothing about it.
    let (Ok(now), Some(item)) = (now, app.staging.stage.of(id)) else { return Vec::new() };
    let clash = clash(item, now.as_ref());
    let Some(rebased) = now.as_ref().and_then(|it| rebased(item, it)) else {
        match clash {
            Some(clash) => drop(app.staging.clashes.insert(id.clone(), clash)),
            None => drop(app.staging.clashes.remove(id)),
        }
        app.reanswer();
        return Vec::new();
    };
    let is_nothing = rebased.is_nothing();
    app.staging.stage.rebase(rebased);
    app.staging.clashes.remove(id);
    let Some(clash) = clash else {
        // Only its version moved: the next step of staging keeps that too.
        app.reanswer();
        return Vec::new();
    };
    if is_nothing {
        return changed(app, format!("{id}: the cluster is so by now, it is no longer staged"));
    }
    let words = format!("taken over: {}", clash.words());
    app.staging.taken_over.insert(id.clone(), words.clone());
    changed(app, format!("{id}: {words}"))
}

/// Stages changes that somebody has asked for.
pub fn take(app: &mut App, items: Result<Vec<StagedItem>, Fault>) -> Vec<Effect> {
    let items = match items {
        Ok(items) => items,
        Err(fault) => {
            app.say(format!("nothing is staged: {}", fault.whole()));
            return Vec::new();
        }
    };
    let ids: BTreeSet<ObjectId> = items.iter().map(|it| it.id().clone()).collect();
    let many = count(items.len() as u64, "change", "changes");
    if !app.staging.stage.stage(items) {
        app.say("nothing is staged: the cluster is so already");
        return Vec::new();
    }
    app.staging.clashes.retain(|id, _| !ids.contains(id));
    app.staging.taken_over.retain(|id, _| !ids.contains(id));
    // What was made for an object that is another one by now is told with it.
    let mut effects = vec![Effect::Compare(ids)];
    effects.extend(changed(app, format!("staged {many} (s shows the stage, W answers with it)")));
    effects
}

/// What follows when something is staged otherwise than before; these words are said once it is kept.
fn changed(app: &mut App, words: String) -> Vec<Effect> {
    let stage = &app.staging.stage;
    app.staging.clashes.retain(|id, _| stage.of(id).is_some());
    app.staging.taken_over.retain(|id, _| stage.of(id).is_some());
    what_if::follow(app);
    app.reanswer();
    // A stage is made of what was JSON.
    let text = serde_json::to_string_pretty(&app.staging.stage).unwrap_or_default();
    vec![Effect::KeepStage { text, words }]
}

/// Opens what is staged.
pub fn show(app: &mut App) -> Vec<Effect> {
    app.open(Shown::Stage);
    compare(app)
}

/// The staged object that the keys are on.
fn here(app: &App) -> Option<ObjectId> {
    match &app.focus.shown {
        Shown::Stage => app.answers.reader.link().map(|it| it.object.clone()),
        Shown::Staged(StagedAt(id)) => Some(id.clone()),
        _ => None,
    }
}

/// Why nothing is taken back here.
pub fn not_staged(app: &App) -> Option<&'static str> {
    here(app).is_none().then_some("this is no staged change")
}

/// Takes the change under the cursor back.
pub fn unstage(app: &mut App) -> Vec<Effect> {
    let Some(id) = here(app) else { return Vec::new() };
    if !app.staging.stage.unstage(&id) {
        return Vec::new();
    }
    if app.focus.shown != Shown::Stage {
        app.show(Shown::Stage);
    }
    changed(app, format!("taken back: {id} (u undoes that)"))
}

/// Takes what was applied off the stage: it is in the cluster now.
pub fn made(app: &mut App, ids: &BTreeSet<ObjectId>, words: String) -> Vec<Effect> {
    let some = ids.iter().filter(|it| app.staging.stage.unstage(it)).count();
    if some == 0 { Vec::new() } else { changed(app, words) }
}

/// Goes one step of staging back.
pub fn undo(app: &mut App) -> Vec<Effect> {
    if !app.staging.stage.undo() {
        app.say("nothing to undo");
        return Vec::new();
    }
    let words = format!("undone: {} now (ctrl-r goes forward again)", app.staging.counted());
    changed(app, words).into_iter().chain(compare(app)).collect()
}

/// Goes one step of staging forward again.
pub fn redo(app: &mut App) -> Vec<Effect> {
    if !app.staging.stage.redo() {
        app.say("nothing to redo");
        return Vec::new();
    }
    let words = format!("done again: {} now", app.staging.counted());
    changed(app, words).into_iter().chain(compare(app)).collect()
}

/// The object that would be edited here.
fn editable(app: &App) -> Option<ObjectId> {
    let is_edited = |id: &ObjectId| {
        let others = [Kind::NAMESPACE, Kind::POD, Kind::NODE, Kind::SERVICE, Kind::ENDPOINT_SLICE];
        !others.contains(&id.kind) && !is_workload(id.kind)
    };
    let of_view = match &app.focus.shown {
        _ if app.focus.side == ScreenSide::Pane => None,
        Shown::Yaml(at) => Some(at.object.clone()),
        Shown::Staged(StagedAt(id)) => Some(id.clone()),
        _ => open_view::link(app).map(|it| it.object.clone()),
    };
    of_view.or_else(|| app.selected().and_then(|it| it.object())).filter(is_edited)
}

/// Why nothing is edited here.
pub fn not_editable(app: &App) -> Option<&'static str> {
    editable(app).is_none().then_some("only policies, roles, bindings and service accounts are edited")
}

/// Opens what is selected in the editor: as it is staged, else as it is.
pub fn edit(app: &mut App) -> Vec<Effect> {
    let Some(id) = editable(app) else { return Vec::new() };
    let refused = app.staging.refused.as_ref().filter(|it| it.0 == id).map(|it| it.1.clone());
    let staged = || app.staging.stage.of(&id).and_then(StagedItem::after).map(|it| written(&id, it));
    let text = refused.or_else(staged);
    vec![Effect::Edit { id, text }]
}

/// An object as it is edited: without the server's bookkeeping, which is put back afterwards.
pub fn written(id: &ObjectId, object: &Value) -> String {
    let head = format!("# {id}: what is saved is staged, and nothing is applied. An empty file stages nothing.\n");
    lines(object).into_iter().fold(head, |all, line| all + &line + "\n")
}

/// An object line by line, as it is edited and compared.
pub fn lines(object: &Value) -> Vec<String> {
    let mut object = object.clone();
    object.as_object_mut().map(|it| it.remove("status"));
    yaml::lines(&object, ManagedFieldsShown::Hidden).into_iter().map(|it| it.text).collect()
}

/// Takes in what was saved in the editor: staged where it is still that object, else refused with line and reason.
pub fn edited(
    app: &mut App,
    id: &ObjectId,
    fetched: Fetched,
    before: &str,
    after: Result<String, Fault>,
) -> Vec<Effect> {
    let after = match after {
        Ok(text) => text,
        Err(fault) => return take(app, Err(fault)),
    };
    let is_empty = after.lines().all(|it| it.trim().is_empty() || it.trim_start().starts_with('#'));
    if is_empty || after == before {
        app.staging.refused = None;
        app.say(if is_empty {
            "nothing is staged: the file was empty"
        } else {
            "nothing is staged: nothing was changed"
        });
        return Vec::new();
    }
    match read(id, &fetched, &after) {
        Ok(item) => {
            app.staging.refused = None;
            take(app, Ok(vec![item]))
        }
        Err(fault) => {
            let text: String =
                after.lines().filter(|it| !it.starts_with(REFUSED)).map(|it| format!("{it}\n")).collect();
            app.staging.refused = Some((id.clone(), format!("{REFUSED}{fault}\n{text}")));
            app.say(format!("refused: {fault} (e goes on from what was typed)"));
            Vec::new()
        }
    }
}

/// What stands above a text that was refused.
const REFUSED: &str = "# refused: ";

/// The change that an edited text means.
fn read(id: &ObjectId, fetched: &Fetched, text: &str) -> Result<StagedItem, Fault> {
    let fault = |what: String| Fault::of(FaultKind::Input, what);
    let object: Value =
        kinds::parse_yaml(text).map_err(|it| fault(it.what.to_string()).at(format!("line {}", it.line)))?;
    let change = Change { op: Op::Update, object };
    let read = change.id()?;
    if read != *id {
        return Err(fault(format!("it is {read} now: kind, namespace and name stay as they are")));
    }
    let known = match fetched {
        Fetched::There(object) => Change { op: Op::Update, object: object.clone() }.problems(),
        Fetched::Absent | Fetched::Unseen(_) => Vec::new(),
    };
    let lines = yaml::lines(&change.object, ManagedFieldsShown::Shown);
    if let Some(problem) = change.problems().into_iter().find(|it| !known.iter().any(|known| known.what == it.what)) {
        let line = line_of(text, &lines[yaml::line_of(&lines, &problem.place)].text);
        let place = if problem.place.0.is_empty() { String::new() } else { format!("{}: ", problem.place) };
        return Err(fault(format!("{place}{}", problem.what)).at(line));
    }
    Ok(StagedItem::new(change, fetched.clone(), "the editor")?)
}

/// The line of a text that says this, if only one does.
fn line_of(text: &str, written: &str) -> String {
    let same = |it: &str| it.split_whitespace().eq(written.split_whitespace());
    let mut found = text.lines().enumerate().filter(|it| same(it.1));
    match (found.next(), found.next()) {
        (Some((at, _)), None) => format!("line {}", at + 1),
        _ => String::new(),
    }
}

/// What can be exported, to choose from.
pub fn exports(app: &mut App) -> Vec<Effect> {
    let choices = texts(app).into_iter().map(|it| {
        let choice = Choice::Export { extension: it.extension, text: it.text };
        PickerEntry::new(it.name, it.help, choice)
    });
    app.input.picker = Some(Picker::new(Picking::Copy, "export the stage to a file", choices.collect()));
    Vec::new()
}

/// One form in which the stage is exported.
pub struct Export {
    pub name: &'static str,
    help: &'static str,
    extension: &'static str,
    pub text: String,
}

/// The stage in all forms in which it is exported.
pub fn texts(app: &App) -> Vec<Export> {
    use crate::ask::export::{self, Exported};
    let items = app.answers.impact.in_order(app);
    let changes: Vec<Change> = items.iter().map(|it| it.change().clone()).collect();
    let exported: Vec<Exported<'_>> =
        items.iter().map(|it| Exported { change: it.change(), before: it.before() }).collect();
    let told = app.staging.told();
    let impact = app.answers.impact.text(app);
    let order: Vec<String> = app.answers.impact.order_lines(app).into_iter().map(|it| it.text).collect();
    vec![
        Export {
            name: "manifests",
            help: "YAML as kubectl apply takes it",
            extension: "yaml",
            text: export::manifests(&changes),
        },
        Export {
            name: "script",
            help: "kubectl commands, a dry run first",
            extension: "sh",
            text: export::script(&order, &changes),
        },
        Export {
            name: "kustomize",
            help: "a kustomization with patches, and what is created",
            extension: "kustomize.yaml",
            text: export::kustomize(&exported),
        },
        Export {
            name: "markdown",
            help: "for a ticket",
            extension: "md",
            text: export::markdown(&changes, &told, &impact),
        },
    ]
}

/// Why there is nothing to show or export.
pub fn nothing(app: &App) -> Option<&'static str> {
    app.staging.stage.is_empty().then_some("nothing is staged (e edits a policy, role or binding; :stage PATH)")
}
