//! What ARCHITECTURE.md promises about the code, checked on the code.
//!
//! Each rule is a function from files to complaints (`src/net/gate.rs:12: mentions tokio`), run on the
//! whole tree in one test and on a few lines that break it in another: a rule that cannot fail guards nothing.
//!
//! The rules read text, not syntax: comments, strings and test modules are blanked out first, which is
//! enough for words and paths. What rustc and clippy can check is left to them.

mod cycles;
mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The floors, lowest first. A module uses itself and what lies on a lower floor; its neighbors are strangers.
const FLOORS: &[&[&str]] = &[
    &["model"],
    &["kinds"],
    &["people"],
    &["net", "rbac"],
    &["escalate", "change", "manifests"],
    &["text"],
    &["ask"],
    &["cli", "tui"],
    &["live", "terminal", "embedded"],
    &["args", "apply"],
    &["run"],
    &["commands"],
    &["lib", "main"],
];

/// The modules without IO, clock or threads: all floors below the shell.
const PURE: &[&str] =
    &["model", "kinds", "people", "net", "rbac", "escalate", "change", "manifests", "text", "ask", "cli", "tui"];

/// What a pure module does not mention.
const IMPURE: &[&str] = &[
    "tokio",
    "crossterm::terminal",
    "kube::Client",
    "kube::client",
    "kube::Api",
    "kube::runtime",
    "std::fs",
    "std::env",
    "std::process",
    "std::net::Tcp",
    "std::thread",
    "thread::spawn",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "select!",
    "Mutex",
    "RwLock",
];

/// A directory in which every file is a row of a table.
struct Table {
    directory: &'static str,
    /// The file that holds the table.
    table: &'static str,
    /// The directory's files that are no rows: what the rows are made with.
    besides: &'static [&'static str],
}

