//! What an answer, or a word about the input, is about: answers about access repeat no words about pods and network
//! policies, and answers about traffic none about RBAC.

/// What something is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Topic {
    /// Everything: said beside every answer.
    #[default]
    Any,
    /// Pods, workloads, Services, network policies.
    Network,
    /// Roles, bindings, service accounts.
    Access,
}

impl Topic {
    /// Whether words about this belong beside an answer about `other`.
    pub fn concerns(self, other: Topic) -> bool {
        self == other || self == Topic::Any || other == Topic::Any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_about_the_other_side_are_left_out() {
        assert!(Topic::Any.concerns(Topic::Network) && Topic::Access.concerns(Topic::Any));
        assert!(Topic::Access.concerns(Topic::Access) && !Topic::Network.concerns(Topic::Access));
    }
}
