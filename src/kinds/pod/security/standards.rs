//! What a spec meets of the Pod Security Standards, check by check and by version.
//!
//! The annotations by which AppArmor and seccomp profiles were asked for before they had fields are not read: the API
//! server writes the fields beside them since 1.30 and 1.19.
//! Source: <https://github.com/kubernetes/pod-security-admission>, the directory `policy`, as of 1.37.

use super::super::{Container, PodSpec};
use super::{Handler, Profile, SecurityContext, Sysctl};
use crate::model::security::{MetStandards, MinorRange};

/// What a spec meets.
pub(in super::super) fn standards(spec: &PodSpec<'_>) -> MetStandards {
    let of_containers = all(spec).map(|it| baseline_container(spec, it));
    let baseline = of_containers.fold(baseline_pod(spec), MinorRange::and);
    let restricted = match restricted_pod(spec) && all(spec).all(|it| is_restricted_container(spec, it)) {
        true => non_root(spec),
        false => MinorRange::NONE,
    };
    MetStandards::new(baseline, restricted)
}

/// Every container, also those that have ended.
fn all<'s, 'a>(spec: &'s PodSpec<'a>) -> impl Iterator<Item = &'s Container<'a>> {
    spec.containers.iter().chain(&spec.init_containers).chain(&spec.ephemeral_containers)
}

const fn always(is_so: bool) -> MinorRange {
    if is_so { MinorRange::ALL } else { MinorRange::NONE }
}

/// The capabilities that `baseline` lets containers add.
const ADDABLE: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// The sysctls that `baseline` lets pods set, and since when.
const SYSCTLS: [(&str, MinorRange); 14] = [
    ("kernel.shm_rmid_forced", MinorRange::ALL),
    ("net.ipv4.ip_local_port_range", MinorRange::ALL),
    ("net.ipv4.ip_unprivileged_port_start", MinorRange::ALL),
    ("net.ipv4.tcp_syncookies", MinorRange::ALL),
    ("net.ipv4.ping_group_range", MinorRange::ALL),
    ("net.ipv4.ip_local_reserved_ports", MinorRange::since(27)),
    ("net.ipv4.tcp_keepalive_time", MinorRange::since(29)),
    ("net.ipv4.tcp_fin_timeout", MinorRange::since(29)),
    ("net.ipv4.tcp_keepalive_intvl", MinorRange::since(29)),
    ("net.ipv4.tcp_keepalive_probes", MinorRange::since(29)),
    ("net.ipv4.tcp_rmem", MinorRange::since(32)),
    ("net.ipv4.tcp_wmem", MinorRange::since(32)),
    ("net.ipv4.tcp_slow_start_after_idle", MinorRange::since(37)),
    ("net.ipv4.tcp_notsent_lowat", MinorRange::since(37)),
];

/// The SELinux types that `baseline` lets be asked for, and since when.
const SELINUX_TYPES: [(&str, MinorRange); 5] = [
    ("", MinorRange::ALL),
    ("container_t", MinorRange::ALL),
    ("container_init_t", MinorRange::ALL),
    ("container_kvm_t", MinorRange::ALL),
    ("container_engine_t", MinorRange::since(31)),
];

/// When what is root in the pod alone may be what nobody may be otherwise.
const IN_OWN_USERS: MinorRange = MinorRange::since(35);

/// When probes and hooks may name a host.
const NAMING_HOSTS: MinorRange = MinorRange::before(34);

fn since(table: &[(&str, MinorRange)], word: &str) -> MinorRange {
    table.iter().find(|(it, _)| *it == word).map_or(MinorRange::NONE, |(_, minors)| *minors)
}

fn baseline_pod(spec: &PodSpec<'_>) -> MinorRange {
    let has_host = spec.host_network || spec.host_pid || spec.host_ipc;
    let has_paths = spec.volumes.iter().any(|it| it.host_path.is_some());
    let sysctl = |it: &Sysctl<'_>| since(&SYSCTLS, &it.name);
    let sysctls = spec.security_context.sysctls.iter().map(sysctl).fold(MinorRange::ALL, MinorRange::and);
    always(!has_host && !has_paths).and(sysctls).and(confined(&spec.security_context))
}

