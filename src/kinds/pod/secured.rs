//! What a pod's spec says of its token, of its node and of the levels that it meets, in a snapshot.

use serde_json::{Value, json};

use crate::model::facts::Pod;
use crate::model::security::{HostPath, MetStandards, MinorRange, TokenMount};

/// What the spec says of the token, of the node and of the level that it meets, as shortly as can be.
pub(super) fn secured(spec: &mut Value, it: &Pod) {
    match it.token() {
        TokenMount::AsAccount => {}
        said => spec["automountServiceAccountToken"] = json!(said == TokenMount::Always),
    }
    let access = it.host_access();
    for (field, is_so) in [("hostPID", access.processes), ("hostIPC", access.ipc)] {
        if is_so {
            spec[field] = json!(true);
        }
    }
    if access.user_namespace {
        spec["hostUsers"] = json!(false);
    }
    meeting(spec, it.standards());
    let main = &mut spec["containers"][0];
    if access.privileged {
        main["securityContext"]["privileged"] = json!(true);
    }
    if !access.capabilities.is_empty() {
        main["securityContext"]["capabilities"]["add"] = json!(access.capabilities);
    }
    if !access.paths.is_empty() {
        let name = |at: usize| format!("host-{at}");
        let paths = || access.paths.iter().enumerate();
        main["volumeMounts"] = paths().map(|(at, it)| json!({"name": name(at), "readOnly": !it.writable})).collect();
        let volume = |(at, it): (usize, &HostPath)| json!({"name": name(at), "hostPath": {"path": it.path}});
        spec["volumes"] = paths().map(volume).collect();
    }
}

/// One thing each that the versions of a level hang on.
fn meeting(spec: &mut Value, it: MetStandards) {
    let has_own_users = spec["hostUsers"] == json!(false);
    let main = &mut spec["containers"][0];
    if it.restricted() != MinorRange::NONE {
        let allows_root = has_own_users && it.restricted().first() == 35 && it.baseline().first() < 35;
        main["securityContext"] = json!({
            "runAsNonRoot": !allows_root,
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        });
    }
    if it.baseline() == MinorRange::NONE {
        main["securityContext"] = json!({"seccompProfile": {"type": "Unconfined"}});
        return;
    }
    if !it.baseline().is_endless() {
        main["startupProbe"] = json!({"tcpSocket": {"port": 1, "host": "host"}});
    }
    let sysctl = match it.baseline().first() {
        27 => "net.ipv4.ip_local_reserved_ports",
        29 => "net.ipv4.tcp_keepalive_time",
        32 => "net.ipv4.tcp_rmem",
        37 => "net.ipv4.tcp_notsent_lowat",
        other => {
            match other {
                31 => main["securityContext"]["seLinuxOptions"] = json!({"type": "container_engine_t"}),
                35 => main["securityContext"]["procMount"] = json!("Unmasked"),
                _ => {}
            }
            return;
        }
    };
    spec["securityContext"] = json!({"sysctls": [{"name": sysctl, "value": "1"}]});
}

#[cfg(test)]
mod tests {
    use super::super::written::pod_spec;
    use super::*;
    use crate::kinds::{self, Intern};
    use crate::model::cluster::{AnyFact, Delta};

    fn read(spec: &Value) -> crate::model::facts::SharedPod {
        let kind = kinds::spec(crate::model::id::Kind::POD).expect("pods are read");
        let json = json!({"metadata": {"name": "pod"}, "spec": spec}).to_string();
        match kind.read_json(&json, "shop", &mut Intern::new()).delta() {
            Some(Delta::Put(it)) => match it.fact {
                AnyFact::Pod(pod) => pod,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_pod_meets_is_what_it_meets_when_it_is_read_back() {
        let strict = json!({
            "runAsNonRoot": true,
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        });
        let mut rooted = strict.clone();
        rooted["runAsNonRoot"] = json!(false);
        let sysctl = |name: &str| json!({"sysctls": [{"name": name, "value": "1"}]});
        let probe = json!({"httpGet": {"port": 1, "host": "x"}});
        let container = |context: &Value| json!([{"name": "c", "securityContext": context}]);
        let specs = [
            json!({"containers": [{"name": "c"}]}),
            json!({"containers": container(&strict)}),
            json!({"containers": container(&rooted), "hostUsers": false}),
            json!({"containers": container(&json!({"procMount": "Unmasked"})), "hostUsers": false}),
            json!({"containers": container(&strict), "os": {"name": "windows"}}),
            json!({"containers": container(&json!({"seLinuxOptions": {"type": "container_engine_t"}}))}),
            json!({"containers": container(&strict), "securityContext": sysctl("net.ipv4.tcp_fin_timeout")}),
            json!({"containers": container(&rooted), "securityContext": sysctl("net.ipv4.tcp_wmem"), "hostUsers": false}),
            json!({"containers": [{"name": "c", "livenessProbe": probe}], "securityContext": sysctl("net.ipv4.tcp_rmem")}),
            json!({"containers": [{"name": "c", "lifecycle": {"preStop": probe}, "securityContext": strict}]}),
            json!({"containers": [{"name": "c"}], "hostPID": true}),
        ];
        for spec in specs {
            let pod = read(&spec);
            assert_eq!(read(&pod_spec(&pod)).standards(), pod.standards(), "{spec}\n{}", pod_spec(&pod));
        }
    }
}
