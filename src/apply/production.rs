//! Which contexts are production: there the context's name is asked for before anything is changed.

use regex_lite::Regex;

use crate::ask::Fault;

/// What `KREACH_PRODUCTION` names.
#[derive(Clone, Debug, Default)]
pub struct Pattern(Option<Regex>);

impl Pattern {
    /// The pattern of the environment, a regular expression.
    ///
    /// # Errors
    /// It is none.
    pub fn of_environment() -> Result<Self, Fault> {
        match std::env::var("KREACH_PRODUCTION") {
            Ok(text) if !text.is_empty() => Self::read(&text),
            _ => Ok(Self::default()),
        }
    }

    fn read(text: &str) -> Result<Self, Fault> {
        Regex::new(text)
            .map(|it| Self(Some(it)))
            .map_err(|it| Fault::new(format!("KREACH_PRODUCTION is no regular expression: {it}"), ""))
    }
}

/// Whether a context is production: its name holds `prod`, or matches the pattern.
pub fn is_production(context: &str, pattern: &Pattern) -> bool {
    context.to_lowercase().contains("prod") || pattern.0.as_ref().is_some_and(|it| it.is_match(context))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_is_known_by_its_name() {
        let pattern = Pattern::read("^live-").expect("a pattern");
        let is = |name: &str| is_production(name, &pattern);
        assert!(is("eu-prod-1") && is("PRODUCTION") && is("live-eu"));
        assert!(!is("staging") && !is("not-live-eu"));
        assert!(Pattern::read("(").is_err());
    }
}
