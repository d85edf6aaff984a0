//! The hosts that a text names: in addresses, in lists, alone, in the files that ConfigMaps hold.
//!
//! ```text
//! cart                                  alone            db,cache:6379            in a list
//! http://user:word@cart:7070/x?y=z      cart, 7070       jdbc:mysql://a,b:3306/   a; b, 3306
//! --cart=cart.shop.svc:80               in an option     nc -z db 5432            db, 5432
//! {"url": "http://cart"}                in JSON, YAML, properties, nginx's own form
//! ```
//!
//! What stands before an `@` in an address, its path and what follows `?` are never given away: a mention is a host and
//! a port. A word of a sentence is no host: only a whole value, a member of a list, or what follows a word that wants
//! a host is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kinds;

/// How a host was written, which tells how surely it is one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HostForm {
    /// In an address: `http://cart`.
    Url,
    /// With a port: `cart:7070`.
    Port,
    /// With dots: `cart.shop`.
    Dotted,
    /// A value of its own, or a member of a list.
    Alone,
}

/// A host that a text names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Mention {
    /// As it is written; of addresses in lower case.
    pub host: String,
    pub port: Option<u16>,
    pub form: HostForm,
    /// The hosts that were written with it, parted by spaces: each is one only if all are.
    pub beside: Vec<String>,
}

impl Mention {
    fn new(host: &str, port: Option<u16>, form: HostForm) -> Self {
        Self { host: host.to_owned(), port, form, beside: Vec::new() }
    }
}

/// `cart`, or `cart:7070`.
impl std::fmt::Display for Mention {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.host)?;
        self.port.map_or(Ok(()), |it| write!(out, ":{it}"))
    }
}

/// How deep JSON in JSON is followed.
const DEPTH: u8 = 6;
/// How much of a text is read; a ConfigMap has a MiB.
const LENGTH: usize = 1 << 20;

/// All hosts that a text names, each once.
pub fn mentions(text: &str) -> BTreeSet<Mention> {
    let mut found = BTreeSet::new();
    let end = (0..=LENGTH.min(text.len())).rev().find(|it| text.is_char_boundary(*it)).unwrap_or(0);
    value(&text[..end], DEPTH, &mut found);
    found
}

/// What stands where a value is expected.
fn value(text: &str, depth: u8, found: &mut BTreeSet<Mention>) {
    let text = unquoted(text);
    if text.is_empty() || depth == 0 {
        return;
    }
    if text.starts_with(['{', '['])
        && let Ok(json) = serde_json::from_str::<Value>(text)
    {
        return parsed(&json, depth, found);
    }
    if text.contains('\n') {
        return document(text, depth, found);
    }
    let rest = addresses(text, found);
    words(&rest, found);
    // An address says all that it has to say.
    if !text.contains("://") {
        alone(text, depth, found);
    }
}

/// Without the quotes around it, and spaces.
fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inside = ['"', '\'', '`'].into_iter().find_map(|it| text.strip_prefix(it)?.strip_suffix(it));
    inside.unwrap_or(text).trim()
}