const TABLES: &[Table] = &[
    Table {
        directory: "src/kinds/",
        table: "src/kinds/mod.rs",
        besides: &[
            "apart",
            "context",
            "endpoints",
            "intern",
            "page",
            "parts",
            "prune",
            "reader",
            "refused",
            "slim",
            "unevaluated",
        ],
    },
    Table { directory: "src/ask/listing/", table: "src/ask/listing.rs", besides: &[] },
    Table { directory: "src/tui/views/", table: "src/tui/views/mod.rs", besides: &[] },
    Table { directory: "src/tui/panes/", table: "src/tui/panes/mod.rs", besides: &[] },
    Table {
        directory: "src/cli/",
        table: "src/args.rs",
        besides: &[
            "answer",
            "capabilities",
            "certificate",
            "exit",
            "form",
            "grants",
            "json",
            "paint",
            "sheet",
            "staged",
        ],
    },
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"];

/// A comment with these words, on the line or the one above, allows an iteration over a hash map.
const ORDER_IS_FREE: &str = "order does not matter";

/// A file of the project: its path from the top, with `/`, and its text.
struct File {
    path: String,
    text: String,
}

type Complaints = Vec<String>;
type Rule = fn(&[File]) -> Complaints;

#[test]
fn the_tree_is_tidy() {
    let files = tree();
    assert!(files.iter().any(|it| it.path == "src/lib.rs"), "the tree was not read");
    let rules: [(&str, Rule); 18] = [
        ("pure modules do no IO and know no clock", impure_words),
        ("modules use only what lies below them", upward_uses),
        ("every module of src has its floor", homeless_modules),
        ("file names say what is inside", empty_names),
        ("files of a folder do not use each other in circles", cycles::circles),
        ("who is excused for a circle has one", cycles::idle_excuses),
        ("no two public types have one name", names::homonyms),
        ("who is excused for a name that stands twice has one", names::idle_excuses),
        ("fixes alone know which kind they write", named_policy_kinds),
        ("every file of a table's directory is in the table", forgotten_rows),
        ("every power is in POWERS", forgotten_powers),
        ("every sort of findings is in FINDINGS", forgotten_findings),
        ("every file of tests/it is a module of it", forgotten_tests),
        ("every Rust file begins with its doc", missing_docs),
        ("paths that the documents name exist", dangling_paths),
        ("no order of a hash map reaches a user", hash_orders),
        ("no file names a developer's machine", machine_paths),
        ("nothing is printed by macros that panic where nobody listens", panicking_prints),
    ];
    let complaints: Vec<String> = rules
        .iter()
        .flat_map(|(name, rule)| rule(&files).into_iter().map(move |it| format!("{it}  ({name})")))
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn impure_words(files: &[File]) -> Complaints {
    let pure = rust(files, "src/").filter(|it| PURE.contains(&module(it)));
    pure.flat_map(|file| {
        let lines = code(&file.text);
        let found =
            |word: &&str| lines.lines().enumerate().filter(|(_, line)| mentions(line, word)).map(|(n, _)| n).collect();
        let hits = IMPURE.iter().flat_map(|word| {
            let hits: Vec<usize> = found(word);
            hits.into_iter().map(move |line| (line, *word))
        });
        hits.map(|(line, word)| complain(file, line, &format!("mentions {word}"))).collect::<Vec<_>>()
    })
    .collect()
}

/// The macros of the standard library that end the program where they cannot write (CONTRACT §5).
const PANICKING: &[&str] = &["println!", "print!", "eprintln!", "eprint!", "dbg!"];

fn panicking_prints(files: &[File]) -> Complaints {
    let lines = rust(files, "src/").flat_map(|file| {
        let lines: Vec<(usize, String)> = code(&file.text).lines().map(str::to_owned).enumerate().collect();
        lines.into_iter().map(move |(at, line)| (file, at, line))
    });
    let found = lines.filter_map(|(file, at, line)| {
        let word = PANICKING.iter().find(|it| mentions(&line, it))?;
        Some(complain(file, at, &format!("uses {word}")))
    });
    found.collect()
}

fn upward_uses(files: &[File]) -> Complaints {
    let sources = rust(files, "src/").filter(|it| floor(module(it)).is_some());
    sources.flat_map(|file| uses(file).into_iter().filter_map(|(line, used)| upward(file, line, &used))).collect()
}

fn upward(file: &File, line: usize, used: &str) -> Option<String> {
    let own = module(file);
    // What is no module of the crate's top is a macro or an item of lib.rs.
    let (own_floor, used_floor) = (floor(own)?, floor(used)?);
    (own != used && used_floor >= own_floor).then(|| complain(file, line, &format!("{own} may not use {used}")))
}

fn homeless_modules(files: &[File]) -> Complaints {
    let homeless = rust(files, "src/").filter(|it| floor(module(it)).is_none());
    homeless.map(|it| complain(it, 0, &format!("FLOORS does not know the module {}", module(it)))).collect()
}

fn empty_names(files: &[File]) -> Complaints {
    let code = files.iter().filter(|it| it.path.ends_with(".rs"));
    let empty = code.filter(|it| it.path.split('/').any(|part| EMPTY_NAMES.contains(&stem(part))));
    empty.map(|it| complain(it, 0, "is named for nothing that is inside")).collect()
}

/// Places that decide by the one policy kind that is modelled today: the table of kinds says what a kind decides.
fn named_policy_kinds(files: &[File]) -> Complaints {
    let others = rust(files, "src/").filter(|it| it.path != "src/kinds/network_policy.rs");
    let lines = others.flat_map(|file| {
        let lines: Vec<String> = code(&file.text).lines().map(str::to_owned).collect();
        lines.into_iter().enumerate().map(move |(at, line)| (file, at, line))
    });
    let named = lines.filter(|(_, _, line)| mentions(line, "Kind::NETWORK_POLICY"));
    named.map(|(file, at, _)| complain(file, at, "names NetworkPolicy: ask `kinds` what a kind decides")).collect()
}

fn forgotten_rows(files: &[File]) -> Complaints {
    TABLES.iter().flat_map(|it| forgotten_in(files, it)).collect()
}

fn forgotten_in(files: &[File], Table { directory, table, besides }: &Table) -> Complaints {
    let Some(text) = files.iter().find(|it| it.path == *table).map(|it| code(&it.text)) else {
        return vec![format!("{table}: the table of {directory} is gone")];
    };
    let name = |it: &File| stem(it.path[directory.len()..].split('/').next().unwrap_or_default()).to_owned();
    let gone = besides.iter().filter(|it| !files.iter().any(|file| file.path == format!("{directory}{it}.rs")));
    let gone = gone.map(|it| format!("{directory}{it}.rs: is gone and still excused from {table}"));
    let rows = rust(files, directory).filter(|it| it.path != *table && !it.path.ends_with("/mod.rs"));
    let rows = rows.filter(|it| !besides.contains(&name(it).as_str()));
    let forgotten = rows.filter(|it| !mentions(&text, &format!("{}::", name(it))));
    gone.chain(forgotten.map(|it| complain(it, 0, &format!("has no row in {table}")))).collect()
}

fn forgotten_powers(files: &[File]) -> Complaints {
    forgotten_constants(files, "src/rbac/powers/", "Power", "POWERS")
}

fn forgotten_findings(files: &[File]) -> Complaints {
    forgotten_constants(files, "src/model/finding", "FindingSort", "FINDINGS")
}

/// Constants of a type that the table beside them does not name.
fn forgotten_constants(files: &[File], under: &str, of_type: &str, table: &str) -> Complaints {
    let all = || rust(files, under);
    let rows = all().find_map(|it| Some(it.text.split_once(&format!("const {table}:"))?.1)).unwrap_or_default();
    let typed = format!(": {of_type} =");
    let name = |line: &str| line.strip_prefix("pub const ")?.split_once(&typed).map(|it| it.0.to_owned());
    let lines = all().flat_map(|file| file.text.lines().enumerate().map(move |(at, line)| (file, at, line)));
    let named = lines.filter_map(|(file, at, line)| Some((file, at, name(line)?)));
    let forgotten = named.filter(|it| !mentions(rows, &format!("&{},", it.2)));
    forgotten.map(|(file, at, name)| complain(file, at, &format!("{name} is not in {table}"))).collect()
}

fn forgotten_tests(files: &[File]) -> Complaints {
    let Some(main) = files.iter().find(|it| it.path == "tests/it/main.rs") else {
        return vec!["tests/it/main.rs: is gone".into()];
    };
    let declared = code(&main.text);
    let modules = rust(files, "tests/it/").filter_map(|it| {
        let below = it.path.strip_prefix("tests/it/")?;
        let name = below.strip_suffix("/mod.rs").unwrap_or(below.strip_suffix(".rs")?);
        (name != "main" && !name.contains('/')).then_some((it, name))
    });
    let forgotten = modules.filter(|(_, name)| !mentions(&declared, &format!("mod {name};")));
    forgotten.map(|(file, _)| complain(file, 0, "is not a module of tests/it/main.rs: it never runs")).collect()
}

fn missing_docs(files: &[File]) -> Complaints {
    let bare = rust(files, "").filter(|it| !it.text.starts_with("//!"));
    bare.map(|it| complain(it, 0, "does not begin with a //! doc")).collect()
}

fn dangling_paths(files: &[File]) -> Complaints {
    let pages = files.iter().filter(|it| it.path.ends_with(".md") && it.path != "CHANGELOG.md");
    let in_pages = pages.flat_map(|page| dangling_in(files, page, named_paths));
    let in_comments = rust(files, "src/").flat_map(|file| dangling_in(files, file, named_pages));
    in_pages.chain(in_comments).collect()
}

fn dangling_in(files: &[File], page: &File, named: fn(&str) -> Vec<String>) -> Complaints {
    let named =
        page.text.lines().enumerate().flat_map(|(line, text)| named(text).into_iter().map(move |it| (line, it)));
    let dangling = named.filter(|(_, it)| !exists(files, page, it));
    dangling.map(|(line, it)| complain(page, line, &format!("names {it}, which does not exist"))).collect()
}

fn hash_orders(files: &[File]) -> Complaints {
    let pure = rust(files, "src/").filter(|it| PURE.contains(&module(it)));
    pure.flat_map(hash_orders_in).collect()
}

fn hash_orders_in(file: &File) -> Complaints {
    let code = code(&file.text);
    let maps = hash_maps(&code);
    let written: Vec<&str> = file.text.lines().collect();
    let allowed = |line: usize| written[line.saturating_sub(1)..=line].iter().any(|it| it.contains(ORDER_IS_FREE));
    let lines = code.lines().enumerate().filter(|(n, line)| maps.iter().any(|map| iterates(line, map)) && !allowed(*n));
    let what = format!("iterates over a hash map: use an ordered map, sort, or say why {ORDER_IS_FREE}");
    lines.map(|(n, _)| complain(file, n, &what)).collect()
}

fn machine_paths(files: &[File]) -> Complaints {
    // Written in halves, or this file would be the first complaint.
    let machine = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"]].map(|it| it.concat());
    let lines = files.iter().flat_map(|file| file.text.lines().enumerate().map(move |(n, line)| (file, n, line)));
    let found = lines.filter(|(_, _, line)| machine.iter().any(|it| absolute(line, it)));
    found.map(|(file, n, _)| complain(file, n, "names a path of a developer's machine")).collect()
}

/// Whether a line holds an absolute path that begins so, rather than a longer path with such a part.
fn absolute(line: &str, prefix: &str) -> bool {
    line.match_indices(prefix)
        .any(|(at, _)| !line[..at].ends_with(|it: char| it.is_alphanumeric() || "._-".contains(it)))
}

/// All text files of the project, without what is built and git's own.
fn tree() -> Vec<File> {
    let mut files = Vec::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the project").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let (path, at) = (entry.path(), format!("{prefix}{name}"));
        if [".git", "target"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            collect(&path, &format!("{at}/"), files);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            files.push(File { path: at, text });
        }
    }
}

fn rust<'a>(files: &'a [File], under: &'a str) -> impl Iterator<Item = &'a File> {
    files.iter().filter(move |it| it.path.starts_with(under) && it.path.ends_with(".rs"))
}

fn complain(file: &File, line: usize, what: &str) -> String {
    format!("{}:{}: {what}", file.path, line + 1)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn stem(name: &str) -> &str {
    name.strip_suffix(".rs").unwrap_or(name)
}

/// The top module that a file of src belongs to: `net` for src/net/gate.rs and for src/net.rs.
fn module(file: &File) -> &str {
    let below = file.path.strip_prefix("src/").unwrap_or(&file.path);
    stem(below.split('/').next().unwrap_or(below))
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|it| it.contains(&module))
}

/// Whether the text holds the words, not as a part of a longer name.
fn mentions(text: &str, words: &str) -> bool {
    let inside = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let ends_in_name = inside(words.chars().last());
    text.match_indices(words).any(|(at, _)| {
        let after = text[at + words.len()..].chars().next();
        !(inside(text[..at].chars().last()) || ends_in_name && inside(after))
    })
}

/// The crate's modules that a file names, each with its line: `crate::x`, `kreach::x`, `crate::{x, y}`, `super::super::x`.
fn uses(file: &File) -> Vec<(usize, String)> {
    let code = code(&file.text);
    let depth = depth(&file.path);
    let mut found = Vec::new();
    for root in ["crate::", "kreach::", &"super::".repeat(depth)] {
        if root.is_empty() {
            continue;
        }
        for (at, _) in code.match_indices(root) {
            let line = code[..at].matches('\n').count();
            found.extend(first_names(&code[at + root.len()..]).into_iter().map(|it| (line, it)));
        }
    }
    found
}

/// How many `super` lead from a file's module to the crate's root.
fn depth(path: &str) -> usize {
    let below = path.strip_prefix("src/").unwrap_or(path);
    let parts = below.split('/').count();
    if ["mod.rs", "lib.rs", "main.rs"].contains(&file_name(path)) { parts - 1 } else { parts }
}

/// The first names of a path or of each path in a group: `a::b` gives a, `{a::b, c}` gives a and c.
fn first_names(text: &str) -> Vec<String> {
    let name =
        |it: &str| it.trim_start().chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect::<String>();
    let Some(group) = text.strip_prefix('{') else { return vec![name(text)] };
    let (mut depth, mut names) = (0, vec![name(group)]);
    for (at, it) in group.char_indices() {
        match it {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    names
}

/// A name that a file declares with a hash map or set as its type.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum HashMapped {
    /// `by_name: HashMap<…>` of a struct, used as `self.by_name`.
    Field(String),
    /// `let by_name = HashMap::new()`.
    Local(String),
}

fn hash_maps(code: &str) -> BTreeSet<HashMapped> {
    let kinds = ["HashMap<", "HashSet<", "HashMap::", "HashSet::"];
    let lines = code.lines().filter(|line| kinds.iter().any(|it| line.contains(it)));
    lines.filter_map(declared).collect()
}

/// What a line declares: `pub by_name: HashMap<…>` or `let mut by_name = HashMap::new()`.
fn declared(line: &str) -> Option<HashMapped> {
    let line = line.trim_start();
    let line = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub(super) ")).unwrap_or(line);
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let (line, local) = line.strip_prefix("let ").map_or((line, false), |it| (it, true));
    let line = line.strip_prefix("mut ").unwrap_or(line);
    let name: String = line.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
    let rest = line[name.len()..].trim_start();
    let declares = !name.is_empty() && (rest.starts_with(": ") || rest.starts_with('='));
    let mapped = if local { HashMapped::Local(name) } else { HashMapped::Field(name) };
    declares.then_some(mapped)
}

fn iterates(line: &str, map: &HashMapped) -> bool {
    let calls = [
        "iter()",
        "iter_mut()",
        "keys()",
        "values()",
        "values_mut()",
        "into_iter()",
        "into_keys()",
        "into_values()",
        "drain()",
    ];
    let (owners, name): (&[&str], _) = match map {
        HashMapped::Field(name) => (&["self."], name),
        HashMapped::Local(name) => (&["", "&", "&mut "], name),
    };
    let bare = |words: String| match map {
        HashMapped::Field(_) => mentions(line, &words),
        HashMapped::Local(_) => line
            .match_indices(&words)
            .any(|(at, _)| !line[..at].ends_with(|it: char| it == '.' || it == '_' || it.is_alphanumeric())),
    };
    let called = calls.iter().any(|call| owners.iter().any(|owner| bare(format!("{owner}{name}.{call}"))));
    let looped = ["", "&", "&mut "]
        .iter()
        .any(|by| owners.iter().any(|owner| line.contains(&format!(" in {by}{owner}{name} {{"))));
    called || looped
}

/// The paths that a line of Markdown names: in links, and in code that begins with a folder of the project.
fn named_paths(line: &str) -> Vec<String> {
    let code = line.split('`').skip(1).step_by(2).filter(|it| is_path(it));
    let links = line
        .split("](")
        .skip(1)
        .filter_map(|it| it.split(')').next())
        .filter(|it| !it.contains("://") && !it.starts_with('#'));
    let bare = |it: &str| it.split('#').next().unwrap_or(it).trim_end_matches('/').to_owned();
    code.chain(links).map(bare).collect()
}

/// The documents that a line of code names: `docs/x.md`, or a bare `x.md` in a comment.
fn named_pages(line: &str) -> Vec<String> {
    let Some((_, comment)) = line.split_once("//") else { return Vec::new() };
    let words = comment.split(|it: char| !(it.is_alphanumeric() || "/._-".contains(it)));
    let pages = words.map(|it| it.trim_matches('.')).filter(|it| it.ends_with(".md") && !it.starts_with("//"));
    pages
        .map(
            |it| {
                if it.contains('/') || it.starts_with(char::is_uppercase) {
                    it.to_owned()
                } else {
                    format!("docs/{it}")
                }
            },
        )
        .collect()
}

fn is_path(code: &str) -> bool {
    let folders = ["src/", "tests/", "docs/", "benches/", "assets/", ".ci/", "examples/", "fuzz/"];
    let page = code.ends_with(".md") || code.ends_with(".toml");
    let plain = code.chars().all(|it| it.is_alphanumeric() || "/._-#".contains(it));
    plain && (page || folders.iter().any(|it| code.starts_with(it)))
}

/// Whether a named path is a file or folder of the project, from its top or from beside the page.
fn exists(files: &[File], page: &File, path: &str) -> bool {
    let beside = page.path.rfind('/').map_or("", |at| &page.path[..=at]);
    let mut whole: Vec<&str> = Vec::new();
    for part in beside.split('/').chain(path.split('/')).filter(|it| !it.is_empty() && *it != ".") {
        if part == ".." {
            whole.pop();
        } else {
            whole.push(part);
        }
    }
    let here = whole.join("/");
    let on_disk = |it: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(it).exists();
    [path, here.as_str()].iter().any(|it| files.iter().any(|file| file.path == *it) || on_disk(it))
}

/// The text with comments, strings and test modules blanked out, line for line.
fn code(text: &str) -> String {
    without_tests(&without_words(text))
}

/// Blanks the module that follows each `#[cfg(test)]`, to its closing brace.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        let (before, tests) = rest.split_at(at);
        let end = end_of_item(tests);
        kept.push_str(before);
        kept.extend(tests[..end].chars().filter(|it| *it == '\n'));
        rest = &tests[end..];
    }
    kept + rest
}

