//! Runs a credential plugin without letting it near the screen.
//!
//! ```text
//! the screen   in a session of its own: no terminal, not even through /dev/tty; "Always" is refused
//! a command    as with kubectl: it may ask the operator, unless "Never" or without a terminal on stdin
//! ```
//!
//! Unless it may ask, its standard input is empty, its complaints are captured, it has a session of its own and 30 s
//! (M15, A2). What it prints holds credentials: it is never quoted, only the first line of its standard error, escaped;
//! more than a credential can be is not read. All that it started ends with it (`running`).
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>.

mod apart;
mod running;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use kube::config::{ExecConfig, ExecInteractiveMode};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::process::Command;

use super::fault::{LiveFault, LiveFaultClass, one_line};

use apart::NOT_STARTED;
pub use apart::start_apart;
use running::{Broken, PluginEnding, Running};

/// How long a plugin may take; kubectl sets no bound, but a hung one would hang every request with it.
const DEADLINE: Duration = Duration::from_secs(30);

/// What a plugin gave.
#[derive(Debug)]
pub struct PluginCredentials {
    pub token: Option<SecretString>,
    /// Certificate and key, PEM.
    pub identity: Option<(String, SecretString)>,
    /// `None`: until the server refuses it.
    pub expires: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Credential {
    status: Option<CredentialStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialStatus {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// How plugins stand to the operator's terminal, and the program that [`start_apart`] is in: with it one that may not
/// ask has a session of its own, and cannot open the terminal by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Plugins {
    /// They have none: it belongs to the screen, or nobody looks at it.
    Apart(Option<PathBuf>),
    /// They may ask what they like: a command is run, and its operator waits.
    Beside(Option<PathBuf>),
}

impl Default for Plugins {
    fn default() -> Self {
        Self::Apart(None)
    }
}

impl Plugins {
    /// Behind a screen: apart, by this very program.
    pub fn behind_a_screen() -> Self {
        Self::Apart(itself())
    }

    /// Beside a command, by this very program where they may not ask.
    pub fn beside_a_command() -> Self {
        Self::Beside(itself())
    }

    fn launcher(&self) -> Option<&PathBuf> {
        let (Self::Apart(launcher) | Self::Beside(launcher)) = self;
        launcher.as_ref()
    }
}

/// The path may be another program's after an update; what runs is there for as long as it runs.
fn itself() -> Option<PathBuf> {
    if cfg!(target_os = "linux") { Some("/proc/self/exe".into()) } else { std::env::current_exe().ok() }
}

/// The first argument with which this program becomes a plugin's launcher: `kreach __apart PLUGIN ARGUMENT…`.
pub const APART: &str = "__apart";

/// Whether a plugin may ask the operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asks {
    Yes,
    No,
}

/// client-go's rule: `Always` needs a terminal, `IfAvailable` (also when nothing is said) takes one.
fn asks(plugin: &ExecConfig, plugins: &Plugins, has_terminal: bool) -> Result<Asks, (&'static str, &'static str)> {
    let is_beside = matches!(plugins, Plugins::Beside(_));
    match plugin.interactive_mode {
        Some(ExecInteractiveMode::Never) => Ok(Asks::No),
        Some(ExecInteractiveMode::Always) if !is_beside => Err((
            "it asks at the terminal (interactiveMode: Always), and that belongs to the screen",
            "give --token, or set interactiveMode: IfAvailable in the kubeconfig if it need not always ask",
        )),
        Some(ExecInteractiveMode::Always) if !has_terminal => Err((
            "it asks at the terminal (interactiveMode: Always), and standard input is none",
            "run it in a terminal, or give --token",
        )),
        _ => Ok(if is_beside && has_terminal { Asks::Yes } else { Asks::No }),
    }
}

/// Runs the plugin once and reads what it gives.
///
/// # Errors
/// It cannot be started, takes too long, fails, prints something else, or must ask and may not.
pub async fn run(plugin: &ExecConfig, plugins: &Plugins) -> Result<PluginCredentials, LiveFault> {
    let name = plugin.command.clone().unwrap_or_default();
    let fault = |what: &str| LiveFault::new(LiveFaultClass::Credentials, &format!("credential plugin {name}: {what}"));
    let asks = asks(plugin, plugins, std::io::stdin().is_terminal()).map_err(|it| fault(it.0).hint(it.1))?;
    let install = || plugin.install_hint.clone().unwrap_or_else(|| "is it installed, and in PATH?".to_owned());
    let not_started = |cause: &str| fault(&format!("{NOT_STARTED}{cause}")).hint(one_line(&install()));
    let (mut command, ends) = command(plugin, plugins, asks).map_err(|it| fault(&it))?;
    let child = command.spawn().map_err(|it| not_started(&it.to_string()))?;
    // Dropped at the deadline it ends with all that it started; who is asked may take his time.
    let mut running = Running::new(child, ends);
    let ended = match asks {
        Asks::Yes => Ok(running.ended().await),
        Asks::No => tokio::time::timeout(DEADLINE, running.ended()).await,
    };
    let ended = ended.map_err(|_| fault("no answer after 30 s").hint("run it by hand, then try again"))?;
    let ended = ended.map_err(|it| match it {
        Broken::TooMuch => fault("prints more than a credential"),
        Broken::Unreadable(cause) => fault(&format!("cannot be read: {cause}")),
    })?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        let said = said.lines().find(|it| !it.trim().is_empty());
        if let Some(cause) =
            said.and_then(|it| it.strip_prefix(NOT_STARTED)).filter(|_| ends == PluginEnding::ByItsLauncher)
        {
            return Err(not_started(cause));
        }
        let said = said.unwrap_or(if asks == Asks::Yes { "see above" } else { "it said nothing" });
        return Err(fault(&format!("{}: {said}", ended.status)).hint("log in with kubectl first, then try again"));
    }
    given(&ended.stdout).map_err(fault)
}

