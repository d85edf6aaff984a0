//! The worlds by name: how big each is and what it is for. One row a world.

/// How big a seeded world is.
#[derive(Debug)]
pub struct WorldShape {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
    pub seed: u64,
    /// The seed of its policies, chosen so that there are as many as the name promises.
    pub policy_seed: u64,
    pub namespaces: usize,
    pub pods: usize,
    pub roles: usize,
    pub cluster_roles: usize,
    pub role_bindings: usize,
    pub cluster_role_bindings: usize,
    /// Users that bindings name (with a twentieth as many groups).
    pub users: usize,
    pub style: Style,
}

/// What the pods and policies of a world are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Workloads of several teams, about six policies a namespace.
    Teams,
    /// The same, and every pod has a label that no other has, which a policy reads.
    Unique,
    /// The shape of kube-burner's `network-policy` workload: few pods, twenty fat policies a namespace.
    Burner,
}

const S: WorldShape = WorldShape {
    name: "S",
    about: "1,000 pods, 100 policies",
    seed: 0x5EED_0001,
    policy_seed: 6,
    namespaces: 17,
    pods: 1_000,
    roles: 120,
    cluster_roles: 40,
    role_bindings: 240,
    cluster_role_bindings: 40,
    users: 200,
    style: Style::Teams,
};

const L: WorldShape = WorldShape {
    name: "L",
    about: "150,000 pods, 2,000 namespaces, 11,700 policies, 40,000 bindings",
    seed: 0x5EED_0003,
    policy_seed: 8,
    namespaces: 2_000,
    pods: 150_000,
    roles: 24_000,
    cluster_roles: 1_000,
    role_bindings: 38_500,
    cluster_role_bindings: 1_500,
    users: 40_000,
    style: Style::Teams,
};

/// All seeded worlds, the smallest first.
pub const SHAPES: [WorldShape; 6] = [
    S,
    WorldShape {
        name: "M",
        about: "10,000 pods, 1,100 policies",
        seed: 0x5EED_0002,
        policy_seed: 10,
        namespaces: 190,
        pods: 10_000,
        roles: 1_700,
        cluster_roles: 200,
        role_bindings: 2_600,
        cluster_role_bindings: 200,
        users: 3_000,
        ..S
    },
    L,
    WorldShape {
        name: "XL",
        about: "1,000,000 pods, 10,000 namespaces, 58,000 policies",
        seed: 0x5EED_0004,
        policy_seed: 0,
        namespaces: 10_000,
        pods: 1_000_000,
        roles: 100_000,
        role_bindings: 200_000,
        cluster_role_bindings: 5_000,
        users: 200_000,
        ..L
    },
    WorldShape {
        name: "ADV",
        about: "150,000 pods, no two alike",
        seed: 0x5EED_0005,
        policy_seed: 0,
        style: Style::Unique,
        ..L
    },
    WorldShape {
        name: "KB",
        about: "240 namespaces of 10 pods and 20 fat policies (kube-burner's shape)",
        seed: 0x5EED_0006,
        policy_seed: 0,
        namespaces: 240,
        pods: 2_400,
        style: Style::Burner,
        ..S
    },
];
