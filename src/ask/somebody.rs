//! Whether a subject that was typed is known at all, and whom it is near to.
//!
//! Subjects need not exist, so that a slip in a name is answered with a plain "deny". It stays that answer; a word
//! beside it says that nothing names this subject, with the nearest first (CONTRACT §4).

use std::collections::BTreeSet;

use crate::model::cluster::Cluster;
use crate::model::facts::Fact as _;
use crate::model::id::Kind;
use crate::model::role::{Subject, SubjectKind};
use crate::people::People;
use crate::rbac::identity::user_of_node;
use crate::rbac::index::Index;
use crate::rbac::pasted::is_built_in;

use super::namespace;
use super::nearest::{did_you_mean, nearest};

/// `no binding names user:ros@corp.example; did you mean user:rosa@corp.example?`; `None` where something names it.
pub fn unknown(cluster: &Cluster, index: &Index, people: Option<&People>, subject: &Subject) -> Option<String> {
    if is_known(cluster, index, people, subject) {
        return None;
    }
    let near = near(subject, &candidates(cluster, index, people));
    let hint = if near.is_empty() { String::new() } else { format!("; {}", did_you_mean(&near)) };
    let read =
        match [Kind::CLUSTER_ROLE_BINDING, Kind::ROLE_BINDING].iter().any(|it| cluster.coverage.hole(*it).is_some()) {
            true => " that was read",
            false => "",
        };
    let others = match (subject.kind(), people) {
        (SubjectKind::ServiceAccount, _) => ", and no service account is called so",
        (_, Some(_)) => ", nor does the directory",
        _ => "",
    };
    Some(format!("no binding{read} names {subject}{others}{hint}"))
}

fn is_known(cluster: &Cluster, index: &Index, people: Option<&People>, subject: &Subject) -> bool {
    let (home, name) = (subject.namespace(), subject.name());
    let by_directory = |it: &People| match subject.kind() {
        SubjectKind::User => it.person(name).is_some(),
        SubjectKind::Group => !it.members_of(name).is_empty(),
        _ => false,
    };
    let is_by_nature = match subject.kind() {
        SubjectKind::User => match name.strip_prefix("system:node:") {
            Some(node) => cluster.nodes.is_empty() || cluster.nodes.iter().any(|it| it.name() == *node),
            None => is_built_in(subject),
        },
        SubjectKind::Group => is_built_in(subject),
        // Every namespace has it, and where accounts are not read any may be there.
        SubjectKind::ServiceAccount => {
            name == "default" && namespace::mentioned(cluster).contains(home)
                || !cluster.coverage.is_complete(Kind::SERVICE_ACCOUNT, home)
        }
        SubjectKind::Other(_) => true,
    };
    is_by_nature || index.is_somebody(cluster, subject) || people.is_some_and(by_directory)
}

/// Everybody who is known.
fn candidates(cluster: &Cluster, index: &Index, people: Option<&People>) -> BTreeSet<Subject> {
    let nodes = cluster.nodes.iter().map(|it| user_of_node(&it.meta.name));
    let listed = people.into_iter().flat_map(People::everybody);
    index.everybody(cluster).into_iter().chain(nodes).chain(listed).collect()
}

/// Those that are meant, the most likely first: of the same name but another sort or namespace, then of a name that is
/// near.
fn near(subject: &Subject, all: &BTreeSet<Subject>) -> Vec<String> {
    let namesakes = all.iter().filter(|it| it.name() == subject.name()).take(SHOWN).map(ToString::to_string);
    let mut found: Vec<String> = namesakes.collect();
    // A namespace is rarely mistyped together with a name: accounts of the same one are compared by their names alone.
    let is_alike = |it: &&Subject| it.kind() == subject.kind() && it.namespace() == subject.namespace();
    let alike: Vec<&Subject> = all.iter().filter(is_alike).collect();
    for name in nearest(subject.name(), alike.iter().map(|it| it.name().as_str())) {
        let named = alike.iter().filter(|it| it.name() == name).map(ToString::to_string);
        found.extend(named.filter(|it| !found.contains(it)).collect::<Vec<_>>());
    }
    if found.is_empty() && subject.kind() == SubjectKind::ServiceAccount {
        let full: Vec<String> = all.iter().filter(|it| it.kind() == subject.kind()).map(ToString::to_string).collect();
        let near = nearest(&subject.to_string(), full.iter().map(String::as_str));
        found.extend(near.into_iter().map(str::to_owned));
    }
    found.truncate(SHOWN);
    found
}

