//! Keys in, frames out: scripts of keys against a small cluster, compared with golden frames in tests/screens.
//!
//! A golden frame holds the text of the screen and, below it, the runs of every style that is not plain, so that a
//! look that is lost is seen too. `KREACH_BLESS=1 cargo test screens` writes them; they are read before they are kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use kreach::ask::{Fault, FaultKind, QuestionLine};
use kreach::change::stage::Fetched;
use kreach::kinds::{self, Intern};
use kreach::manifests::Manifests;
use kreach::model::cluster::{Cluster, Delta};
use kreach::model::coverage::{Coverage, Scope};
use kreach::model::evidence::Outcome;
use kreach::model::id::{Kind, ObjectId};
use kreach::model::role::{RoleRule, RuleLists};
use kreach::people::{People, Prefixes};
use kreach::rbac::grant::ServerVerdict;
use kreach::rbac::review::{Me, Reply, Review, Rules};
use kreach::tui;
use kreach::tui::app::{App, Setup};
use kreach::tui::command::COMMANDS;
use kreach::tui::declaring::ReadingState;
use kreach::tui::event::{Effect, Event};
use kreach::tui::job::Said;
use kreach::tui::key;
use kreach::tui::panes::PANES;
use kreach::tui::status::Origin;
use kreach::tui::theme::{Colors, Glyphs, Theme};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use serde_json::Value;

/// The cluster of the golden screens.
const SHOP: &str = include_str!("../screens/shop.yaml");

/// Who is in which group, and who has left.
const PEOPLE: &str = "user,groups,active\nalice,store,true\ndev-2,store,true\nlost,,false\n";

/// The screen, driven without a terminal: effects that ask for objects are answered from the documents.
pub struct Driver {
    pub app: App,
    area: Rect,
    pub effects: Vec<Effect>,
    /// Whole objects besides those of the documents.
    pub objects: BTreeMap<ObjectId, Value>,
    /// What manifests declare, where that is read at once.
    pub declared: Option<Arc<Manifests>>,
    /// How often it was.
    pub readings: usize,
}

fn documents() -> impl Iterator<Item = (ObjectId, &'static str)> {
    let mut intern = Intern::new();
    SHOP.split("\n---\n").map(move |text| {
        let value: Value = serde_saphyr::from_str(text).expect("a document");
        let word = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let spec = kinds::spec_of(&word("apiVersion"), &word("kind")).expect("a known kind");
        match spec.read_yaml(text, "default", &mut intern).delta() {
            Some(Delta::Put(entry)) => (entry.fact.id(), text),
            other => panic!("{text}\nis read as {other:?}"),
        }
    })
}

fn deltas() -> Vec<Delta> {
    let mut intern = Intern::new();
    SHOP.split("\n---\n")
        .filter_map(|text| {
            let value: Value = serde_saphyr::from_str(text).expect("a document");
            let word = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            let spec = kinds::spec_of(&word("apiVersion"), &word("kind")).expect("a known kind");
            spec.read_yaml(text, "default", &mut intern).delta()
        })
        .collect()
}

pub fn shop() -> Cluster {
    // Read once: many tests begin with it, and some many times.
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    let read = || {
        let mut cluster = Cluster::default();
        deltas().into_iter().for_each(|it| {
            cluster.apply(it);
        });
        cluster
    };
    CLUSTER.get_or_init(read).clone()
}

impl Driver {
    fn new(width: u16, height: u16) -> Self {
        Self::with(width, height, Theme::default(), shop(), Origin::Files)
    }

    fn with(width: u16, height: u16, theme: Theme, cluster: Cluster, origin: Origin) -> Self {
        let setup = Setup { title: "shop.yaml".into(), origin, theme, ..Setup::default() };
        Self::among(PEOPLE, setup, cluster, (width, height))
    }

    /// A session on this cluster, whose people are these.
    pub fn among(people: &str, setup: Setup, cluster: Cluster, (width, height): (u16, u16)) -> Self {
        let people = People::read(&[("people.csv".into(), people.into())], &Prefixes::default()).expect("a directory");
        let people = Some(Arc::new(people));
        let setup = Setup { people, ..setup };
        let mut driver = Self {
            app: App::new(setup, cluster),
            area: Rect::new(0, 0, width, height),
            effects: Vec::new(),
            objects: BTreeMap::new(),
            declared: Some(Arc::default()),
            readings: 0,
        };
        driver.send(Event::Resize(width, height));
        driver
    }

    pub fn send(&mut self, event: Event) {
        if let Event::Resize(width, height) = event {
            self.area = Rect::new(0, 0, width, height);
        }
        let effects = self.app.update(event);
        for effect in effects {
            if let Effect::Fetch(id) = &effect {
                let object = object(id);
                self.send(Event::Object { id: id.clone(), object });
            }
            if let Effect::Wholes { line, ids } = &effect {
                self.hold(line.clone(), ids);
            }
            self.effects.push(effect);
        }
        // What the loop would read for it.
        if let (Some(wanted), Some(declared)) = (self.app.wants_manifests(), self.declared.clone()) {
            self.readings += 1;
            self.send(Event::Declared { number: wanted.number, reading: ReadingState::Done(declared) });
        }
        // What the loop would work out beside the screen.
        while self.app.wants_job().is_some() {
            let Some(job) = self.app.begin_job() else { break };
            let event = job.run(&mut |_, _| true);
            self.send(event);
        }
    }

    fn hold(&mut self, line: Box<QuestionLine>, ids: &[ObjectId]) {
        let whole = |it: &ObjectId| self.objects.get(it).cloned().or_else(|| object(it).ok());
        let fetched = |it: &ObjectId| whole(it).map_or(Fetched::Absent, Fetched::There);
        let held = ids.iter().map(|it| (it.clone(), fetched(it))).collect();
        self.send(Event::Wholes { line, held });
    }

