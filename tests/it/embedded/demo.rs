//! `kreach demo --listen`: served to other clients, with a kubeconfig that only its owner reads.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

fn kreach() -> Command {
    Command::new(env!("CARGO_BIN_EXE_kreach"))
}

#[test]
fn the_kubeconfig_is_there_once_the_story_is_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kubeconfig");
    let mut demo = kreach()
        .args(["demo", "--listen", "127.0.0.1:0", "--write-kubeconfig"])
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .expect("kreach starts");
    let mut said = String::new();
    BufReader::new(demo.stderr.take().expect("its stderr")).read_line(&mut said).expect("a line");
    let config: Value = serde_saphyr::from_str(&std::fs::read_to_string(&file).expect("the file")).expect("YAML");
    let url = config["clusters"][0]["cluster"]["server"].as_str().expect("a server");
    assert!(said.contains(url) && said.contains("story"), "{said}");
    assert_eq!(config["current-context"], "kreach-demo-story");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    }
    std::net::TcpStream::connect(url.strip_prefix("http://").expect("plain HTTP")).expect("it listens");
    demo.kill().expect("it runs");
    demo.wait().expect("it ends");
}

#[test]
fn an_unknown_world_fails_and_names_those_that_exist() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kubeconfig");
    let out = kreach()
        .args(["demo", "--world", "XXL", "--listen", "127.0.0.1:0", "--write-kubeconfig"])
        .arg(&file)
        .output()
        .expect("kreach starts");
    assert_eq!(out.status.code(), Some(2));
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("story, S, M, L, XL, ADV, KB"), "{said}");
    assert!(!file.exists());
}
