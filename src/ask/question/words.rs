//! A command line in the making, quoted as a shell reads it.

use std::fmt;

/// The arguments behind a subcommand: what stands by its place, and what stands behind a flag.
#[derive(Clone, Debug, Default)]
pub struct Words {
    places: Vec<String>,
    flags: Vec<String>,
}

impl Words {
    /// These arguments, in their order; those that are not there are left out.
    pub fn of<'a>(places: impl IntoIterator<Item = Option<&'a String>>) -> Self {
        Self { places: places.into_iter().flatten().cloned().collect(), flags: Vec::new() }
    }

    /// `--name value`, where there is a value.
    pub fn option(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) if value.starts_with('-') => self.flags.push(format!("--{name}={value}")),
            Some(value) if name == "namespace" => self.flags.extend(["-n".to_owned(), value.to_owned()]),
            Some(value) => self.flags.extend([format!("--{name}"), value.to_owned()]),
            None => {}
        }
    }

    /// `--name`, where it is set.
    pub fn flag(&mut self, name: &str, is_set: bool) {
        let flag = if name == "all-namespaces" { "-A".to_owned() } else { format!("--{name}") };
        self.flags.extend(is_set.then_some(flag));
    }
}

/// Behind the subcommand, each word behind a space.
impl fmt::Display for Words {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_flag_like = self.places.iter().any(|it| it.starts_with('-'));
        let dashes = "--".to_owned();
        let words: Vec<&String> = match is_flag_like {
            true => self.flags.iter().chain([&dashes]).chain(&self.places).collect(),
            false => self.places.iter().chain(&self.flags).collect(),
        };
        words.into_iter().try_for_each(|it| write!(out, " {}", shell_words::quote(it)))
    }
}
