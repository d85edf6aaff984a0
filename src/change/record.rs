//! What was applied, as it is remembered: who, when, what, from which impact, and what each object was before.
//!
//! ```text
//! waiting ──before it is sent──► sending ──the answer──► made | refused
//!                                  └── lost, or the program ended ──read back──► made | refused | unknown
//! ```
//!
//! It is written before anything is sent and at every step, so that whoever comes next finds the truth: a step that was
//! being sent is read back, one that waits was never sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::edits::{Change, Op, Unfit};
use super::plan::{Made, PlanStep, WriteWay};
use crate::model::id::ObjectId;

/// What a record calls its shape.
const VERSION: &str = "kreach/applied/v1";

/// Changes that were applied together.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    version: String,
    pub id: String,
    /// When something was sent last, as RFC 3339 has it.
    pub at: String,
    pub context: String,
    pub server: String,
    /// Who the server says the operator is; empty where it does not.
    pub user: String,
    /// The files, or what else the changes come from.
    pub origin: Vec<String>,
    /// The first line of what they were to change.
    pub impact: String,
    /// Guards that were overridden.
    #[serde(default)]
    pub overridden: Vec<String>,
    /// What it undoes.
    #[serde(default)]
    pub undoes: Option<String>,
    /// By what it was undone.
    #[serde(default)]
    pub undone_by: Option<String>,
    pub steps: Vec<RecordedChange>,
}

/// One change of them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RecordedChange {
    pub op: Op,
    pub way: WriteWay,
    /// What is sent.
    pub object: Value,
    /// The object before; `null` where there was none.
    pub before: Value,
    /// The object afterwards, as the server answered or as it was read back.
    #[serde(default)]
    pub after: Value,
    pub state: ChangeState,
    /// Why it was not made, or is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// How far a change has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeState {
    Waiting,
    /// It has been sent, or was about to be.
    Sending,
    Made,
    /// The server has it not, and will not.
    Refused,
    /// Nobody can tell.
    Unknown,
}

impl ChangeState {
    /// As JSON and scripts know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ChangeState::Waiting => "waiting",
            ChangeState::Sending => "sending",
            ChangeState::Made => "made",
            ChangeState::Refused => "refused",
            ChangeState::Unknown => "unknown",
        }
    }
}

/// Who applies what, and where.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AppliedBy {
    pub at: String,
    pub context: String,
    pub server: String,
    pub user: String,
    pub origin: Vec<String>,
    pub impact: String,
    pub overridden: Vec<String>,
    pub undoes: Option<String>,
}

impl Record {
    /// What is to be applied; nothing of it is sent.
    pub fn new(id: String, told: AppliedBy, steps: &[PlanStep]) -> Self {
        let AppliedBy { at, context, server, user, origin, impact, overridden, undoes } = told;
        let kept = |it: &PlanStep| RecordedChange {
            op: it.op,
            way: it.way,
            object: it.object.clone(),
            before: it.before.clone().unwrap_or_default(),
            after: Value::Null,
            state: ChangeState::Waiting,
            why: String::new(),
        };
        let steps = steps.iter().map(kept).collect();
        let version = VERSION.to_owned();
        Self { version, id, at, context, server, user, origin, impact, overridden, undoes, undone_by: None, steps }
    }

    /// A record as it is kept.
    ///
    /// # Errors
    /// It is none, or one of another version: a clause, which is told of the file among others.
    pub fn read(text: &str) -> Result<Self, String> {
        let read: Self = serde_json::from_str(text).map_err(|it| it.to_string())?;
        if read.version != VERSION {
            return Err(format!("it is of version {:?}, not {VERSION}", read.version));
        }
        read.steps.iter().try_for_each(|it| it.id().map(drop)).map_err(|it| it.to_string())?;
        Ok(read)
    }

