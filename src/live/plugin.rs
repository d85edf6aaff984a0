//! Runs a credential plugin without letting it near the screen.
//!
//! Its standard input is empty, its output and its complaints are captured, and it has 30 s (M15, A2). What it
//! prints holds credentials: it is never quoted, only the first line of its standard error, escaped.
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>.

use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use kube::config::ExecConfig;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::process::Command;

use super::fault::{Fault, FaultClass, one_line};

/// How long a plugin may take; kubectl sets no bound, but a hung one would hang every request with it.
const DEADLINE: Duration = Duration::from_secs(30);

/// How much a plugin may print; a token or a certificate is a few kilobytes.
const OUTPUT_CAP: usize = 1 << 20;

/// What a plugin gave.
#[derive(Debug)]
pub struct Given {
    pub token: Option<SecretString>,
    /// Certificate and key, PEM.
    pub identity: Option<(String, SecretString)>,
    /// `None`: until the server refuses it.
    pub expires: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Credential {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// Runs the plugin once and reads what it gives.
///
/// # Errors
/// It cannot be started, takes too long, fails, or prints something else.
pub async fn run(plugin: &ExecConfig) -> Result<Given, Fault> {
    let name = plugin.command.clone().unwrap_or_default();
    let fault = |what: &str| Fault::new(FaultClass::Credentials, &format!("credential plugin {name}: {what}"));
    let child = command(plugin).map_err(|it| fault(&it))?.spawn().map_err(|it| {
        let hint = plugin.install_hint.clone().unwrap_or_else(|| "is it installed, and in PATH?".to_owned());
        fault(&format!("cannot be started: {it}")).hint(one_line(&hint))
    })?;
    // Dropped at the deadline, the child is killed.
    let output = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
    let output = output.map_err(|_| fault("no answer after 30 s").hint("run it by hand, then try again"))?;
    let output = output.map_err(|it| fault(&format!("cannot be read: {it}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().find(|it| !it.trim().is_empty()).unwrap_or("it said nothing").to_owned();
        return Err(fault(&format!("{}: {said}", output.status)).hint("log in with kubectl first, then try again"));
    }
    if output.stdout.len() > OUTPUT_CAP {
        return Err(fault("prints more than a credential"));
    }
    given(&output.stdout).map_err(fault)
}

fn command(plugin: &ExecConfig) -> Result<Command, String> {
    let program = plugin.command.as_deref().filter(|it| !it.is_empty()).ok_or("the kubeconfig names no command")?;
    let spec = serde_json::json!({
        "kind": "ExecCredential",
        "apiVersion": plugin.api_version,
        "spec": { "interactive": false, "cluster": plugin.cluster },
    });
    let mut command = Command::new(program);
    command.args(plugin.args.iter().flatten()).env("KUBERNETES_EXEC_INFO", spec.to_string());
    for pair in plugin.env.iter().flatten() {
        if let (Some(name), Some(value)) = (pair.get("name"), pair.get("value")) {
            command.env(name, value);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

/// Reads an `ExecCredential`, JSON or YAML as client-go does.
fn given(printed: &[u8]) -> Result<Given, &'static str> {
    let read: Credential = serde_saphyr::from_slice(printed).map_err(|_| "does not print an ExecCredential")?;
    let status = read.status.ok_or("prints an ExecCredential without a status")?;
    let expires = status.expiration_timestamp.map(|it| it.parse()).transpose();
    let expires = expires.map_err(|_| "prints an expirationTimestamp that is no time")?;
    let token = status.token.map(SecretString::from);
    let identity = status.client_certificate_data.zip(status.client_key_data.map(SecretString::from));
    if token.is_none() && identity.is_none() {
        return Err("gives neither a token nor a certificate with its key");
    }
    Ok(Given { token, identity, expires })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> ExecConfig {
        ExecConfig {
            command: Some("sh".to_owned()),
            args: Some(vec!["-c".to_owned(), script.to_owned()]),
            api_version: Some("client.authentication.k8s.io/v1".to_owned()),
            ..ExecConfig::default()
        }
    }

    async fn fault(plugin: &ExecConfig) -> String {
        run(plugin).await.expect_err("the plugin fails").to_string()
    }

    #[tokio::test]
    async fn a_plugin_s_token_is_read_from_json_and_from_yaml() {
        let json = r#"echo "$KUBERNETES_EXEC_INFO" | grep -q '"interactive":false' && read nothing;
            echo '{"kind":"ExecCredential","status":{"token":"t","expirationTimestamp":"2030-01-01T00:00:00Z"}}'"#;
        let given = run(&shell(json)).await.expect("a token");
        assert!(given.token.is_some() && given.expires.is_some());
        let given = run(&shell("printf 'status:\\n  token: t\\n'")).await.expect("a token");
        assert!(given.expires.is_none() && given.identity.is_none());
    }

    /// A2 and M17: neither the screen nor a message sees what a plugin prints.
    #[tokio::test]
    async fn a_broken_plugin_is_told_in_one_line_without_its_output() {
        let text = fault(&shell("echo secret; printf '\\033[2Jplease log in\\nmore' >&2; exit 3")).await;
        assert_eq!(text, "credential plugin sh: exit status: 3: \\u{1b}[2Jplease log in");
        let text = fault(&shell("echo garbage: [secret")).await;
        assert_eq!(text, "credential plugin sh: does not print an ExecCredential");
        let missing = ExecConfig { command: Some("/nonexistent/plugin".to_owned()), ..ExecConfig::default() };
        assert!(fault(&missing).await.contains("cannot be started"));
    }

    #[tokio::test]
    async fn a_hanging_plugin_is_killed_at_its_deadline() {
        tokio::time::pause();
        let text = fault(&shell("exec sleep 3600")).await;
        assert_eq!(text, "credential plugin sh: no answer after 30 s");
    }
}
