//! Whom to talk to and as whom: kubectl's rules for flags, files and the environment, as one pure-ish read.
//!
//! ```text
//! --kubeconfig (must exist) │ KUBECONFIG (missing files are skipped) │ ~/.kube/config │ the pod's own account
//!     └─ context (--context, else current-context) ─► cluster, user, namespace ─► flags win over each
//! ```
//!
//! Source: <https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/> and client-go's
//! `tools/clientcmd`. Nothing here connects, runs a plugin or writes a file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::{AuthInfo, Cluster, Context, ExecAuthCluster, Kubeconfig};

use super::bounded;
use super::configuration::{self, OfContext};
use super::fault::{LiveFault, LiveFaultClass};
use super::plugin::Plugins;
use crate::ask::nearest::{did_you_mean, nearest};

/// kubectl's flags of connection, as they were given.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub kubeconfig: Option<PathBuf>,
    pub context: Option<String>,
    pub cluster: Option<String>,
    pub user: Option<String>,
    pub namespace: Option<String>,
    /// `--as`.
    pub impersonate: Option<String>,
    /// `--as-group`, repeatable.
    pub impersonate_groups: Vec<String>,
    /// `--as-uid`.
    pub impersonate_uid: Option<String>,
    pub server: Option<String>,
    pub token: Option<String>,
    /// How long a one-shot request may take; `None`: as long as it makes progress.
    pub request_timeout: Option<Duration>,
    pub tls_server_name: Option<String>,
    pub certificate_authority: Option<PathBuf>,
    pub client_certificate: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
    pub insecure_skip_tls_verify: bool,
    /// Who has the terminal while credential plugins run.
    pub plugins: Plugins,
    /// Whether a client that writes is made beside the one that reads (`--write`).
    pub write: bool,
}

/// What the process's surroundings say, taken once, so that tests need not change their own.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    pub variables: BTreeMap<String, OsString>,
    pub home: Option<PathBuf>,
    /// The configuration file, where it would be.
    pub configuration: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect();
        let configuration =
            directories::ProjectDirs::from("", "", "kreach").map(|it| it.config_dir().join("config.yaml"));
        Self { variables, home: directories::BaseDirs::new().map(|it| it.home_dir().to_owned()), configuration }
    }

    /// A variable's value where it is text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.variables.get(name)?.to_str().map(str::to_owned)
    }
}

/// One context, for the picker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContextEntry {
    pub name: String,
    pub cluster: String,
    pub user: String,
    pub namespace: String,
    pub current: bool,
}

/// What the kubeconfig and the flags come to.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The context's name; empty when none was needed (`--server`, or inside a pod).
    pub context: String,
    pub cluster_name: String,
    pub user_name: String,
    /// The namespace of bare names.
    pub namespace: String,
    pub cluster: Cluster,
    pub user: AuthInfo,
    /// All contexts, by name.
    pub contexts: Vec<ContextEntry>,
    /// What was odd and did not stop us.
    pub warnings: Vec<String>,
    /// Whether what writes is made: by `--write`, or the configuration.
    pub writes: bool,
    /// Whether the configuration says that it is production.
    pub production: bool,
}

/// Where the files of a pod's own account are mounted.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn config(what: &str) -> LiveFault {
    LiveFault::new(LiveFaultClass::Config, what)
}