/// Ends a group of processes: nobody is left to be ended, or all are.
fn end_group(leader: rustix::process::Pid) {
    let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
}

fn command(plugin: &ExecConfig, plugins: &Plugins, asks: Asks) -> Result<(Command, PluginEnding), String> {
    let program = plugin.command.as_deref().filter(|it| !it.is_empty()).ok_or("the kubeconfig names no command")?;
    let spec = serde_json::json!({
        "kind": "ExecCredential",
        "apiVersion": plugin.api_version,
        "spec": { "interactive": asks == Asks::Yes, "cluster": plugin.cluster },
    });
    let (mut command, ends) = match (asks, plugins.launcher()) {
        (Asks::No, Some(launcher)) => (Command::new(launcher), PluginEnding::ByItsLauncher),
        (Asks::No, None) => (Command::new(program), PluginEnding::WithItsGroup),
        (Asks::Yes, _) => (Command::new(program), PluginEnding::WithItsDescendants),
    };
    match ends {
        PluginEnding::ByItsLauncher => {
            command.arg(APART).arg(program);
        }
        PluginEnding::WithItsGroup => {
            command.process_group(0);
        }
        PluginEnding::WithItsDescendants => {}
    }
    command.args(plugin.args.iter().flatten()).env("KUBERNETES_EXEC_INFO", spec.to_string());
    for pair in plugin.env.iter().flatten() {
        if let (Some(name), Some(value)) = (pair.get("name"), pair.get("value")) {
            command.env(name, value);
        }
    }
    match (asks, ends) {
        (Asks::Yes, _) => command.stdin(Stdio::inherit()).stderr(Stdio::inherit()),
        // The launcher ends everything when its pipe closes, and so must not be killed before.
        (Asks::No, PluginEnding::ByItsLauncher) => command.stdin(Stdio::piped()).stderr(Stdio::piped()),
        (Asks::No, _) => command.stdin(Stdio::null()).stderr(Stdio::piped()),
    };
    command.stdout(Stdio::piped()).kill_on_drop(ends != PluginEnding::ByItsLauncher);
    Ok((command, ends))
}

