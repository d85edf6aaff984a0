//! Large JSON to what it holds, without ever being held: cut by one pass over its bytes, read by another.
//!
//! What this reads is what the reader of whole texts would read; whatever it cannot be sure of, it leaves to that.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::de::IgnoredAny;

use super::cut::{CutObject, Cuts, Cutter, breaks};
use super::loader::Contents;
use super::read::{PieceFound, json};
use super::stored::Stored;
use super::threads;
use crate::kinds::{Homeless, Intern, ReadOutcome};

/// How many bytes and objects a thread takes at a time; one object may be more.
const BYTES: usize = 512 << 10;
const OBJECTS: usize = 256;

/// What a text holds and which of it names no namespace; nothing where it has to be read as a whole.
pub(super) fn contents(stored: &Stored, namespace: &str) -> std::io::Result<Option<(Contents, Homeless)>> {
    let Some(cuts) = cut(stored)? else { return Ok(None) };
    let batches = batches(&cuts.all);
    let failed = AtomicBool::new(false);
    let (read, homeless) = threads::in_order(batches.len(), threads::cores(), |number, intern| {
        if failed.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let read = batch(&cuts, &cuts.all[batches[number].clone()], stored, namespace, intern);
        failed.fetch_or(!matches!(read, Ok(Some(_))), Ordering::Relaxed);
        read
    });
    let mut contents = Contents::new();
    for read in read {
        match read? {
            Some(read) => contents.extend(read),
            None => return Ok(None),
        }
    }
    Ok(Some((contents, homeless)))
}

fn cut(stored: &Stored) -> std::io::Result<Option<Cuts>> {
    let begin = stored.begin()?;
    let (mut cutter, mut skipped, mut is_cut) = (Cutter::from(begin), begin, true);
    stored.parts(|part| {
        is_cut = cutter.take(&part[std::mem::take(&mut skipped)..]).is_ok();
        is_cut
    })?;
    Ok(if is_cut { cutter.finish().ok() } else { None })
}

/// Objects that are read at a time: neighbors.
fn batches(cuts: &[CutObject]) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    for (at, cut) in cuts.iter().enumerate() {
        match batches.last_mut() {
            Some(last) if last.len() < OBJECTS && cut.range.end - cuts[last.start].range.start < BYTES => {
                last.end = at + 1;
            }
            _ => batches.push(at..at + 1),
        }
    }
    batches
}

