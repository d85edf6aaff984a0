//! Every way out of every command: what it writes holds no byte that commands a terminal, and an answer that does not
//! arrive is told by the exit code, whatever happens to stderr.
//!
//! A command is found by its row in the table of subcommands; one that is not tried here fails the tests.

use std::fs::File;
use std::io::Write as _;
use std::process::{Child, Command, Output, Stdio};

use clap::CommandFactory as _;
use kreach::ask::listing::LISTS;

use crate::pty;

const KREACH: &str = env!("CARGO_BIN_EXE_kreach");

/// What is put wherever a cluster may hold text: control and C1 characters, bidirectional and zero-width ones, a tag,
/// and markup of HTML and Markdown.
const HOSTILE: &[&str] = &[
    "\u{1b}[31m",
    "\u{1b}]0;owned\u{7}",
    "\u{9b}2J",
    "\u{85}",
    "\u{7f}",
    "\u{0}",
    "\u{8}",
    "\r",
    "\n",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{61c}",
    "\u{e0041}",
    "\u{2028}",
    "<img src=x onerror=y>",
    "![i](https://e.example/p)",
    "|",
    "\"",
    ",",
    "=1+1",
];

/// The arguments of each command, without its output; the table of subcommands says which forms there are.
fn questions(command: &str, name: &str) -> Vec<Vec<String>> {
    let of = |words: &[&str]| words.iter().map(|it| it.replace('@', name)).collect::<Vec<_>>();
    match command {
        "trace" => vec![of(&["trace", "a/@", "b/@:80"]), of(&["trace", "no/@", "b/x"])],
        "map" => vec![of(&["map"]), of(&["map", "--by", "pod"])],
        "reach" => {
            vec![of(&["reach", "a/@"]), of(&["reach", "a/@", "--reverse"]), of(&["reach", "a/@", "--to", "b/@"])]
        }
        "diff" => vec![of(&["diff", "nothing.yaml", "world.json"]), of(&["diff", "world.json", "nothing.yaml"])],
        "check" => vec![of(&["check", "world.json"]), of(&["check", "world.json", "--assert", "expected.txt"])],
        "baseline" => vec![of(&["baseline"]), of(&["baseline", "--gaps"])],
        "assert" => vec![of(&["assert", "expected.txt"])],
        "snapshot" => vec![of(&["snapshot"])],
        "can" => vec![of(&["can", "user:u@", "get", "pods", "@"]), of(&["can", "user:u@", "get", "/u@"])],
        "who-can" => {
            vec![of(&["who-can", "get", "pods"]), of(&["who-can", "get", "pods", "@"]), of(&["who-can", "get", "/u@"])]
        }
        "choke" => vec![of(&["choke", "cluster-admin"]), of(&["choke", "secrets/a/@", "--of", "user:u@"])],
        "fix" => {
            vec![
                of(&["fix", "a/@", "b/@", "--allow"]),
                of(&["fix", "a/@", "b/@:80", "--deny"]),
                of(&["fix", "--isolate", "ns/b", "--keep", "expected.txt"]),
                of(&["fix", "--contain", "pod/b/@"]),
                of(&["fix", "--revoke", "user:u@"]),
                of(&["fix", "--revoke", "user:u@", "get", "pods", "@"]),
                of(&["fix", "--revoke", "user:u@", "--to", "cluster-admin"]),
                of(&["fix", "--to", "cluster-admin"]),
            ]
        }
        "sidestep" => {
            vec![of(&["sidestep", "a/@", "b/@:80"]), of(&["sidestep", "a/@", "b/@", "--by", "user:u@"])]
        }
        "trust" => vec![of(&["trust", "networkpolicy/b/@"]), of(&["trust", "networkpolicy/b/q@"])],
        "permissions" => vec![of(&["permissions", "user:u@"]), of(&["permissions", "user:u@", "--diff", "group:g@"])],
        "explain" => vec![
            of(&["explain", "a/@"]),
            of(&["explain", "ns/a"]),
            of(&["explain", "networkpolicy/a/@"]),
            of(&["explain", "svc/a/@"]),
            of(&["explain", "user:u@"]),
        ],
        "touch" => vec![of(&["touch", "a/@"]), of(&["touch", "ns/a"])],
        "matrix" => vec![of(&["matrix"]), of(&["matrix", "access"])],
        list if LISTS.iter().any(|it| it.name() == list) => {
            vec![of(&[command]), of(&[command, "--no-headers"]), of(&[command, "@"])]
        }
        "apply" => vec![of(&["apply", "world.json", "--write", "--yes"])],
        "undo" => vec![of(&["undo", "--write", "--yes"]), of(&["undo", "--list"]), of(&["undo", "@"])],
        "rule" => vec![of(&["rule"]), of(&["rule", "S44"]), of(&["rule", "@"])],
        "rbac" => vec![of(&["rbac"]), of(&["rbac", "--write"])],
        "info" => vec![of(&["info"])],
        "demo" => vec![of(&["demo", "--world", "@", "--listen", "127.0.0.1:0", "--write-kubeconfig", "/dev/null"])],
        "completion" => vec![of(&["completion", "bash"])],
        "man" => vec![of(&["man"])],
        new => panic!("{new} is tried by nobody: give it a row"),
    }
}

