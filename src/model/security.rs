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

/// Minor versions of Kubernetes 1 one after the other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MinorRange {
    from: u8,
    before: u8,
}

impl MinorRange {
    pub const ALL: Self = Self { from: 0, before: u8::MAX };
    pub const NONE: Self = Self { from: u8::MAX, before: u8::MAX };

    /// This one and all later ones.
    pub const fn since(minor: u8) -> Self {
        Self { from: minor, before: u8::MAX }
    }

    /// All earlier ones.
    pub const fn before(minor: u8) -> Self {
        Self { from: 0, before: minor }
    }

    /// Those of both.
    pub fn and(self, other: Self) -> Self {
        let both = Self { from: self.from.max(other.from), before: self.before.min(other.before) };
        if both.from < both.before { both } else { Self::NONE }
    }

    /// Whether it is one of them.
    pub const fn has(self, minor: u8) -> bool {
        self.from <= minor && minor < self.before
    }

    /// The first of them.
    pub const fn first(self) -> u8 {
        self.from
    }

    /// Whether all from some version on are among them.
    pub const fn is_endless(self) -> bool {
        self.before == u8::MAX
    }
}

/// Which levels of the Pod Security Standards a spec meets, by the version of the standards.
///
/// They have changed with versions, mostly by allowing more. Exact from 1.25 on, where the admission that enforces them
/// became stable. One byte, since what pods share has one each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetStandards(u8);

/// The versions in which a spec may meet `baseline`: those that [`MetStandards`] can tell.
const BASELINES: [MinorRange; 13] = [
    MinorRange::NONE,
    MinorRange::ALL,
    MinorRange::since(27),
    MinorRange::since(29),
    MinorRange::since(31),
    MinorRange::since(32),
    MinorRange::since(35),
    MinorRange::since(37),
    MinorRange::before(34),
    MinorRange { from: 27, before: 34 },
    MinorRange { from: 29, before: 34 },
    MinorRange { from: 31, before: 34 },
    MinorRange { from: 32, before: 34 },
];

/// When a spec that meets `baseline` meets `restricted`: never, whenever it meets `baseline`, or then since 1.35.
const RESTRICTED: [MinorRange; 3] = [MinorRange::NONE, MinorRange::ALL, MinorRange::since(35)];

impl MetStandards {
    /// The first version of which this is exact.
    pub const OLDEST: u8 = 25;
    /// The newest whose standards we know: later ones are taken to be as this.
    pub const NEWEST: u8 = 37;

    /// What meets `baseline` in these versions, and `restricted` in those of them that are of these too.
    ///
    /// A container without `seccompProfile`, with all else that `restricted` wants, is `(ALL, NONE)`: always `baseline`, never
    /// `restricted`. Versions that no check hangs on are taken for none, which refuses a pod rather than let it in; that no
    /// check hangs on versions that are not told here, the readers' tests say.
    pub fn new(baseline: MinorRange, restricted: MinorRange) -> Self {
        let base = BASELINES.iter().position(|it| *it == baseline).unwrap_or(0);
        let both = baseline.and(restricted);
        // Equal things have one code.
        let strict = RESTRICTED.iter().position(|it| baseline.and(*it) == both).unwrap_or(0);
        Self((base * RESTRICTED.len() + strict) as u8)
    }

    /// The versions in which `baseline` is met.
    pub fn baseline(self) -> MinorRange {
        BASELINES[usize::from(self.0) / RESTRICTED.len()]
    }

    /// The versions in which `restricted` is met.
    pub fn restricted(self) -> MinorRange {
        self.baseline().and(RESTRICTED[usize::from(self.0) % RESTRICTED.len()])
    }

    /// The strictest level that is met in a version.
    pub fn level(self, minor: u8) -> SecurityLevel {
        match (self.restricted().has(minor), self.baseline().has(minor)) {
            (true, _) => SecurityLevel::Restricted,
            (false, true) => SecurityLevel::Baseline,
            (false, false) => SecurityLevel::Privileged,
        }
    }
}

impl std::fmt::Debug for MetStandards {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "baseline {:?}, restricted {:?}", self.baseline(), self.restricted())
    }
}

/// The level that is met in every version.
impl From<SecurityLevel> for MetStandards {
    fn from(level: SecurityLevel) -> Self {
        let from = |least| if level >= least { MinorRange::ALL } else { MinorRange::NONE };
        Self::new(from(SecurityLevel::Baseline), from(SecurityLevel::Restricted))
    }
}

/// What runs with everything.
impl Default for MetStandards {
    fn default() -> Self {
        SecurityLevel::Privileged.into()
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
    /// No container runs as root: the spec says so.
    pub unprivileged_user: bool,
    /// Capabilities that a container adds, as written.
    pub capabilities: Vec<Name>,
    /// What is mounted of the node.
    pub paths: Vec<HostPath>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_and_version_is_told_back() {
        for baseline in BASELINES {
            for restricted in RESTRICTED {
                let it = MetStandards::new(baseline, restricted);
                assert_eq!((it.baseline(), it.restricted()), (baseline, baseline.and(restricted)));
            }
        }
        assert_eq!(MinorRange::since(35).and(MinorRange::before(34)), MinorRange::NONE);
        assert_eq!(MetStandards::default().level(30), SecurityLevel::Privileged);
    }
}
