//! Files of one folder that use each other in a circle: nobody can read one of them first.
//!
//! ```text
//! src/model/pod.rs  uses workload::Owner ──► src/model/workload.rs  uses pod::Pod ──► …    a third file holds Owner
//! ```
//!
//! A file may use what its folder's own file (`mod.rs`) gives, and that all of its files: that is how a folder is read.
//! Names that a `use` puts two braces deep are not followed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Complaints, File, code, file_name, first_names, rust, said, stem};

/// Folders whose files may use each other in circles, and why.
const CIRCLES: &[(&str, &str)] = &[
    ("src/ask/", "a world answers questions, and questions are asked of a world"),
    ("src/ask/expectation/", "one expectation is judged by the rules for all"),
    ("src/change/fix/", "a draft is made of parts that are drafts"),
    ("src/commands/", "what is staged is read as what is loaded"),
    ("src/embedded/", "a server and its answers, a kind and its columns"),
    ("src/embedded/seeded/", "the facts of a seeded world are rendered by the parts that made them"),
    ("src/embedded/story/", "the story's stages and what changes between them"),
    ("src/escalate/", "moves lead to holdings, and holdings to moves"),
    ("src/escalate/edges/", "two moves that write the same objects"),
    ("src/live/files/", "a stream is loaded piece by piece by what opens it"),
    ("src/manifests/", "a manifest of a pod is read as a manifest"),
    ("src/net/index/", "classes of pods are cut by the labels that peers select, and peers are sets of classes"),
    ("src/rbac/powers/", "the table of powers, and the file that holds those of controllers"),
    ("src/run/", "the loop feeds what is staged and asked, and both feed the loop"),
    ("src/terminal/", "a guard and who keeps it"),
    ("src/text/", "a gate is told within the text of a connection"),
    ("src/tui/", "panes, views and keys act on one App, which holds them"),
];

pub(super) fn circles(files: &[File]) -> Complaints {
    let folders: BTreeSet<String> = rust(files, "src/").flat_map(|it| folders_of(&it.path)).collect();
    let checked = folders.iter().filter(|folder| !CIRCLES.iter().any(|it| it.0 == folder.as_str()));
    checked.flat_map(|folder| circles_in(files, folder)).collect()
}

/// Folders that are excused and have no circle.
pub(super) fn idle_excuses(files: &[File]) -> Complaints {
    let idle = CIRCLES.iter().filter(|it| circles_in(files, it.0).is_empty());
    idle.map(|(folder, _)| format!("{folder}: is excused for a circle, and has none")).collect()
}

/// The folders below `src` that a file stands in: `src/net/` and `src/net/index/` of `src/net/index/pair.rs`.
fn folders_of(path: &str) -> Vec<String> {
    let ends = path.match_indices('/').map(|(at, _)| at + 1).filter(|at| *at > "src/".len());
    ends.map(|at| path[..at].to_owned()).collect()
}

/// Each group of a folder's modules that use each other in a circle.
fn circles_in(files: &[File], folder: &str) -> Complaints {
    let uses = uses_in(files, folder);
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let mut complaints = Vec::new();
    for module in uses.keys() {
        let circle: Vec<&str> =
            reached(&uses, module).into_iter().filter(|it| reached(&uses, it).contains(module.as_str())).collect();
        if circle.len() > 1 && !circle.iter().any(|it| told.contains(it)) {
            complaints.push(format!("{folder}: {} use each other in a circle", circle.join(", ")));
            told.extend(circle);
        }
    }
    complaints
}

/// Which modules of a folder each of them uses.
fn uses_in(files: &[File], folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let in_folder: Vec<(String, &File)> =
        rust(files, folder).filter_map(|it| Some((module_in(&it.path, folder)?.to_owned(), it))).collect();
    let mut uses: BTreeMap<String, BTreeSet<String>> =
        in_folder.iter().map(|it| (it.0.clone(), BTreeSet::new())).collect();
    for (module, file) in in_folder {
        let used = used(file, folder).into_iter().filter(|it| *it != module && uses.contains_key(it));
        let used: Vec<String> = used.collect();
        uses.entry(module).or_default().extend(used);
    }
    uses
}

/// The module of a folder that a file belongs to; the folder's own file belongs to none.
fn module_in<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let first = path.strip_prefix(folder)?.split('/').next()?;
    (first != "mod.rs").then(|| stem(first))
}

/// The names that a file uses of a folder: `crate::net::index::x`, or `super::x` as often as the file is deep.
fn used(file: &File, folder: &str) -> Vec<String> {
    let levels = file.path[folder.len()..].split('/').count() - usize::from(file_name(&file.path) == "mod.rs");
    let from_top = format!("crate::{}", folder["src/".len()..].replace('/', "::"));
    let code = code(&file.text);
    let mut names = Vec::new();
    for prefix in [from_top, "super::".repeat(levels)] {
        for (at, _) in code.match_indices(&prefix).filter(|(at, _)| !code[..*at].ends_with("super::")) {
            names.extend(first_names(&code[at + prefix.len()..]));
        }
    }
    names
}

/// All modules that one leads to by its uses, itself among them.
fn reached<'u>(uses: &'u BTreeMap<String, BTreeSet<String>>, from: &'u str) -> BTreeSet<&'u str> {
    let mut seen = BTreeSet::from([from]);
    let mut next = vec![from];
    while let Some(module) = next.pop() {
        let new = uses.get(module).into_iter().flatten().map(String::as_str);
        next.extend(new.filter(|it| seen.insert(it)).collect::<Vec<_>>());
    }
    seen
}

#[test]
fn a_circle_is_found_however_long_it_is_and_however_it_is_written() {
    let pod = ("src/model/pod.rs", "use super::{id::Kind, workload};");
    let workload = ("src/model/workload.rs", "use crate::model::owner::Owner;");
    let owner = ("src/model/owner/mod.rs", "fn f() { super::pod::g() }");
    assert_eq!(said(circles, &[pod, workload, owner]), ["src/model/: owner, pod, workload use each other in a circle"]);
    assert!(said(circles, &[pod, workload]).is_empty());
    let deep = ("src/model/owner/one.rs", "use super::super::pod;\nuse super::x;");
    assert_eq!(said(circles, &[pod, workload, deep]).len(), 1);
    let own = [("src/model/mod.rs", "mod pod;"), ("src/model/pod.rs", "use super::Cluster;")];
    assert!(said(circles, &own).is_empty(), "a folder's own file");
    let of_tests = ("src/model/owner.rs", "#[cfg(test)]\nmod tests {\n    use crate::model::pod;\n}\n");
    assert!(said(circles, &[pod, workload, of_tests]).is_empty());
}