    /// Types keys by their names; `"words"` are typed letter by letter.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for word in keys.split(' ').filter(|it| !it.is_empty()) {
            match word.strip_prefix('"') {
                Some(text) => text.chars().for_each(|it| {
                    let name = if it == '_' { "space".to_owned() } else { it.to_string() };
                    self.send(Event::Key(key::parse(&name).expect("a key")));
                }),
                None => self.send(Event::Key(key::parse(word).unwrap_or_else(|| panic!("{word} is no key")))),
            }
        }
        self
    }

    fn buffer(&mut self) -> Buffer {
        self.app.prepare();
        let mut buffer = Buffer::empty(self.area);
        tui::draw(&self.app, self.area, &mut buffer);
        buffer
    }

    /// The screen as a picture, as `ctrl-s` keeps it.
    pub fn picture(&mut self) -> String {
        tui::svg::svg(&self.buffer())
    }

    pub fn text(&mut self) -> String {
        tui::text(&self.buffer())
    }
}

pub fn object(id: &ObjectId) -> Result<Value, Fault> {
    let found = documents().find(|(it, _)| it == id);
    let none = || Fault::of(FaultKind::Input, "not in the files");
    found.map(|(_, text)| serde_saphyr::from_str(text).expect("a document")).ok_or_else(none)
}

/// The frame as text, and the runs of its styles.
fn frame(buffer: &Buffer) -> String {
    let mut out = tui::text(buffer);
    out.push_str("--- styles\n");
    for y in 0..buffer.area.height {
        let look = |x: u16| (buffer[(x, y)].fg, buffer[(x, y)].modifier);
        let mut x = 0;
        let mut runs = String::new();
        while x < buffer.area.width {
            let start = x;
            while x < buffer.area.width && look(x) == look(start) {
                x += 1;
            }
            if let Some(name) = look_name(look(start)) {
                let _ = write!(runs, " {start}-{}:{name}", x - 1);
            }
        }
        if !runs.is_empty() {
            let _ = writeln!(out, "{y}:{runs}");
        }
    }
    out
}

fn look_name((color, modifier): (Color, Modifier)) -> Option<String> {
    if color == Color::Reset && modifier.is_empty() {
        return None;
    }
    let color = if color == Color::Reset { String::new() } else { format!("{color:?}").to_lowercase() };
    let modifiers: Vec<String> = modifier.iter_names().map(|(name, _)| name.to_lowercase()).collect();
    Some(format!("{color}{}{}", if modifiers.is_empty() { "" } else { "+" }, modifiers.join("+")))
}

/// Compares a frame with its golden one, or writes it when asked to.
pub fn check(name: &str, driver: &mut Driver) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/screens/{name}.{}x{}.txt", driver.area.width, driver.area.height));
    let shown = frame(&driver.buffer());
    if std::env::var_os("KREACH_BLESS").is_some() {
        std::fs::write(&path, &shown).expect("the golden frame can be written");
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == shown, "{} differs (KREACH_BLESS=1 cargo test screens rewrites it):\n{shown}", path.display());
}