/// Where the item at the start of the code ends: at its semicolon, or at the brace that closes it.
fn end_of_item(code: &str) -> usize {
    let mut depth = 0;
    for (at, it) in code.char_indices() {
        match it {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// Blanks comments and what stands between quotes.
fn without_words(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_name = kept.ends_with(|it: char| it.is_alphanumeric() || it == '_');
        let length = word_length(rest, after_name);
        let taken = length.unwrap_or(first.len_utf8());
        match length {
            Some(_) => kept.extend(rest[..taken].chars().map(|it| if it == '\n' { it } else { ' ' })),
            None => kept.push(first),
        }
        rest = &rest[taken..];
    }
    kept
}

/// The length of the comment, string or character that the text begins with, if it begins with one.
fn word_length(text: &str, after_name: bool) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(text.find("*/").map_or(text.len(), |it| it + 2));
    }
    if text.starts_with('"') {
        return Some(quoted(text, '"'));
    }
    if !after_name && let Some(length) = raw_string(text) {
        return Some(length);
    }
    // A quote that opens a character has its end near; the quote of a lifetime has none.
    let character = text.starts_with("'\\") || text.starts_with('\'') && text.chars().nth(2) == Some('\'');
    character.then(|| quoted(text, '\''))
}

/// The length of a quoted text, quotes included; a backslash takes the next character with it.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, it) in text.char_indices().skip(1) {
        match it {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            it if it == quote => return at + it.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"…"` or `r#"…"#` at the start of the text.
fn raw_string(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("br").or(text.strip_prefix('r'))?;
    let hashes = inner.chars().take_while(|it| *it == '#').count();
    let body = inner[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close).map_or(body.len(), |it| it + close.len());
    Some(text.len() - body.len() + end)
}

fn file(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.into() }
}

