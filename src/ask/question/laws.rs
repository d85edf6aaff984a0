//! A question is its command line: what is printed is read back as the same question, and so is what is stored.

use proptest::prelude::*;

use super::about::{Explain, Touch};
use super::access::{Groups, Unserved};
use super::can::Can;
use super::choke::Choke;
use super::declared::Declared;
use super::fix::Fix;
use super::list::{List, ListCommand, ListName};
use super::map::{ByArg, Map};
use super::matrix::{Matrix, MatrixOf};
use super::permissions::Permissions;
use super::reach::Reach;
use super::sidestep::Sidestep;
use super::trace::Trace;
use super::trust::Trust;
use super::who_can::WhoCan;
use super::{Question, QuestionLine};
use crate::ask::listing::LISTS;

/// Words as people and hostile clusters have them: with quotes, spaces, dashes and nothing at all.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9./:=-]{1,12}",
        "-{0,2}[a-z]{0,5}",
        "[a-z '\"\\\\$`!>|~\u{e9}\u{1b}-]{0,8}",
        Just("--".to_owned()),
    ]
}

fn some() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(word())
}

fn words() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(word(), 0..3)
}

fn groups() -> impl Strategy<Value = Groups> {
    words().prop_map(|groups| Groups { groups })
}

fn unserved() -> impl Strategy<Value = Unserved> {
    any::<bool>().prop_map(|unserved| Unserved { unserved })
}

fn by() -> impl Strategy<Value = ByArg> {
    prop_oneof![Just(ByArg::Pod), Just(ByArg::Workload), Just(ByArg::Namespace)]
}

fn reach() -> impl Strategy<Value = Reach> {
    let options = (word(), any::<bool>(), some(), proptest::option::of(any::<usize>()), some(), groups(), by());
    options.prop_map(|(of, reverse, to, max_hops, server_version, groups, by)| Reach {
        of,
        reverse,
        to,
        max_hops,
        server_version,
        groups,
        by,
    })
}

/// Arguments by their place are there up to one, as they can be typed.
fn can() -> impl Strategy<Value = Can> {
    let places = proptest::collection::vec(word(), 0..5);
    (places, groups(), unserved()).prop_map(|(places, groups, unserved)| {
        let mut places = places.into_iter();
        let mut next = || places.next();
        Can { subject: next(), verb: next(), resource: next(), object: next(), groups, unserved }
    })
}

fn who_can() -> impl Strategy<Value = WhoCan> {
    let all = (word(), word(), some(), any::<bool>(), unserved());
    all.prop_map(|(verb, resource, object, pods, unserved)| WhoCan { verb, resource, object, pods, unserved })
}

fn permissions() -> impl Strategy<Value = Permissions> {
    let all = (some(), groups(), some(), unserved());
    all.prop_map(|(subject, groups, diff, unserved)| Permissions { subject, groups, diff, unserved })
}

fn trace() -> impl Strategy<Value = Trace> {
    proptest::collection::vec(word(), 0..3).prop_map(|places| {
        let mut places = places.into_iter();
        Trace { from: places.next(), to: places.next() }
    })
}

fn list() -> impl Strategy<Value = ListCommand<List>> {
    (0..LISTS.len(), words(), words())
        .prop_map(|(at, filter, selector)| ListCommand { list: ListName(LISTS[at]), typed: List { filter, selector } })
}

fn fix() -> impl Strategy<Value = Fix> {
    let kept = (words(), any::<bool>(), some());
    let all = (proptest::collection::vec(word(), 0..4), 0..7_u8, word(), some(), some(), groups(), kept);
    all.prop_map(|(words, way, of, to, keep, groups, (keep_flow, keep_current, dns))| Fix {
        words,
        allow: way == 1,
        deny: way == 2,
        isolate: (way == 3 || way == 6).then(|| of.clone()),
        contain: (way == 4).then(|| of.clone()),
        revoke: (way == 5).then_some(of),
        to: to.filter(|_| way == 5),
        keep,
        kept: None,
        declared: match way == 6 {
            true => Declared { baseline: true, keep_flow, keep_current, dns },
            false => Declared::default(),
        },
        groups,
    })
}

fn choke() -> impl Strategy<Value = Choke> {
    let all = (word(), some(), some(), groups());
    all.prop_map(|(goal, of, server_version, groups)| Choke { goal, of, server_version, groups })
}

fn sidestep() -> impl Strategy<Value = Sidestep> {
    let all = (word(), word(), some(), any::<bool>(), groups());
    all.prop_map(|(from, to, by, in_steps, groups)| {
        let in_steps = in_steps && by.is_none();
        Sidestep { from, to, by, in_steps, groups }
    })
}

fn question() -> impl Strategy<Value = Question> {
    prop_oneof![
        trace().prop_map(Question::Trace),
        by().prop_map(|by| Question::Map(Map { by })),
        reach().prop_map(Question::Reach),
        choke().prop_map(Question::Choke),
        fix().prop_map(Question::Fix),
        sidestep().prop_map(Question::Sidestep),
        word().prop_map(|policy| Question::Trust(Trust { policy })),
        can().prop_map(Question::Can),
        who_can().prop_map(Question::WhoCan),
        permissions().prop_map(Question::Permissions),
        (word(), groups(), any::<bool>()).prop_map(|(object, groups, gaps)| Question::Explain(Explain {
            object,
            groups,
            gaps
        })),
        word().prop_map(|object| Question::Touch(Touch { object })),
        prop_oneof![Just(MatrixOf::Namespaces), Just(MatrixOf::Access)].prop_map(|of| Question::Matrix(Matrix { of })),
        list().prop_map(Question::List),
    ]
}

fn line() -> impl Strategy<Value = QuestionLine> {
    (question(), some(), any::<bool>()).prop_map(|(question, namespace, all_namespaces)| QuestionLine {
        question,
        namespace: namespace.map(Into::into),
        all_namespaces,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_printed_asks_the_same(line in line()) {
        let printed = line.to_string();
        match printed.parse::<QuestionLine>() {
            Ok(read) => prop_assert_eq!(read, line, "{}", printed),
            Err(fault) => prop_assert!(false, "{printed}: {}", fault.whole()),
        }
    }

    #[test]
    fn what_is_stored_asks_the_same(line in line()) {
        let stored = serde_json::to_string(&line).expect("a question is plain data");
        prop_assert_eq!(serde_json::from_str::<QuestionLine>(&stored).expect("its own text"), line, "{}", stored);
    }

    /// Whatever is typed is read or refused in one line.
    #[test]
    fn nothing_that_is_typed_panics(text in "\\PC{0,40}", name in prop_oneof![Just("trace"), Just("can"), Just("pods")]) {
        for text in [text.clone(), format!("{name} {text}")] {
            if let Err(fault) = text.parse::<QuestionLine>() {
                prop_assert!(!fault.what.is_empty() && !fault.whole().contains('\n'), "{:?}", fault);
            }
        }
    }
}

#[test]
fn a_line_is_split_as_a_shell_splits_it() {
    let line: QuestionLine = "who-can get secrets 'a b' -n shop".parse().expect("a question");
    assert_eq!(line.to_string(), "who-can get secrets 'a b' -n shop");
    assert_eq!(line.namespace.as_deref(), Some("shop"));
    let refused = |text: &str| text.parse::<QuestionLine>().expect_err(text).whole();
    assert_eq!(refused("pods 'a"), "a quote is not closed: pods 'a");
    assert!(refused("who-can get").contains("<RESOURCE>"), "{}", refused("who-can get"));
    assert!(refused("delete pods").contains("delete"), "{}", refused("delete pods"));
}
