//! Tables, as kube-apiserver prints them for kubectl: a kind's columns, and the cells of an object.
//!
//! Source: <https://github.com/kubernetes/kubernetes/blob/master/pkg/printers/internalversion/printers.go>

pub mod core;
pub mod network;
pub mod pods;
pub mod rbac;
pub mod workloads;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kinds::ServedKind;

/// A column: how it is headed, and what it shows of an object.
#[derive(Debug)]
pub struct TableColumn {
    pub name: &'static str,
    pub form: ColumnText,
    /// 0: always shown; 1: with `-o wide`.
    pub priority: u8,
    pub cell: fn(&Value, Timestamp) -> Value,
}

/// What the text of a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnText {
    Name,
    Plain,
    Number,
}

/// A column that is always shown.
pub const fn column(name: &'static str, cell: fn(&Value, Timestamp) -> Value) -> TableColumn {
    TableColumn { name, form: ColumnText::Plain, priority: 0, cell }
}

/// A column that is shown with `-o wide`.
pub const fn wide(name: &'static str, cell: fn(&Value, Timestamp) -> Value) -> TableColumn {
    TableColumn { name, form: ColumnText::Plain, priority: 1, cell }
}

/// A column of numbers.
pub const fn number(name: &'static str, cell: fn(&Value, Timestamp) -> Value) -> TableColumn {
    TableColumn { name, form: ColumnText::Number, priority: 0, cell }
}

/// The object's name: the first column of every table.
pub const NAME: TableColumn = TableColumn {
    name: "Name",
    form: ColumnText::Name,
    priority: 0,
    cell: |object, _| object["metadata"]["name"].clone(),
};

/// How old the object is.
pub const AGE: TableColumn = TableColumn {
    name: "Age",
    form: ColumnText::Plain,
    priority: 0,
    cell: |object, now| json!(since(&object["metadata"]["creationTimestamp"], now)),
};

/// The definitions of a kind's columns.
pub fn definitions(kind: &ServedKind) -> Value {
    kind.columns
        .iter()
        .map(|column| {
            let (sort, format) = match column.form {
                ColumnText::Name => ("string", "name"),
                ColumnText::Plain => ("string", ""),
                ColumnText::Number => ("integer", ""),
            };
            json!({"name": column.name, "type": sort, "format": format, "description": format!("{} of the {}", column.name, kind.kind), "priority": column.priority})
        })
        .collect()
}

/// The cells of an object.
pub fn cells(kind: &ServedKind, object: &Value, now: Timestamp) -> Value {
    kind.columns.iter().map(|column| (column.cell)(object, now)).collect()
}

/// The cells of a row that stands for no object.
pub fn no_cells(kind: &ServedKind) -> Value {
    kind.columns.iter().map(|column| if column.form == ColumnText::Number { json!(0) } else { json!("") }).collect()
}

/// The time since a timestamp, as kubectl writes it.
pub fn since(time: &Value, now: Timestamp) -> String {
    match time.as_str().and_then(|text| text.parse::<Timestamp>().ok()) {
        Some(then) => human(now.as_second() - then.as_second()),
        None => "<unknown>".to_owned(),
    }
}

/// A length of time with one or two units, the fewer the longer it is.
///
/// Source: `HumanDuration` in k8s.io/apimachinery/pkg/util/duration.
pub fn human(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |big: i64, unit: char, small: i64, small_unit: char| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{small_unit}") }
    };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, 'd', hours % 24, 'h'),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

/// A number, 0 if it is absent.
pub fn count(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

/// Text, empty if it is absent.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The items of a list, none if it is absent.
pub fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Text, or `<none>`.
pub fn or_none(text: String) -> Value {
    Value::from(if text.is_empty() { "<none>".to_owned() } else { text })
}

/// A label selector as kubectl writes it.
pub fn selector(value: &Value) -> String {
    let mut parts = map(&value["matchLabels"]);
    for requirement in items(&value["matchExpressions"]) {
        let (key, values) =
            (text(&requirement["key"]), items(&requirement["values"]).iter().map(text).collect::<Vec<_>>().join(","));
        parts.push(match text(&requirement["operator"]) {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        });
    }
    parts.join(",")
}

/// A map's pairs as `key=value`.
pub fn map(value: &Value) -> Vec<String> {
    value.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={}", text(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn lengths_of_time_are_as_kubectl_writes_them() {
        let cases = [
            (5, "5s"),
            (119, "119s"),
            (120, "2m"),
            (135, "2m15s"),
            (700, "11m"),
            (10_800, "3h"),
            (12_000, "3h20m"),
            (100_000, "27h"),
            (200_000, "2d7h"),
            (700_000, "8d"),
            (70_000_000, "2y80d"),
            (300_000_000, "9y"),
        ];
        for (seconds, text) in cases {
            assert_eq!(human(seconds), text);
        }
    }
}
