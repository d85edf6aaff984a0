//! One question, one answer: what `World::answer` says is what the command prints and what the screen shows.
//!
//! Every variant of `Question` is asked of the demo's story; one that is not asked here does not compile.

use clap::Parser as _;
use crossterm::event::Event as Input;
use kreach::args::Args;
use kreach::ask::listing::LISTS;
use kreach::ask::question::about;
use kreach::ask::question::list::{List, ListName};
use kreach::ask::question::reach::ReachFound;
use kreach::ask::world::SelfCheck;
use kreach::ask::{Answer, Here, Question, QuestionLine, World};
use kreach::change::stage::Fetched;
use kreach::cli::{Asked, Context, Exit};
use kreach::model::cluster::Cluster;
use kreach::model::evidence::Outcome;
use kreach::net::Settings;
use kreach::tui::app::{App, Setup};
use kreach::tui::event::{Effect, Event};
use kreach::tui::key;
use kreach::tui::questions;
use kreach::tui::status::Origin;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::same_answers::story;

/// How the screen shows an answer.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Shown {
    /// As a page: the lines that the command prints.
    Page,
    /// The same, and behind the verdict how many could open what is denied.
    Judged,
    /// As a page that begins with them.
    Longer,
    /// As a page of its own layout, in which the same rows stand.
    Rows,
    /// As a sheet or a list, in which the same names stand.
    Table,
}

/// How each kind of answer is shown: a new one gets its row here.
fn shown(answer: &Answer<'_>) -> Shown {
    match answer {
        Answer::Trace(it) if it.outcome() == Outcome::Deny => Shown::Judged,
        Answer::Trace(_) | Answer::Can(_) | Answer::WhoCan(_) | Answer::Permissions(_) => Shown::Page,
        Answer::Compared(_) | Answer::Touched(_) | Answer::Map(_) | Answer::Sidestep(_) | Answer::Trust(..) => {
            Shown::Page
        }
        // The screen tells a candidate and what it changes in one row.
        Answer::Choke(_) => Shown::Page,
        Answer::Fix(_) => Shown::Rows,
        // Its labels are a page beside it.
        Answer::Explanation(_) => Shown::Longer,
        // A way is drawn on the screen, and told step by step by the command.
        Answer::Reach(it) if matches!(it.found, ReachFound::Path(_)) => Shown::Rows,
        Answer::Reach(_) => Shown::Page,
        Answer::Namespaces(_) | Answer::Access(_) | Answer::List(_) => Shown::Table,
    }
}

/// The questions, at least one for each variant; every list is asked for besides.
const QUESTIONS: &[&str] = &[
    "trace deploy/shop/web svc/platform/registry",
    "trace deploy/shop/web ns/payments",
    "trace 203.0.113.7 ns/shop",
    "map",
    "map --by namespace -n payments",
    "reach sa:ci/runner",
    "reach ns/shop",
    "reach ns/shop --reverse",
    "reach sa:ci/runner --to cluster-admin",
    "reach user:nobody --group system:masters --to cluster-admin",
    "choke cluster-admin",
    "choke secrets/payments --of sa:ci/runner",
    "fix deploy/shop/web svc/platform/registry --deny",
    "fix deploy/shop/web ns/payments --allow",
    "fix --isolate ns/shop",
    "sidestep deploy/shop/web ns/payments",
    "trust networkpolicy/payments/default-deny",
    "fix --revoke sa:ci/runner get secrets -n shop",
    "fix --to cluster-admin",
    "can user:nobody get secrets -n shop",
    "can sa:ci/runner create pods/exec -n shop",
    "can user:nobody --group system:masters get /metrics",
    "who-can get secrets",
    "who-can create pods/exec -n shop --pods",
    "permissions sa:ci/runner",
    "permissions sa:ci/runner --diff user:nobody",
    "permissions user:nobody --group system:masters",
    "explain ns/shop",
    "explain svc/kube-system/kube-dns",
    "explain networkpolicy/payments/default-deny",
    "explain sa:ci/runner",
    "touch ns/shop",
    "touch svc/kube-system/kube-dns",
    "matrix",
    "matrix access",
    "pods phase=running -n shop",
    "policies -n payments",
    "subjects ci",
    "workloads -n payments",
    "explain deploy/shop/web",
];

/// The variants that were asked: all of them.
fn variant(question: &Question) -> usize {
    match question {
        Question::Trace(_) => 0,
        Question::Map(_) => 1,
        Question::Reach(_) => 2,
        Question::Can(_) => 3,
        Question::WhoCan(_) => 4,
        Question::Permissions(_) => 5,
        Question::Explain(_) => 6,
        Question::Touch(_) => 7,
        Question::Matrix(_) => 8,
        Question::List(_) => 9,
        Question::Fix(_) => 10,
        Question::Choke(_) => 11,
        Question::Sidestep(_) => 12,
        Question::Trust(_) => 13,
    }
}

/// How many there are.
const VARIANTS: usize = 14;

/// What the command of this line prints, and how it ends.
fn command(line: &str, form: &str, world: &World) -> (String, Exit) {
    let words = shell_words::split(&format!("kreach {line} -o {form}")).expect("words");
    let args = Args::try_parse_from(words).expect("a command line");
    let command = args.command.as_ref().and_then(|it| it.asks()).expect("a command that asks");
    let context = Context { here: here(line), ..Context::default() };
    let mut out = Vec::new();
    let exit = command.run(&Asked::of(world, &context, command), &mut out).expect("an answer");
    (String::from_utf8(out).expect("text"), exit)
}

fn here(line: &str) -> Here {
    let line: QuestionLine = line.parse().expect("a question");
    line.here(&Here { namespace: "default".into(), ..Here::default() })
}

