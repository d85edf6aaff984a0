//! The parts of the documents that come from the code are the code's.
//!
//! Such a part stands between `<!-- NAME: generated -->` and `<!-- NAME: end -->`. [`assert_current`] compares it with what
//! the code says; `KREACH_BLESS=1 cargo test docs` writes it instead.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use clap::CommandFactory as _;

/// Fails where the named part of a page is not `text`, or rewrites it when asked to.
pub fn assert_current(page: &str, name: &str, text: &str) {
    // Two parts of one page may be renewed at once.
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let written = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
    let renewed = renewed(&written, name, text).unwrap_or_else(|| panic!("{page} has no generated part {name}"));
    if std::env::var_os("KREACH_BLESS").is_some() {
        fs::write(&path, renewed).expect("the page can be written");
    } else {
        assert!(written == renewed, "the part {name} of {page} is not current: KREACH_BLESS=1 cargo test docs\n{text}");
    }
}

/// The page with another text in its named part; `None` where it has no such part.
fn renewed(page: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}: generated -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{}\n{end}{after}", text.trim_end()))
}

#[test]
fn the_readme_lists_the_commands() {
    let mut args = kreach::args::Args::command();
    args.build();
    let row = |it: &clap::Command| {
        let usage = it.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").replace(" [OPTIONS]", "").replace('|', "\\|");
        format!("| `{usage}` | {} |\n", it.get_about().map(ToString::to_string).unwrap_or_default())
    };
    let rows: String = args.get_subcommands().map(row).collect();
    let first = "| `kreach` | The explorer, on the current context or on the files of `--from` |\n";
    assert_current("README.md", "commands", &format!("| command | |\n|---|---|\n{first}{rows}"));
}

#[test]
fn the_readme_lists_the_keys() {
    assert_current("README.md", "keys", &kreach::tui::command::document());
}

#[test]
fn every_sort_of_findings_is_in_the_docs() {
    assert_current("docs/findings.md", "findings", &kreach::model::finding::document());
}

#[test]
fn the_help_of_every_command_is_in_the_docs() {
    let mut args = kreach::args::Args::command().term_width(100);
    args.build();
    let global: Vec<_> = args.get_arguments().filter(|it| it.is_global_set()).map(|it| it.get_id().clone()).collect();
    let top = args.render_long_help().to_string();
    let mut pages = format!("## kreach\n\n```text\n{}\n```\n", top.trim_end());
    for command in args.get_subcommands() {
        // What every command takes is said once, above.
        let own = global.iter().fold(command.clone(), |it, id| {
            let has = it.get_arguments().any(|own| own.get_id() == id);
            if has { it.mut_arg(id, |it| it.hide(true)) } else { it }
        });
        let help = own.term_width(100).render_long_help().to_string();
        pages += &format!("\n## kreach {}\n\n```text\n{}\n```\n", command.get_name(), help.trim_end());
    }
    let tidied: Vec<_> = pages.lines().map(str::trim_end).collect();
    assert_current("docs/cli.md", "help", &tidied.join("\n"));
}

#[test]
fn the_forms_of_every_command_are_in_the_docs() {
    assert_current("docs/cli.md", "forms", &kreach::cli::form::document());
}

/// One example of a page is what the program prints for it.
fn assert_printed(name: &str, world: &str, arguments: &[&str]) {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/worlds").join(world);
    let output = Command::new(env!("CARGO_BIN_EXE_kreach"))
        .args(arguments)
        .args(["-o", "json", "--from"])
        .arg(world)
        .output()
        .expect("kreach runs");
    let text = String::from_utf8(output.stdout).expect("JSON is text");
    assert!(text.contains("\"deny\""), "{text}");
    assert_current("docs/json.md", name, &format!("```json\n{}\n```", text.trim_end()));
}

#[test]
fn the_json_of_a_trace_is_the_program_s() {
    assert_printed("trace", "shop.yaml", &["trace", "shop/web-5d8f-a", "shop/db-0:5433"]);
}

#[test]
fn the_json_of_a_map_is_the_program_s() {
    assert_printed("map", "shut.yaml", &["map"]);
}

#[test]
fn the_json_of_a_difference_is_the_program_s() {
    let output = Command::new(env!("CARGO_BIN_EXE_kreach"))
        .args(["diff", "before.yaml", "after.yaml", "-o", "json"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/worlds"))
        .output()
        .expect("kreach runs");
    let text = String::from_utf8(output.stdout).expect("JSON is text");
    assert!(text.contains("\"different\""), "{text}");
    assert_current("docs/json.md", "diff", &format!("```json\n{}\n```", text.trim_end()));
}

#[test]
fn the_faults_name_tests_that_exist() {
    let page = include_str!("../../docs/reliability.md");
    let rows = page.lines().filter_map(|it| it.strip_suffix("` |")?.rsplit_once("| `"));
    let named: Vec<&str> = rows.map(|(_, test)| test).collect();
    let sources = ["src/live", "src/live/follow", "src/model", "src/run", "src/terminal", "src/tui", "tests/it"]
        .map(sources_under)
        .concat();
    let missing: Vec<_> = named.iter().filter(|it| !sources.contains(&format!("fn {it}("))).collect();
    assert!(named.len() > 20 && missing.is_empty(), "{missing:?}");
}

fn sources_under(folder: &str) -> String {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("a folder of sources");
    let files = entries.flatten().filter(|it| it.path().is_file());
    files.map(|it| fs::read_to_string(it.path()).expect("a source")).collect()
}

#[test]
fn a_part_that_is_not_current_is_seen_and_can_be_renewed() {
    let page = "a\n<!-- keys: generated -->\nold\n<!-- keys: end -->\nb\n";
    let current = "a\n<!-- keys: generated -->\nnew\n<!-- keys: end -->\nb\n";
    assert_eq!(renewed(page, "keys", "new\n").as_deref(), Some(current));
    assert_eq!(renewed(current, "keys", "new").as_deref(), Some(current));
    assert_eq!(renewed(page, "commands", "new"), None);
}

#[test]
fn every_step_of_reach_is_in_the_docs() {
    use kreach::escalate::{connect, edges, unfollowed};
    let mut rows =
        String::from("| id | step | needs | gives | does not say | leaves | undo |\n|---|---|---|---|---|---|---|\n");
    for edge in edges::EDGES.iter().chain(connect::EDGES) {
        let leaves = match edge.leaves {
            edges::MoveTrace::Audited => "an entry in the audit log",
            edges::MoveTrace::Object => "an object",
            edges::MoveTrace::Unseen => "nothing that the API server sees",
        };
        assert!(
            !edge.limits.is_empty() && !edge.undo.is_empty() && !edge.sources.is_empty() || edge.id == "MEMBER",
            "{edge:?}"
        );
        let told = [edge.id, edge.name, edge.needs, edge.what, edge.limits, leaves, edge.undo];
        rows += &format!("| {} |\n", told.join(" | "));
    }
    assert_current("docs/reach.md", "edges", &rows);
    let mut rows = String::from("| id | what it may lead to | rights | why it is not followed |\n|---|---|---|---|\n");
    for row in &unfollowed::UNFOLLOWED {
        let rights: Vec<String> = row.power.needs.iter().map(|it| format!("`{it}`")).collect();
        let rights = rights.join(", ").replace('|', "\\|");
        rows += &format!("| {} | {} | {rights} | {} |\n", row.id, row.what, row.why);
    }
    assert_current("docs/reach.md", "unfollowed", &rows);
}