fn baseline_container(spec: &PodSpec<'_>, it: &Container<'_>) -> MinorRange {
    let context = &it.security_context;
    let adds_few = context.capabilities.add.iter().all(|it| ADDABLE.contains(&&**it));
    let has_ports = it.ports.iter().any(|it| it.host_port != 0);
    let plain = always(context.privileged != Some(true) && adds_few && !has_ports);
    plain.and(masked_proc(spec, context)).and(asks_itself(it)).and(confined(context))
}

/// `/proc` stays masked; in a user namespace it need not since 1.35.
fn masked_proc(spec: &PodSpec<'_>, context: &SecurityContext<'_>) -> MinorRange {
    match context.unmasks_proc {
        false => MinorRange::ALL,
        true if has_own_users(spec) => IN_OWN_USERS,
        true => MinorRange::NONE,
    }
}

/// Probes and hooks name no host since 1.34.
fn asks_itself(it: &Container<'_>) -> MinorRange {
    let probes = [&it.liveness_probe, &it.readiness_probe, &it.startup_probe];
    let hooks = [&it.lifecycle.post_start, &it.lifecycle.pre_stop];
    match probes.into_iter().chain(hooks).any(|it: &Handler| it.names_host) {
        true => NAMING_HOSTS,
        false => MinorRange::ALL,
    }
}

/// What `baseline` asks of the context of a pod and of a container alike.
fn confined(context: &SecurityContext<'_>) -> MinorRange {
    let selinux = &context.se_linux_options;
    let plain = context.windows_options.host_process != Some(true)
        && context.app_armor_profile.by != Profile::Unconfined
        && context.seccomp_profile.by != Profile::Unconfined
        && !selinux.has_user
        && !selinux.has_role;
    always(plain).and(since(&SELINUX_TYPES, &selinux.of))
}

fn has_own_users(spec: &PodSpec<'_>) -> bool {
    spec.host_users == Some(false)
}

fn restricted_pod(spec: &PodSpec<'_>) -> bool {
    spec.volumes.iter().all(|it| !it.is_unusual)
}

fn is_restricted_container(spec: &PodSpec<'_>, it: &Container<'_>) -> bool {
    let (own, pods) = (&it.security_context, &spec.security_context);
    let is_windows = &*spec.os.name == "windows";
    let (seccomp, of_pod) = (own.seccomp_profile.by, pods.seccomp_profile.by);
    let is_sealed = seccomp == Profile::Sealed || seccomp == Profile::Unsaid && of_pod == Profile::Sealed;
    let adds_little = own.capabilities.add.iter().all(|it| &**it == "NET_BIND_SERVICE");
    let drops_all = own.capabilities.drops_all;
    let is_narrow = own.allow_privilege_escalation == Some(false) && is_sealed && drops_all && adds_little;
    !own.unmasks_proc && (is_windows || is_narrow)
}

/// Nobody is root; in a user namespace they may be since 1.35.
fn non_root(spec: &PodSpec<'_>) -> MinorRange {
    let pods = &spec.security_context;
    let is_refused = |it: &SecurityContext<'_>| it.run_as_non_root == Some(false) || it.run_as_user == Some(0);
    let is_bad = |it: &Container<'_>| {
        let own = &it.security_context;
        is_refused(own) || own.run_as_non_root.or(pods.run_as_non_root) != Some(true)
    };
    match is_refused(pods) || all(spec).any(is_bad) {
        false => MinorRange::ALL,
        true if has_own_users(spec) => IN_OWN_USERS,
        true => MinorRange::NONE,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What [`MetStandards`] does not tell would be met in no version.
    #[test]
    fn every_combination_of_checks_is_told_back() {
        let checks = SYSCTLS.iter().chain(&SELINUX_TYPES).map(|it| it.1).chain([IN_OWN_USERS, NAMING_HOSTS]);
        let mut all = BTreeSet::from([MinorRange::ALL, MinorRange::NONE]);
        for check in checks {
            let with_it: Vec<MinorRange> = all.iter().map(|it| it.and(check)).collect();
            all.extend(with_it);
        }
        for baseline in all {
            for restricted in [MinorRange::ALL, MinorRange::NONE, IN_OWN_USERS] {
                let it = MetStandards::new(baseline, restricted);
                assert_eq!((it.baseline(), it.restricted()), (baseline, baseline.and(restricted)));
            }
        }
    }
}