/// Every command with every form of output that it has.
fn commands(name: &str) -> Vec<Vec<String>> {
    let mut table = kreach::args::Args::command();
    table.build();
    let mut all = vec![vec!["--help".to_owned()], vec!["--version".to_owned()], vec![format!("no{name}")]];
    for command in table.get_subcommands() {
        let output = command.get_arguments().find(|it| it.get_id() == "output");
        let forms: Vec<String> =
            output.into_iter().flat_map(|it| it.get_possible_values()).map(|it| it.get_name().to_owned()).collect();
        for question in questions(command.get_name(), name) {
            all.extend(forms.iter().map(|it| [question.clone(), vec!["-o".to_owned(), it.clone()]].concat()));
            all.push(question);
        }
    }
    all
}

/// A cluster in which everything that may be named is named so.
fn world(name: &str) -> String {
    let meta = |it: &str| serde_json::json!({ "name": name, "namespace": it, "labels": { "app": name } });
    let rbac = "rbac.authorization.k8s.io";
    let objects = [
        serde_json::json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "a" } }),
        serde_json::json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "b", "labels": { name: name } } }),
        serde_json::json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": format!("n{name}") } }),
        serde_json::json!({ "apiVersion": "v1", "kind": "Pod", "metadata": meta("a"), "spec": { "nodeName": name, "serviceAccountName": name } }),
        serde_json::json!({ "apiVersion": "v1", "kind": "Pod", "metadata": meta("b"), "spec": { "containers": [{ "name": "c", "ports": [{ "name": name, "containerPort": 80 }] }] } }),
        serde_json::json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("a"), "spec": { "replicas": 0 } }),
        serde_json::json!({ "apiVersion": "v1", "kind": "Service", "metadata": meta("a"), "spec": { "ports": [{ "port": 80 }] } }),
        serde_json::json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta("b"),
            "spec": { "podSelector": { "matchLabels": { "app": name } }, "ingress": [{ "from": [{ "podSelector": { "matchExpressions": [{ "key": name, "operator": "In", "values": [name] }] } }], "ports": [{ "port": name }] }] } }),
        serde_json::json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": format!("q{name}"), "namespace": "b" },
            "spec": { "podSelector": {}, name: name, "ingress": [{ "from": [{ "ipBlock": { "cidr": name } }] }] } }),
        serde_json::json!({ "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRole", "metadata": { "name": name },
            "rules": [{ "apiGroups": [""], "resources": ["pods", format!("pods/{name}")], "verbs": ["get", name], "resourceNames": [name] },
                      { "nonResourceURLs": [format!("/u{name}")], "verbs": ["get", name] }] }),
        serde_json::json!({ "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": { "name": name },
            "roleRef": { "apiGroup": rbac, "kind": "ClusterRole", "name": name },
            "subjects": [{ "kind": "User", "name": format!("u{name}"), "apiGroup": rbac }, { "kind": "Group", "name": format!("g{name}"), "apiGroup": rbac },
                         { "kind": "ServiceAccount", "name": name, "namespace": name }] }),
        serde_json::json!({ "apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding", "metadata": { "name": name, "namespace": "a" },
            "roleRef": { "apiGroup": rbac, "kind": "Role", "name": format!("gone{name}") },
            "subjects": [{ "kind": name, "name": name }] }),
        serde_json::json!({ "apiVersion": name, "kind": name, "metadata": { "name": name } }),
    ];
    serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string()
}

/// What is expected of such a world: some of it holds, and some does not.
fn expected(name: &str) -> String {
    // A line ends where it ends, quoted or not.
    let name = name.replace(['\n', '\r'], "");
    let (user, group, named) = (quote(&format!("user:u{name}")), quote(&format!("group:g{name}")), quote(&name));
    format!(
        "{user} cannot get pods {named}\nnobody but {group} can get pods {named}\n{user} can get pods\n\
         ns/a cannot reach ns/b\nns/a reaches ns/b\nns/b is default-deny\nns/no reaches ns/a\n"
    )
}