/// How many are named.
const SHOWN: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{self, Intern};
    use crate::model::coverage::Coverage;
    use crate::people::Prefixes;
    use crate::rbac::pasted::{TypedSubject, read};

    fn cluster(coverage: Coverage) -> Cluster {
        let documents = [
            (Kind::SERVICE_ACCOUNT, r#"{"metadata":{"name":"web","namespace":"shop"}}"#),
            (Kind::NODE, r#"{"metadata":{"name":"n1"}}"#),
            (
                Kind::ROLE_BINDING,
                r#"{"metadata":{"name":"b","namespace":"shop"},"roleRef":{"kind":"Role","name":"r"},
                   "subjects":[{"kind":"User","name":"rosa@corp.example"},{"kind":"Group","name":"dev"}]}"#,
            ),
        ];
        let mut cluster = Cluster::new(coverage);
        for (kind, json) in documents {
            let spec = kinds::spec(kind).expect("a kind that is read");
            cluster.apply(spec.read_json(json, "default", &mut Intern::new()).delta().expect("an object"));
        }
        cluster
    }

    fn told(coverage: Coverage, people: Option<&People>, text: &str) -> Option<String> {
        let cluster = cluster(coverage);
        let Ok(TypedSubject::Somebody(subject)) = read(text, "shop") else { panic!("{text} is no subject") };
        unknown(&cluster, &Index::build(&cluster), people, &subject)
    }

    #[test]
    fn whom_nothing_names_is_told_with_the_nearest() {
        let cases = [
            ("user:ros@corp.example", "no binding names user:ros@corp.example; did you mean user:rosa@corp.example?"),
            ("user:dev", "no binding names user:dev; did you mean group:dev?"),
            ("group:dve", "no binding names group:dve; did you mean group:dev?"),
            ("sa:wbe", "no binding names sa:shop/wbe, and no service account is called so; did you mean sa:shop/web?"),
            (
                "sa:prod/web",
                "no binding names sa:prod/web, and no service account is called so; did you mean sa:shop/web?",
            ),
            ("user:system:node:n2", "no binding names user:system:node:n2; did you mean user:system:node:n1?"),
            ("user:mallory", "no binding names user:mallory"),
        ];
        for (text, what) in cases {
            assert_eq!(told(Coverage::Closed, None, text).as_deref(), Some(what));
        }
        for text in ["user:rosa@corp.example", "group:dev", "sa:web", "sa:default", "system:masters", "system:node:n1"]
        {
            assert_eq!(told(Coverage::Closed, None, text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_read_may_name_anybody() {
        assert_eq!(told(Coverage::Unread, None, "sa:shop/wbe"), None);
        let what = told(Coverage::Unread, None, "user:mallory");
        assert_eq!(what.as_deref(), Some("no binding that was read names user:mallory"));
    }

    #[test]
    fn a_directory_counts_as_knowing() {
        let files = [("people.csv".to_owned(), "user,groups\nmallory,ops\n".to_owned())];
        let people = People::read(&files, &Prefixes::default()).expect("a directory");
        let told = |text: &str| told(Coverage::Closed, Some(&people), text);
        assert_eq!(told("user:mallory"), None);
        assert_eq!(told("group:ops"), None);
        let what = "no binding names user:malory, nor does the directory; did you mean user:mallory?";
        assert_eq!(told("user:malory").as_deref(), Some(what));
    }
}