/// A name, the keys, and the sizes beside 80×24 at which the frame is kept.
type Script = (&'static str, &'static str, &'static [(u16, u16)]);

const SCRIPTS: &[Script] = &[
    ("namespaces", "", &[(60, 15), (120, 40), (200, 60)]),
    ("pods", "2", &[(60, 15), (120, 40)]),
    ("policies", "3 j", &[(120, 40)]),
    ("subjects", "4 j j", &[(120, 40)]),
    ("workloads", "5", &[(120, 40), (200, 60)]),
    ("services", "6", &[(120, 40)]),
    ("workload_to_service", "5 t 6 t", &[]),
    ("service_reached", "6 w", &[]),
    ("drill", "1 j Enter Enter", &[(120, 40)]),
    ("effective", "2 / \"db Enter Enter", &[(120, 40)]),
    ("filter", "2 / \"~wb1", &[]),
    ("column_filter", "2 / \"node=node-b_!migrate Enter", &[]),
    ("label_filter", "2 / \"-l_app=web Enter", &[]),
    ("marks", "2 space space j v", &[]),
    ("sort", "2 S \"node Enter I", &[]),
    ("columns", "2 + L L", &[]),
    ("problems", "3 !", &[]),
    ("trace_allow", "2 / \"web-0 Enter t Esc / \"db-0 Enter t o \"5432 Enter", &[(120, 40), (200, 60)]),
    ("trace_deny", ": \"trace_shop/web-0_payments/ledger-0:9000 Enter", &[(60, 15), (120, 40), (200, 60)]),
    ("trace_service", ": \"trace_shop/web-0_svc/shop/db:5432 Enter", &[(120, 40)]),
    ("trace_unknown_end", ": \"trace_shop/web-0_shop/dbb-0 Enter", &[]),
    ("evidence_yaml", ": \"trace_shop/web-0_shop/db-0:5432 Enter j j j Enter", &[(120, 40)]),
    ("reach", "2 / \"web-0 Enter r", &[(120, 40)]),
    ("reach_way", ": \"reach_group:store_--to_cluster-admin Enter", &[(120, 40)]),
    ("reach_reverse", ": \"reach_secrets/shop_--reverse Enter", &[(120, 40)]),
    ("reach_subject", "4 / \"store Enter r", &[(120, 40)]),
    ("who_reaches", "2 / \"db-0 Enter w", &[(120, 40)]),
    ("choke", ": \"choke_cluster-admin Enter", &[(60, 15), (120, 40)]),
    ("choke_of_one", ": \"reach_group:store_--to_cluster-admin Enter X", &[(120, 40)]),
    ("matrix", "x j l", &[(120, 40)]),
    ("matrix_cell", "x j l Enter", &[(120, 40)]),
    ("matrix_cell_trace", "x j l Enter j Enter", &[]),
    ("map", ": \"map Enter", &[(120, 40)]),
    ("map_sorted", ": \"map Enter S \"to Enter I / \"db Enter", &[]),
    ("map_pair", ": \"map Enter / \"db-0 Enter j Enter", &[]),
    ("permissions_diff", ": \"permissions_sa:shop/web_--diff_group:store Enter", &[]),
    ("permissions_group", ": \"permissions_user:dev-1_--group_store Enter", &[]),
    ("who_can_pods", ": \"who-can_get_secrets_--pods Enter", &[]),
    ("can_group", ": \"can_user:dev-1_get_secrets_-n_shop_--group_store Enter", &[]),
    ("explain_service", ": \"explain_svc/shop/db Enter", &[]),
    ("yaml", "2 y", &[(120, 40)]),
    ("help", "2 ?", &[(120, 40), (200, 60)]),
    ("help_search", "? \"freeze", &[]),
    ("palette", ": \"tra", &[]),
    ("long_notice", ": \"can_user:x_get_sts/web Enter", &[]),
    ("ports", ": \"trace_shop/web-0_shop/db-0 Enter o", &[]),
    ("copy_menu", "2 C", &[]),
    ("frozen", "2 p", &[]),
    ("labels_tab", "2 } }", &[]),
    ("touch_tab", "2 }", &[]),
    ("permissions_tab", "4 }", &[]),
    ("hostile", "4 G", &[]),
    ("subject_wide", "4 ctrl-w", &[]),
    ("subject_columns", "4 , j Down Enter", &[]),
    ("subject_marks", "4 / \"marks=stale Enter", &[]),
    ("subject_problems", "4 !", &[]),
    ("permissions", "4 Enter", &[(60, 15), (120, 40)]),
    ("permissions_open", "4 Enter / \"resource=secrets Enter", &[(120, 40)]),
    ("permissions_unfolded", "4 Enter j j j j j Enter", &[(120, 40)]),
    ("permissions_danger", "4 Enter !", &[]),
    ("permissions_yaml", "4 Enter / \"resource=secrets Enter G k Enter", &[]),
    ("who_else", "4 Enter / \"resource=secrets Enter j j j j j j w", &[]),
    ("who_can", ": \"who-can_get_secrets_-n_shop Enter j Enter", &[(120, 40)]),
    ("abilities", "4 x", &[(120, 40), (200, 60)]),
    ("abilities_cell", "4 x Enter", &[]),
    ("acting", "i \"user:dev_group:store Enter", &[(120, 40)]),
    ("acting_touch", "i \"group:store Enter 2 / \"web-0 Enter } d j j j j j Enter", &[(120, 40)]),
];

#[test]
fn every_pane_has_its_golden_frame() {
    for pane in PANES {
        assert!(SCRIPTS.iter().any(|it| it.0 == pane.word), "{}: give it a row of SCRIPTS", pane.word);
    }
}

#[test]
fn scripts_of_keys_lead_to_their_golden_frames() {
    for (name, keys, sizes) in SCRIPTS {
        for (width, height) in std::iter::once(&(80, 24)).chain(sizes.iter()) {
            let mut driver = Driver::new(*width, *height);
            check(name, driver.keys(keys));
        }
    }
}

#[test]
fn without_color_and_unicode_everything_is_still_told_apart() {
    let theme = Theme { colors: Colors::none(), glyphs: Glyphs::Ascii };
    let mut driver = Driver::with(80, 24, theme, shop(), Origin::Files);
    driver.keys(": \"trace_shop/web-0_payments/ledger-0:9000 Enter");
    check("mono_ascii", &mut driver);
    let buffer = driver.buffer();
    assert!(tui::text(&buffer).is_ascii());
    assert!(buffer.content.iter().all(|it| it.fg == Color::Reset && it.bg == Color::Reset));
}

/// A way is drawn in ASCII where there is no Unicode, and fits 80 columns.
#[test]
fn a_way_is_drawn_without_unicode_too() {
    let theme = Theme { colors: Colors::none(), glyphs: Glyphs::Ascii };
    let mut driver = Driver::with(80, 24, theme, shop(), Origin::Files);
    driver.keys(": \"reach_group:store_--to_cluster-admin Enter");
    let text = driver.text();
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("| +--v----------+") && text.contains("| | cluster-admin |"), "{text}");
}

/// Rows lead to their way, the way back to the rows; `r` and `w` go on from a row, and all of it can be copied.
#[test]
fn rows_of_reach_lead_on_and_back() {
    let mut driver = Driver::new(120, 40);
    driver.keys(": \"reach_group:store Enter j j j j Enter");
    assert!(driver.text().contains("✓ allow  group:store -> cluster-admin  in 2 steps"), "{}", driver.text());
    driver.keys("C \"kreach_reach Enter");
    let command = "kreach reach group:store --to cluster-admin".to_owned();
    assert_eq!(driver.effects.last(), Some(&Effect::Copy(command)));
    driver.keys("Esc");
    assert!(driver.text().contains("what group:store can come to reach"), "{}", driver.text());
    driver.keys("/ \"secrets/shop Enter w");
    assert!(driver.text().contains("who can come to reach secrets/shop"), "{}", driver.text());
    driver.keys("/ \"user:alice Enter r");
    assert!(driver.text().contains("what user:alice can come to reach"), "{}", driver.text());
    driver.keys("[ [");
    assert!(driver.text().contains("what group:store can come to reach"), "{}", driver.text());
}

/// `-n shop` opens on what is in shop; a namespace that is not there says so, with the nearest.
#[test]
fn a_named_namespace_is_where_one_begins() {
    let named = |name: &str| {
        let setup = Setup { namespaces: [name.into()].into(), origin: Origin::Files, ..Setup::default() };
        Driver::among(PEOPLE, setup, shop(), (80, 24)).text()
    };
    let text = named("shop");
    assert!(text.contains("<2Pods>") && text.contains("> shop") && text.contains("db-0"), "{text}");
    let text = named("shpo");
    assert!(text.contains("there is no namespace shpo;") && text.contains("mean shop? (0 shows all"), "{text}");
    // Every cluster has it, whether files hold it or not.
    let text = named("default");
    assert!(text.contains("no pod in namespace default"), "{text}");
}

