//! How answers are written: one writer for every form, so that no byte of a cluster commands a terminal, a browser or
//! a spreadsheet, whatever the form.
//!
//! ```text
//! json, json_line   names as they are; what deceives is an escape of the form's own: "\u202e"
//! yaml              the same; a field that needs escapes is written in YAML's flow style, which is JSON
//! csv_line          `\u{202e}`, quotes by RFC 4180, no formulas
//! markdown          `\u{202e}`, no HTML, links, images or columns
//! dot               `\u{202e}`, in quotes that no name leaves
//! Harmless          the last gate before stdout: what would still get through is written out as `\u{202e}`
//! ```
//!
//! What deceives is [`untrusted::is_deceptive`]'s to say (control, bidirectional, zero-width characters; CONTRACT §5).

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::model::untrusted;

/// Writes a document as indented JSON with a line break at its end.
///
/// # Errors
/// The writer's own.
pub fn json(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let formatter = Escaping { form: PrettyFormatter::new(), astral: Astral::Surrogates };
    document.serialize(&mut Serializer::with_formatter(&mut *out, formatter))?;
    out.write_all(b"\n")
}

/// Appends a document as one line of JSON, without its line break.
///
/// # Errors
/// A document that is no JSON.
pub fn json_line(document: &impl Serialize, line: &mut Vec<u8>) -> io::Result<()> {
    let formatter = Escaping { form: CompactFormatter, astral: Astral::Surrogates };
    Ok(document.serialize(&mut Serializer::with_formatter(line, formatter))?)
}

/// Writes a document as YAML: the same fields in the same order.
///
/// # Errors
/// The writer's own.
pub fn yaml(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_saphyr::to_string(document).map_err(io::Error::other)?;
    if !deceives(&text) {
        out.write_all(text.trim_end().as_bytes())?;
        return out.write_all(b"\n");
    }
    let value = serde_json::to_value(document)?;
    let written = match escaped_fields(text.trim_end(), &value)? {
        Some(fields) => fields,
        None => flow(&value)?,
    };
    out.write_all(&written)?;
    out.write_all(b"\n")
}

/// The fields of a block of YAML, those that deceive in flow style; `None` where a name itself does.
fn escaped_fields(text: &str, value: &serde_json::Value) -> io::Result<Option<Vec<u8>>> {
    let mut fields: Vec<String> = Vec::new();
    for line in text.lines() {
        match fields.last_mut().filter(|_| line.starts_with([' ', '-'])) {
            Some(field) => field.extend(["\n", line]),
            None => fields.push(line.to_owned()),
        }
    }
    for field in fields.iter_mut().filter(|it| deceives(it)) {
        let named = field.split_once(':').and_then(|(name, _)| Some((name.to_owned(), value.get(name)?)));
        let Some((name, value)) = named else { return Ok(None) };
        *field = format!("{name}: {}", String::from_utf8_lossy(&flow(value)?));
    }
    Ok(Some(fields.join("\n").into_bytes()))
}

fn flow(value: &serde_json::Value) -> io::Result<Vec<u8>> {
    let mut written = Vec::new();
    let formatter = Escaping { form: CompactFormatter, astral: Astral::Long };
    value.serialize(&mut Serializer::with_formatter(&mut written, formatter))?;
    Ok(written)
}

fn deceives(text: &str) -> bool {
    !is_plain(text.as_bytes()) && text.chars().any(|it| it != '\n' && untrusted::is_deceptive(it))
}

/// Whether this is ASCII that nothing can hide in, as nearly all is that clusters hold.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, it| all & matches!(it, 0x20..0x7f | b'\n'))
}

/// How a character beyond 16 bits is escaped.
#[derive(Clone, Copy)]
enum Astral {
    /// JSON: two of four digits.
    Surrogates,
    /// YAML: `\U` and eight digits.
    Long,
}

/// JSON whose strings escape what deceives, besides what JSON itself wants.
struct Escaping<F> {
    form: F,
    astral: Astral,
}

impl<F> Escaping<F> {
    fn escape<W: ?Sized + Write>(&self, writer: &mut W, it: char) -> io::Result<()> {
        match (u32::from(it), self.astral) {
            (code @ 0x1_0000.., Astral::Long) => write!(writer, "\\U{code:08x}"),
            _ => it.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(writer, "\\u{unit:04x}")),
        }
    }
}

/// The methods in which the two forms differ are theirs.
macro_rules! as_the_form_has_it {
    ($($method:ident($($argument:ident: $type:ty)?)),* $(,)?) => {
        $(fn $method<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $type)?) -> io::Result<()> {
            self.form.$method(writer $(, $argument)?)
        })*
    };
}