/// Every text in parsed JSON or YAML; keys are no values.
fn parsed(json: &Value, depth: u8, found: &mut BTreeSet<Mention>) {
    match json {
        Value::String(text) => value(text, depth - 1, found),
        Value::Array(items) => items.iter().for_each(|it| parsed(it, depth, found)),
        Value::Object(members) => {
            members.values().for_each(|it| parsed(it, depth, found));
            host_and_port(members, found);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `host: db` and `port: 5432` side by side are one end.
fn host_and_port(members: &serde_json::Map<String, Value>, found: &mut BTreeSet<Mention>) {
    let of = |names: &[&str]| members.iter().find(|(key, _)| names.contains(&key.to_ascii_lowercase().as_str()));
    let host = of(&["host", "hostname", "server", "address"]).and_then(|it| it.1.as_str());
    let port = of(&["port"]).and_then(|it| match it.1 {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64().and_then(|it| u16::try_from(it).ok()),
    });
    if let (Some(host), Some(port)) = (host.filter(|it| is_host(it)), port) {
        found.remove(&Mention::new(host, None, form_of(host)));
        found.insert(Mention::new(host, Some(port), HostForm::Port));
    }
}

fn form_of(host: &str) -> HostForm {
    if host.contains('.') { HostForm::Dotted } else { HostForm::Alone }
}

/// A file: YAML where it is that, else line by line.
fn document(text: &str, depth: u8, found: &mut BTreeSet<Mention>) {
    if let Ok(yaml @ (Value::Object(_) | Value::Array(_))) = kinds::parse_yaml::<Value>(text) {
        return parsed(&yaml, depth, found);
    }
    text.lines().for_each(|it| line(it.trim(), depth, found));
}

/// A line of a file that is no YAML: `db.host=db`, `server cart:80;`, `<host>db</host>`, a command.
fn line(text: &str, depth: u8, found: &mut BTreeSet<Mention>) {
    if text.is_empty() || ["#", "//", ";", "!", "--", "/*", "*"].iter().any(|it| text.starts_with(it)) {
        return;
    }
    let rest = addresses(text, found);
    words(&rest, found);
    if let Some((_, assigned)) = text.split_once(['=', ':']).filter(|(key, _)| is_key(key)) {
        short(assigned.trim().trim_end_matches([';', ',']), depth, found);
    }
    // nginx: a directive and its one value.
    if let Some((_, directed)) = text.strip_suffix(';').and_then(|it| it.split_once(char::is_whitespace)) {
        short(directed, depth, found);
    }
    quoted(text).for_each(|it| short(it, depth, found));
    between_tags(text).for_each(|it| short(it, depth, found));
    command(&rest, found);
}

/// A value on one line, of which nothing but a name, an address or a list is taken.
fn short(text: &str, depth: u8, found: &mut BTreeSet<Mention>) {
    let text = unquoted(text);
    if !text.contains("://") && !text.contains(char::is_whitespace) {
        alone(text, depth, found);
    }
}

fn is_key(text: &str) -> bool {
    let text = text.trim().trim_matches('"');
    !text.is_empty() && text.chars().all(|it| it.is_ascii_alphanumeric() || "._-/".contains(it))
}

/// What stands in quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let inside = |quote: char| text.split(quote).skip(1).step_by(2);
    inside('"').chain(inside('\''))
}

/// `db` of `<host>db</host>`.
fn between_tags(text: &str) -> impl Iterator<Item = &str> {
    text.split('>').skip(1).filter_map(|it| it.split_once("</").map(|it| it.0))
}

/// Takes the addresses out of a text and gives what is left.
fn addresses(text: &str, found: &mut BTreeSet<Mention>) -> String {
    let (mut rest, mut left) = (text, String::with_capacity(text.len()));
    while let Some(at) = rest.find("://") {
        let before = rest[..at].trim_end_matches(|it: char| it.is_ascii_alphanumeric() || "+.-:".contains(it));
        let is_http = rest[before.len()..at].starts_with("http");
        left.push_str(before);
        left.push(' ');
        let behind = &rest[at + 3..];
        let end = behind.find(|it: char| it.is_whitespace() || "\"'<>`|".contains(it)).unwrap_or(behind.len());
        let end = behind[..end].find(",http").map_or(end, |it| it.min(end));
        authority(&behind[..end], is_http, found);
        rest = &behind[end..];
    }
    left.push_str(rest);
    left
}

/// The hosts of an address behind its `://`: several where drivers take lists.
fn authority(text: &str, is_http: bool, found: &mut BTreeSet<Mention>) {
    // What stands behind `?` may hold words that nobody is to see, and an `@` of their own.
    let cut = text.split(['?', '#']).next().unwrap_or_default();
    // Passwords that nobody escaped hold what ends an address elsewhere.
    let is_cut_password = !is_http && !cut.contains('@') && cut.contains(':') && text.contains('@');
    let text = if is_cut_password { text } else { cut };
    let behind_user = match is_http {
        // A path may hold an `@`, a host does not.
        true => text.split('/').next().unwrap_or_default(),
        false => text,
    };
    let behind_user = behind_user.rsplit_once('@').map_or(behind_user, |it| it.1);
    let hosts = behind_user.split(['/', ';', ')', '(', '\\', '$', '{', '}']).find(|it| !it.is_empty() && *it != "tcp");
    for host in hosts.unwrap_or_default().split(',') {
        found.extend(with_port(host).map(|(host, port)| Mention::new(&host, port, HostForm::Url)));
    }
}

/// `cart:7070`, `cart`; `None`: no host.
fn with_port(text: &str) -> Option<(String, Option<u16>)> {
    let mut parts = text.splitn(3, ':');
    let host = parts.next()?;
    let port = match parts.next() {
        Some(it) => Some(it.parse().ok().filter(|it| *it != 0)?),
        None => None,
    };
    is_host(host).then(|| (host.trim_end_matches('.').to_ascii_lowercase(), port))
}

/// What is written with a port, or with dots, anywhere in a text without addresses.
fn words(text: &str, found: &mut BTreeSet<Mention>) {
    let is_part = |it: char| it.is_ascii_alphanumeric() || "._:-@".contains(it);
    let mut start = None;
    for (at, it) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, is_part(it)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                start = None;
                let (before, behind) = (&text[..from], &text[at..]);
                // `registry/redis:6` is an image, `/etc/app.conf` a path.
                let is_path = before.ends_with('/') && !before.ends_with("//");
                let is_call = behind.starts_with('(') && !text[from..at].contains(':');
                if !is_path && !is_call {
                    word(&text[from..at], found);
                }
            }
            _ => {}
        }
    }
}

