//! Every step that reach makes has a case that makes it and one that does not.

use std::fs;
use std::path::{Path, PathBuf};

use kreach::escalate::{connect, edges};

/// The cases of a folder and of those in it.
fn cases(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the cases");
    let paths: Vec<PathBuf> = entries.flatten().map(|it| it.path()).collect();
    paths.into_iter().flat_map(|it| if it.is_dir() { cases(&it) } else { vec![it] }).collect()
}

/// What the lines of a case say of a step: that it is made, and that where its rule is tried it is not.
fn says(case: &str, id: &str) -> (bool, bool) {
    let quoted = format!("\"{id}\"");
    let is_its = |line: &&str| line.starts_with("# rule:") && line.split([' ', ',', ';']).any(|it| it == id);
    let is_about = case.lines().any(|it| is_its(&it));
    let (mut fires, mut is_silent) = (false, false);
    for line in case.lines().filter_map(|it| it.strip_prefix("# expect: reach ")) {
        let Some((_, wants)) = line.split_once("=>") else { continue };
        let is_absent =
            wants.contains(&format!("no text {quoted}")) || wants.contains(&format!("no has {{\"edge\":{quoted}"));
        fires |= wants.contains(&quoted) && !is_absent && !wants.contains("exit 1");
        is_silent |= is_absent || is_about && wants.contains("exit 1");
    }
    (fires, is_silent)
}

#[test]
fn every_step_is_made_in_some_case_and_not_in_another() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports/reach");
    let cases: Vec<String> = cases(&folder).iter().filter_map(|it| fs::read_to_string(it).ok()).collect();
    let mut missing = Vec::new();
    for edge in edges::EDGES.iter().chain(connect::EDGES) {
        let said: Vec<(bool, bool)> = cases.iter().map(|it| says(it, edge.id)).collect();
        if !said.iter().any(|it| it.0) {
            missing.push(format!("{}: no case that makes it", edge.id));
        }
        if !said.iter().any(|it| it.1) {
            missing.push(format!("{}: no case that does not", edge.id));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
