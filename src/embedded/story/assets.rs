//! The files of the demo's cluster, read.

use serde_json::Value;

use super::timeline::Script;

/// The cluster, in the order in which it is set up; accounts and roles come before those who use them.
const FILES: [&str; 7] = [
    include_str!("../../../assets/demo/cluster.yaml"),
    include_str!("../../../assets/demo/rbac.yaml"),
    include_str!("../../../assets/demo/kube-system.yaml"),
    include_str!("../../../assets/demo/platform.yaml"),
    include_str!("../../../assets/demo/shop.yaml"),
    include_str!("../../../assets/demo/payments.yaml"),
    include_str!("../../../assets/demo/data.yaml"),
];

/// All objects of the files.
pub fn cluster() -> Vec<Value> {
    FILES
        .iter()
        .flat_map(|text| serde_saphyr::from_multiple::<Value>(text).expect("the demo's files are YAML"))
        .collect()
}

/// The company's directory of people: who works there, in which groups, and who has left.
pub const PEOPLE: &str = include_str!("../../../assets/demo/people.csv");

/// What happens.
pub fn script() -> Script {
    let text = include_str!("../../../assets/demo/story.yaml");
    serde_saphyr::from_str(text).expect("the story is YAML, and its steps are known")
}