fn word(text: &str, found: &mut BTreeSet<Mention>) {
    let text = text.rsplit_once('@').map_or(text, |it| it.1).trim_end_matches(['.', ':']);
    match with_port(text) {
        Some((host, Some(port))) => drop(found.insert(Mention::new(&host, Some(port), HostForm::Port))),
        Some((host, None)) if host.contains('.') => drop(found.insert(Mention::new(&host, None, HostForm::Dotted))),
        _ => {}
    }
}

/// A value that is a name, a list of names, or an option with one.
fn alone(text: &str, depth: u8, found: &mut BTreeSet<Mention>) {
    if depth == 0 {
        return;
    }
    if is_host(text) && !text.contains('.') {
        found.insert(Mention::new(text, None, HostForm::Alone));
        return;
    }
    if text.contains([',', ';']) && !text.contains(char::is_whitespace) || text.contains(", ") {
        return text.split([',', ';']).for_each(|it| alone(unquoted(it), depth - 1, found));
    }
    if text.contains(char::is_whitespace) {
        return command(text, found);
    }
    if let Some((key, assigned)) = text.split_once('=').filter(|(key, _)| is_key(key)) {
        let is_option = !key.is_empty();
        if is_option {
            alone(unquoted(assigned), depth - 1, found);
        }
    }
}

/// Options behind which a host stands.
const WANT_A_HOST: &[&str] = &[
    "-h",
    "-H",
    "--host",
    "-host",
    "--hostname",
    "--server",
    "-server",
    "--addr",
    "--address",
    "--endpoint",
    "--url",
    "replicaof",
    "slaveof",
    "server",
    "proxy_pass",
];

/// Programs whose first argument is a host.
const TAKE_A_HOST: &[&str] =
    &["nc", "ncat", "telnet", "curl", "wget", "ping", "nslookup", "dig", "host", "getent", "hosts", "pg_isready"];

/// A command line, or words parted by spaces: hosts are what follows a word that wants one, or stands before a port.
fn command(text: &str, found: &mut BTreeSet<Mention>) {
    let tokens: Vec<&str> =
        text.split(|it: char| it.is_whitespace() || ";|&()`\"'".contains(it)).filter(|it| !it.is_empty()).collect();
    let port_at = |at: usize| tokens.get(at).and_then(|it| it.parse::<u16>().ok()).filter(|it| *it != 0);
    let mut takes_a_host = false;
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |it| tokens[it]);
        let is_named = is_host(token) && !token.contains('.') && token.parse::<f64>().is_err();
        let wants = WANT_A_HOST.contains(&before) || takes_a_host || port_at(at + 1).is_some();
        if is_named && wants {
            found.insert(Mention::new(token, port_at(at + 1), HostForm::Alone));
        }
        if let Some((_, assigned)) = token.split_once('=').filter(|(key, _)| is_key(key)) {
            alone(unquoted(assigned), 1, found);
        }
        takes_a_host = TAKE_A_HOST.contains(token) || takes_a_host && token.starts_with('-');
    }
    together(&tokens, found);
}

/// Nothing but names, parted by spaces.
fn together(tokens: &[&str], found: &mut BTreeSet<Mention>) {
    if tokens.len() < 2 || !tokens.iter().all(|it| is_host(it)) {
        return;
    }
    let beside: Vec<String> = tokens.iter().map(|it| (*it).to_owned()).collect();
    found.extend(tokens.iter().map(|it| Mention { beside: beside.clone(), ..Mention::new(it, None, HostForm::Alone) }));
}