/// A word as a shell takes it.
fn quote(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A folder with such a world and people in it.
fn folder(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("world.json"), world(name)).expect("written");
    std::fs::write(folder.path().join("nothing.yaml"), "").expect("written");
    std::fs::write(folder.path().join("expected.txt"), expected(name)).expect("written");
    let people = serde_json::json!([{ "user": format!("u{name}"), "groups": [format!("g{name}")], "active": false }]);
    std::fs::write(folder.path().join("people.yaml"), people.to_string()).expect("written");
    folder
}

/// What must not leave as it is; written out here once more, so that a gap in the program's own list is seen.
fn raw(text: &str) -> Option<char> {
    text.replace("\r\n", "\n").chars().find(|it| match u32::from(*it) {
        0x09 | 0x0a => false,
        0..=0x1f | 0x7f..=0x9f | 0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e => true,
        0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe007f => true,
        _ => false,
    })
}

/// The text without the sequences of color.
fn without_colors(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |all, piece| match piece.split_once('m') {
        Some((code, rest)) if code.bytes().all(|it| it.is_ascii_digit() || it == b';') => all + rest,
        _ => all + "\u{1b}[" + piece,
    })
}

/// Whether a command asks the files of `--from`.
fn reads_from(arguments: &[String]) -> bool {
    !arguments.iter().any(|it| ["demo", "--help", "diff", "check"].contains(&it.as_str()))
}

