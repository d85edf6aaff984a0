//! JSON of any size to its objects: where each item of a list stands, told from the bytes as they pass.
//!
//! ```text
//! {"apiVersion":"v1","items":[ {…}, {…} ],"kind":"List"}     kubectl says last what it is that it lists
//!                              └─┘  └─┘                       the items: places alone are kept of them
//! {"apiVersion":"v1","items":[{},{}],"kind":"List"}          the frame: what is left, and is read as any JSON
//! ```
//!
//! This goes by quotes and brackets alone. What it says holds as far as the frame and each item are JSON by
//! themselves: then the whole is, and has these items. Whatever is not so is left to the reader of whole texts.

use std::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::read::{TypeMeta, names};
use super::split::ListType;

/// How large a frame may become: beyond it nothing would be won.
const FRAME: usize = 16 << 20;
/// What stands in a frame for an item.
const STAND_IN: &[u8] = b"{}";
const BLANK: [u8; 4] = [b' ', b'\t', b'\r', b'\n'];

/// One object, or one item of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct CutObject {
    pub range: Range<usize>,
    /// The line that it begins on, from 1.
    pub line: u32,
    /// Which of the lists it is an item of.
    pub list: Option<usize>,
}

/// The text is no stream of JSON objects and lists, or none that can be cut.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct NotCut;

/// All that was cut.
#[derive(PartialEq, Eq, Debug, Default)]
pub(super) struct Cuts {
    pub all: Vec<CutObject>,
    pub lists: Vec<ListType>,
}

/// Cuts a text whose parts come one after the other.
#[derive(Default)]
pub(super) struct Cutter {
    cuts: Cuts,
    /// Where the part that comes next stands in the text, and how many lines ended before.
    at: usize,
    ended: u32,
    depth: usize,
    string: InString,
    /// Where the object or array around all begins, and its line.
    begin: (usize, u32),
    frame: Vec<u8>,
    /// How deep the items are that are being cut.
    items: Option<usize>,
    /// Whether the object has items already.
    has_items: bool,
    item: Option<CutObject>,
    own: Vec<CutObject>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum InString {
    #[default]
    No,
    Yes,
    /// The next byte stands for itself.
    Escaped,
}

impl Cutter {
    /// A text that begins at this offset of its file, behind a mark of byte order.
    pub fn from(at: usize) -> Self {
        Self { at, ..Self::default() }
    }

    /// Takes the next part.
    pub fn take(&mut self, part: &[u8]) -> Result<(), NotCut> {
        let (mut at, mut counted) = (0, 0);
        while at < part.len() {
            let end = self.run(&part[at..]) + at;
            self.keep(&part[at..end]);
            let Some(&byte) = part.get(end) else { break };
            if self.may_begin() {
                self.ended += breaks(&part[counted..end]);
                counted = end;
            }
            self.byte(byte, self.at + end)?;
            at = end + 1;
        }
        self.ended += breaks(&part[counted..]);
        self.at += part.len();
        if self.frame.len() > FRAME { Err(NotCut) } else { Ok(()) }
    }

    /// What was cut of the whole text.
    pub fn finish(self) -> Result<Cuts, NotCut> {
        if self.depth == 0 { Ok(self.cuts) } else { Err(NotCut) }
    }

    /// Whether an object, an array or an item begins with the next byte that is no space.
    fn may_begin(&self) -> bool {
        self.string == InString::No && (self.depth == 0 || self.items == Some(self.depth) && self.item.is_none())
    }

    /// How many bytes say nothing of where anything stands.
    fn run(&self, part: &[u8]) -> usize {
        let found = match self.string {
            InString::Yes => memchr::memchr2(b'"', b'\\', part),
            InString::Escaped => Some(0),
            InString::No if self.is_inside_item() => part.iter().position(|it| IS_MARK[usize::from(*it)]),
            InString::No => Some(0),
        };
        found.unwrap_or(part.len())
    }

    fn is_inside_item(&self) -> bool {
        self.items.is_some_and(|it| self.depth > it)
    }