/// Whether a host can be called so: labels of letters, digits and dashes.
pub fn is_host(text: &str) -> bool {
    let is_label = |it: &str| {
        let fits = it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_');
        (1..=63).contains(&it.len()) && fits && !it.starts_with('-') && !it.ends_with('-')
    };
    let text = text.strip_suffix('.').unwrap_or(text);
    !text.is_empty() && text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let told = |it: Mention| {
            let beside = if it.beside.is_empty() { String::new() } else { format!(" of {}", it.beside.len()) };
            format!("{it} {:?}{beside}", it.form)
        };
        mentions(text).into_iter().map(told).collect()
    }

    #[test]
    fn values_are_hosts_alone_in_lists_and_in_addresses() {
        for (text, hosts) in [
            ("cart", vec!["cart Alone"]),
            (" \"cart\" ", vec!["cart Alone"]),
            ("cart:7070", vec!["cart:7070 Port"]),
            ("db,cache:6379", vec!["cache:6379 Port", "db Alone"]),
            ("db; cache", vec!["cache Alone of 2", "db Alone of 2"]),
            ("a b", vec!["a Alone of 2", "b Alone of 2"]),
            ("http://Cart:7070/x?y=z:1#f", vec!["cart:7070 Url"]),
            ("http://cart.shop.svc.cluster.local.", vec!["cart.shop.svc.cluster.local Url"]),
            ("http://a,http://b:2/", vec!["a Url", "b:2 Url"]),
            ("postgres://me:pa:ss@db:5432/x?password=host:1", vec!["db:5432 Url"]),
            ("redis://:pa/ss@redis:6379/0", vec!["redis:6379 Url"]),
            ("redis://:pa#ss?x@redis:6379/0", vec!["redis:6379 Url"]),
            ("http://cart:80/@scope/x", vec!["cart:80 Url"]),
            ("mongodb://u:p@a:1,b:2/db", vec!["a:1 Url", "b:2 Url"]),
            ("jdbc:postgresql://db:5432/x", vec!["db:5432 Url"]),
            ("user:word@tcp(db:3306)/name", vec!["db:3306 Port"]),
            ("--cart=cart.shop:80", vec!["cart.shop:80 Port"]),
            ("--to=http://svc:80/", vec!["svc:80 Url"]),
            ("--db=db", vec!["db Alone"]),
            ("-Ddb.host=db", vec!["db Alone"]),
            ("registry.io/shop/redis:6", vec!["registry.io Dotted"]),
            ("/etc/app.conf", vec![]),
            ("it is the cart of the shop!", vec![]),
            ("12", vec!["12 Alone"]),
            ("", vec![]),
        ] {
            assert_eq!(said(text), hosts, "{text}");
        }
    }

    #[test]
    fn commands_name_hosts_where_a_word_wants_one() {
        for (text, hosts) in [
            ("until nc -z db 5432; do true; done", vec!["db:5432 Alone"]),
            ("mysql -h db -u root web", vec!["db Alone"]),
            ("wget -q -O- cart/x || echo web failed", vec![]),
            ("wget -q cart && echo web", vec!["cart Alone"]),
            ("nslookup -x db.shop.svc", vec!["db.shop.svc Dotted"]),
            ("echo starting web", vec!["echo Alone of 3", "starting Alone of 3", "web Alone of 3"]),
            ("curl http://cart:80/x; sleep 5", vec!["cart:80 Url"]),
        ] {
            assert_eq!(said(text), hosts, "{text}");
        }
    }

    #[test]
    fn files_are_read_by_their_form() {
        for (text, hosts) in [
            (r#"{"db":{"host":"db","port":5432},"url":"http://cart"}"#, vec!["cart Url", "db:5432 Port"]),
            ("db:\n  host: db\n  note: \"see (the web)!\"\n", vec!["db Alone"]),
            ("# web\ndb.host=db\ncache.url = redis://cache:6379\n", vec!["cache:6379 Url", "db Alone"]),
            ("upstream x {\n  server cart:8080;\n  proxy_pass http://web;\n}", vec!["cart:8080 Port", "web Url"]),
            ("<a>\n<host>db</host>\n</a>\n<!-- web -->", vec!["db Alone"]),
            ("[x]\nhosts = \"a,b:2\"\n\n{", vec!["a Alone", "b:2 Port"]),
            ("sentinel\nreplicaof redis-master 6379\n}", vec!["redis-master:6379 Alone"]),
        ] {
            // Keys with dots look like names, too: whoever resolves them finds none.
            let said = said(text);
            hosts.iter().for_each(|it| assert!(said.iter().any(|other| other == it), "{text}: {said:?}"));
        }
    }

    /// CONTRACT §9: what is secret in an address is no part of a mention.
    #[test]
    fn nothing_of_a_password_is_a_mention() {
        for text in [
            "postgres://user:hunter2@db:5432/x",
            "https://user:hunter2@db/?token=hunter2&password=hunter2:80",
            "http://db/?password=http://hunter2",
            "amqp://hunter2:hunter2@db",
            "url=redis://:hunter2@db:6379",
            "jdbc:mysql://db:3306/x?user=a&password=hunter2",
            "redis://:hunter2/x@db:1",
        ] {
            let said = format!("{:?}", mentions(text));
            assert!(!said.contains("hunter2") && said.contains("\"db\""), "{text}: {said}");
        }
    }
}
