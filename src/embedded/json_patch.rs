//! JSON patches, as RFC 6902 has them.

use serde_json::Value;

use super::failure::Failure;

/// RFC 6902, as far as it is used: add, replace, remove, test.
pub(super) fn apply(object: &mut Value, patch: &Value) -> Result<(), Failure> {
    let odd = |why: &str| {
        Failure::new(422, "Invalid", format!("the server rejected our request due to an error in our request: {why}"))
    };
    for step in patch.as_array().ok_or_else(|| Failure::bad_request("a JSON patch is a list"))? {
        let (op, path) = (text(&step["op"]), text(&step["path"]));
        let (parent, key) = path.rsplit_once('/').ok_or_else(|| odd("a path begins with /"))?;
        let key = key.replace("~1", "/").replace("~0", "~");
        if op == "test" {
            if object.pointer(path) != Some(&step["value"]) {
                return Err(odd("testing the value failed"));
            }
            continue;
        }
        let parent = object.pointer_mut(parent).ok_or_else(|| odd("the path is not there"))?;
        match (op, parent) {
            ("add" | "replace", Value::Object(fields)) => drop(fields.insert(key, step["value"].clone())),
            ("remove", Value::Object(fields)) => drop(fields.remove(&key).ok_or_else(|| odd("the path is not there"))?),
            ("add", Value::Array(items)) if key == "-" => items.push(step["value"].clone()),
            (op, Value::Array(items)) => {
                let at: usize = key.parse().map_err(|_| odd("an index is a number"))?;
                match op {
                    "add" if at <= items.len() => items.insert(at, step["value"].clone()),
                    "replace" if at < items.len() => items[at] = step["value"].clone(),
                    "remove" if at < items.len() => drop(items.remove(at)),
                    _ => return Err(odd("the index is not there")),
                }
            }
            _ => return Err(odd("an operation that is not known")),
        }
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