/// What is typed is run as it stands, or as the only thing that begins so; nothing else is guessed.
#[test]
fn a_typed_line_runs_what_it_names_and_nothing_near_it() {
    let typed = |line: &str| {
        let mut driver = Driver::new(100, 30);
        driver.keys(&format!(": \"{} Enter", line.replace(' ', "_"))).text()
    };
    let cases = [
        ("dp", "unknown command \"dp\""),
        ("tarce", "did you mean trace?"),
        ("down", "unknown command \"down\""),
        ("who can read secrets", "\"who\" takes nothing behind it"),
        ("svc db", "[6] Services /db"),
        ("deploy", "[5] Workloads /deployment/"),
        ("nothinglikeit", "unknown command \"nothinglikeit\" (: lists them all)"),
        ("po", "<2Pods>"),
        ("netpol", "<3Pol>"),
        ("sa", "Subjects /sa:"),
        ("perm user:alice", "what user:alice may do"),
        ("m", "unknown command \"m\""),
        ("copy menu", "kreach explain ns/payments"),
    ];
    for (line, told) in cases {
        let text = typed(line);
        assert!(text.contains(told), "{line}: {told}\n{text}");
    }
    // The entry under the cursor is run where the cursor was moved there.
    let mut driver = Driver::new(100, 30);
    driver.keys(": \"pol Down Up Enter");
    assert!(driver.text().contains(":policies "), "{}", driver.text());
}

/// WORDS: a rule's number is a link that Enter opens; from there one comes back to the line.
#[test]
fn enter_opens_the_rule_behind_a_line() {
    let mut driver = Driver::new(120, 40);
    driver.keys(": \"trace_shop/web-0_payments/ledger-0:9000 Enter");
    assert!(!driver.text().contains("Y why"), "{}", driver.text());
    driver.keys("Z / \"established Enter");
    assert!(driver.text().contains("Y why"), "{}", driver.text());
    for key in ["Enter", "Y"] {
        driver.keys(key);
        let text = driver.text();
        assert!(text.contains("S44: Existing connections") && text.contains("docs/network-policy.md"), "{key}: {text}");
        driver.keys("Esc");
        assert!(driver.text().contains("Y why"), "{key}: {}", driver.text());
    }
    driver.keys(": \"rule_a05 Enter");
    assert!(driver.text().contains("A05: exec into a pod"), "{}", driver.text());
    driver.keys(": \"rule_a Enter");
    assert!(driver.text().contains("\"a\" is no rule"), "{}", driver.text());
}

/// Tab takes what stands under the cursor: verbs, resources, ends, subjects, by any part of their name.
#[test]
fn arguments_are_completed_by_any_part_of_them() {
    let mut driver = Driver::new(100, 30);
    driver.keys(": \"trace_web-0 Tab \"db Tab Enter");
    assert!(driver.text().contains("pod/shop/web-0 → "), "{}", driver.text());
    let mut driver = Driver::new(100, 30);
    driver.keys(": \"who-can_ge Tab \"secr Tab \"-n_sh Tab Enter");
    assert!(driver.text().contains("who can get secrets in shop"), "{}", driver.text());
    let mut driver = Driver::new(100, 30);
    driver.keys(": \"perm Tab \"ali Tab Enter");
    assert!(driver.text().contains("what user:alice may do"), "{}", driver.text());
}

/// A question opens the screen where it is answered, and what is shown is that question again, as a command.
#[test]
fn a_question_opens_what_answers_it_and_is_copied_again() {
    let cases = [
        ("trace shop/web-0 svc/shop/db:5432", "trace pod/shop/web-0 service/shop/db:5432/TCP", "✓ allow"),
        ("trace web-0 shop/db-0 -n shop", "trace pod/shop/web-0 pod/shop/db-0", "pod/shop/web-0"),
        ("reach group:store", "reach group:store", "what group:store can come to reach"),
        ("reach group:store --to cluster-admin", "reach group:store --to cluster-admin", "in 2 steps"),
        ("choke cluster-admin --of group:store", "choke cluster-admin --of group:store", "to cut"),
        ("reach --reverse ns/shop", "reach namespace/shop --reverse", "who can come to reach namespace/shop"),
        ("can user:alice get secrets -n shop", "can user:alice get secrets -n shop", "get secrets in shop"),
        ("can sa:shop/web get /metrics", "can sa:shop/web get /metrics", "/metrics"),
        ("who-can get pods/exec -n shop", "who-can get pods/exec -n shop", "who can"),
        ("who-can list deployments.apps", "who-can list deployments.apps", "who can"),
        ("permissions group:store", "permissions group:store", "what group:store may do"),
        ("matrix", "matrix namespaces", "namespaces: "),
        ("matrix access", "matrix access", "subjects may do"),
        ("explain shop/db-0", "explain shop/db-0", "pod shop/db-0"),
        ("explain ns/payments", "explain ns/payments", "namespace payments"),
        ("touch shop/db-0", "touch shop/db-0", "who may touch pod/shop/db-0"),
        ("map", "map", "->  pod/tools/agent-a"),
        ("map --by namespace -n shop", "map --by namespace -n shop", "->  namespace/tools"),
        ("permissions user:alice --diff group:store", "permissions user:alice --diff group:store", "only user:alice"),
        ("who-can get pods --pods", "who-can get pods --pods", "pods that run as them"),
        ("can user:a get pods --group store -n shop", "can user:a get pods --group store -n shop", "allow  user:a"),
        ("permissions user:a --group store", "permissions user:a --group store", "what user:a may do"),
        ("explain user:a --group store", "explain user:a --group store", "user:a"),
        ("explain svc/shop/db", "explain service/shop/db", "service shop/db"),
        ("touch svc/shop/db", "touch service/shop/db", "who may touch service/shop/db"),
        (
            "reach user:a --group store --server-version 1.30",
            "reach user:a --server-version 1.30 --group store",
            "what user:a can come to reach",
        ),
    ];
    for (line, shown, holds) in cases {
        let mut driver = Driver::new(160, 40);
        driver.app.ask(&line.parse().expect("a question"));
        driver.send(Event::Resize(160, 40));
        let text = driver.text();
        assert!(text.contains(holds), "{line}:\n{text}");
        let again = tui::questions::shown(&driver.app).map(|it| it.to_string());
        assert_eq!(again.as_deref(), Some(shown), "{line}");
        // What is shown, asked again, shows the same.
        driver.app.ask(&shown.parse().expect("its own command"));
        driver.send(Event::Resize(160, 40));
        assert_eq!(driver.text(), text, "{line}");
    }
    let mut driver = Driver::new(120, 40);
    driver.app.ask(&"pods phase=running -n shop".parse().expect("a question"));
    assert!(driver.text().contains("Pods /phase=running"), "{}", driver.text());
    for line in ["trace shop/web-0", "explain 10.0.0.1", "reach shop/web-0 --server-version soon"] {
        assert!(tui::questions::check(&line.parse().expect("a question")).is_err(), "{line}");
    }
}