/// Reads the kubeconfig by kubectl's rules and lays the flags over it.
///
/// # Errors
/// One line and a hint: a file that is missing or broken, a context, cluster or user that does not exist.
pub fn select(flags: &Flags, around: &Surroundings) -> Result<Selection, LiveFault> {
    let mut warnings = Vec::new();
    let files = read(flags, around, &mut warnings)?;
    if is_empty(&files) && flags.server.is_none() {
        return in_cluster(flags, around, warnings);
    }
    let name = flags.context.clone().or_else(|| files.current_context.clone()).unwrap_or_default();
    let context = context(&files, &name, flags)?;
    let cluster_name = flags.cluster.clone().unwrap_or_else(|| context.cluster.clone());
    let user_name = flags.user.clone().or_else(|| context.user.clone()).unwrap_or_default();
    let mut cluster = cluster(&files, &cluster_name, &name, flags)?;
    let mut user = user(&files, &user_name, flags)?;
    override_cluster(&mut cluster, flags)?;
    override_user(&mut user, flags);
    if let Some(plugin) = user.exec.as_mut().filter(|it| it.provide_cluster_info) {
        plugin.cluster = Some(ExecAuthCluster::try_from(&cluster).map_err(|it| config(&it.to_string()))?);
    }
    let namespace = flags.namespace.clone().or(context.namespace).filter(|it| !it.is_empty());
    let namespace = namespace.unwrap_or_else(|| "default".to_owned());
    let contexts = entries(&files, &name);
    let OfContext { write, production } = configured(around, &name)?;
    let writes = is_writing(flags, write);
    Ok(Selection {
        context: name,
        cluster_name,
        user_name,
        namespace,
        cluster,
        user,
        contexts,
        warnings,
        writes,
        production,
    })
}

/// What the configuration says of a context.
fn configured(around: &Surroundings, context: &str) -> Result<OfContext, LiveFault> {
    around.configuration.as_ref().map_or_else(|| Ok(OfContext::default()), |it| configuration::of_context(it, context))
}

/// Whether it may be written to. What is said of a context says nothing of another cluster that flags put in its place.
fn is_writing(flags: &Flags, configured: Option<bool>) -> bool {
    let is_its_own = flags.server.is_none() && flags.cluster.is_none();
    match configured {
        Some(false) => false,
        Some(true) => flags.write || is_its_own,
        None => flags.write,
    }
}

/// The user's entry as it is now; nothing where it cannot be read, as a pipe cannot be twice.
pub fn user_again(flags: &Flags, around: &Surroundings) -> Option<AuthInfo> {
    let listed = around.variables.get("KUBECONFIG").map(|it| std::env::split_paths(it).collect()).unwrap_or_default();
    let named: Vec<PathBuf> = flags.kubeconfig.clone().map_or(listed, |it| vec![it]);
    let is_pipe = |it: &PathBuf| it.exists() && !it.is_file();
    if named.iter().any(is_pipe) { None } else { select(flags, around).ok().map(|it| it.user) }
}

/// All contexts that the flags and the environment lead to, by name; for completion and the picker.
///
/// # Errors
/// As [`select`]: a file that is missing or broken.
pub fn contexts(flags: &Flags, around: &Surroundings) -> Result<Vec<ContextEntry>, LiveFault> {
    let files = read(flags, around, &mut Vec::new())?;
    let name = flags.context.clone().or_else(|| files.current_context.clone()).unwrap_or_default();
    Ok(entries(&files, &name))
}

fn entries(files: &Kubeconfig, current: &str) -> Vec<ContextEntry> {
    let entry = |named: &kube::config::NamedContext| {
        let context = named.context.clone().unwrap_or_default();
        ContextEntry {
            name: named.name.clone(),
            cluster: context.cluster,
            user: context.user.unwrap_or_default(),
            namespace: context.namespace.unwrap_or_default(),
            current: named.name == current,
        }
    };
    let mut entries: Vec<ContextEntry> = files.contexts.iter().map(entry).collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}

fn is_empty(files: &Kubeconfig) -> bool {
    files.clusters.is_empty() && files.contexts.is_empty() && files.auth_infos.is_empty()
}

/// The merged files that the flags and the environment name.
fn read(flags: &Flags, around: &Surroundings, warnings: &mut Vec<String>) -> Result<Kubeconfig, LiveFault> {
    if let Some(path) = &flags.kubeconfig {
        return read_file(path);
    }
    let listed: Vec<PathBuf> =
        around.variables.get("KUBECONFIG").map(|it| std::env::split_paths(it).collect()).unwrap_or_default();
    let listed: Vec<PathBuf> = listed.into_iter().filter(|it| !it.as_os_str().is_empty()).collect();
    if listed.is_empty() {
        let path = around.home.as_ref().map(|it| it.join(".kube/config")).filter(|it| it.exists());
        return path.map_or_else(|| Ok(Kubeconfig::default()), |it| read_file(&it));
    }
    let (present, missing): (Vec<_>, Vec<_>) = listed.into_iter().partition(|it| it.exists());
    if present.is_empty() {
        warnings.push(format!("KUBECONFIG names only missing files: {}", paths(&missing)));
    }
    present.iter().try_fold(Kubeconfig::default(), |merged, path| {
        let next = read_file(path)?;
        merged.merge(next).map_err(|it| config(&format!("cannot merge {}: {it}", path.display())))
    })
}