    /// Keeps what stands in no item.
    fn keep(&mut self, bytes: &[u8]) {
        if self.items.is_none() && self.depth > 0 {
            self.frame.extend_from_slice(bytes);
        }
    }

    fn byte(&mut self, byte: u8, at: usize) -> Result<(), NotCut> {
        match (self.string, byte) {
            (InString::Escaped, _) => self.string = InString::Yes,
            (InString::Yes, b'\\') => self.string = InString::Escaped,
            (InString::Yes, b'"') => {
                self.string = InString::No;
                self.said(at);
            }
            (InString::Yes, _) => {}
            (InString::No, it) if BLANK.contains(&it) => {}
            (InString::No, it) => return self.mark(it, at),
        }
        self.keep(&[byte]);
        Ok(())
    }

    /// Takes a byte that stands in no string and is no space.
    fn mark(&mut self, byte: u8, at: usize) -> Result<(), NotCut> {
        let ends = self.items == Some(self.depth) && matches!(byte, b',' | b']' | b'}');
        if ends {
            self.end_item();
        } else if self.items == Some(self.depth) && self.item.is_none() {
            let line = self.ended + 1;
            self.item = Some(CutObject { range: at..at, line, list: Some(self.cuts.lists.len()) });
        }
        match byte {
            b'{' | b'[' => return self.open(byte, at),
            _ if self.depth == 0 => return Err(NotCut),
            b'}' | b']' => return self.close(byte, at),
            b'"' => self.string = InString::Yes,
            _ => {}
        }
        if ends {
            self.frame.push(byte);
        } else {
            self.keep(&[byte]);
        }
        self.said(at);
        Ok(())
    }

    /// An item goes on to this byte at least.
    fn said(&mut self, at: usize) {
        if let Some(item) = &mut self.item {
            item.range.end = at + 1;
        }
    }

    fn end_item(&mut self) {
        if let Some(item) = self.item.take() {
            self.frame.extend_from_slice(STAND_IN);
            self.own.push(item);
        }
    }

    fn open(&mut self, byte: u8, at: usize) -> Result<(), NotCut> {
        if self.depth == 0 {
            self.begin = (at, self.ended + 1);
        }
        let is_list = byte == b'[' && (self.depth == 0 || self.depth == 1 && ends_in_items(&self.frame));
        self.depth += 1;
        self.keep(&[byte]);
        if is_list && self.items.is_none() {
            if std::mem::replace(&mut self.has_items, true) {
                return Err(NotCut);
            }
            self.items = Some(self.depth);
        }
        Ok(())
    }

    fn close(&mut self, byte: u8, at: usize) -> Result<(), NotCut> {
        if self.items == Some(self.depth) {
            self.items = None;
        }
        self.keep(&[byte]);
        self.said(at);
        self.depth -= 1;
        if self.depth == 0 { self.end(at + 1) } else { Ok(()) }
    }

