//! The plain words of YAML 1.1 that are no strings, as Go's readers of YAML tell them.

/// What YAML 1.1 makes of a plain word.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Meant {
    Boolean(bool),
    /// Decimal.
    Integer(String),
    Number(String),
}

/// What YAML 1.1 as the API server reads it makes of a plain word; `None`: a string, or null.
pub(super) fn meant(word: &str) -> Option<Meant> {
    match word.bytes().next()? {
        _ if !may_mean(word) => None,
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(word),
        _ => boolean(word).map(Meant::Boolean),
    }
}

/// Whether a word begins as one that is no string.
pub(super) fn may_mean(word: &str) -> bool {
    word.bytes().next().is_some_and(|it| b"yYnNoOtTfF0123456789+-.".contains(&it))
}

fn boolean(word: &str) -> Option<bool> {
    match word {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

fn number(word: &str) -> Option<Meant> {
    let plain = word.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.strip_prefix('+').unwrap_or(&plain)),
    };
    if let Some(integer) = integer(digits) {
        return Some(Meant::Integer(format!("{sign}{integer}")));
    }
    if matches!(digits, ".inf" | ".Inf" | ".INF") || sign.is_empty() && matches!(digits, ".nan" | ".NaN" | ".NAN") {
        return Some(Meant::Number(plain));
    }
    is_float(digits).then(|| plain.parse::<f64>().ok()).flatten().map(|it| Meant::Number(it.to_string()))
}

/// Go's `ParseInt` with base 0: prefixes, and a leading zero for octal.
fn integer(digits: &str) -> Option<u64> {
    let lower = digits.to_ascii_lowercase();
    let based = |prefix: &str, base: u32| lower.strip_prefix(prefix).map(|it| u64::from_str_radix(it, base).ok());
    if !lower.bytes().next()?.is_ascii_digit() {
        return None;
    }
    if let Some(found) = based("0x", 16).or_else(|| based("0b", 2)).or_else(|| based("0o", 8)) {
        return found;
    }
    let base = if lower.len() > 1 && lower.starts_with('0') { 8 } else { 10 };
    u64::from_str_radix(&lower, base).ok()
}

/// `[0-9]+(\.[0-9]*)?` or `\.[0-9]+`, and an exponent.
fn is_float(digits: &str) -> bool {
    let (mantissa, exponent) = digits.split_once(['e', 'E']).map_or((digits, None), |(a, b)| (a, Some(b)));
    let all_digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_mantissa = all_digits(whole) && all_digits(part) && (!whole.is_empty() || !part.is_empty());
    let is_exponent = |it: &str| {
        let it = it.strip_prefix(['+', '-']).unwrap_or(it);
        !it.is_empty() && all_digits(it)
    };
    is_mantissa && exponent.is_none_or(is_exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_makes_of_words() {
        let is = |word: &str| {
            meant(word).map(|it| match it {
                Meant::Boolean(it) => it.to_string(),
                Meant::Integer(it) | Meant::Number(it) => it,
            })
        };
        for (word, value) in [
            ("NO", "false"),
            ("y", "true"),
            ("On", "true"),
            ("1.10", "1.1"),
            ("007", "7"),
            ("0120", "80"),
            ("1e3", "1000"),
            ("1_000", "1000"),
            ("0x1F", "31"),
            ("08", "8"),
            ("-1", "-1"),
            (".5", "0.5"),
            ("0b11", "3"),
            ("1.", "1"),
        ] {
            assert_eq!(is(word).as_deref(), Some(value), "{word}");
        }
        for word in ["1.10.2", "12:30:45", "v1", "nO", "-", "--x", "10.0.0.0/8", "e3", "1e", "yess", "", "0xg", "+"] {
            assert_eq!(is(word), None, "{word}");
        }
    }
}
