//! Namespaced objects that name no namespace: whoever reads them says where they are taken to be (CONTRACT §1).

use std::collections::BTreeMap;

use super::KindSpec;
use crate::model::id::Kind;
use crate::model::name::Name;

/// How many of each kind there are, and the first of their names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Homeless(BTreeMap<Kind, (&'static str, usize, Name)>);

impl Homeless {
    /// Takes in one more.
    pub(super) fn add(&mut self, spec: &'static KindSpec, name: &str) {
        let (_, count, first) = self.0.entry(spec.kind).or_insert_with(|| (spec.word, 0, Name::from(name)));
        *count += 1;
        if *name < **first {
            *first = Name::from(name);
        }
    }

    /// Takes in those that another reader found.
    pub fn merge(&mut self, other: Homeless) {
        for (kind, (word, count, name)) in other.0 {
            let (_, held, first) = self.0.entry(kind).or_insert_with(|| (word, 0, name.clone()));
            *held += count;
            *first = name.min(first.clone());
        }
    }

    /// Those of the kinds that are wanted: how many, and in words: `RoleBinding r, 3 Roles (such as reader)`.
    pub fn of(&self, is_wanted: impl Fn(Kind) -> bool) -> Option<(usize, String)> {
        let wanted: Vec<_> = self.0.iter().filter(|(kind, _)| is_wanted(**kind)).map(|(_, it)| it).collect();
        let one = |(word, count, first): &&(&'static str, usize, Name)| match count {
            1 => format!("{word} {first}"),
            count => format!("{count} objects of kind {word} (such as {first})"),
        };
        let count = wanted.iter().map(|it| it.1).sum();
        (count > 0).then(|| (count, wanted.iter().map(one).collect::<Vec<_>>().join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::spec;

    #[test]
    fn those_of_the_wanted_kinds_are_counted_in_any_order_of_readers() {
        let (role, pod) = (spec(Kind::ROLE).expect("a kind"), spec(Kind::POD).expect("a kind"));
        let (mut one, mut other) = (Homeless::default(), Homeless::default());
        one.add(role, "writer");
        one.add(pod, "web-0");
        other.add(role, "reader");
        let merged = |mut a: Homeless, b: Homeless| {
            a.merge(b);
            a
        };
        assert_eq!(merged(one.clone(), other.clone()), merged(other.clone(), one.clone()));
        let all = merged(one, other);
        assert_eq!(all.of(|it| it == Kind::ROLE), Some((2, "2 objects of kind Role (such as reader)".to_owned())));
        assert_eq!(all.of(|it| it == Kind::POD), Some((1, "Pod web-0".to_owned())));
        assert_eq!(all.of(|it| it == Kind::NODE), None);
    }
}