/// What a question rests on may still be read when it opens the screen: that is said, and then it is answered.
#[test]
fn a_question_waits_for_what_it_rests_on() {
    let cases = [
        ("explain shop/db-0", "loading: ", "pod shop/db-0"),
        ("explain shop/dbb-0", "loading: ", "did you mean shop/db-0"),
        ("touch shop/db-0", "loading: ", "who may touch pod/shop/db-0"),
        ("explain svc/shop/db", "loading: ", "service shop/db"),
        ("explain user:alice", "loading: ", "1 binding by name"),
        ("permissions user:alice --diff group:store", "loading: ", "only user:alice"),
        ("can user:alice get secrets -n shop", "loading: ", "get secrets in shop"),
    ];
    for (line, before, after) in cases {
        let mut driver = Driver::with(160, 40, Theme::default(), Cluster::new(Coverage::Loading), Origin::Live);
        driver.app.ask(&line.parse().expect("a question"));
        assert!(driver.text().contains(before), "{line}:\n{}", driver.text());
        driver.send(Event::Deltas(deltas()));
        driver.send(Event::Resize(160, 40));
        assert!(driver.text().contains(before), "{line}: more may come\n{}", driver.text());
        for spec in kinds::KINDS {
            covered(&mut driver, spec.kind, Coverage::Live);
        }
        driver.send(Event::Resize(160, 40));
        let text = driver.text();
        assert!(text.contains(after) && !text.contains("loading: "), "{line}:\n{text}");
    }
}

/// What is worked out beside the screen holds no key, is ended when nobody looks at it, and of what is wanted the
/// latest wins.
#[test]
fn a_job_is_ended_once_nobody_waits_for_it() {
    let mut driver = Driver::new(120, 40);
    let app = &mut driver.app;
    let type_in = |app: &mut App, keys: &[&str]| {
        keys.iter().for_each(|it| drop(app.update(Event::Key(key::parse(it).expect("a key")))));
    };
    type_in(app, &["4", "r"]);
    let first = app.begin_job().expect("a job");
    assert_eq!(app.running_job(), Some(first.number()));
    assert!(app.wants_job().is_none(), "it is begun once");
    type_in(app, &["w"]);
    assert_eq!(app.running_job(), None, "it is to be ended");
    let second = app.begin_job().expect("another job");
    app.update(first.run(&mut |_, _| true));
    assert_eq!(app.running_job(), Some(second.number()), "what comes too late is nothing");
    app.update(Event::Job { number: second.number(), said: Said::Progress(3, 9) });
    app.prepare();
    assert!(driver.text().contains("computing 3 of 9"), "{}", driver.text());
    type_in(&mut driver.app, &["Esc", "Esc"]);
    assert_eq!(driver.app.running_job(), None);
    assert!(driver.app.wants_job().is_none(), "nobody looks at it");
}

#[test]
fn a_screen_that_is_too_small_says_so_in_one_line() {
    let mut driver = Driver::new(59, 15);
    assert_eq!(driver.text().trim(), "need 60x15, have 59x15; q quits");
    driver.keys("q");
    assert_eq!(driver.effects, [Effect::Quit]);
    for (width, height) in [(1, 1), (0, 0), (60, 14), (3, 200)] {
        driver.send(Event::Resize(width, height));
        driver.text();
    }
}

fn covered(driver: &mut Driver, kind: Kind, coverage: Coverage) {
    driver.send(Event::Deltas(vec![Delta::Covered { kind, scope: Scope::Everywhere, coverage }]));
}

/// A screen of 80×24 in this namespace (none: all), for user:dana, who may list everything but RBAC.
fn without_rbac(namespace: Option<&str>) -> Driver {
    let mut driver = Driver::with(80, 24, Theme::default(), Cluster::new(Coverage::Loading), Origin::Live);
    let namespaces = namespace.into_iter().map(Into::into).collect();
    let setup = Setup { title: "prod-eu".into(), origin: Origin::Live, namespaces, ..Setup::default() };
    driver.app = App::new(setup, Cluster::new(Coverage::Loading));
    for spec in kinds::KINDS {
        covered(&mut driver, spec.kind, Coverage::Live);
    }
    for kind in [Kind::ROLE, Kind::CLUSTER_ROLE, Kind::ROLE_BINDING, Kind::CLUSTER_ROLE_BINDING] {
        covered(&mut driver, kind, Coverage::Forbidden { why: "no".into() });
    }
    let me = Me { user: "dana".into(), groups: vec!["system:authenticated".into()] };
    driver.send(Event::Told { review: Review::Own, reply: Reply::Me(me) });
    driver
}

fn told_rules(driver: &mut Driver, namespace: &str) {
    let one = |it: &str| [it.into()].into_iter().collect();
    let rule = RoleRule::from(RuleLists {
        verbs: one("get"),
        groups: one(""),
        resources: one("pods"),
        ..RuleLists::default()
    });
    let rules = Rules { rules: vec![rule], ..Rules::default() };
    driver.send(Event::Told { review: Review::OwnRules(namespace.into()), reply: Reply::Rules(rules) });
}

