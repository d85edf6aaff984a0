//! A directory of people: who is in which group, and who has left; from the files that identity providers export.
//!
//! ```csv
//! user,groups,active
//! alice,dev;oncall,true
//! ```
//!
//! Also a YAML or JSON list of `{user, groups, active}`, and a SCIM 2.0 ListResponse of Users and Groups (RFC 7644).
//! Nothing is guessed: contradictions and missing pages are errors that name both places; nested groups are told,
//! not expanded, because providers differ in what they put into a login.

mod listed;
mod records;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use listed::PeopleElement;
use records::records;

use crate::model::name::Name;
use crate::model::role::Subject;

/// Whether somebody may still log in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    #[default]
    Active,
    /// They have left: marked where they show, and no outcome changes.
    Left,
}

/// One person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    pub user: Name,
    pub groups: BTreeSet<Name>,
    pub standing: Standing,
    /// Where the directory says so: `people.csv line 3`.
    pub place: String,
}

/// Everybody whom the files name, by user name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct People {
    by_user: BTreeMap<Name, Person>,
    by_group: BTreeMap<Name, BTreeSet<Name>>,
    /// What is worth a word, such as a person who is listed twice.
    pub warnings: Vec<String>,
}

/// What Kubernetes puts before the names of the directory (`--oidc-username-prefix` and the like).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Prefixes {
    pub user: String,
    pub group: String,
}

/// Why a directory cannot be believed: one line, with the places.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct PeopleError(pub String);

impl People {
    /// The directory of these files: name (for places) and text of each.
    pub fn read(files: &[(String, String)], prefixes: &Prefixes) -> Result<Self, PeopleError> {
        let mut raw = Raw::default();
        for (name, text) in files {
            raw.read(name, text.trim_start_matches('\u{feff}'))?;
        }
        raw.people(prefixes)
    }

    /// A person, by the user name that Kubernetes knows.
    pub fn person(&self, user: &str) -> Option<&Person> {
        self.by_user.get(user)
    }

    /// The groups of a user, in order; none for somebody unknown.
    pub fn groups_of(&self, user: &str) -> Vec<Name> {
        self.person(user).map_or_else(Vec::new, |it| it.groups.iter().cloned().collect())
    }

    /// The people of a group, by name.
    pub fn members_of(&self, group: &str) -> Vec<&Person> {
        self.by_group.get(group).into_iter().flatten().filter_map(|it| self.by_user.get(it)).collect()
    }

    /// Every user and every group that it names.
    pub fn everybody(&self) -> impl Iterator<Item = Subject> {
        let groups = self.by_group.keys().cloned().map(Subject::Group);
        self.by_user.keys().cloned().map(Subject::User).chain(groups)
    }

    /// How many people.
    pub fn len(&self) -> usize {
        self.by_user.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.by_user.is_empty()
    }
}

/// One entry of a file, before prefixes.
struct PersonEntry {
    place: String,
    /// A SCIM resource's id; empty otherwise.
    id: String,
    user: String,
    groups: BTreeSet<String>,
    standing: Standing,
}

/// A SCIM group: its members' ids.
struct ScimGroup {
    place: String,
    id: String,
    name: String,
    members: Vec<String>,
}

#[derive(Default)]
struct Raw {
    entries: Vec<PersonEntry>,
    groups: Vec<ScimGroup>,
    warnings: Vec<String>,
}

impl Raw {
    fn read(&mut self, name: &str, text: &str) -> Result<(), PeopleError> {
        match text.trim_start().chars().next() {
            Some('{') => self.scim(name, &listed::json(text).map_err(|it| it.of(name))?),
            Some('[') => self.list(name, listed::people_of_json(text).map_err(|it| it.of(name))?),
            Some('-') => self.list(name, listed::people_of_yaml(text).map_err(|it| it.of(name))?),
            _ => self.csv(name, text),
        }
    }