/// What a rule says of files that are written here, without the line numbers.
fn said(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
    rule(&files.iter().map(|(path, text)| file(path, text)).collect::<Vec<_>>())
}

#[test]
fn impure_words_are_found_only_in_code() {
    let bad = [("src/net/gate.rs", "//! Doc.\nuse tokio::time;\nfn f() { println!(\"x\") }\n")];
    assert_eq!(said(impure_words, &bad), ["src/net/gate.rs:2: mentions tokio", "src/net/gate.rs:3: mentions println!"]);
    let words = "//! No tokio.\nconst T: &str = \"std::fs\"; // Instant::now\nconst R: &str = r#\"tokio \"x\"\"#;\n";
    let tests = "#[cfg(test)]\nmod tests {\n    fn f() { println!(\"{}\", std::fs::read(1)) }\n}\n";
    assert!(said(impure_words, &[("src/net/gate.rs", &format!("{words}{tests}"))]).is_empty());
    assert_eq!(said(impure_words, &[("src/net/gate.rs", &format!("{tests}use tokio::x;\n"))]).len(), 1);
    assert!(
        said(impure_words, &[("src/live/watch.rs", "use tokio::time;"), ("src/net/a.rs", "use tokiolike;")]).is_empty()
    );
}

#[test]
fn macros_that_panic_where_nobody_listens_are_found() {
    let bad =
        [("src/commands/print.rs", "fn f() { eprintln!(\"x\") }\n// println!\n"), ("tests/it/a.rs", "println!()")];
    assert_eq!(said(panicking_prints, &bad), ["src/commands/print.rs:1: uses eprintln!"]);
}

