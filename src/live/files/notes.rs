//! Words about files that are no problems, each with what it is about.

use crate::ask::topic::Topic;
use crate::kinds::Homeless;
use crate::model::id::Kind;

/// One clause, and what it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilesNote {
    pub topic: Topic,
    pub what: String,
}

impl FilesNote {
    /// A word about this.
    pub fn new(topic: Topic, what: impl Into<String>) -> Self {
        Self { topic, what: what.into() }
    }
}

/// A word that is said beside every answer.
impl From<String> for FilesNote {
    fn from(what: String) -> Self {
        Self::new(Topic::Any, what)
    }
}

impl PartialEq<&str> for FilesNote {
    fn eq(&self, other: &&str) -> bool {
        self.what == *other
    }
}

/// Where objects are taken to be that name no namespace (CONTRACT §1).
pub(super) fn homeless(found: &Homeless, namespace: &str) -> Vec<FilesNote> {
    let is_access = |it| matches!(it, Kind::ROLE | Kind::ROLE_BINDING | Kind::SERVICE_ACCOUNT);
    let told = |(count, which): (usize, String)| match count {
        1 => format!("1 object without a namespace is taken to be in {namespace} (-n, else default): {which}"),
        count => {
            format!("{count} objects without a namespace are taken to be in {namespace} (-n, else default): {which}")
        }
    };
    let sides = [(Topic::Access, found.of(is_access)), (Topic::Network, found.of(|it| !is_access(it)))];
    sides.into_iter().filter_map(|(topic, it)| Some(FilesNote::new(topic, told(it?)))).collect()
}