    /// The object or array around all has ended: its frame says what its items are.
    fn end(&mut self, end: usize) -> Result<(), NotCut> {
        let frame = std::mem::take(&mut self.frame);
        let frame = std::str::from_utf8(&frame).map_err(|_| NotCut)?;
        serde_json::from_str::<IgnoredAny>(frame).map_err(|_| NotCut)?;
        self.has_items = false;
        let own = std::mem::take(&mut self.own);
        match list_of(frame, own.len()) {
            Some(list) => {
                self.cuts.lists.push(list);
                self.cuts.all.extend(own);
            }
            None => self.cuts.all.push(CutObject { range: self.begin.0..end, line: self.begin.1, list: None }),
        }
        Ok(())
    }
}

/// What ends a run of bytes inside an item.
const IS_MARK: [bool; 256] = {
    let mut is_mark = [false; 256];
    let marks = b"\"{}[]";
    let mut at = 0;
    while at < marks.len() {
        is_mark[marks[at] as usize] = true;
        at += 1;
    }
    is_mark
};

/// How many lines end in it.
pub(super) fn breaks(bytes: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
}

/// Whether the key whose value begins here is `items`; a frame that only looks so is told by its list.
fn ends_in_items(frame: &[u8]) -> bool {
    let key = frame.trim_ascii_end().strip_suffix(b":").map(<[u8]>::trim_ascii_end);
    key.is_some_and(|it| it.ends_with(b"\"items\""))
}

/// The type of the list that a frame is, if it is one of so many items.
fn list_of(frame: &str, items: usize) -> Option<ListType> {
    #[derive(Deserialize)]
    struct ListFrame<'a> {
        #[serde(borrow)]
        items: Vec<&'a RawValue>,
    }
    if frame.starts_with('[') {
        return Some(ListType::any());
    }
    let own: TypeMeta = serde_json::from_str(frame).ok()?;
    let (version, kind) = names(own, None).ok().filter(|(_, kind)| kind.ends_with("List"))?;
    let held = serde_json::from_str::<ListFrame<'_>>(frame).ok()?.items.len();
    (held == items).then_some(ListType { kind, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is cut, each with its line and the kind of its list, with parts of every size.
    fn cut(text: &str) -> Option<Vec<(&str, u32, Option<String>)>> {
        let of = |size: usize| {
            let mut cutter = Cutter::default();
            let parts: Result<(), NotCut> = text.as_bytes().chunks(size).try_for_each(|it| cutter.take(it));
            parts.and_then(|()| cutter.finish())
        };
        let whole = of(text.len());
        assert!((1..text.len().min(40)).all(|it| of(it) == whole), "{text}");
        let Cuts { all, lists } = whole.ok()?;
        let told = |it: &CutObject| (it.range.clone(), it.line, it.list.map(|it| lists[it].kind.clone()));
        Some(all.iter().map(told).map(|(range, line, list)| (&text[range], line, list)).collect())
    }

    #[test]
    fn items_are_cut_whatever_they_hold() {
        let list = "{\"apiVersion\": \"v1\",\n \"items\" : [\n {\"a\": \"}],\\\"[\\\\\"} ,\n\n[1, {}] , \"é\\\"\" ,7 ],\n\"kind\":\"PodList\"}\n{} [ ]";
        let of = |kind: &str| Some(kind.to_owned());
        let expected = [
            ("{\"a\": \"}],\\\"[\\\\\"}", 3, of("PodList")),
            ("[1, {}]", 5, of("PodList")),
            ("\"é\\\"\"", 5, of("PodList")),
            ("7", 5, of("PodList")),
            ("{}", 7, None),
        ];
        assert_eq!(cut(list).expect("JSON"), expected);
        assert_eq!(cut("[{\"a\":1}\n,2]").expect("JSON"), [("{\"a\":1}", 1, of("List")), ("2", 2, of("List"))]);
        for whole in [
            r#"{"kind":"ConfigMap","apiVersion":"v1","items":[{},{}]}"#,
            r#"{"kind":"List","items":[{}]}"#,
            r#"{"kind":"List","apiVersion":"v1","items":null}"#,
            r#"{"kind":"List","apiVersion":"v1","metadata":{"items":[{}]}}"#,
            r#"{"kind":"List","apiVersion":"v1","\u0069tems":[{"a":1}]}"#,
            r#"{"kind":"List","kind":"List","apiVersion":"v1","items":[{}]}"#,
        ] {
            let found = cut(whole).expect(whole);
            assert!(found == [(whole, 1, None)] || whole.contains("u0069"), "{whole}: {found:?}");
        }
    }

    #[test]
    fn what_is_no_stream_of_objects_is_not_cut() {
        for text in [
            "{kind: Pod}",
            "{\"a\": 1",
            "{\"a\": 1}}",
            "{} x",
            "{}\n---\n{}",
            "{{ .Values }}",
            "[1,]",
            "[,1]",
            "[1 2",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}],\"items\":[{}]}",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}}",
            "\"a\"",
        ] {
            assert_eq!(cut(text), None, "{text}");
        }
    }
}