/// The screen at a question, with all that is worked out beside it.
fn screen(line: &str, cluster: &Cluster) -> App {
    let mut app = App::new(Setup { origin: Origin::Files, ..Setup::default() }, cluster.clone());
    app.update(Event::Resize(200, 60));
    app.ask(&line.parse().expect("a question"));
    while app.wants_job().is_some() {
        let Some(job) = app.begin_job() else { break };
        let event = job.run(&mut |_, _| true);
        for effect in app.update(event) {
            // No object is to be had whole here, as for the command.
            let Effect::Wholes { line, ids } = effect else { continue };
            let held = ids.into_iter().map(|it| (it, Fetched::Absent)).collect();
            app.update(Event::Wholes { line, held });
        }
    }
    app
}

/// What is copied as the answer's text.
fn copied(app: &mut App) -> String {
    let mut effects = Vec::new();
    for name in ["C", "a", "s", "space", "t", "e", "x", "t", "Enter"] {
        let Some(Input::Key(pressed)) = key::parse(name).map(Input::Key) else { panic!("{name} is no key") };
        effects.extend(app.update(Event::Key(pressed)));
    }
    effects.into_iter().find_map(|it| if let Effect::Copy(text) = it { Some(text) } else { None }).expect("a copy")
}

fn drawn(app: &App) -> String {
    let area = Rect::new(0, 0, 200, 60);
    let mut buffer = Buffer::empty(area);
    kreach::tui::draw(app, area, &mut buffer);
    kreach::tui::text(&buffer)
}

/// The lines that are marked: what is reached, and how sure that is.
fn rows(page: &str) -> impl Iterator<Item = &str> {
    page.lines().map(str::trim).filter(|it| it.starts_with("v ") || it.starts_with("? "))
}

fn is_shown(line: &str, how: Shown, page: &str, cluster: &Cluster) {
    let mut app = screen(line, cluster);
    match how {
        Shown::Page => assert_eq!(copied(&mut app), page, "{line}"),
        Shown::Judged => {
            let text = copied(&mut app);
            let (first, rest) = text.split_once('\n').expect("more than a verdict");
            let (verdict, count) = first.split_once("; ").expect("how many could open it");
            assert_eq!(format!("{verdict}\n{rest}"), page, "{line}");
            assert!(count.contains("open it"), "{line}: {count}");
        }
        Shown::Longer => {
            let text = copied(&mut app);
            assert!(page.starts_with(&text) && !text.is_empty(), "{line}: {text}\nof {page}");
        }
        Shown::Rows => {
            let text = copied(&mut app);
            let missing: Vec<&str> = rows(page).filter(|it| !text.contains(it)).collect();
            assert!(missing.is_empty() && !text.is_empty(), "{line}: {missing:#?} stand not in {text}");
        }
        Shown::Table => {
            let text = drawn(&app);
            let names = page.lines().skip(1).filter_map(|it| it.split("  ").next());
            // Where room is dear the middle of a name is left out.
            let beginning = |it: &str| it.chars().take(9).collect::<String>();
            let names: Vec<String> =
                names.take(10).filter(|it| !it.starts_with(['v', 'r', '?'])).map(beginning).collect();
            assert!(
                !names.is_empty() && names.iter().all(|it| text.contains(it.as_str())),
                "{line}: {names:?} in {text}"
            );
        }
    }
    assert!(questions::shown(&app).is_some() || how == Shown::Table, "{line}");
}

#[tokio::test]
async fn a_question_has_one_answer_on_the_screen_and_on_a_command_line() {
    let cluster = story().await;
    let mut asked = [false; VARIANTS];
    for line in QUESTIONS.iter().copied().chain(LISTS.iter().map(|it| it.name())) {
        let world = World::of(cluster.clone(), Settings::default(), SelfCheck::Off);
        let question: QuestionLine = line.parse().expect("a question");
        asked[variant(&question.question)] = true;
        let answer =
            world.answer(&question.question, &here(line)).unwrap_or_else(|it| panic!("{line}: {}", it.whole()));
        let (page, outcome) = (answer.page(&world).to_string(), answer.outcome());
        let (text, exit) = command(line, "text", &world);
        assert_eq!(text, page, "{line}");
        assert_eq!(exit, outcome.map_or(Exit::Yes, Exit::from), "{line}");
        let (json, same) = command(line, "json", &world);
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(same, exit, "{line}");
        if let (Some(outcome), Some(said)) = (outcome, json["outcome"].as_str()) {
            assert_eq!(said, outcome.as_str(), "{line}");
        }
        // What a command says on stderr stands below the first line of the screen's page.
        let notes = question.question.reads().notes(&here(line), &world);
        let mut told = answer.page(&world);
        told.head(&notes.into_iter().map(Into::into).collect::<Vec<_>>());
        is_shown(line, shown(&answer), &told.to_string(), &cluster);
    }
    assert_eq!(asked, [true; VARIANTS]);
}

/// What a list shows is what its objects are asked about by: `kreach explain` reads the first column of `-o name`.
#[tokio::test]
async fn what_a_list_shows_is_read_as_it_is_typed() {
    let world = World::of(story().await, Settings::default(), SelfCheck::Off);
    let here = Here { namespace: "default".into(), ..Here::default() };
    for list in LISTS {
        let rows = list.table(&List::default(), &here, &world).rows;
        assert!(!rows.is_empty(), "{}: nothing of it in the story", list.name());
        for (item, _) in rows {
            let read = about::item(&item.typed(), &here).unwrap_or_else(|it| panic!("{}", it.whole()));
            assert_eq!(read, item, "{}", list.name());
            assert_eq!(ListName::of(&item).map(|it| it.0.name()), Some(list.name()), "{item:?}");
        }
    }
}