#[test]
fn uses_that_point_upward_are_found_however_they_are_written() {
    for text in [
        "use crate::ask::Question;",
        "use crate::{model, ask::Question};",
        "fn f() { super::super::ask::g() }",
        "use crate::rbac;",
    ] {
        assert_eq!(said(upward_uses, &[("src/net/gate.rs", text)]).len(), 1, "{text}");
    }
    assert_eq!(said(upward_uses, &[("src/net/mod.rs", "use super::tui;")]).len(), 1);
    assert_eq!(said(upward_uses, &[("src/live/a.rs", "use crate::embedded;")]).len(), 1);
    for text in ["use crate::model::{a, ask};", "use super::ask;", "use crate::net::x;", "// crate::ask"] {
        assert!(said(upward_uses, &[("src/net/gate.rs", text)]).is_empty(), "{text}");
    }
}

#[test]
fn a_module_without_a_floor_is_found() {
    assert_eq!(
        said(homeless_modules, &[("src/attic/mod.rs", ""), ("src/net/mod.rs", ""), ("src/run.rs", "")]).len(),
        1
    );
}

#[test]
fn empty_names_are_found_in_files_and_folders() {
    let bad = [("src/net/util.rs", ""), ("src/common/mod.rs", ""), ("tests/it/helpers.rs", "")];
    assert_eq!(said(empty_names, &bad).len(), 3);
    assert!(said(empty_names, &[("src/net/utilization.rs", ""), ("tests/cases/misc.yaml", "")]).is_empty());
}

