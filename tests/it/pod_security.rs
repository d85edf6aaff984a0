//! The fixtures of the Pod Security Standards' own admission: which specs meet which level in which versions.
//!
//! `tests/cases/pod_security.jsonl` is made of `test/testdata` of <https://github.com/kubernetes/pod-security-admission>
//! (Apache-2.0) as of 1.37: one line for each spec and each run of versions from 1.25 on, but for two specs that ask for
//! AppArmor by annotations, which are not read.

use std::path::Path;

use serde_json::{Value, json};

use kreach::kinds::{self, Intern};
use kreach::model::cluster::{AnyFact, Delta};
use kreach::model::facts::SharedPod;
use kreach::model::id::Kind;
use kreach::model::security::{MetStandards, SecurityLevel};

fn read(spec: &Value) -> SharedPod {
    let kind = kinds::spec(Kind::POD).expect("pods are read");
    let json = json!({"metadata": {"name": "pod"}, "spec": spec}).to_string();
    let delta = kind.read_json(&json, "shop", &mut Intern::new()).delta();
    match delta.map(|it| match it {
        Delta::Put(it) => it.fact,
        other => panic!("{other:?}"),
    }) {
        Some(AnyFact::Pod(pod)) => pod,
        other => panic!("{other:?}"),
    }
}

#[test]
fn specs_meet_the_levels_that_the_admission_says_they_meet() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/pod_security.jsonl");
    let text = std::fs::read_to_string(path).expect("the fixtures");
    let mut count = 0;
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).expect("a fixture");
        let level = case["level"].as_str().and_then(SecurityLevel::parse).expect("a level");
        let minor = |key: &str| u8::try_from(case[key].as_u64().expect("a version")).expect("a version");
        let standards = read(&case["spec"]).standards();
        for minor in minor("from")..=minor("to") {
            let meets = standards.level(minor) >= level;
            assert_eq!(meets, case["meets"] == true, "{} in 1.{minor}: {standards:?}\n{line}", case["name"]);
            count += 1;
        }
    }
    assert!(count > 1_500, "{count}");
}

#[test]
fn ephemeral_containers_count() {
    let spec = json!({"containers": [{"name": "c"}], "ephemeralContainers": [{"name": "e", "securityContext": {"privileged": true}}]});
    let pod = read(&spec);
    assert_eq!(pod.standards(), MetStandards::from(SecurityLevel::Privileged));
    assert!(pod.host_access().privileged);
}