/// Where RBAC may not be listed the operator is in the pane all the same, and the server's word stands on the page of
/// what he may do, as its word.
/// CONTRACT §4: what is proven absent is not asked, and what else is to be said of a question stands above its answer.
#[test]
fn typed_questions_are_read_as_commands_read_them() {
    let typed = |line: &str| {
        let mut driver = Driver::new(220, 40);
        driver.keys(&format!(": \"{} Enter", line.replace(' ', "_"))).text()
    };
    let refused = [
        (
            "can user:alice get secret/x -n shop",
            "secrets has no subresource \"x\" (an object's name stands apart: get secrets x)",
        ),
        ("who-can get pods/logs", "did you mean pods/log?"),
        (
            "can user:alice get pods -n shpo",
            "there is no namespace shpo; did you mean shop? (--unserved asks all the same)",
        ),
        (
            "can alice get pods",
            "invalid subject \"alice\": expected user:, group: or sa: (did you mean user:alice, or group:alice?)",
        ),
        ("permissions alice", "expected user:, group: or sa:"),
        ("as alice", "expected user:, group: or sa:"),
        ("can me get pods", "who you are is not known here"),
    ];
    for (line, told) in refused {
        let text = typed(line);
        assert!(text.contains(told), "{line}\n{text}");
        // What stands in the panes is no answer.
        let said = text.replace("default deny", "");
        assert!(!said.contains(" deny ") && !said.contains(" can "), "{line} is answered\n{text}");
    }
    let answered = [
        ("can user:alicia get secrets -n shop", "no binding names user:alicia"),
        ("can sa:wbe exec pods -n shop", "account is called so"),
        ("can sa:web exec pods -n shop", "unknown verb \"exec\""),
        ("can system:serviceaccount:shop:web get secretz -n shop", "unknown resource \"secretz\""),
        ("can user:alice GET /metrics", "unknown verb \"GET\""),
        ("can user:alice get pods/logs -n shop --unserved", "pods has no subresource"),
        ("who-can get deploy", "deploy is read as"),
        ("permissions user:alicia", "no binding names user:alicia"),
    ];
    for (line, told) in answered {
        let text = typed(line);
        let at = |what: &str| {
            text.lines().position(|it| it.contains(what)).unwrap_or_else(|| panic!("{line}: {what}\n{text}"))
        };
        assert!((1..=3).contains(&at(told).saturating_sub(1)), "{line}: not at the top\n{text}");
    }
}

#[test]
fn the_operator_is_shown_by_the_servers_word() {
    let mut driver = without_rbac(None);
    told_rules(&mut driver, "shop");
    driver.keys("4");
    let text = driver.text();
    assert!(text.contains("[4] Subjects 1, you user:dana"), "{text}");
    assert!(text.contains("what is bound to it") && !text.contains("nothing dangerous"), "{text}");
    driver.send(Event::Resize(120, 40));
    let text = driver.text();
    assert!(text.lines().next().is_some_and(|it| it.contains("you user:dana") && it.contains("4Subj")), "{text}");
    for line in ["\"can_get_pods", "\"can_me_get_pods", "\"can_user:dana_get_pods"] {
        let mut asking = without_rbac(None);
        told_rules(&mut asking, "shop");
        let text = asking.keys(&format!(": {line} Enter")).text();
        assert!(text.contains("user:dana: get pods"), "{line}: {text}");
    }
    driver.keys("Enter");
    let text = driver.text();
    assert!(text.contains("by SelfSubjectRulesReview"), "{text}");
    assert!(text.contains("pods: get"), "{text}");
}

/// The operator's rules in the namespace in view are asked for when they are looked at, once.
#[test]
fn own_rules_are_asked_for_once() {
    let mut driver = without_rbac(Some("web"));
    told_rules(&mut driver, "shop");
    driver.keys("4 Enter Esc Enter");
    let asked: Vec<_> = driver.effects.iter().filter(|it| matches!(it, Effect::Ask(_))).collect();
    assert_eq!(asked, [&Effect::Ask(Review::OwnRules("web".into()))]);
    assert!(!driver.text().contains("pods: get"), "another namespace's rules are not this one's");
    told_rules(&mut driver, "web");
    assert!(driver.text().contains("pods: get"), "{}", driver.text());
}

/// Of many who can, grants come onto the page when they are opened or searched for; a copy has all of them.
#[test]
fn of_a_long_list_the_grants_come_when_they_are_wanted() {
    let users: Vec<Value> =
        (0..1_500).map(|it| serde_json::json!({"kind": "User", "name": format!("u{it:04}")})).collect();
    let role = serde_json::json!({"kind": "ClusterRole", "name": "reader"});
    let rule = serde_json::json!({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]});
    let documents = [
        (Kind::CLUSTER_ROLE, serde_json::json!({"metadata": {"name": "reader"}, "rules": [rule]})),
        (
            Kind::CLUSTER_ROLE_BINDING,
            serde_json::json!({"metadata": {"name": "all"}, "roleRef": role, "subjects": users}),
        ),
    ];
    let mut cluster = Cluster::default();
    for (kind, json) in documents {
        let read = kinds::spec(kind).expect("a kind").read_json(&json.to_string(), "", &mut Intern::new());
        cluster.apply(read.delta().expect("an object"));
    }
    let mut driver = Driver::with(200, 20, Theme::default(), cluster, Origin::Files);
    driver.keys(": \"who-can_get_secrets Enter j");
    assert!(driver.text().contains(">  user:u0000 +1"), "{}", driver.text());
    driver.keys("Enter");
    let opened = driver.text();
    assert!(opened.contains(">  user:u0000 ") && !opened.contains("u0000 +1"), "{opened}");
    assert!(opened.contains("clusterrolebinding/all subjects[0]") && opened.contains("user:u0001 +1"), "{opened}");
    // A pod that comes makes nothing anew and closes nothing.
    let pod = r#"{"metadata":{"name":"p","namespace":"shop"},"spec":{"containers":[]}}"#;
    let pod = kinds::spec(Kind::POD).expect("a kind").read_json(pod, "", &mut Intern::new());
    driver.send(Event::Deltas(pod.delta().into_iter().collect()));
    assert!(driver.text().contains(">  user:u0000 ") && driver.text().contains("all subjects[0]"), "{}", driver.text());
    driver.keys("/ \"subjects[1207] Enter");
    let found = driver.text();
    assert!(found.contains("user:u1207") && found.contains("✓ clusterrolebinding/all subjects[1207]"), "{found}");
    assert!(found.contains("user:u1206 +1"), "{found}");
    driver.keys("h");
    assert!(driver.text().contains(">  user:u1207 +"), "{}", driver.text());
    driver.keys("C \"answer Enter");
    let copied = driver.effects.iter().rev().find_map(|it| if let Effect::Copy(text) = it { Some(text) } else { None });
    let copied = copied.expect("a copy");
    assert_eq!(copied.matches("rules[0]: get on secrets of core").count(), 1_500);
}