/// Reads an `ExecCredential`, JSON or YAML as client-go does.
fn given(printed: &[u8]) -> Result<PluginCredentials, &'static str> {
    let read: Credential = serde_saphyr::from_slice(printed).map_err(|_| "does not print an ExecCredential")?;
    let status = read.status.ok_or("prints an ExecCredential without a status")?;
    let expires = status.expiration_timestamp.map(|it| it.parse()).transpose();
    let expires = expires.map_err(|_| "prints an expirationTimestamp that is no time")?;
    let token = status.token.map(SecretString::from);
    let identity = status.client_certificate_data.zip(status.client_key_data.map(SecretString::from));
    if token.is_none() && identity.is_none() {
        return Err("gives neither a token nor a certificate with its key");
    }
    Ok(PluginCredentials { token, identity, expires })
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
        run(plugin, &Plugins::default()).await.expect_err("the plugin fails").to_string()
    }

    #[tokio::test]
    async fn a_plugin_s_token_is_read_from_json_and_from_yaml() {
        let json = r#"echo "$KUBERNETES_EXEC_INFO" | grep -q '"interactive":false' && read nothing;
            echo '{"kind":"ExecCredential","status":{"token":"t","expirationTimestamp":"2030-01-01T00:00:00Z"}}'"#;
        let given = run(&shell(json), &Plugins::default()).await.expect("a token");
        assert!(given.token.is_some() && given.expires.is_some());
        let given = run(&shell("printf 'status:\\n  token: t\\n'"), &Plugins::default()).await.expect("a token");
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

    /// What is left of a plugin holds a pipe open; its end is told by the pipe, without a wait.
    async fn ends_with_it(script: &str, plugins: &Plugins) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
        assert!(made.success());
        let script = script.replace("PIPE", &pipe.display().to_string());
        let left = tokio::task::spawn_blocking(move || std::fs::read(pipe));
        let said = match run(&shell(&script), plugins).await {
            Ok(_) => String::new(),
            Err(fault) => fault.to_string(),
        };
        left.await.expect("the pipe is read").expect("all that held it have ended");
        said
    }

    /// A plugin that prints without end is not read to its end, and nothing of it stays.
    #[tokio::test]
    async fn the_output_of_a_plugin_is_bounded_while_it_is_read() {
        let endless = "exec 3>PIPE; sleep 1000 & yes";
        assert_eq!(
            ends_with_it(endless, &Plugins::default()).await,
            "credential plugin sh: prints more than a credential"
        );
        // Complaints are no credential: the first line is kept, and the plugin goes on.
        let chatty = shell("yes oops | head -c 10000000 >&2; exit 3");
        assert_eq!(fault(&chatty).await, "credential plugin sh: exit status: 3: oops");
    }

    #[tokio::test]
    async fn what_a_plugin_started_ends_with_it() {
        let leaves = "exec 3>PIPE; sleep 1000 & echo 'status: {token: t}'";
        assert_eq!(ends_with_it(leaves, &Plugins::default()).await, "");
    }

    /// client-go's table of `interactiveMode`, with the screen as one that keeps standard input for itself.
    #[test]
    fn who_may_ask_is_client_go_s_rule() {
        use ExecInteractiveMode::{Always, IfAvailable, Never};
        let screen = Plugins::Apart(Some("kreach".into()));
        let asks = |mode, plugins: &Plugins, terminal| {
            asks(&ExecConfig { interactive_mode: mode, ..ExecConfig::default() }, plugins, terminal).ok()
        };
        for mode in [None, Some(IfAvailable), Some(Always)] {
            assert_eq!(asks(mode.clone(), &Plugins::Beside(None), true), Some(Asks::Yes), "{mode:?}");
        }
        for mode in [None, Some(IfAvailable), Some(Never)] {
            assert_eq!(asks(mode.clone(), &Plugins::Beside(None), false), Some(Asks::No), "{mode:?}");
            assert_eq!(asks(mode, &screen, true), Some(Asks::No));
        }
        assert_eq!(asks(Some(Never), &Plugins::Beside(None), true), Some(Asks::No));
        assert_eq!(asks(Some(Always), &Plugins::Beside(None), false), None);
        assert_eq!(asks(Some(Always), &screen, true), None);
    }
}