#[test]
fn a_file_without_a_row_is_found() {
    let files = [
        ("src/kinds/mod.rs", "const KINDS: &[Spec] = &[pod::SPEC];"),
        ("src/kinds/pod.rs", ""),
        ("src/kinds/node.rs", ""),
    ];
    let files = files.map(|(path, text)| file(path, text));
    let table = Table { directory: "src/kinds/", table: "src/kinds/mod.rs", besides: &[] };
    assert_eq!(forgotten_in(&files, &table), ["src/kinds/node.rs:1: has no row in src/kinds/mod.rs"]);
    assert!(forgotten_in(&files, &Table { besides: &["node"], ..table }).is_empty());
    let table = Table { besides: &["node", "lost"], ..table };
    assert_eq!(forgotten_in(&files, &table), ["src/kinds/lost.rs: is gone and still excused from src/kinds/mod.rs"]);
    assert_eq!(forgotten_in(&files, &Table { table: "src/kinds/table.rs", ..table }).len(), 1);
}

#[test]
fn a_place_that_names_the_policy_kind_is_found() {
    let uses = "fn f() { Kind::NETWORK_POLICY }
// Kind::NETWORK_POLICY
";
    let files = [("src/kinds/network_policy.rs", uses), ("src/net/gate.rs", uses), ("tests/it/a.rs", uses)];
    assert_eq!(said(named_policy_kinds, &files).len(), 1);
}

