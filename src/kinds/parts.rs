//! Reading a policy's spec so that nothing in it goes unnoticed.
//!
//! Each part either reads, or leaves a [`PolicyGap`] with the place and with what it could bend, and the same as a
//! problem for people. A part that did not read is never counted as read in half: it is left out, and its gap
//! says that more might be allowed (E6: a field that we do not know is never ignored).

use serde_json::{Map, Value};

use super::context::ReadContext;
use super::slim::NULL;
use crate::model::labels::{Operator, Requirement, Selector};
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::policy::{GapEffect, PolicyGap};

/// The value of a field that is not there.
static ABSENT: Value = Value::Null;

/// A policy's spec while it is read.
pub(super) struct PolicyParts<'d, 'i> {
    pub context: &'d mut ReadContext<'i>,
    pub gaps: Vec<PolicyGap>,
}

/// The fields of one object; an absent one and a null are the same, as in Go.
pub(super) struct Fields<'v>(Option<&'v Map<String, Value>>);

impl<'v> Fields<'v> {
    /// The fields that there are, known or not.
    pub fn of(value: &'v Value) -> Self {
        Self(value.as_object())
    }

    /// The value of a field, null when absent.
    pub fn get(&self, name: &str) -> &'v Value {
        self.0.and_then(|it| it.get(name)).unwrap_or(&ABSENT)
    }
}

impl<'d, 'i> PolicyParts<'d, 'i> {
    pub fn new(context: &'d mut ReadContext<'i>) -> Self {
        Self { context, gaps: Vec::new() }
    }

    /// Notes something that was not read, and what it could bend.
    pub fn gap(&mut self, place: &Place, what: impl Into<Name>, effect: GapEffect) {
        let what = what.into();
        self.context.problem(&place.0, what.clone());
        self.silent_gap(place, what, effect);
    }

    /// The same where there is nothing for anybody to repair.
    pub fn silent_gap(&mut self, place: &Place, what: impl Into<Name>, effect: GapEffect) {
        let place = Place(self.context.intern.name(&place.0));
        self.gaps.push(PolicyGap { place, what: what.into(), effect });
    }

    /// Notes something that the API server would refuse and that reads nevertheless.
    pub fn problem(&mut self, place: &Place, what: impl Into<Name>) {
        self.context.problem(&place.0, what);
    }

