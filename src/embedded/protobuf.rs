//! As much of Kubernetes' protobuf as a read-only server meets: the reviews that kubectl posts.
//!
//! `k8s\0`, then `Unknown { typeMeta = 1, raw = 2 }`; in `raw` the review with its spec at 2. Nothing else is read.
//! Source: <https://github.com/kubernetes/api/blob/master/authorization/v1/generated.proto>

use serde_json::{Map, Value, json};

/// What every message of Kubernetes in protobuf begins with.
const MAGIC: &[u8] = b"k8s\0";

/// The body of a review's request, in whichever form it comes, as JSON.
pub fn review(plural: &str, body: &[u8]) -> Option<Value> {
    let Some(message) = body.strip_prefix(MAGIC) else { return serde_json::from_slice(body).ok() };
    let raw = fields(message)?.into_iter().find(|field| field.0 == 2)?.1;
    let spec = fields(raw)?.into_iter().find(|field| field.0 == 2).map_or(&[][..], |field| field.1);
    let spec = match plural {
        "selfsubjectrulesreviews" => named(spec, &["namespace"])?,
        "selfsubjectaccessreviews" => access(spec)?,
        _ => json!({}),
    };
    Some(json!({"spec": spec}))
}

fn access(spec: &[u8]) -> Option<Value> {
    let mut all = Map::new();
    for (number, bytes) in fields(spec)? {
        match number {
            1 => {
                let names = ["namespace", "verb", "group", "version", "resource", "subresource", "name"];
                all.insert("resourceAttributes".to_owned(), named(bytes, &names)?);
            }
            2 => _ = all.insert("nonResourceAttributes".to_owned(), named(bytes, &["path", "verb"])?),
            _ => {}
        }
    }
    Some(Value::Object(all))
}

/// A message whose fields of text have these names, counted from 1.
fn named(message: &[u8], names: &[&str]) -> Option<Value> {
    let text = |bytes: &[u8]| Value::from(String::from_utf8_lossy(bytes).into_owned());
    let fields = fields(message)?.into_iter();
    Some(
        fields
            .filter_map(|(number, bytes)| Some(((*names.get(number.checked_sub(1)?)?).to_owned(), text(bytes))))
            .collect(),
    )
}

/// The fields of a message that have a length (texts and messages); others are skipped.
fn fields(mut message: &[u8]) -> Option<Vec<(usize, &[u8])>> {
    let mut all = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        match tag & 7 {
            0 => _ = varint(&mut message)?,
            1 => message = message.get(8..)?,
            5 => message = message.get(4..)?,
            2 => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                all.push((usize::try_from(tag >> 3).ok()?, message.get(..length)?));
                message = message.get(length..)?;
            }
            _ => return None,
        }
    }
    Some(all)
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for at in 0..10 {
        let (first, rest) = message.split_first()?;
        *message = rest;
        number |= u64::from(first & 127) << (7 * at);
        if first & 128 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, bytes.len() as u8], bytes].concat()
    }

    #[test]
    fn an_access_review_is_read() {
        let attributes = [field(1, b"shop"), field(2, b"list"), field(5, b"pods")].concat();
        let raw = [field(1, b""), field(2, &field(1, &attributes))].concat();
        let body = [MAGIC, &field(1, b"ignored"), &field(2, &raw)].concat();
        let expected =
            json!({"spec": {"resourceAttributes": {"namespace": "shop", "verb": "list", "resource": "pods"}}});
        assert_eq!(review("selfsubjectaccessreviews", &body), Some(expected));
    }

    #[test]
    fn broken_messages_are_nothing() {
        for body in [
            &b"k8s\0\x12\xff"[..],
            b"k8s\0\x12\x05ab",
            b"k8s\0\x0b",
            b"not json",
            b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(review("selfsubjectaccessreviews", body), None);
        }
    }
}