/// CONTRACT §4: an opened answer that only a mark leaves unknown is put to the server, once, and shown as its word.
#[test]
fn an_opened_answer_is_put_to_the_server_once() {
    let mut driver = Driver::with(100, 30, Theme::default(), Cluster::new(Coverage::Loading), Origin::Live);
    let node = r#"{"metadata":{"name":"n","labels":{"cloud.google.com/gke-nodepool":"a"}}}"#;
    let node = kinds::spec(Kind::NODE).expect("a kind").read_json(node, "", &mut Intern::new());
    driver.send(Event::Deltas(deltas().into_iter().chain(node.delta()).collect()));
    for kind in kinds::KINDS.iter().map(|it| it.kind) {
        covered(&mut driver, kind, Coverage::Live);
    }
    driver.keys(": \"can_user:abby_get_pods Enter");
    assert!(driver.text().contains("unknown  user:abby: get pods in default"), "{}", driver.text());
    driver.keys(": \"can_user:abby_get_pods Enter");
    let asked: Vec<Effect> = driver.effects.iter().filter(|it| matches!(it, Effect::Ask(_))).cloned().collect();
    let [Effect::Ask(review)] = asked.as_slice() else { panic!("{asked:?}") };
    let word =
        ServerVerdict { review: review.kind(), outcome: Outcome::Allow, reason: "by IAM".into(), error: "".into() };
    driver.send(Event::Told { review: review.clone(), reply: Reply::Word(word) });
    let text = driver.text();
    assert!(text.contains("allow  user:abby: get pods in default"), "{text}");
    assert!(
        text.contains("the server's word (SubjectAccessReview): allow:") && text.contains("IAM; no binding"),
        "{text}"
    );
    // What no binding grants is a mark: a service account, which no cloud grants to, is unknown now as well.
    driver.keys(": \"can_sa:shop/unused_delete_nodes Enter");
    assert!(driver.text().contains("unknown  sa:shop/unused"), "{}", driver.text());
    assert_eq!(driver.effects.iter().filter(|it| matches!(it, Effect::Ask(_))).count(), 2);
    driver.send(Event::Told {
        review: Review::Own,
        reply: Reply::Me(Me { user: "carol".into(), groups: vec!["dev".into()] }),
    });
    driver.keys(": \"whoami Enter");
    assert!(driver.text().contains("you are user:carol, in dev"), "{}", driver.text());
}

/// CONTRACT §6: the words stand in the status line; ages are coarse; idle changes no cell.
#[test]
fn freshness_is_said_in_words_and_an_idle_screen_does_not_change() {
    let at = |second: i64| jiff::Timestamp::from_second(second).expect("a time");
    let mut driver = Driver::with(80, 24, Theme::default(), Cluster::new(Coverage::Loading), Origin::Live);
    assert!(driver.text().contains("SYNC  connecting"), "{}", driver.text());
    covered(&mut driver, Kind::POD, Coverage::Loading);
    assert!(driver.text().contains("SYNC  pods"), "{}", driver.text());
    driver.send(Event::Deltas(deltas()));
    for kind in kinds::KINDS.iter().map(|it| it.kind) {
        covered(&mut driver, kind, Coverage::Live);
    }
    assert!(driver.text().contains("LIVE") && !driver.app.ages(), "{}", driver.text());
    let live = driver.buffer();
    driver.send(Event::Tick(at(5_000)));
    driver.send(Event::Deltas(deltas()));
    assert_eq!(driver.buffer(), live, "time and repeated events change nothing");
    covered(&mut driver, Kind::POD, Coverage::Stale { since: at(4_900), why: "connection refused".into() });
    assert!(driver.text().contains("STALE 1m40s · pods  connection refused"), "{}", driver.text());
    assert!(driver.app.ages());
    let stale = driver.buffer();
    driver.send(Event::Tick(at(5_010)));
    assert_eq!(driver.buffer(), stale, "the coarse age is the same");
}

/// However narrow it is and whatever is shown, what is stale says how old it is, and what that is, whole.
#[test]
fn stale_is_said_whole_in_every_view() {
    let at = |second: i64| jiff::Timestamp::from_second(second).expect("a time");
    let views = ["", "2", "5", "6", "x", "4 x", "4 Enter", "2 y", "2 r", ": \"map Enter", "?", "2 d"];
    for (size, keys) in [(60, 15), (80, 24), (120, 40)].into_iter().flat_map(|it| views.map(|keys| (it, keys))) {
        let setup = Setup { title: "a-context-with-a-long-name.example.com".into(), ..Setup::default() };
        let mut driver = Driver::among(PEOPLE, setup, shop(), size);
        for kind in kinds::KINDS.iter().map(|it| it.kind) {
            covered(&mut driver, kind, Coverage::Stale { since: at(4_920), why: "connection refused".into() });
        }
        driver.send(Event::Tick(at(5_000)));
        driver.keys(keys);
        let text = driver.text();
        assert!(
            text.starts_with(' ') && text.contains("RO  STALE 1m20s · API unreachable"),
            "{size:?} {keys}:\n{text}"
        );
    }
}