    /// The fields of an object; `None`, with a gap, if it is none or has fields that are not `known`.
    pub fn fields<'v>(
        &mut self,
        value: &'v Value,
        place: &Place,
        known: &[&str],
        effect: GapEffect,
    ) -> Option<Fields<'v>> {
        let fields = match value {
            Value::Null => return Some(Fields(None)),
            Value::Object(fields) => fields,
            other => {
                self.gap(place, format!("{} where an object was expected", word(other)), effect);
                return None;
            }
        };
        let unknown: Vec<&String> = fields.keys().filter(|it| !known.contains(&it.as_str())).collect();
        for name in &unknown {
            self.gap(&place.field(name), "unknown field", effect);
        }
        unknown.is_empty().then_some(Fields(Some(fields)))
    }

    /// The elements of a list, none when absent; `None`, with a gap, if it is no list.
    pub fn items<'v>(&mut self, value: &'v Value, place: &Place, effect: GapEffect) -> Option<&'v [Value]> {
        match value {
            Value::Null => Some(&[]),
            Value::Array(items) => Some(items),
            other => {
                self.gap(place, format!("{} where a list was expected", word(other)), effect);
                None
            }
        }
    }

    /// A string, empty when absent; `None`, with a gap, if it is something else.
    pub fn text<'v>(&mut self, value: &'v Value, place: &Place, effect: GapEffect) -> Option<&'v str> {
        match value {
            Value::Null => Some(""),
            Value::String(text) => Some(text),
            other => {
                self.gap(place, format!("{} where a string was expected", word(other)), effect);
                None
            }
        }
    }

    /// A value that a selector asks for; `None`, with a gap, if it is null or no string.
    fn selected<'v>(&mut self, value: &'v Value, place: &Place, effect: GapEffect) -> Option<&'v str> {
        if value.is_null() {
            self.gap(place, NULL, effect);
            return None;
        }
        self.text(value, place, effect)
    }

    /// A label selector; `None`, with a gap, if any part of it does not read.
    pub fn selector(&mut self, value: &Value, place: &Place, effect: GapEffect) -> Option<Selector> {
        let fields = self.fields(value, place, &["matchLabels", "matchExpressions"], effect)?;
        let labels = self.match_labels(fields.get("matchLabels"), &place.field("matchLabels"), effect)?;
        let expressions = place.field("matchExpressions");
        let mut all_of = labels;
        for (at, item) in self.items(fields.get("matchExpressions"), &expressions, effect)?.iter().enumerate() {
            all_of.push(self.requirement(item, &expressions.item(at), effect)?);
        }
        Some(self.context.intern.selector(Selector::new(all_of)))
    }

    fn match_labels(&mut self, value: &Value, place: &Place, effect: GapEffect) -> Option<Vec<Requirement>> {
        let pairs = match value {
            Value::Null => return Some(Vec::new()),
            Value::Object(pairs) => pairs,
            other => {
                self.gap(place, format!("{} where an object was expected", word(other)), effect);
                return None;
            }
        };
        let mut all_of = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let value = self.selected(value, &place.field(key), effect)?;
            let value = self.context.intern.name(value);
            let operator = Operator::In(self.context.intern.list(vec![value]));
            all_of.push(Requirement { key: self.context.intern.name(key), operator });
        }
        Some(all_of)
    }

    fn requirement(&mut self, value: &Value, place: &Place, effect: GapEffect) -> Option<Requirement> {
        let fields = self.fields(value, place, &["key", "operator", "values"], effect)?;
        let key = self.text(fields.get("key"), &place.field("key"), effect)?;
        let operator = self.text(fields.get("operator"), &place.field("operator"), effect)?;
        let values = self.values(fields.get("values"), &place.field("values"), effect)?;
        if key.is_empty() {
            self.gap(&place.field("key"), "a requirement without a key", effect);
            return None;
        }
        let operator = self.operator(operator, values, place, effect)?;
        Some(Requirement { key: self.context.intern.name(key), operator })
    }

    fn values(&mut self, value: &Value, place: &Place, effect: GapEffect) -> Option<Vec<Name>> {
        let mut values = Vec::new();
        for (at, item) in self.items(value, place, effect)?.iter().enumerate() {
            let text = self.selected(item, &place.item(at), effect)?;
            values.push(self.context.intern.name(text));
        }
        values.sort_unstable();
        values.dedup();
        Some(values)
    }

    /// S17; the API takes values for `In` and `NotIn` only, and at least one.
    fn operator(&mut self, word: &str, values: Vec<Name>, place: &Place, effect: GapEffect) -> Option<Operator> {
        match (word, values.is_empty()) {
            ("In", false) => Some(Operator::In(self.context.intern.list(values))),
            ("NotIn", false) => Some(Operator::NotIn(self.context.intern.list(values))),
            ("Exists", true) => Some(Operator::Exists),
            ("DoesNotExist", true) => Some(Operator::DoesNotExist),
            ("In" | "NotIn", true) => self.refused(&place.field("values"), format!("{word} without values"), effect),
            ("Exists" | "DoesNotExist", false) => {
                self.refused(&place.field("values"), format!("{word} with values"), effect)
            }
            _ => self.refused(&place.field("operator"), format!("unknown operator {word:?}"), effect),
        }
    }

    fn refused<T>(&mut self, place: &Place, what: String, effect: GapEffect) -> Option<T> {
        self.gap(place, what, effect);
        None
    }
}

/// What a JSON value is, for people.
pub(super) fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
