//! What kreach is linked with: only crates of the public registry, under licenses that deny.toml allows.
//!
//! `cargo deny check` says the same and knows of advisories, but has to be installed and to reach its database;
//! this asks `cargo metadata` alone, without the network. deny.toml is the one list for both.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn every_dependency_has_a_license_that_is_allowed() {
    let (packages, deny) = (linked_packages(), deny_toml());
    let allowed = quoted(list(&deny, "allow"));
    let bad: Vec<_> = packages.iter().filter(|it| !is_allowed(text(it, "license"), &allowed)).map(named).collect();
    assert!(bad.is_empty(), "licenses that deny.toml does not allow: {bad:?}");
    let all: Vec<_> = packages.iter().map(|it| text(it, "license")).collect();
    let unused: Vec<_> = allowed.iter().filter(|it| !all.iter().any(|license| license.contains(*it))).collect();
    // CC0-1.0 and 0BSD come with crates of other platforms.
    assert!(unused.iter().all(|it| ["CC0-1.0", "0BSD"].contains(*it)), "allowed and unused: {unused:?}");
}

#[test]
fn every_dependency_comes_from_the_public_registry() {
    let packages = linked_packages();
    let foreign =
        packages.iter().filter(|it| !it["source"].is_null() && !text(it, "source").contains("crates.io-index"));
    let local = packages.iter().filter(|it| it["source"].is_null() && text(it, "name") != "kreach");
    let bad: Vec<_> = foreign.chain(local).map(named).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn no_banned_crate_is_linked() {
    let deny = deny_toml();
    let banned: Vec<_> = list(&deny, "deny").lines().filter_map(|it| quoted(it).first().copied()).collect();
    assert!(banned.contains(&"openssl-sys"), "deny.toml was not read: {banned:?}");
    let bad: Vec<_> = linked_packages().iter().filter(|it| banned.contains(&text(it, "name"))).map(named).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn a_license_that_is_not_allowed_is_found() {
    let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"];
    for license in [
        "MIT",
        "GPL-3.0 OR MIT",
        "Apache-2.0 WITH LLVM-exception",
        "MIT/BSL-1.0",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
    ] {
        assert!(is_allowed(license, &allowed), "{license}");
    }
    for license in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND GPL-3.0", "(MIT AND GPL-3.0) OR BSL-1.0"]
    {
        assert!(!is_allowed(license, &allowed), "{license}");
    }
}

/// Every package that is compiled into kreach, its tests or its build on this platform.
fn linked_packages() -> Vec<Value> {
    let host = host();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", &host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("packages").clone();
    assert!(packages.len() > 50, "only {} packages", packages.len());
    packages
}

/// The platform of this build: only its crates are sure to have been fetched.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().find_map(|it| it.strip_prefix("host: ")).expect("rustc says its host").to_owned()
}

/// Whether a license expression can be met with allowed licenses only: OR takes either, AND needs both.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.trim().replace('/', " OR ");
    for (operator, either) in [(" OR ", true), (" AND ", false)] {
        let parts = split_outside(&expression, operator);
        if parts.len() > 1 {
            let mut parts = parts.into_iter().map(|it| is_allowed(it, allowed));
            return if either { parts.any(|it| it) } else { parts.all(|it| it) };
        }
    }
    let inner = expression.strip_prefix('(').and_then(|it| it.strip_suffix(')'));
    inner.map_or(allowed.contains(&expression.as_str()), |it| is_allowed(it, allowed))
}

/// Splits at an operator that stands outside parentheses.
fn split_outside<'a>(expression: &'a str, operator: &str) -> Vec<&'a str> {
    let (mut parts, mut begin) = (Vec::new(), 0);
    for (at, _) in expression.match_indices(operator) {
        let before = &expression[..at];
        if before.matches('(').count() == before.matches(')').count() {
            parts.push(&expression[begin..at]);
            begin = at + operator.len();
        }
    }
    parts.push(&expression[begin..]);
    parts
}

fn deny_toml() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml")).expect("deny.toml")
}

/// What stands between the brackets of a list that begins a line.
fn list<'a>(toml: &'a str, key: &str) -> &'a str {
    let (_, after) = toml.split_once(&format!("\n{key} = [\n")).expect("the list is there");
    after.split_once("\n]").expect("the list ends").0
}

fn quoted(text: &str) -> Vec<&str> {
    text.split('"').skip(1).step_by(2).collect()
}

fn text<'a>(package: &'a Value, key: &str) -> &'a str {
    package[key].as_str().unwrap_or_default()
}

fn named(package: &Value) -> String {
    format!("{} {} ({})", text(package, "name"), text(package, "version"), text(package, "license"))
}
