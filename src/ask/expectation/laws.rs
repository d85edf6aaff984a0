//! An expectation is its line: what is printed is read back as the same, and whatever is typed is read or refused.

use proptest::prelude::*;

use super::{Expectation, Expectations, ExpectedRequest, May, Reaching};
use crate::ask::Here;
use crate::model::policy::Direction;

fn here() -> Here {
    Here { namespace: "default".into(), ..Here::default() }
}

fn end() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}/[a-z]{1,6}",
        "deploy/[a-z]{1,6}/[a-z]{1,6}",
        Just("internet".to_owned()),
        Just("10.0.0.0/8".to_owned()),
        Just("sa:shop/web".to_owned()),
        Just("user:Ana O'Neill".to_owned()),
        Just("cluster-admin".to_owned()),
    ]
}

fn subject() -> impl Strategy<Value = String> {
    prop_oneof!["user:[a-zA-Z '\"\\\\#,-]{0,8}[a-z]", "group:cn=[a-z]{1,4},ou=[a-z]{1,4}", "sa:[a-z]{1,5}/[a-z]{1,5}"]
}

/// A name that is not the word of a namespace.
fn word() -> impl Strategy<Value = String> {
    "[a-z./*'\" #-]{1,8}"
        .prop_filter("in means a namespace, and URLs are in none", |it| it != "in" && !it.starts_with('/'))
}

fn asked() -> impl Strategy<Value = ExpectedRequest> {
    let namespace = proptest::option::of("[a-z][a-z0-9]{0,5}");
    (word(), word(), proptest::option::of(word()), namespace)
        .prop_map(|(verb, resource, name, namespace)| ExpectedRequest { verb, resource, name, namespace })
}

fn expectation() -> impl Strategy<Value = Expectation> {
    let how = prop_oneof![Just(Reaching::Reaches), Just(Reaching::MustReach), Just(Reaching::CannotReach)];
    let may = prop_oneof![Just(May::Can), Just(May::Cannot)];
    let direction = prop_oneof![Just(None), Just(Some(Direction::Ingress)), Just(Some(Direction::Egress))];
    let to = (end(), prop_oneof![Just(""), Just(":80"), Just(":53/UDP")]);
    let to = to.prop_map(|(end, port)| if end.contains([':', '-']) { end } else { format!("{end}{port}") });
    prop_oneof![
        (end(), how, to).prop_map(|(from, how, to)| Expectation::Connects { from, how, to }),
        (subject(), may, asked()).prop_map(|(subject, may, request)| Expectation::Can { subject, may, request }),
        (proptest::collection::vec(subject(), 0..3), asked())
            .prop_map(|(but, request)| Expectation::Nobody { but, request }),
        ("[a-z][a-z0-9-]{0,5}[a-z]", direction)
            .prop_map(|(name, direction)| Expectation::DefaultDeny { namespace: name.into(), direction }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_printed_is_expected_again(expectation in expectation()) {
        let printed = expectation.to_string();
        match Expectation::read(&printed, &here()) {
            Ok(read) => prop_assert_eq!(read, Some(expectation), "{}", printed),
            Err(fault) => prop_assert!(false, "{printed}: {}", fault.whole()),
        }
    }

    /// Whatever is typed is read or refused in one line, and a comment behind it changes nothing.
    #[test]
    fn nothing_that_is_typed_panics(text in "\\PC{0,40}", first in prop_oneof![Just("nobody"), Just("ns/a is"), Just("a can")]) {
        for text in [text.clone(), format!("{first} {text}")] {
            match Expectation::read(&text, &here()) {
                Err(fault) => prop_assert!(!fault.what.is_empty() && !fault.whole().contains('\n'), "{:?}", fault),
                Ok(read) => prop_assert_eq!(Expectation::read(&format!("{text} # why"), &here()), Ok(read)),
            }
        }
    }
}

/// What is wrong with a line, as it is told of the second of a file.
fn refused(line: &str) -> String {
    let mut all = Expectations::default();
    let text = format!("# first\r\n{line}\r\nns/a reaches ns/b");
    all.add("e.txt", &text, &Here { from_files: true, ..here() }).expect_err(line).to_string()
}

#[test]
fn a_line_that_is_none_says_what_is_expected_and_the_nearest() {
    let cases = [
        (
            "ns/a reachs ns/b",
            "unexpected \"reachs\": expected reaches, must reach, cannot reach, can, cannot or is (did you mean reaches?)",
        ),
        (
            "user:a cann get pods",
            "unexpected \"cann\": expected reaches, must reach, cannot reach, can, cannot or is (did you mean can or cannot?)",
        ),
        (
            "nobdy",
            "unexpected \"nobdy\": expected an end, a subject or nobody, and what is expected of it (did you mean nobody?)",
        ),
        ("nobody except user:a can get pods", "unexpected \"except\": expected can, or but and subjects"),
        ("nobody but can get pods", "no subject follows but"),
        (
            "nobody but alice can get pods",
            "invalid subject \"alice\": expected user:, group: or sa: (did you mean user:alice, or group:alice?)",
        ),
        ("ns/a is default-dney", "unexpected \"default-dney\": expected default-deny (did you mean default-deny?)"),
        (
            "ns/a is default-deny ingres",
            "unexpected \"ingres\": expected ingress, egress or nothing (did you mean ingress?)",
        ),
        ("a is default-deny", "\"a\" is no namespace"),
        ("user:a can get", "a verb and a resource are expected"),
        ("user:a can get pods in", "no namespace follows in"),
        (
            "user:a can get pods web on shop",
            "unexpected \"on\": expected in and a namespace, or nothing (did you mean in?)",
        ),
        ("user:a can get /metrics in shop", "/metrics is in no namespace"),
        ("user:a can get pods in Shop", "no namespace can be called \"Shop\""),
        ("ns/a reaches ns/b now", "nothing is expected behind the second end, but \"now\""),
        ("ns/a cannot reach", "an end is missing behind cannot reach"),
        ("ns/a reaches \"ns/b", "a quote is not closed"),
        ("ns/a reaches ''", "a word is empty"),
        ("me can get pods", "me is not available with files: they do not know the operator"),
    ];
    for (line, what) in cases {
        assert_eq!(refused(line), format!("e.txt:2: {what}"), "{line}");
    }
    assert!(refused("ns/a reaches ns/b:99999").starts_with("e.txt:2: "));
    assert!(refused("ns//a reaches ns/b").starts_with("e.txt:2: "));
}

#[test]
fn commas_part_subjects_and_names_keep_theirs() {
    let but = |line: &str| match Expectation::read(line, &here()) {
        Ok(Some(Expectation::Nobody { but, .. })) => but,
        other => panic!("{other:?}"),
    };
    for line in [
        "nobody but user:a, group:b can get pods",
        "nobody but user:a,group:b can get pods",
        "nobody but user:a group:b can get pods",
    ] {
        assert_eq!(but(line), ["user:a", "group:b"], "{line}");
    }
    assert_eq!(but("nobody but 'group:cn=a,ou=b', user:c can get pods"), ["group:cn=a,ou=b", "user:c"]);
}

#[test]
fn blank_lines_and_comments_expect_nothing() {
    let mut all = Expectations::default();
    all.add("e.txt", "\u{feff}# a\n\n  \t\nns/a reaches ns/b # it's so\n", &here()).expect("it is read");
    let lines: Vec<_> = all.0.iter().map(|it| (it.line, it.expectation.to_string())).collect();
    assert_eq!(lines, [(4, "ns/a reaches ns/b".to_owned())]);
}