#[test]
fn a_power_that_is_not_in_the_table_is_found() {
    let table = "pub const EXEC: Power = power();\npub const POWERS: &[&Power] = &[\n    &EXEC, &SIGN,\n];\n";
    let rows = "pub const SIGN: Power =\n    power();\npub const KEDA: Power = power();\n";
    let files = [("src/rbac/powers/table.rs", table), ("src/rbac/powers/controllers.rs", rows)];
    assert_eq!(said(forgotten_powers, &files), ["src/rbac/powers/controllers.rs:3: KEDA is not in POWERS"]);
}

#[test]
fn a_sort_of_findings_that_is_not_in_the_table_is_found() {
    let text = "pub const STALE: FindingSort = rule();\npub const LEFT: FindingSort =\n    rule();\npub const FINDINGS: &[&FindingSort] = &[\n    &STALE,\n];\n";
    let files = [("src/model/finding.rs", text)];
    assert_eq!(said(forgotten_findings, &files), ["src/model/finding.rs:2: LEFT is not in FINDINGS"]);
}

#[test]
fn a_test_file_that_never_runs_is_found() {
    let files = [
        ("tests/it/main.rs", "mod net;\nmod wire;\n// mod lost;\n"),
        ("tests/it/net.rs", ""),
        ("tests/it/wire/mod.rs", ""),
    ];
    assert!(said(forgotten_tests, &files).is_empty());
    let lost = [files[0], ("tests/it/lost.rs", "")];
    assert_eq!(said(forgotten_tests, &lost).len(), 1);
}