    fn list(&mut self, name: &str, list: Vec<PeopleElement>) -> Result<(), PeopleError> {
        for (at, it) in list.into_iter().enumerate() {
            let groups = it.groups.unwrap_or_default().into_iter().collect();
            self.add(format!("{name} [{at}]"), "", it.user, groups, standing(it.active))?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        place: String,
        id: &str,
        user: String,
        groups: BTreeSet<String>,
        standing: Standing,
    ) -> Result<(), PeopleError> {
        if user.is_empty() {
            return Err(PeopleError(format!("{place}: a person without a user name")));
        }
        self.entries.push(PersonEntry { place, id: id.to_owned(), user, groups, standing });
        Ok(())
    }

    fn csv(&mut self, name: &str, text: &str) -> Result<(), PeopleError> {
        let mut records =
            records(text).map_err(|line| PeopleError(format!("{name} line {line}: a quote that does not end")))?;
        if records.is_empty() {
            return Err(PeopleError(format!("{name}: empty; a CSV begins with the line user,groups,active")));
        }
        let (_, header) = records.remove(0);
        let column = |word: &str| header.iter().position(|it| it.trim() == word);
        let Some(user) = column("user") else {
            return Err(PeopleError(format!(
                "{name} line 1: no column user; a CSV begins with the line user,groups,active"
            )));
        };
        let unknown: Vec<&String> =
            header.iter().filter(|it| !["user", "groups", "active"].contains(&it.trim())).collect();
        self.warnings.extend(unknown.iter().map(|it| format!("{name} line 1: the column {it} is not read")));
        let (groups, active) = (column("groups"), column("active"));
        for (line, record) in records {
            let place = format!("{name} line {line}");
            let field = |at: Option<usize>| at.and_then(|it| record.get(it)).map_or("", String::as_str);
            if record.len() > header.len() {
                return Err(PeopleError(format!("{place}: {} fields under {} columns", record.len(), header.len())));
            }
            let standing = word_standing(field(active))
                .ok_or_else(|| PeopleError(format!("{place}: active is true or false, not \"{}\"", field(active))))?;
            let groups = field(groups).split(';').filter(|it| !it.is_empty()).map(str::to_owned).collect();
            self.add(place, "", field(Some(user)).to_owned(), groups, standing)?;
        }
        Ok(())
    }

    fn scim(&mut self, name: &str, list: &Value) -> Result<(), PeopleError> {
        let Some(resources) = get(list, "Resources").and_then(Value::as_array) else {
            return Err(PeopleError(format!(
                "{name}: neither a list of people nor a SCIM ListResponse with Resources"
            )));
        };
        let total = get(list, "totalResults").and_then(Value::as_u64).unwrap_or(resources.len() as u64);
        if (resources.len() as u64) < total {
            let held = resources.len();
            return Err(PeopleError(format!(
                "{name}: totalResults says {total}, Resources holds {held}: more pages exist; join them into one list"
            )));
        }
        for (at, it) in resources.iter().enumerate() {
            let place = format!("{name} Resources[{at}]");
            let text = |key: &str| get(it, key).and_then(Value::as_str).unwrap_or_default().to_owned();
            match (get(it, "userName"), get(it, "displayName")) {
                (Some(_), _) => {
                    let groups = named(get(it, "groups"), "display");
                    let standing = standing(get(it, "active").and_then(Value::as_bool));
                    self.add(place, &text("id"), text("userName"), groups.into_iter().collect(), standing)?;
                }
                (None, Some(_)) => {
                    let members = named(get(it, "members"), "value");
                    self.groups.push(ScimGroup { place, id: text("id"), name: text("displayName"), members });
                }
                (None, None) => self.warnings.push(format!("{place}: neither a User nor a Group: not read")),
            }
        }
        Ok(())
    }

    fn people(mut self, prefixes: &Prefixes) -> Result<People, PeopleError> {
        self.join_groups();
        let mut people = People { warnings: std::mem::take(&mut self.warnings), ..People::default() };
        for it in self.entries {
            let user = Name::from(format!("{}{}", prefixes.user, it.user));
            let groups = it.groups.iter().map(|it| Name::from(format!("{}{it}", prefixes.group))).collect();
            let person = Person { user: user.clone(), groups, standing: it.standing, place: it.place };
            match people.by_user.get(&user) {
                None => drop(people.by_user.insert(user, person)),
                Some(before) if before.groups == person.groups && before.standing == person.standing => {
                    let (first, second) = (&before.place, &person.place);
                    people.warnings.push(format!("{user} is listed twice, alike: {first} and {second}"));
                }
                Some(before) => {
                    let (first, second) = (&before.place, &person.place);
                    return Err(PeopleError(format!("{user} is listed twice, differently: {first} and {second}")));
                }
            }
        }
        for (user, person) in &people.by_user {
            for group in &person.groups {
                people.by_group.entry(group.clone()).or_default().insert(user.clone());
            }
        }
        Ok(people)
    }

    /// Gives SCIM users the groups that name their ids.
    fn join_groups(&mut self) {
        let by_id: BTreeMap<String, usize> = (self.entries.iter().enumerate())
            .filter(|(_, it)| !it.id.is_empty())
            .map(|(at, it)| (it.id.clone(), at))
            .collect();
        for group in &self.groups {
            for member in &group.members {
                match by_id.get(member) {
                    Some(&at) => drop(self.entries[at].groups.insert(group.name.clone())),
                    None if self.groups.iter().any(|it| it.id == *member) => {
                        let (place, name) = (&group.place, &group.name);
                        self.warnings.push(format!("{place}: {name} holds another group, which is not expanded"));
                    }
                    None => self
                        .warnings
                        .push(format!("{}: {} has a member {member} who is not listed", group.place, group.name)),
                }
            }
        }
    }
}

const fn standing(active: Option<bool>) -> Standing {
    match active {
        Some(false) => Standing::Left,
        Some(true) | None => Standing::Active,
    }
}

fn word_standing(word: &str) -> Option<Standing> {
    match word.trim().to_ascii_lowercase().as_str() {
        "" | "true" | "yes" | "1" => Some(Standing::Active),
        "false" | "no" | "0" => Some(Standing::Left),
        _ => None,
    }
}

/// A field of a SCIM object: attribute names do not tell case (RFC 7643 §2.1).
fn get<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    let fields = object.as_object()?;
    fields.iter().find(|(it, _)| it.eq_ignore_ascii_case(key)).map(|(_, it)| it).filter(|it| !it.is_null())
}

