//! What a pod's spec lets its containers do beyond themselves: their account's token, and their node.

use super::name::Name;

/// Whether a pod's containers are given the token of its service account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum TokenMount {
    /// The pod does not say: its account does (`automountServiceAccountToken`).
    #[default]
    AsAccount,
    /// A container mounts a projected token, or the pod says so.
    Always,
    Never,
}

/// The levels of the Pod Security Standards, loosest first.
///
/// Source: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum SecurityLevel {
    #[default]
    Privileged,
    Baseline,
    Restricted,
}

impl SecurityLevel {
    /// As labels of namespaces write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            SecurityLevel::Privileged => "privileged",
            SecurityLevel::Baseline => "baseline",
            SecurityLevel::Restricted => "restricted",
        }
    }

    /// The level of this word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Privileged, Self::Baseline, Self::Restricted].into_iter().find(|it| it.as_str() == text)
    }
}

/// A directory or a file of the node that a container mounts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HostPath {
    pub path: Name,
    pub writable: bool,
}

/// What a pod's spec gives its containers of their node; most pods have nothing of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct HostAccess {
    /// A container that runs is privileged.
    pub privileged: bool,
    /// `hostPID`.
    pub processes: bool,
    /// `hostIPC`.
    pub ipc: bool,
    /// `hostUsers: false`: what is root in the pod is nobody on the node.
    pub user_namespace: bool,
    /// Capabilities that a container adds, as written.
    pub capabilities: Vec<Name>,
    /// What is mounted of the node.
    pub paths: Vec<HostPath>,
}
