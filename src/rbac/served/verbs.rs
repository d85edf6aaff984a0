//! Verbs as people type them: taken as they are (rule 6), with a word on what is probably meant.

use super::{is_verb, verb_meant};

/// The HTTP methods that URLs are asked with (rule 29).
const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];

/// What people say, and what the API server asks for.
const HABITS: &[(&str, &str)] = &[
    ("add", "create"),
    ("all", "*"),
    ("annotate", "patch"),
    ("any", "*"),
    ("apply", "get, create or patch"),
    ("attach", "create pods/attach"),
    ("autoscale", "create horizontalpodautoscalers.autoscaling"),
    ("cordon", "patch nodes"),
    ("cp", "create pods/exec"),
    ("debug", "patch pods/ephemeralcontainers"),
    ("del", "delete"),
    ("describe", "get"),
    ("drain", "create pods/eviction"),
    ("edit", "get or patch"),
    ("evict", "create pods/eviction"),
    ("exec", "create pods/exec"),
    ("expose", "create services"),
    ("head", "get"),
    ("label", "patch"),
    ("log", "get pods/log"),
    ("logs", "get pods/log"),
    ("modify", "update or patch"),
    ("options", "get"),
    ("port-forward", "create pods/portforward"),
    ("portforward", "create pods/portforward"),
    ("post", "create"),
    ("put", "update"),
    ("read", "get"),
    ("remove", "delete"),
    ("replace", "update"),
    ("restart", "patch"),
    ("rm", "delete"),
    ("rollout", "get or patch"),
    ("run", "create pods"),
    ("scale", "update or patch on the subresource scale"),
    ("show", "get"),
    ("ssh", "create pods/exec"),
    ("taint", "patch nodes"),
    ("top", "get pods.metrics.k8s.io"),
    ("uncordon", "patch nodes"),
    ("view", "get"),
    ("write", "update or patch"),
];

/// What a word that people take for a verb stands for.
pub fn habit(word: &str) -> Option<&'static str> {
    HABITS.iter().find(|(it, _)| *it == word).map(|(_, meant)| *meant)
}

/// Whether a word is a verb, or stands where people mean one.
pub fn is_like_a_verb(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    is_verb(&lower) || METHODS.contains(&&*lower) || habit(&lower).is_some()
}

/// What to say of a verb on a resource; nothing of Kubernetes' own, nor of one that is near to none.
pub(super) fn note(verb: &str) -> Option<String> {
    let lower = verb.to_ascii_lowercase();
    match habit(&lower) {
        _ if is_verb(verb) => None,
        _ if is_verb(&lower) => Some(format!("unknown verb {verb:?}: verbs are lower case (did you mean {lower}?)")),
        Some(meant) => Some(format!("unknown verb {verb:?} (did you mean {meant}?)")),
        None => verb_meant(&lower).map(|it| format!("unknown verb {verb:?} (did you mean {it}?)")),
    }
}

/// What to say of a verb on a URL.
pub(super) fn note_of_method(verb: &str) -> Option<String> {
    let lower = verb.to_ascii_lowercase();
    let meant = match lower.as_str() {
        _ if verb == "*" || METHODS.contains(&verb) => return None,
        method if METHODS.contains(&method) => {
            return Some(format!("unknown verb {verb:?}: HTTP methods are lower case here (did you mean {method}?)"));
        }
        "create" => "post",
        "update" => "put",
        _ => "get",
    };
    let all = METHODS.join(", ");
    Some(format!("unknown verb {verb:?}: URLs are asked with HTTP methods, {all} (did you mean {meant}?)"))
}

/// The method of an HTTP request for a resource as the API server's verb (rule 14).
pub(super) fn verb_of(method: &str, has_name: bool) -> &str {
    match (method, has_name) {
        ("get" | "head", false) => "list",
        ("head", true) => "get",
        ("post", _) => "create",
        ("put", _) => "update",
        ("delete", false) => "deletecollection",
        _ => method,
    }
}

#[cfg(test)]
mod tests {
    use super::super::STANDARD;
    use super::super::typed::SPECIAL;
    use super::*;

    /// CONTRACT §4: verbs are literal, with a hint; a verb of Kubernetes' own gets none.
    #[test]
    fn only_what_is_no_verb_of_kubernetes_gets_a_note() {
        for verb in STANDARD.iter().copied().chain(SPECIAL).chain(["*", "impersonate:user-info", "", "frobnicate"]) {
            assert_eq!(note(verb), None, "{verb}");
        }
        for (verb, meant) in [
            ("gett", "get"),
            ("lst", "list"),
            ("deletecolection", "deletecollection"),
            ("read", "get"),
            ("exec", "create pods/exec"),
            ("LOGS", "get pods/log"),
        ] {
            assert_eq!(note(verb), Some(format!("unknown verb {verb:?} (did you mean {meant}?)")));
        }
        assert_eq!(note("LIST").as_deref(), Some("unknown verb \"LIST\": verbs are lower case (did you mean list?)"));
    }

    #[test]
    fn urls_are_asked_with_methods_in_lower_case() {
        for verb in METHODS.iter().copied().chain(["*"]) {
            assert_eq!(note_of_method(verb), None, "{verb}");
        }
        for (verb, meant) in [("GET", "get"), ("list", "get"), ("create", "post"), ("update", "put")] {
            assert!(note_of_method(verb).is_some_and(|it| it.ends_with(&format!("(did you mean {meant}?)"))), "{verb}");
        }
    }
}