    /// As it is kept.
    pub fn text(&self) -> String {
        // It is made of what was JSON.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// How many changes have come so far.
    pub fn count(&self, state: ChangeState) -> usize {
        self.steps.iter().filter(|it| it.state == state).count()
    }

    /// Whether all of them are made.
    pub fn is_made(&self) -> bool {
        self.count(ChangeState::Made) == self.steps.len()
    }

    /// Whether some change of it stands, or may, and was not undone.
    pub fn is_undoable(&self) -> bool {
        let may_stand =
            |it: &RecordedChange| matches!(it.state, ChangeState::Made | ChangeState::Sending | ChangeState::Unknown);
        self.undone_by.is_none() && self.steps.iter().any(may_stand)
    }

    /// Whether it ended before its answers came.
    pub fn is_open(&self) -> bool {
        self.steps.iter().any(|it| matches!(it.state, ChangeState::Sending | ChangeState::Unknown))
    }

    /// `2 of 3 changes made, 1 refused`.
    pub fn words(&self) -> String {
        let many = self.steps.len();
        let mut words = match self.count(ChangeState::Made) {
            made if made == many => counted(made, "change made", "changes made"),
            made => format!("{made} of {} made", counted(many, "change", "changes")),
        };
        let others = [ChangeState::Refused, ChangeState::Waiting, ChangeState::Sending, ChangeState::Unknown];
        for (state, said) in others.map(|it| (it, it.as_str())) {
            let said = if state == ChangeState::Waiting { "not sent" } else { said };
            let count = self.count(state);
            if count > 0 {
                words += &format!(", {count} {said}");
            }
        }
        words
    }
}

/// The record that is meant: of this name, else the last that stands; an undo is taken back by its name alone.
pub fn meant(records: Vec<Record>, id: Option<&str>) -> Option<Record> {
    let is_meant = |it: &Record| id.map_or_else(|| it.undoes.is_none() && it.is_undoable(), |id| it.id == id);
    records.into_iter().find(is_meant)
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

impl RecordedChange {
    /// The object that it is about.
    ///
    /// # Errors
    /// The record was written by somebody else.
    pub fn id(&self) -> Result<ObjectId, Unfit> {
        Change { op: self.op, object: self.object.clone() }.id()
    }

    /// The step that it was made from.
    ///
    /// # Errors
    /// As [`RecordedChange::id`].
    pub fn step(&self) -> Result<PlanStep, Unfit> {
        let before = (!self.before.is_null()).then(|| self.before.clone());
        let (op, way, object) = (self.op, self.way, self.object.clone());
        Ok(PlanStep { id: self.id()?, op, way, object, before, takes_over: false })
    }

    /// What it made of the object.
    pub fn made<'a>(&'a self, id: &'a ObjectId) -> Made<'a> {
        let some = |it: &'a Value| (!it.is_null()).then_some(it);
        Made { id, op: self.op, before: some(&self.before), after: some(&self.after) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::id::Kind;

    fn record() -> Record {
        let object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "web", "namespace": "shop"}, "spec": {"podSelector": {}}});
        let id = ObjectId::new(Kind::NETWORK_POLICY, "shop", "web");
        let step = PlanStep { id, op: Op::Create, way: WriteWay::Apply, object, before: None, takes_over: false };
        Record::new("1".to_owned(), AppliedBy::default(), &[step.clone(), step])
    }

    #[test]
    fn a_record_is_read_back_as_it_was() {
        let mut record = record();
        record.steps[0].state = ChangeState::Made;
        assert_eq!(Record::read(&record.text()), Ok(record.clone()));
        assert_eq!(record.words(), "1 of 2 changes made, 1 not sent");
        assert!(record.is_undoable() && !record.is_open());
        for (cut, _) in record.text().char_indices() {
            assert!(Record::read(&record.text()[..cut]).is_err(), "cut at {cut}");
        }
        assert!(Record::read(&record.text().replace("applied/v1", "applied/v9")).is_err());
    }
}
