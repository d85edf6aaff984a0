//! Which keys of a mapping are kept.
//!
//! What a field says, beside a plain path such as `spec.node`, whose value is kept whole:
//!
//! ```text
//! spec.containers.args?--flag     only where these bytes stand in the value
//! spec.volumes.*                  every other key of the mapping
//! spec.volumes.!emptyDir          not this one
//! ```
//!
//! A value that goes under `?` or `!`, or beside a path through a mapping with `*`, is kept all the same where an odd
//! word may stand in it, so that it is a problem as it would be in the whole text.

/// The fields of one mapping: of each of these paths what is behind a byte of it.
#[derive(Clone, Copy)]
pub(super) struct MappingFields<'f> {
    paths: &'f [&'f str],
    at: usize,
    /// Whether an odd word is looked for in what goes.
    is_judged: bool,
}

/// What becomes of the value of a key.
pub(super) enum Fate<'f> {
    Kept,
    Inside(MappingFields<'f>),
    Gone,
    /// Kept where these bytes stand in it, or an odd word may.
    Judged(Option<&'f str>),
}

impl<'f> MappingFields<'f> {
    /// Those of a whole object.
    pub fn of_object(paths: &'f [&'f str]) -> Self {
        Self { paths, at: 0, is_judged: false }
    }

    /// What becomes of the value of this key.
    pub fn of(&self, name: &str) -> Fate<'f> {
        let rest = |it: &&'f str| it.get(self.at..).unwrap_or_default();
        let of_name = |it: &&'f str| {
            let behind = rest(it).strip_prefix(name)?;
            (behind.is_empty() || behind.starts_with(['.', '?'])).then_some(behind)
        };
        let mut found = self.paths.iter().enumerate().filter_map(|(at, it)| Some((at, of_name(it)?)));
        let Some((first, behind)) = found.next() else {
            let is_it = |wanted: &str| self.paths.iter().any(|it| rest(it) == wanted);
            let is_no = || self.paths.iter().any(|it| rest(it).strip_prefix('!') == Some(name));
            return match is_it("*") {
                true if is_no() => Fate::Judged(None),
                true => Fate::Kept,
                false if self.is_judged => Fate::Judged(None),
                false => Fate::Gone,
            };
        };
        match behind.strip_prefix('?') {
            _ if behind.is_empty() => Fate::Kept,
            Some(wanted) => Fate::Judged(Some(wanted)),
            None => {
                // What stands under one key stands together, since the paths are sorted.
                let last = found.next_back().map_or(first, |(at, _)| at);
                let (paths, at) = (&self.paths[first..=last], self.at + name.len() + 1);
                let has_others = paths.iter().any(|it| &it[at..] == "*");
                Fate::Inside(MappingFields { paths, at, is_judged: self.is_judged || has_others })
            }
        }
    }
}