fn ask(arguments: &[String], folder: &tempfile::TempDir) -> Command {
    let mut command = Command::new(KREACH);
    command.args(arguments).current_dir(folder.path()).env_clear().env("HOME", "/nonexistent");
    if reads_from(arguments) {
        command.args(["--from", "world.json", "--directory", "people.yaml"]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn no_output_of_any_command_commands_a_terminal() {
    // Arguments hold no NUL, and names that are all of one kind hide each other.
    for piece in HOSTILE.iter().filter(|it| **it != "\0") {
        let name = format!("x{piece}y");
        let folder = folder(&name);
        for arguments in commands(&name) {
            let output = ask(&arguments, &folder).output().expect("it runs");
            for bytes in [&output.stdout, &output.stderr] {
                let text = std::str::from_utf8(bytes).expect("UTF-8");
                assert_eq!(raw(text), None, "{arguments:?} said {text:?}");
            }
            assert_ne!(output.status.code(), Some(101), "{arguments:?}");
        }
    }
}

#[test]
fn no_output_commands_the_terminal_that_it_is_written_to() {
    let name: String = HOSTILE.iter().filter(|it| **it != "\0").map(|it| format!("x{it}y")).collect();
    let folder = folder(&name);
    let files = ["world.json", "people.yaml"].map(|it| folder.path().join(it).display().to_string());
    for arguments in commands(&name) {
        let mut whole: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if reads_from(&arguments) {
            whole.extend(["--from", &files[0], "--directory", &files[1]]);
        }
        // What files a command is given by name is here alone.
        let beside = |it: &str| folder.path().join(it).display().to_string();
        let own: Vec<String> = whole
            .iter()
            .map(|it| {
                if ["nothing.yaml", "world.json", "expected.txt"].contains(it) { beside(it) } else { (*it).to_owned() }
            })
            .collect();
        let whole: Vec<&str> = own.iter().map(String::as_str).collect();
        let terminal = pty::kreach(&whole, 80, 24);
        terminal.wait_exit();
        let text = without_colors(&String::from_utf8(terminal.sent_at_end()).expect("UTF-8"));
        assert!(!text.is_empty(), "{arguments:?}");
        assert_eq!(raw(&text), None, "{arguments:?} said {text:?}");
    }
}

/// The markup of others: CONTRACT §5.
#[test]
fn markdown_and_csv_hold_no_markup_of_the_cluster() {
    let name = "x<img src=y>![i](https://e.example)|z";
    let folder = folder(name);
    let said = |form: &str| {
        let arguments = ["map", "--by", "pod", "-o", form].map(str::to_owned);
        String::from_utf8(ask(&arguments, &folder).output().expect("it runs").stdout).expect("UTF-8")
    };
    let text = said("md");
    assert!(text.contains("x&lt;img src=y&gt;\\!\\[i\\](https\\://e.example)\\|z"), "{text}");
    assert!(!text.contains("<img") && !text.contains("![i]") && !text.contains("https://"), "{text}");
    assert!(said("csv").contains("pod/a/x<img src=y>![i](https://e.example)|z,"), "a table is no markup");
}

/// Opens what is written to.
type Opens = fn() -> Stdio;

/// Writing that fails at once: a full disk, and a reader that has gone.
fn unwritable() -> [(&'static str, Opens); 2] {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("a full disk"));
    let gone = || {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        Stdio::from(writer)
    };
    [("full", full), ("gone", gone)]
}

/// CONTRACT §5: what cannot be written to stdout is exit 2.
#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let folder = folder("x");
    for (why, stdout) in unwritable() {
        for arguments in commands("x") {
            let output = ask(&arguments, &folder).stdout(stdout()).output().expect("it runs");
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{why} {arguments:?}: {said}");
            assert!(!said.contains("panicked"), "{said}");
        }
    }
}

/// The same of questions line by line, though the lines that were answered came to a no.
#[test]
fn a_batch_that_cannot_be_written_is_a_failure() {
    let folder = folder("x");
    let denied = "{\"user\":\"nobody\",\"verb\":\"get\",\"resource\":\"pods\"}\n".repeat(4000);
    for (command, line) in [("can", denied.as_str()), ("trace", "{\"from\":\"a/x\",\"to\":\"b/x\"}\n")] {
        let arguments = [command, "--batch", "-"].map(str::to_owned);
        for (why, stdout) in unwritable() {
            let mut child = ask(&arguments, &folder).stdin(Stdio::piped()).stdout(stdout()).spawn().expect("it runs");
            feed(&mut child, line);
            assert_eq!(child.wait().expect("it ends").code(), Some(2), "{why} {command}");
        }
    }
    // As `kreach can --batch - | head -1` does it: one line is read, then nobody reads.
    let mut child =
        ask(&["can", "--batch", "-"].map(str::to_owned), &folder).stdin(Stdio::piped()).spawn().expect("it runs");
    let mut reader = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"{\"user\":\"nobody\",\"verb\":\"get\",\"resource\":\"pods\"}\n").expect("it reads");
    std::io::BufRead::read_line(&mut reader, &mut String::new()).expect("an answer");
    drop(reader);
    // It stops reading once it finds that nobody reads.
    let _ = stdin.write_all(denied.as_bytes());
    drop(stdin);
    assert_eq!(child.wait().expect("it ends").code(), Some(2));
}

fn feed(child: &mut Child, lines: &str) {
    let mut stdin = child.stdin.take().expect("a pipe");
    // Whoever cannot answer stops reading.
    let _ = stdin.write_all(lines.as_bytes());
}

/// CONTRACT §5: what cannot be written to stderr is lost and changes nothing.
#[test]
fn nothing_written_to_stderr_ends_a_command() {
    let name = "x\u{1b}y";
    let folder = folder(name);
    for arguments in commands(name) {
        let heard = ask(&arguments, &folder).output().expect("it runs");
        for (why, stderr) in unwritable() {
            let unheard: Output = ask(&arguments, &folder).stderr(stderr()).output().expect("it runs");
            assert_eq!(unheard.status.code(), heard.status.code(), "{why} {arguments:?}");
            assert_eq!(unheard.stdout, heard.stdout, "{why} {arguments:?}");
        }
    }
}

/// A device, a pipe, a folder, a link, also to a plain file: none is replaced by a kubeconfig.
#[test]
fn a_kubeconfig_replaces_nothing_but_a_plain_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("plain"), "precious").expect("written");
    std::os::unix::fs::symlink(at("plain"), at("link")).expect("a link");
    std::os::unix::fs::symlink(at("nowhere"), at("dangling")).expect("a link");
    std::fs::create_dir(at("folder")).expect("a folder");
    assert!(Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo runs").success());
    for name in ["link", "dangling", "folder", "pipe"] {
        let before = std::fs::symlink_metadata(at(name)).expect("it is there").file_type();
        let mut command = Command::new(KREACH);
        command.args(["demo", "--world", "S", "--listen", "127.0.0.1:0", "--write-kubeconfig"]).arg(at(name));
        let output = command.output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains("no plain file"), "{said}");
        assert_eq!(std::fs::symlink_metadata(at(name)).expect("it is there").file_type(), before, "{name}");
    }
    assert_eq!(std::fs::read_to_string(at("plain")).expect("it is there"), "precious");
}
