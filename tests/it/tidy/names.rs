//! Public types that share a name: whoever reads it in one module thinks of the other.
//!
//! ```text
//! src/rbac/role.rs:12: Scope, as in src/ask/scope.rs
//! ```
//!
//! A type that its own file alone sees may be called as it likes.

use std::collections::BTreeMap;

use super::{Complaints, File, code, complain, rust, said};

/// Names that stand more than once, and why.
const SHARED_NAMES: &[(&str, &str)] =
    &[("Index", "`net::Index` and `rbac::Index` are told apart by their module wherever they stand")];

/// Where a type stands that others see: the file, and the line as it counts them.
type Place<'f> = (&'f File, usize);

pub(super) fn homonyms(files: &[File]) -> Complaints {
    let places = places(files);
    let twice = places.iter().filter(|(name, at)| at.len() > 1 && SHARED_NAMES.iter().all(|it| it.0 != **name));
    let homonym = |name: &str, first: Place, (file, line): Place| {
        complain(file, line, &format!("{name}, as in {}", first.0.path))
    };
    twice.flat_map(|(name, at)| at[1..].iter().map(move |it| homonym(name, at[0], *it))).collect()
}

/// Names that are excused and stand once.
pub(super) fn idle_excuses(files: &[File]) -> Complaints {
    let places = places(files);
    let idle = SHARED_NAMES.iter().filter(|it| places.get(it.0).is_none_or(|at| at.len() < 2));
    idle.map(|(name, _)| format!("{name}: is excused for standing twice, and does not")).collect()
}

/// Where each public type of `src` stands.
fn places(files: &[File]) -> BTreeMap<String, Vec<Place<'_>>> {
    let mut places: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for file in rust(files, "src/") {
        for (at, line) in code(&file.text).lines().enumerate() {
            if let Some(name) = public_type(line) {
                places.entry(name.to_owned()).or_default().push((file, at));
            }
        }
    }
    places
}

/// The name of the type that a line makes public: `Scope` of `pub(super) struct Scope<'a> {`.
/// An associated type or a type within a function is indented, and nobody else's.
fn public_type(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub")?;
    let rest = if rest.starts_with('(') { rest.split_once(')')?.1 } else { rest };
    let (sort, name) = rest.strip_prefix(' ')?.split_once(' ')?;
    let end = name.find(|it: char| !it.is_alphanumeric()).unwrap_or(name.len());
    ["struct", "enum", "trait", "type"].contains(&sort).then_some(&name[..end])
}

#[test]
fn a_public_type_of_a_name_that_another_has_is_found() {
    let files = [
        ("src/ask/scope.rs", "//! Doc.\n\npub struct Scope {}\n"),
        (
            "src/rbac/role.rs",
            "pub(super) enum Scope<'a> {\n    One(&'a str),\n}\npub struct Scoped;\nstruct Scoped2;\n",
        ),
        ("src/rbac/who.rs", "struct Scope;\n/// pub struct Scope\nimpl Walk for Who {\n    type Scope = u8;\n}\n"),
    ];
    let said: Vec<String> = said(homonyms, &files);
    assert_eq!(said, ["src/rbac/role.rs:1: Scope, as in src/ask/scope.rs"]);
}
