//! Findings as JUnit's XML: a test case for each file and for each expectation.
//!
//! What is unknown is an error and not a failure: it was not decided.

use std::fmt::Write as _;
use std::io;

use crate::ask::expectation::ExpectationVerdict;
use crate::model::untrusted;

use super::{CheckReport, CheckRule, Expected};

/// One test case: its name, where it stands, and what is wrong with it.
struct Case<'a> {
    suite: &'static str,
    name: String,
    file: &'a str,
    line: Option<u32>,
    failures: Vec<String>,
    errors: Vec<String>,
}

/// Writes the report.
pub(super) fn write(report: &CheckReport, out: &mut dyn io::Write) -> io::Result<()> {
    let suites = [("files", files(report)), ("expectations", report.expected.iter().map(of_expectation).collect())];
    let all = || suites.iter().flat_map(|it| &it.1);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"kreach\" {}>", counts(&all().collect::<Vec<_>>()))?;
    for (name, cases) in suites.iter().filter(|it| !it.1.is_empty()) {
        writeln!(out, "  <testsuite name=\"{name}\" {}>", counts(&cases.iter().collect::<Vec<_>>()))?;
        cases.iter().try_for_each(|it| out.write_all(it.text().as_bytes()))?;
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// The files, and below them what no file holds.
fn files<'r>(report: &'r CheckReport) -> Vec<Case<'r>> {
    let found = || report.findings.iter().filter(|it| it.rule != CheckRule::Expectation);
    let mut names: Vec<&str> = report.files.iter().map(String::as_str).collect();
    names.extend(found().map(|it| it.file.as_str()));
    names.sort_unstable();
    names.dedup();
    let case = |file: &'r str| {
        let failures = found().filter(|it| it.file == file).map(|it| it.words()).collect();
        let name = if file.is_empty() { "no file".to_owned() } else { file.to_owned() };
        Case { suite: "files", name, file, line: None, failures, errors: Vec::new() }
    };
    names.into_iter().map(case).collect()
}

fn of_expectation(it: &Expected) -> Case<'_> {
    let told = |verdict| if it.judged.verdict == verdict { vec![whole(it)] } else { Vec::new() };
    Case {
        suite: "expectations",
        name: it.text.clone(),
        file: &it.file,
        line: Some(it.line),
        failures: told(ExpectationVerdict::Broken),
        errors: told(ExpectationVerdict::Unknown),
    }
}

/// What came of it, with every reason on a line of its own.
fn whole(it: &Expected) -> String {
    let reasons = it.judged.besides().map(|it| it.line(0).text);
    std::iter::once(it.words()).chain(reasons).collect::<Vec<_>>().join("\n")
}

fn counts(cases: &[&Case<'_>]) -> String {
    let failures = cases.iter().filter(|it| !it.failures.is_empty()).count();
    let errors = cases.iter().filter(|it| !it.errors.is_empty()).count();
    format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\"", cases.len())
}

impl Case<'_> {
    fn text(&self) -> String {
        let mut text = format!("    <testcase classname=\"kreach.{}\" name=\"{}\"", self.suite, escaped(&self.name));
        if !self.file.is_empty() {
            let _ = write!(text, " file=\"{}\"", escaped(self.file));
        }
        if let Some(line) = self.line {
            let _ = write!(text, " line=\"{line}\"");
        }
        if self.failures.is_empty() && self.errors.is_empty() {
            return text + "/>\n";
        }
        text += ">\n";
        for (element, said) in [("failure", &self.failures), ("error", &self.errors)] {
            if let Some(first) = said.first().and_then(|it| it.lines().next()) {
                let lines: Vec<String> = said.iter().flat_map(|it| it.lines()).map(escaped).collect();
                let message = escaped(first);
                let _ = writeln!(text, "      <{element} message=\"{message}\">{}</{element}>", lines.join("\n"));
            }
        }
        text + "    </testcase>\n"
    }
}

/// Text inside an element or a quoted attribute; what commands a terminal is written as escapes, and what XML cannot hold
/// is replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for it in untrusted::show(text).chars() {
        match it {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            it => escaped.push(it),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_cluster_is_markup() {
        assert_eq!(escaped("a<b>&\"'\u{ffff}"), "a&lt;b&gt;&amp;&quot;&apos;\u{fffd}");
        assert!(!escaped("\u{0}\u{1b}[2J\n").contains(|it: char| it.is_control()));
    }
}