#[test]
fn a_missing_doc_is_found() {
    assert_eq!(said(missing_docs, &[("src/a.rs", "use x;"), ("benches/b.rs", "//! Doc."), ("x.sh", "")]).len(), 1);
}

#[test]
fn a_path_that_does_not_exist_is_found() {
    let page = "See `src/nowhere.rs` and [x](docs/lost.md#y), not [z](https://a/b.md) nor `kreach trace a/b`.\n`src/lib.rs` [a](#b)";
    let complaints = said(dangling_paths, &[("README.md", page), ("src/lib.rs", "")]);
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    let code =
        "//! As docs/lost.md says, and development.md.\nlet it = \"docs/no.md\"; // see README.md (lost.md §2)\n";
    let complaints = said(dangling_paths, &[("src/lib.rs", code)]);
    assert_eq!(complaints.len(), 2, "{complaints:?}");
}

#[test]
fn an_iteration_over_a_hash_map_is_found_unless_it_says_why() {
    let map = "struct S {\n    pub by_name: HashMap<u8, u8>,\n    sorted: BTreeMap<u8, u8>,\n}\n";
    let bad = [
        "self.by_name.iter().next()",
        "for it in &self.by_name {",
        "let mut seen = FxHashSet::default();\nseen.into_iter()",
    ];
    for line in bad {
        assert_eq!(said(hash_orders, &[("src/model/a.rs", &format!("{map}{line}"))]).len(), 1, "{line}");
    }
    let good = [
        "self.sorted.iter()",
        "self.by_name.get(&1)",
        "// A sum: the order does not matter.\nself.by_name.values().sum()",
    ];
    for line in good {
        assert!(said(hash_orders, &[("src/model/a.rs", &format!("{map}{line}"))]).is_empty(), "{line}");
    }
}

#[test]
fn a_path_of_a_developers_machine_is_found() {
    let path = ["/ro", "ot/x"].concat();
    assert_eq!(said(machine_paths, &[("docs/a.md", &format!("see {path}"))]).len(), 1);
    assert!(said(machine_paths, &[("docs/a.md", &format!("see {}{path}", "net"))]).is_empty());
}

#[test]
fn the_floors_name_each_module_once() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for name in FLOORS.iter().flat_map(|it| it.iter()) {
        *seen.entry(name).or_default() += 1;
    }
    assert!(seen.values().all(|it| *it == 1), "{seen:?}");
    assert!(PURE.iter().all(|it| seen.contains_key(it)), "a pure module without a floor");
}