/// How large a kubeconfig may be: the largest known have some thousand contexts.
const MAX_BYTES: usize = 16 << 20;

fn read_file(path: &Path) -> Result<Kubeconfig, LiveFault> {
    let unread = |cause: &dyn std::fmt::Display| format!("cannot read kubeconfig {}: {cause}", path.display());
    let hinted =
        |what: &str| config(what).hint("name another one with --kubeconfig or KUBECONFIG, or read files with --from");
    let is_file = path.is_file();
    // It is read anew below, where its paths are made those of its folder; a pipe can be read only once.
    let bytes = match path {
        // The one device that people name, for no kubeconfig at all.
        path if path == Path::new("/dev/null") => Vec::new(),
        path => bounded::file(path, MAX_BYTES).map_err(|cause| hinted(&unread(&cause)))?,
    };
    if is_file && is_half_utf16(&bytes) {
        return Err(config(&format!("not a kubeconfig: {} ends in the middle of a character", path.display())));
    }
    let read = match is_file {
        true => Kubeconfig::read_from(path),
        false => Kubeconfig::from_yaml(&String::from_utf8_lossy(&bytes)),
    };
    read.map_err(|error| {
        use kube::config::KubeconfigError as Error;
        let what = match error {
            Error::ReadConfig(cause, _) => unread(&cause),
            // The parser's text quotes the file, which holds credentials: only the place is told.
            Error::Parse(cause) => match cause.location() {
                Some(at) => format!("not a kubeconfig: {} line {} column {}", path.display(), at.line(), at.column()),
                None => format!("not a kubeconfig: {}", path.display()),
            },
            other => format!("cannot use kubeconfig {}: {other}", path.display()),
        };
        hinted(&what)
    })
}