/// The selection holds the object: rows that come and go around it do not move it.
#[test]
fn the_selection_holds_the_object_and_never_the_row() {
    let mut driver = Driver::new(80, 24);
    driver.keys("2 / \"web Enter j");
    let selected = |driver: &mut Driver| {
        let text = driver.text();
        text.lines().find(|it| it.contains("│>")).map(|it| it.chars().take(20).collect::<String>())
    };
    let before = selected(&mut driver);
    driver.send(Event::Deltas(vec![Delta::Gone(ObjectId::new(Kind::POD, "payments", "ledger-0"))]));
    assert_eq!(selected(&mut driver), before);
    driver.keys("Esc I");
    assert_eq!(selected(&mut driver), before, "sorted the other way");
}

#[test]
fn a_filter_that_takes_the_selection_away_selects_the_best_match() {
    let mut driver = Driver::new(80, 24);
    driver.keys("2 G / \"db");
    assert!(driver.text().contains(">shop/db-0"), "{}", driver.text());
    driver.keys("Enter t t");
    assert!(driver.text().contains("press t on another row"), "{}", driver.text());
}

/// The verdict on the screen is answered anew when the cluster changes.
#[test]
fn an_open_verdict_follows_the_cluster() {
    let mut driver = Driver::new(120, 40);
    driver.keys(": \"trace_shop/web-0_shop/db-0:5432 Enter");
    assert!(driver.text().contains("allow"), "{}", driver.text());
    driver.send(Event::Deltas(vec![Delta::Gone(ObjectId::new(Kind::NETWORK_POLICY, "shop", "allow-web"))]));
    assert!(!driver.text().contains("allow-web"), "{}", driver.text());
    driver.keys("p");
    driver.send(Event::Deltas(vec![Delta::Gone(ObjectId::new(Kind::POD, "shop", "db-0"))]));
    assert!(driver.text().contains("FROZEN") && driver.text().contains("db-0"), "{}", driver.text());
    driver.keys("p 2");
    assert!(!driver.text().contains("FROZEN"));
}

#[test]
fn keys_ask_for_what_only_the_loop_can_do() {
    let asked = |keys: &str| {
        let mut driver = Driver::new(80, 24);
        driver.keys(keys).effects.clone()
    };
    assert_eq!(asked("Q"), [Effect::Quit]);
    assert_eq!(asked("ctrl-c"), [Effect::Quit]);
    assert_eq!(asked("/ Q"), [], "a letter in a text field");
    assert_eq!(asked("Esc Esc Esc"), [], "Esc never quits");
    assert_eq!(asked("1 q"), [Effect::Quit]);
    assert_eq!(asked("ctrl-z"), [Effect::Suspend]);
    assert_eq!(asked("ctrl-l"), [Effect::Redraw]);
    assert_eq!(asked("2 c"), [Effect::Copy("ledger-0".into())]);
    assert_eq!(asked("2 space space c"), [Effect::Copy("ledger-0\ndb-0".into())]);
    assert_eq!(asked("R"), [], "files are read once");
    assert!(
        matches!(asked("ctrl-s").as_slice(), [Effect::Dump { text, svg }] if text.contains("[1] Namespaces") && svg.starts_with("<svg"))
    );
}

#[test]
fn pasted_text_never_runs() {
    let mut driver = Driver::new(80, 24);
    driver.send(Event::Paste("Q\nq".into()));
    assert!(driver.effects.is_empty());
    driver.keys("2 /");
    driver.send(Event::Paste("web\n".into()));
    assert!(driver.text().contains("2/7"), "{}", driver.text());
}

/// Every command that help offers can be run there, and says why when it cannot.
#[test]
fn every_command_runs_or_says_why_not() {
    for command in COMMANDS {
        for keys in ["1", "2", "3", "4", "2 d", "2 y", "x", "4 x", "4 Enter", ": \"who-can_get_pods Enter j"] {
            let mut driver = Driver::new(100, 30);
            driver.keys(keys).keys(command.keys[0]);
            driver.text();
        }
    }
}

#[test]
fn the_page_of_keys_is_current() {
    crate::docs::assert_current("docs/keys.md", "keys", &tui::command::document());
}

/// What may be pressed in a storm of keys.
fn pressed() -> impl Strategy<Value = String> {
    let keys: Vec<String> = COMMANDS
        .iter()
        .flat_map(|it| it.keys.iter().map(|key| (*key).to_owned()))
        .chain(
            [
                "a",
                "b",
                "s",
                "=",
                "Backspace",
                "\"web",
                "\"-l_app",
                "\"trace_shop/web-0_1.2.3.4:80",
                "\"who-can_get_secrets",
                "\"group:store",
            ]
            .map(Into::into),
        )
        .collect();
    prop::sample::select(keys)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// No key, no size and no change of the cluster makes it panic, or draws outside the screen.
    #[test]
    fn storms_of_keys_and_sizes_end_well(
        steps in prop::collection::vec((pressed(), 1..220u16, 1..70u16, 0..24usize), 1..40)
    ) {
        let mut driver = Driver::new(80, 24);
        let documents: Vec<(ObjectId, &str)> = documents().collect();
        for (keys, width, height, which) in steps {
            driver.keys(&keys);
            if width % 5 == 0 {
                driver.send(Event::Resize(width, height));
            }
            if let Some((id, _)) = documents.get(which).filter(|_| height % 3 == 0) {
                driver.send(Event::Deltas(vec![Delta::Gone(id.clone())]));
            }
            if height % 7 == 0 {
                driver.send(Event::Deltas(deltas()));
            }
            driver.buffer();
        }
    }
}