impl<F: Formatter> Formatter for Escaping<F> {
    as_the_form_has_it! {
        begin_array(), end_array(), begin_array_value(first: bool), end_array_value(),
        begin_object(), end_object(), begin_object_key(first: bool), begin_object_value(), end_object_value(),
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if is_plain(fragment.as_bytes()) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(untrusted::is_deceptive) {
            writer.write_all(&rest.as_bytes()[..at])?;
            let mut after = rest[at..].chars();
            after.next().map_or(Ok(()), |it| self.escape(writer, it))?;
            rest = after.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// One line of CSV, without its line break: quoted where it must be, and never read as a formula by a spreadsheet.
pub fn csv_line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    fields.into_iter().map(csv_field).collect::<Vec<_>>().join(",")
}

fn csv_field(field: &str) -> String {
    let shown = untrusted::show(field);
    let formula = if shown.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    match formula.is_empty() && !shown.contains([',', '"']) {
        true => shown.into_owned(),
        false => format!("\"{formula}{}\"", shown.replace('"', "\"\"")),
    }
}

/// Text inside Markdown, also in a cell of a table: it reads as it is and means nothing.
///
/// HTML is written as entities, the rest with backslashes; an address is no link.
pub fn markdown(text: &str) -> String {
    let shown = untrusted::show(text);
    let mut written = String::with_capacity(shown.len());
    for (at, it) in shown.char_indices() {
        match it {
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '&' => written.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => written.extend(['\\', it]),
            '!' if shown[at + 1..].starts_with('[') => written.push_str("\\!"),
            // GFM makes links of what looks like an address.
            ':' if shown[at + 1..].starts_with("//") => written.push_str("\\:"),
            '.' if shown[..at].to_ascii_lowercase().ends_with("www") => written.push_str("\\."),
            it => written.push(it),
        }
    }
    written
}

/// A name or a label of a graph for Graphviz, in its quotes: nothing in it is an escape of Graphviz.
pub fn dot(text: &str) -> String {
    format!("\"{}\"", untrusted::show(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether escape sequences of color may pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sequences {
    None,
    Colors,
}

/// The gate before stdout: what none of the forms above has made harmless is written out here.
///
/// It is no form of its own: answers pass as they are.
pub struct Harmless<W> {
    out: W,
    sequences: Sequences,
    /// The beginning of a character whose end has not been written yet.
    begun: Vec<u8>,
}

impl<W: Write> Harmless<W> {
    /// A gate before this writer.
    pub fn new(out: W, sequences: Sequences) -> Self {
        Self { out, sequences, begun: Vec::new() }
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        let mut rest = all.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => return self.text(text),
                Err(error) => {
                    let (valid, invalid) = rest.split_at(error.valid_up_to());
                    self.text(&String::from_utf8_lossy(valid))?;
                    let Some(length) = error.error_len() else {
                        self.begun = invalid.to_vec();
                        return Ok(());
                    };
                    invalid[..length].iter().try_for_each(|it| write!(self.out, "\\x{it:02x}"))?;
                    rest = &invalid[length..];
                }
            }
        }
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        let mut rest = text;
        while let Some(at) = rest.find(|it| it != '\n' && it != '\t' && untrusted::is_deceptive(it)) {
            self.out.write_all(&rest.as_bytes()[..at])?;
            rest = &rest[at..];
            let passes = self.passes(rest);
            let taken = if passes > 0 { passes } else { rest.chars().next().map_or(1, char::len_utf8) };
            let (found, after) = rest.split_at(taken);
            match passes {
                0 => self.out.write_all(untrusted::show(found).as_bytes())?,
                _ => self.out.write_all(found.as_bytes())?,
            }
            rest = after;
        }
        self.out.write_all(rest.as_bytes())
    }

    /// How many bytes at the beginning are a color.
    fn passes(&self, text: &str) -> usize {
        let color = text.strip_prefix("\x1b[").filter(|_| self.sequences == Sequences::Colors);
        let end = color.and_then(|it| it.find(|c: char| !c.is_ascii_digit() && c != ';').map(|at| (it, at)));
        end.filter(|(it, at)| it[*at..].starts_with('m')).map_or(0, |(_, at)| at + 3)
    }
}

impl<W: Write> Write for Harmless<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.begun.is_empty() && is_plain(bytes) {
            true => self.out.write_all(bytes)?,
            false => self.pass(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that CONTRACT §5 names, and what is near it: control, C1, bidirectional, zero-width, tags, private use.
    const HOSTILE: &str = "a\u{1b}[31m\u{7f}\u{9b}\u{202e}\u{200b}\u{2066}\u{feff}\u{e0041}\u{ad}\t\r\n,|\"<b>é中";

    fn raw(text: &str) -> Vec<char> {
        text.chars().filter(|it| *it != '\n' && untrusted::is_deceptive(*it)).collect()
    }

    fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("a vector takes all bytes");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn json_and_yaml_escape_what_deceives_and_read_back_as_it_was() {
        let document = serde_json::json!({ "a": [HOSTILE, { HOSTILE: 1 }], "e": [], "o": {}, "n": null });
        for text in [written(|it| json(&document, it)), written(|it| json_line(&document, it))] {
            assert!(raw(&text).is_empty(), "{text}");
            assert!(text.contains("\\u202e") && text.contains("\\u009b") && text.contains("\\udb40\\udc41"), "{text}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), document);
        }
        let text = written(|it| yaml(&document, it));
        assert!(raw(&text).is_empty(), "{text}");
        assert!(text.contains("\\u202e") && text.contains("\\U000e0041"), "{text}");
        assert_eq!(serde_saphyr::from_str::<serde_json::Value>(&text).expect("YAML"), document);
        let mixed = serde_json::json!({ "a": [{ "b": "c" }], HOSTILE: "x" });
        let text = written(|it| yaml(&mixed, it));
        assert!(raw(&text).is_empty(), "{text}");
        assert_eq!(serde_saphyr::from_str::<serde_json::Value>(&text).expect("YAML"), mixed);
    }

    /// What needs no escape stays in block style beside what does: the beginning of a snapshot is looked for.
    #[test]
    fn only_the_fields_of_yaml_that_deceive_are_written_in_flow_style() {
        let document = serde_json::json!({ "apiVersion": "v1", "list": ["é"], "z": [{ "name": "a\u{202e}" }] });
        assert_eq!(written(|it| yaml(&document, it)), "apiVersion: v1\nlist:\n- é\nz: [{\"name\":\"a\\u202e\"}]\n");
    }

    /// What looks like something else in YAML comes back as it was; a harmless document stays in block style.
    #[test]
    fn yaml_reads_back_as_the_same() {
        let names =
            ["no", "~", "null", "0x1f", "1e3", "-", ": ", "#", "a: b", "\u{1b}[31m", "x\ny", "", " ", "'", "\""];
        let document = serde_json::json!({ "names": names, "none": null, "number": 7, "empty": [] });
        let text = written(|it| yaml(&document, it));
        assert!(!text.contains('\u{1b}'), "{text}");
        assert_eq!(serde_saphyr::from_str::<serde_json::Value>(&text).expect("YAML"), document, "{text}");
        assert_eq!(written(|it| yaml(&serde_json::json!({ "a": "é" }), it)), "a: é\n");
    }

    #[test]
    fn a_field_of_csv_is_one_field_and_no_formula() {
        assert_eq!(csv_line(["a", "b,c", "d\"e", "=1+1", "f g"]), "a,\"b,c\",\"d\"\"e\",\"'=1+1\",f g");
        let line = csv_line([HOSTILE]);
        assert!(raw(&line).is_empty() && !line.contains('\n') && line.contains("\\u{202e}"), "{line}");
    }

    #[test]
    fn markdown_holds_no_markup_of_others() {
        assert_eq!(markdown("shop/web-0 TCP 80-90, a_b"), "shop/web-0 TCP 80-90, a\\_b");
        assert_eq!(markdown("<img src=x>&amp;|"), "&lt;img src=x&gt;&amp;amp;\\|");
        assert_eq!(
            markdown("![x](https://e.example) www.e.example"),
            "\\!\\[x\\](https\\://e.example) www\\.e.example"
        );
        assert!(raw(&markdown(HOSTILE)).is_empty());
    }

    #[test]
    fn what_still_gets_through_is_written_out() {
        let through = |sequences, pieces: &[&[u8]]| {
            written(|it| {
                let mut gate = Harmless::new(it, sequences);
                pieces.iter().try_for_each(|it| gate.write_all(it))
            })
        };
        assert_eq!(through(Sequences::None, &[b"a\tb\r\n", "é\u{202e}".as_bytes()]), "a\tb\\r\né\\u{202e}");
        assert_eq!(through(Sequences::None, &[b"\x1b[1mx\r"]), "\\u{1b}[1mx\\r");
        assert_eq!(through(Sequences::Colors, &[b"\x1b[1;33mx\x1b[0m\x1b[2J"]), "\x1b[1;33mx\x1b[0m\\u{1b}[2J");
        assert_eq!(
            through(Sequences::None, &["\u{202e}".as_bytes()[..1].as_ref(), &"\u{202e}".as_bytes()[1..]]),
            "\\u{202e}"
        );
        assert_eq!(through(Sequences::None, &[b"\xff\x9b!"]), "\\xff\\x9b!");
    }
}
