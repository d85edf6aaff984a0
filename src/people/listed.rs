//! People as JSON and YAML list them, and what is wrong with a file that is no such list, in our words.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::error::Category;

use super::PeopleError;
use crate::kinds;

/// One element of a YAML or JSON list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PeopleElement {
    pub user: String,
    #[serde(default)]
    pub groups: Option<Vec<String>>,
    #[serde(default)]
    pub active: Option<bool>,
}

const FIELDS: [&str; 3] = ["user", "groups", "active"];
const LIST: &str = "not a list of {user, groups, active}";

/// Why a text is no list of people.
pub(super) struct Faulty {
    /// Where in the file: `line 3`, `[2]`; nothing where no place is known.
    place: String,
    what: String,
}

impl Faulty {
    /// The same in a file of this name.
    pub fn of(self, name: &str) -> PeopleError {
        let space = if self.place.is_empty() { "" } else { " " };
        PeopleError(format!("{name}{space}{}: {}", self.place, self.what))
    }

    fn line(line: usize, what: String) -> Self {
        Self { place: format!("line {line}"), what }
    }
}

/// Any JSON.
pub(super) fn json(text: &str) -> Result<Value, Faulty> {
    serde_json::from_str(text).map_err(|it| no_json(text, &it))
}

pub(super) fn people_of_json(text: &str) -> Result<Vec<PeopleElement>, Faulty> {
    serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => no_people(text, serde_json::from_str(text).ok()),
        _ => no_json(text, &error),
    })
}

pub(super) fn people_of_yaml(text: &str) -> Result<Vec<PeopleElement>, Faulty> {
    kinds::parse_list_yaml(text).map_err(|_| no_people(text, kinds::parse_list_yaml(text).ok()))
}

fn no_json(text: &str, error: &serde_json::Error) -> Faulty {
    if error.is_eof() {
        return Faulty::line(error.line(), "it ends before what it began is closed".to_owned());
    }
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    Faulty::line(error.line(), format!("not JSON: {:?}", kinds::cut(line.trim())))
}

/// What keeps a text from being a list of people: that of its YAML, else of the first element that is none.
fn no_people(text: &str, value: Option<Value>) -> Faulty {
    // A key that stands twice is told by YAML alone.
    if let Err(error) = kinds::parse_list_yaml::<IgnoredAny>(text).and(kinds::parse_list_yaml::<Value>(text)) {
        return Faulty::line(error.line, error.what);
    }
    let people = value.as_ref().and_then(Value::as_array).into_iter().flatten();
    let found = people.enumerate().find_map(|(at, it)| Some((at, no_person(it)?)));
    found.map_or_else(
        || Faulty { place: String::new(), what: LIST.to_owned() },
        |(at, what)| Faulty { place: format!("[{at}]"), what },
    )
}

/// What is wrong with an element, if anything.
fn no_person(value: &Value) -> Option<String> {
    let shown = |it: &Value| kinds::cut(&it.to_string());
    let Some(fields) = value.as_object() else {
        return Some(format!("not {{user, groups, active}}: {}", shown(value)));
    };
    if let Some(unknown) = fields.keys().find(|it| !FIELDS.contains(&it.as_str())) {
        return Some(format!("{unknown} is none of {}", FIELDS.join(", ")));
    }
    let is_text = |it: &Value| !it.is_array() && !it.is_object() && !it.is_null();
    let is_texts = |it: &Value| it.is_null() || it.as_array().is_some_and(|all| all.iter().all(is_text));
    match (fields.get("user"), fields.get("groups"), fields.get("active")) {
        (None | Some(Value::Null), ..) => Some("a person without a user name".to_owned()),
        (Some(user), ..) if !is_text(user) => Some(format!("user is not a text: {}", shown(user))),
        (_, Some(groups), _) if !is_texts(groups) => Some(format!("groups is not a list of texts: {}", shown(groups))),
        (.., Some(active)) if !active.is_boolean() && !active.is_null() => {
            Some(format!("active is true or false, not {}", shown(active)))
        }
        _ => None,
    }
}