/// Whether a text says that it is UTF-16 and has an odd number of bytes: kube 5.0 panics on such a file.
fn is_half_utf16(bytes: &[u8]) -> bool {
    bytes.len() % 2 == 1 && (bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff"))
}

fn paths(paths: &[PathBuf]) -> String {
    paths.iter().map(|it| it.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn context(files: &Kubeconfig, name: &str, flags: &Flags) -> Result<Context, LiveFault> {
    let found = files.contexts.iter().find(|it| it.name == name);
    if let Some(found) = found {
        return Ok(found.context.clone().unwrap_or_default());
    }
    let names = || files.contexts.iter().map(|it| it.name.as_str());
    if !name.is_empty() {
        return Err(config(&format!("no context {name:?} in the kubeconfig")).hint(nearest_hint(name, names())));
    }
    if flags.cluster.is_some() || flags.server.is_some() {
        return Ok(Context::default());
    }
    let known = names().collect::<Vec<_>>().join(", ");
    Err(config("the kubeconfig has no current context").hint(format!("name one with --context: {known}")))
}

fn cluster(files: &Kubeconfig, name: &str, context: &str, flags: &Flags) -> Result<Cluster, LiveFault> {
    let found = files.clusters.iter().find(|it| it.name == name).and_then(|it| it.cluster.clone());
    match found {
        Some(found) => Ok(found),
        None if flags.server.is_some() && flags.cluster.is_none() => Ok(Cluster::default()),
        None => {
            let names = files.clusters.iter().map(|it| it.name.as_str());
            let what = match flags.cluster {
                Some(_) => format!("no cluster {name:?} in the kubeconfig"),
                None => format!("context {context:?} names a cluster {name:?} that the kubeconfig does not have"),
            };
            Err(config(&what).hint(nearest_hint(name, names)))
        }
    }
}

/// The user of this name; a missing one of a context is nobody (as in client-go), a missing one of a flag is an error.
fn user(files: &Kubeconfig, name: &str, flags: &Flags) -> Result<AuthInfo, LiveFault> {
    let found = files.auth_infos.iter().find(|it| it.name == name).and_then(|it| it.auth_info.clone());
    if found.is_none() && flags.user.is_some() {
        let names = files.auth_infos.iter().map(|it| it.name.as_str());
        return Err(config(&format!("no user {name:?} in the kubeconfig")).hint(nearest_hint(name, names)));
    }
    Ok(found.unwrap_or_default())
}

fn override_cluster(cluster: &mut Cluster, flags: &Flags) -> Result<(), LiveFault> {
    const BOTH: &str = "specifying a root certificates file with the insecure flag is not allowed";
    if flags.insecure_skip_tls_verify && flags.certificate_authority.is_some() {
        return Err(config(BOTH).hint("give --certificate-authority or --insecure-skip-tls-verify, not both"));
    }
    if let Some(server) = &flags.server {
        cluster.server = Some(server.clone());
    }
    if let Some(name) = &flags.tls_server_name {
        cluster.tls_server_name = Some(name.clone());
    }
    if let Some(path) = &flags.certificate_authority {
        cluster.certificate_authority = Some(path.display().to_string());
        cluster.certificate_authority_data = None;
        cluster.insecure_skip_tls_verify = None;
    }
    if flags.insecure_skip_tls_verify {
        cluster.insecure_skip_tls_verify = Some(true);
        (cluster.certificate_authority, cluster.certificate_authority_data) = (None, None);
    }
    // What the file says together is refused with kubectl's own words; which of the two is meant nobody can know.
    let said = |it: &Option<String>| it.as_ref().is_some_and(|it| !it.is_empty());
    let has_authority = said(&cluster.certificate_authority) || said(&cluster.certificate_authority_data);
    if cluster.insecure_skip_tls_verify == Some(true) && has_authority {
        let hint = "take certificate-authority or insecure-skip-tls-verify out of the kubeconfig's cluster";
        return Err(config(BOTH).hint(hint));
    }
    Ok(())
}

fn override_user(user: &mut AuthInfo, flags: &Flags) {
    if let Some(token) = &flags.token {
        user.token = Some(token.clone().into());
        (user.token_file, user.exec, user.auth_provider) = (None, None, None);
        (user.username, user.password) = (None, None);
    }
    if let Some(path) = &flags.client_certificate {
        (user.client_certificate, user.client_certificate_data) = (Some(path.display().to_string()), None);
    }
    if let Some(path) = &flags.client_key {
        (user.client_key, user.client_key_data) = (Some(path.display().to_string()), None);
    }
    user.impersonate = flags.impersonate.clone().or(user.impersonate.take());
    user.impersonate_uid = flags.impersonate_uid.clone().or(user.impersonate_uid.take());
    if !flags.impersonate_groups.is_empty() {
        user.impersonate_groups = Some(flags.impersonate_groups.clone());
    }
}

/// The account of the pod we run in, when we run in one.
fn in_cluster(flags: &Flags, around: &Surroundings, warnings: Vec<String>) -> Result<Selection, LiveFault> {
    let both = around.text("KUBERNETES_SERVICE_HOST").zip(around.text("KUBERNETES_SERVICE_PORT"));
    let token = Path::new(ACCOUNT).join("token");
    let Some((host, port)) = both.filter(|_| token.exists()) else {
        let hint = "name one with --kubeconfig or KUBECONFIG, read files with --from, or try `kreach demo`";
        let what =
            warnings.first().cloned().unwrap_or_else(|| "no kubeconfig found, and not running in a cluster".to_owned());
        return Err(config(&what).hint(hint));
    };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let mut cluster = Cluster {
        server: Some(format!("https://{host}:{port}")),
        certificate_authority: Some(format!("{ACCOUNT}/ca.crt")),
        ..Cluster::default()
    };
    let mut user = AuthInfo { token_file: Some(token.display().to_string()), ..AuthInfo::default() };
    override_cluster(&mut cluster, flags)?;
    override_user(&mut user, flags);
    let own = std::fs::read_to_string(Path::new(ACCOUNT).join("namespace")).ok().map(|it| it.trim().to_owned());
    let namespace = flags.namespace.clone().or(own).unwrap_or_else(|| "default".to_owned());
    let (cluster_name, user_name) = ("in-cluster".to_owned(), "the pod's service account".to_owned());
    let contexts = Vec::new();
    // It has no context that could be named, but what cannot be read stops it here too.
    configured(around, "")?;
    let (context, writes, production) = (String::new(), flags.write, false);
    Ok(Selection { context, cluster_name, user_name, namespace, cluster, user, contexts, warnings, writes, production })
}

/// `did you mean …`, or all names when none is near.
fn nearest_hint<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let near: Vec<String> = nearest(wanted, names.iter().copied()).into_iter().map(str::to_owned).collect();
    match names.as_slice() {
        [] => "it has none".to_owned(),
        _ if !near.is_empty() => did_you_mean(&near),
        all => format!("it has: {}", all.iter().take(12).copied().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "
apiVersion: v1
kind: Config
current-context: prod
clusters:
- {name: prod, cluster: {server: 'https://prod:6443', certificate-authority: ca.crt}}
- {name: dev, cluster: {server: 'https://dev:6443'}}
users:
- {name: admin, user: {token: t, tokenFile: token}}
contexts:
- {name: prod, context: {cluster: prod, user: admin, namespace: shop}}
- {name: staging, context: {cluster: gone, user: nobody}}
";

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a folder"))
        }

        fn file(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::write(&path, text).expect("written");
            path
        }

        /// Surroundings whose KUBECONFIG lists these files, present or not.
        fn listing(&self, names: &[&str]) -> Surroundings {
            let paths = std::env::join_paths(names.iter().map(|it| self.0.path().join(it))).expect("paths");
            Surroundings {
                variables: BTreeMap::from([("KUBECONFIG".to_owned(), paths)]),
                home: None,
                configuration: None,
            }
        }
    }

    fn what(result: Result<Selection, LiveFault>) -> (String, String) {
        let fault = result.expect_err("a fault");
        (fault.what, fault.hint.unwrap_or_default())
    }

    /// As kubectl: a missing file of the list is skipped, and the first to set a name wins.
    #[test]
    fn missing_files_of_the_list_are_skipped() {
        let folder = Folder::new();
        folder.file("b", TWO);
        folder.file("c", &TWO.replace("https://prod:6443", "https://other:6443"));
        let chosen = select(&Flags::default(), &folder.listing(&["a", "b", "c"])).expect("a selection");
        assert_eq!(chosen.cluster.server.as_deref(), Some("https://prod:6443"));
        assert_eq!((chosen.context.as_str(), chosen.namespace.as_str()), ("prod", "shop"));
        let authority = folder.0.path().join("ca.crt").display().to_string();
        assert_eq!(chosen.cluster.certificate_authority, Some(authority), "relative to its file");
        assert_eq!(
            chosen.contexts.iter().map(|it| (it.name.as_str(), it.current)).collect::<Vec<_>>(),
            [("prod", true), ("staging", false)]
        );
        let (missing, hint) = what(select(&Flags::default(), &folder.listing(&["a"])));
        assert!(missing.starts_with("KUBECONFIG names only missing files: ") && hint.contains("kreach demo"));
    }

    #[test]
    fn what_does_not_exist_is_named_with_what_does() {
        let folder = Folder::new();
        let path = folder.file("kubeconfig", TWO);
        let at = |change: fn(&mut Flags)| {
            let mut flags = Flags { kubeconfig: Some(path.clone()), ..Flags::default() };
            change(&mut flags);
            what(select(&flags, &Surroundings::default()))
        };
        let (unknown, hint) = at(|it| it.context = Some("prd".to_owned()));
        assert_eq!((unknown.as_str(), hint.as_str()), ("no context \"prd\" in the kubeconfig", "did you mean prod?"));
        let (unknown, hint) = at(|it| it.context = Some("zzz".to_owned()));
        assert_eq!(
            (unknown.as_str(), hint.as_str()),
            ("no context \"zzz\" in the kubeconfig", "it has: prod, staging")
        );
        assert!(at(|it| it.context = Some("staging".to_owned())).0.contains("names a cluster \"gone\""));
        assert!(at(|it| it.user = Some("root".to_owned())).0.starts_with("no user"));
        assert!(at(|it| it.kubeconfig = Some("/nonexistent".into())).0.starts_with("cannot read kubeconfig"));
    }

    /// A broken file is told by its place, since its text holds credentials.
    #[test]
    fn a_broken_file_is_told_by_its_place() {
        let folder = Folder::new();
        let path = folder.file("broken", "users:\n- name: [secret-token\n");
        let flags = Flags { kubeconfig: Some(path), ..Flags::default() };
        let (broken, hint) = what(select(&flags, &Surroundings::default()));
        assert!(broken.starts_with("not a kubeconfig: ") && !broken.contains("secret-token"), "{broken}");
        assert!(hint.contains("--kubeconfig"));
    }

    #[test]
    fn flags_win_over_the_file() {
        let folder = Folder::new();
        let flags = Flags {
            kubeconfig: Some(folder.file("kubeconfig", TWO)),
            cluster: Some("dev".to_owned()),
            namespace: Some("db".to_owned()),
            token: Some("mine".to_owned()),
            impersonate: Some("alice".to_owned()),
            impersonate_groups: vec!["dev".to_owned()],
            insecure_skip_tls_verify: true,
            ..Flags::default()
        };
        let chosen = select(&flags, &Surroundings::default()).expect("a selection");
        assert_eq!((chosen.cluster_name.as_str(), chosen.namespace.as_str()), ("dev", "db"));
        assert_eq!(chosen.cluster.insecure_skip_tls_verify, Some(true));
        assert!(chosen.user.token_file.is_none() && chosen.user.impersonate.as_deref() == Some("alice"));
        let both = Flags { certificate_authority: Some("ca".into()), ..flags };
        assert!(what(select(&both, &Surroundings::default())).1.contains("not both"));
    }

    /// client-go: rest.TLSConfigFor refuses both; a flag clears what the file says against it.
    #[test]
    fn a_certificate_authority_and_no_check_of_certificates_are_refused() {
        let folder = Folder::new();
        for authority in ["certificate-authority: ca.crt", "certificate-authority-data: Zg=="] {
            let both = format!("insecure-skip-tls-verify: true, {authority}");
            let path = folder.file("both", &TWO.replace("certificate-authority: ca.crt", &both));
            let flags = Flags { kubeconfig: Some(path), ..Flags::default() };
            let (refused, hint) = what(select(&flags, &Surroundings::default()));
            assert!(refused.contains("with the insecure flag is not allowed") && hint.contains("take"), "{refused}");
            for by_flag in [
                Flags { insecure_skip_tls_verify: true, ..flags.clone() },
                Flags { certificate_authority: Some("ca".into()), ..flags.clone() },
            ] {
                let chosen = select(&by_flag, &Surroundings::default()).expect("the flag says which");
                assert_eq!(chosen.cluster.insecure_skip_tls_verify.unwrap_or(false), by_flag.insecure_skip_tls_verify);
                assert_eq!(chosen.cluster.certificate_authority.is_none(), by_flag.insecure_skip_tls_verify);
            }
        }
    }

    #[test]
    fn a_server_alone_needs_no_file() {
        let flags = Flags { server: Some("http://127.0.0.1:8001".to_owned()), ..Flags::default() };
        let chosen = select(&flags, &Surroundings::default()).expect("a selection");
        assert_eq!(chosen.cluster.server.as_deref(), Some("http://127.0.0.1:8001"));
        let (nothing, hint) = what(select(&Flags::default(), &Surroundings::default()));
        assert!(nothing.starts_with("no kubeconfig") && hint.contains("--from"));
    }
}
