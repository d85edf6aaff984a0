//! The names nearest to one that does not exist, for the hint beside an error.

/// How many names a hint holds.
const SHOWN: usize = 3;

/// The existing names nearest to `name`, nearest first; empty when nothing is near.
///
/// A name that goes on where this one stops is as near as one typing mistake (`web` and `web-5d8f-x2p`), and one
/// that begins with nearly this one nearly as near (`wbe`).
pub fn nearest<'a>(name: &str, existing: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut near: Vec<(usize, &str)> = existing.into_iter().filter_map(|it| Some((distance(name, it)?, it))).collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(SHOWN).map(|(_, it)| it).collect()
}

/// How far apart they are; `None`: too far for a slip.
fn distance(name: &str, other: &str) -> Option<usize> {
    let goes_on = !name.is_empty() && (other.starts_with(name) || other.ends_with(name));
    if goes_on {
        return Some(1);
    }
    // Of a name of one letter nothing would be left to be near to.
    let slips = name.len().div_ceil(3).max(1).min(name.len().saturating_sub(1));
    let beginning = other.char_indices().nth(name.chars().count()).map_or(other, |(at, _)| &other[..at]);
    let cut = usize::from(beginning.len() < other.len());
    let whole = Some(strsim::osa_distance(name, other)).filter(|it| *it <= slips);
    let begun = Some(strsim::osa_distance(name, beginning)).filter(|it| *it <= slips).map(|it| it + cut);
    whole.into_iter().chain(begun).min()
}

/// `did you mean a, b or c?`; empty for no names.
pub fn did_you_mean(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("did you mean {one}?"),
        [most @ .., last] => format!("did you mean {} or {last}?", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_prefixes_are_near_and_strangers_are_not() {
        let names = ["web-5d8f-x2p", "wbe", "db", "payments"];
        assert_eq!(nearest("web", names), ["wbe", "web-5d8f-x2p"]);
        assert_eq!(nearest("wbe", ["web-5d8f-x2p", "db"]), ["web-5d8f-x2p"]);
        assert_eq!(nearest("paymnets", names), ["payments"]);
        assert!(nearest("queue", names).is_empty() && nearest("x", names).is_empty());
        assert_eq!(did_you_mean(&["a".into(), "b".into(), "c".into()]), "did you mean a, b or c?");
    }
}
