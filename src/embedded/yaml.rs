//! JSON values as YAML, in the style of kubectl: blocks, sorted keys, quotes only where they are needed.
//!
//! It writes; it does not read. A library would do, but dumps of large worlds go through here item by item, as one list.

use serde_json::Value;

/// Appends an item of a list at the left margin.
pub fn write_item(value: &Value, out: &mut String) {
    out.push_str("- ");
    block(value, 2, Lead::Inline, out);
}

/// Appends a document.
pub fn write(value: &Value, out: &mut String) {
    block(value, 0, Lead::Inline, out);
}

/// Whether the first line is already begun.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    Inline,
    Indented,
}

fn block(value: &Value, indent: usize, lead: Lead, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (at, (key, value)) in members.iter().enumerate() {
                margin(indent, if at == 0 { lead } else { Lead::Indented }, out);
                out.push_str(&scalar(key));
                out.push(':');
                child(value, indent, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, value) in items.iter().enumerate() {
                margin(indent, if at == 0 { lead } else { Lead::Indented }, out);
                out.push_str("- ");
                block(value, indent + 2, Lead::Inline, out);
            }
        }
        other => {
            margin(indent, lead, out);
            out.push_str(&plain(other));
            out.push('\n');
        }
    }
}

/// What follows a key: nested blocks on lines of their own (lists are not indented further), the rest on the same line.
fn child(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            block(value, indent + 2, Lead::Indented, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            block(value, indent, Lead::Indented, out);
        }
        other => {
            out.push(' ');
            out.push_str(&plain(other));
            out.push('\n');
        }
    }
}

fn margin(indent: usize, lead: Lead, out: &mut String) {
    if lead == Lead::Indented {
        out.extend(std::iter::repeat_n(' ', indent));
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        other => other.to_string(),
    }
}

/// Text as a plain scalar where every reader agrees that it is text, else in double quotes (JSON's are YAML's).
fn scalar(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_./-@$%^+() ,;=~".contains(c);
    let starts_plain = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '/');
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if starts_plain && text.chars().all(safe) && !text.ends_with(' ') && !word {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_reads_back_as_the_same() {
        let value = json!({"a": [1, {"b": "x: y", "c": []}, [true, null]], "d": {}, "e": "no", "f": "12", "g": {"k:{\"uid\":\"1\"}": "t\n2"}, "h": "", "i": "- x", "j": "a b"});
        let mut text = String::new();
        write(&value, &mut text);
        let back: Value = serde_saphyr::from_str(&text).expect("the writer writes YAML");
        assert_eq!(back, value, "{text}");
    }
}