/// What some neighbors are; nothing where one of them is no JSON.
fn batch(
    cuts: &Cuts,
    own: &[CutObject],
    stored: &Stored,
    namespace: &str,
    intern: &mut Intern,
) -> std::io::Result<Option<Contents>> {
    let (Some(first), Some(last)) = (own.first(), own.last()) else { return Ok(Some(Contents::new())) };
    let begin = first.range.start;
    let mut bytes = Vec::new();
    stored.read(begin..last.range.end, &mut bytes)?;
    let mut contents = Contents::new();
    for cut in own {
        let Ok(text) = std::str::from_utf8(&bytes[cut.range.start - begin..cut.range.end - begin]) else {
            return Ok(None);
        };
        let mut found = Vec::new();
        json(text, cut.list.map(|it| &cuts.lists[it]), namespace, intern, &mut found);
        // What was read as an object is JSON.
        let is_read = matches!(found.as_slice(), [(_, PieceFound::Object(ReadOutcome::Read(_)))]);
        if !is_read && serde_json::from_str::<IgnoredAny>(text).is_err() {
            return Ok(None);
        }
        for (part, found) in found {
            let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
            let start = cut.range.start + offset;
            contents.push((cut.line + breaks(&text.as_bytes()[..offset]), start..start + part.len(), false, found));
        }
    }
    Ok(Some(contents))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::loader::Loader;
    use super::super::walk::InputFile;
    use super::super::{ReadOptions, stored};
    use super::*;
    use crate::live::bounded::Bounded;

    /// All that a file is read as, in words: cluster, notes, places and texts of objects; or why not.
    fn read(path: &Path, large: usize, named: bool) -> String {
        let reading = ReadOptions { namespace: "here".to_owned(), ..ReadOptions::default() };
        let mut loader = Loader::new(&reading);
        loader.large = large;
        let read = loader.input(&InputFile { path: Some(path.to_owned()), named });
        match read.and_then(|()| loader.finish()) {
            Ok(loaded) => {
                // A mark of byte order counts where the text stays in its file; places and texts are the same.
                let shown = |it| (loaded.source.place(it), loaded.source.text(it));
                let shown: Vec<_> = loaded.source.at.keys().map(shown).collect();
                format!("{:?} {:?} {shown:?}", loaded.cluster, loaded.notes)
            }
            Err(error) => format!("{error} {error:?}"),
        }
    }

    const POLICIES: &str = r#"{
        "apiVersion": "v1",
        "items": [
            {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "shut"}, "spec": {"podSelector": {}}},
            {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "odd", "namespace": "shop"}, "spec": 7},
            {"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "a"}},
              {"metadata": {"name": "\u00e9 }],\"["}}]},
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {"app": "web"}}},
            {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "e"}, "subsets": [{"addresses": [{"ip": "10.0.0.1"}]}]},
            {"apiVersion": "example.org/v1", "kind": "Thing"}, {"kind": "Pod"}, 7, null, "a", []
        ],
        "kind": "List",
        "metadata": {"resourceVersion": ""}
    }"#;

    /// The law of this module: what is read in parts is what is read as a whole, and so is what is wrong with it.
    #[test]
    fn what_is_read_in_parts_is_what_is_read_as_a_whole() {
        let typed =
            r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}"#;
        let crd = r#"[{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","spec":{"group":"g","names":{"plural":"ps"}}}]"#;
        let twice = r#"{"kind":"List","kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}}]}"#;
        let mut texts: Vec<Vec<u8>> =
            [POLICIES, typed, crd, twice, "[]", "{}", "{kind: List, apiVersion: v1, items: [{a: b}]}"]
                .iter()
                .map(|it| it.as_bytes().to_vec())
                .collect();
        texts.extend([
            format!("\u{feff}\n {typed}").into_bytes(),
            format!("{typed}\n\n{POLICIES} {crd}").into_bytes(),
            format!("{typed}\n---\n{POLICIES}\n---\nkind: Pod\n").into_bytes(),
            format!("{typed} trailing").into_bytes(),
            typed.replace("\"a\"", "nul").into_bytes(),
            typed.replace("\"a\"", "\"\u{1}\"").into_bytes(),
            typed.replace("},{", "},,{").into_bytes(),
            typed.bytes().map(|it| if it == b'b' { 0xff } else { it }).collect(),
            typed.bytes().map(|it| if it == b'b' { 0 } else { it }).collect(),
            [b"\xff\xfe".to_vec(), typed.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(),
        ]);
        texts.extend((0..typed.len()).map(|it| typed.as_bytes()[..it].to_vec()));
        texts.extend((0..POLICIES.len()).step_by(37).map(|it| POLICIES.as_bytes()[..it].to_vec()));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("dump.json");
        for text in texts {
            fs::write(&path, &text).expect("a file");
            for named in [true, false] {
                let (parts, whole) = (read(&path, 0, named), read(&path, usize::MAX, named));
                assert_eq!(parts, whole, "{}", String::from_utf8_lossy(&text));
            }
        }
    }

    #[test]
    fn what_is_piped_is_read_as_what_is_in_a_file() {
        let told = |it: Option<(Contents, Homeless)>| format!("{it:?}");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("dump.json");
        fs::write(&path, POLICIES).expect("a file");
        let of = |opened| {
            let stored::Opened::Stored(stored) = opened else { panic!("it is large") };
            told(contents(&stored, "here").expect("it can be read"))
        };
        let file = of(stored::open(Some(&path), 1 << 20, 10).expect("a file"));
        let piped = of(stored::piped(&mut Bounded::new(&mut POLICIES.as_bytes(), 1 << 20), 10).expect("text"));
        assert!(file.contains("shut"), "{file}");
        assert_eq!(file, piped);
    }
}