/// One text of each element of a list.
fn named(list: Option<&Value>, key: &str) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|it| get(it, key)).filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<People, PeopleError> {
        People::read(&[("people".to_owned(), text.to_owned())], &Prefixes::default())
    }

    fn groups(people: &People, user: &str) -> String {
        people.groups_of(user).join(" ")
    }

    /// CONTRACT §4, "A directory of people".
    #[test]
    fn all_three_forms_say_the_same() {
        let csv = "user,groups,active\nalice,dev;oncall,true\n\"b, ob\",dev,no\ncarol,,\n";
        let yaml = "- {user: alice, groups: [dev, oncall]}\n- {user: \"b, ob\", groups: [dev], active: false}\n- {user: carol}\n";
        let json = r#"[{"user":"alice","groups":["oncall","dev"]},{"user":"b, ob","groups":["dev"],"active":false},{"user":"carol","groups":null}]"#;
        let scim = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":5,"Resources":[
            {"id":"1","userName":"alice","active":true},{"id":"2","userName":"b, ob","active":false},{"id":"3","userName":"carol"},
            {"id":"7","displayName":"dev","members":[{"value":"1"},{"value":"2"}]},
            {"id":"8","displayName":"oncall","members":[{"value":"1"}]}]}"#;
        for text in [csv, yaml, json, scim] {
            let people = read(text).expect(text);
            assert_eq!((people.len(), groups(&people, "alice").as_str()), (3, "dev oncall"), "{text}");
            assert_eq!(people.person("b, ob").map(|it| it.standing), Some(Standing::Left));
            assert_eq!(people.members_of("dev").len(), 2);
            assert!(people.warnings.is_empty(), "{:?}", people.warnings);
        }
    }

    #[test]
    fn duplicates_warn_and_contradictions_name_both_places() {
        let twice = read("user,groups\nalice,a;b\nalice,b;a\n").expect("alike");
        assert_eq!(twice.warnings, ["alice is listed twice, alike: people line 2 and people line 3"]);
        let error = read("user,groups\nalice,a\n\nalice,b\n").expect_err("contradictory").0;
        assert_eq!(error, "alice is listed twice, differently: people line 2 and people line 4");
    }

    #[test]
    fn missing_pages_and_wrong_lines_are_errors() {
        let cases = [
            (r#"{"totalResults":3,"Resources":[{"userName":"a"}]}"#, "totalResults says 3, Resources holds 1"),
            ("user,active\na,maybe\n", "active is true or false"),
            ("name,mail\n", "no column user"),
            ("user\n\"a\n", "a quote that does not end"),
            ("[{\"user\":\"\"}]", "without a user name"),
            ("[{\"user\":\"a\",\"group\":[]}]", "people [0]: group is none of user, groups, active"),
            ("- {user: a}\n- {user: b, groups: dev}\n", "people [1]: groups is not a list of texts: \"dev\""),
            ("- {user: b, active: maybe}\n", "people [0]: active is true or false, not \"maybe\""),
            ("[{\"groups\":[]}]", "people [0]: a person without a user name"),
            ("[{\"user\":[1]}]", "people [0]: user is not a text: [1]"),
            ("[\"a\"]", "people [0]: not {user, groups, active}: \"a\""),
            ("[{\"user\":\"a\",\"user\":\"b\"}]", "people line 1: the key \"user\" stands twice"),
            ("- user: a\n  user: b\n", "people line 2: the key \"user\" stands twice"),
            ("[{\"user\":\"a\"},\n", "people line 2: it ends before what it began is closed"),
            ("{\"Resources\":[\n}", "people line 2: not JSON: \"}\""),
            ("[{\"user\":\"a\"},]\n", "people line 1: not JSON: \"[{\\\"user\\\":\\\"a\\\"},]\""),
            ("- {user: a\n- b\n", "people line"),
            ("{}", "neither a list of people nor"),
            ("", "empty"),
        ];
        for (text, expected) in cases {
            let error = read(text).expect_err(text).0;
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains(" at line "), "{text}: {error}");
        }
    }

    #[test]
    fn members_who_are_not_listed_are_told() {
        let people = read(
            r#"{"Resources":[{"id":"7","displayName":"dev","members":[{"value":"9"},{"value":"8"}]},{"id":"8","displayName":"x"}]}"#,
        );
        assert_eq!(people.expect("a directory").warnings.len(), 2);
    }

    #[test]
    fn prefixes_are_what_kubernetes_puts_before_names() {
        let prefixes = Prefixes { user: "oidc:".into(), group: "idp/".into() };
        let people = People::read(&[("p".into(), "user,groups\nalice,dev\n".into())], &prefixes).expect("a directory");
        assert_eq!(groups(&people, "oidc:alice"), "idp/dev");
        assert!(people.person("alice").is_none());
    }
}
