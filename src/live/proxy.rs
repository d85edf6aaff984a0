//! Which proxy stands between us and the API server, by client-go's rules.
//!
//! A cluster's `proxy-url` holds as it is. Else the environment decides (`HTTPS_PROXY`, `HTTP_PROXY`), unless
//! `NO_PROXY` names **the API server** (kube-rs compares it with the proxy itself).
//! Source: <https://pkg.go.dev/golang.org/x/net/http/httpproxy>.

use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

use super::address::{self, Address};
use super::fault::{LiveFault, LiveFaultClass};

/// The proxy for this server: the cluster's own, or what `variable` (a look-up in the environment) says.
///
/// # Errors
/// The proxy's address is no address.
pub fn proxy_for(
    server: &Uri,
    own: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Address>, LiveFault> {
    if let Some(own) = own.filter(|it| !it.is_empty()) {
        return parse(own).map(Some);
    }
    let either = |upper: &str| {
        variable(upper)
            .filter(|it| !it.is_empty())
            .or_else(|| variable(&upper.to_lowercase()))
            .filter(|it| !it.is_empty())
    };
    let named = if server.scheme_str() == Some("http") { either("HTTP_PROXY") } else { either("HTTPS_PROXY") };
    let Some(named) = named else { return Ok(None) };
    if is_excepted(server, &either("NO_PROXY").unwrap_or_default()) {
        return Ok(None);
    }
    parse(&named).map(Some)
}

/// Reads a proxy's address; without a scheme it is `http`.
fn parse(text: &str) -> Result<Address, LiveFault> {
    let no_address = || format!("not the address of a proxy: {:?}", address::shown(text));
    Address::read(text, "http").ok_or_else(|| LiveFault::new(LiveFaultClass::Config, &no_address()))
}

/// Whether `NO_PROXY` (or being local) keeps requests to this server from the proxy.
fn is_excepted(server: &Uri, exceptions: &str) -> bool {
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']).trim_end_matches('.').to_lowercase();
    let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 });
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|it| it.is_loopback()) {
        return true;
    }
    exceptions.split(',').map(|it| it.trim().to_lowercase()).any(|it| excepts(&it, &host, address, port))
}

/// Whether one entry of `NO_PROXY` names this host; an entry that cannot be read names none.
fn excepts(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let Ok(block) = entry.parse::<IpNet>() {
        return address.is_some_and(|it| block.contains(&it));
    }
    if let Ok(single) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
        return address == Some(single);
    }
    let (name, wanted) = match entry.rsplit_once(':') {
        Some((name, digits)) if digits.bytes().all(|it| it.is_ascii_digit()) => (name, digits.parse().ok()),
        _ => (entry, None),
    };
    if wanted.is_some_and(|it: u16| it != port) || name.is_empty() {
        return false;
    }
    let name = name.trim_matches(['[', ']']).strip_prefix('*').unwrap_or(name);
    match name.strip_prefix('.') {
        // A leading period means subdomains alone; without it the host itself is meant too.
        Some(_) => host.ends_with(name),
        None => host == name || host.strip_suffix(name).is_some_and(|it| it.ends_with('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(server: &str, own: Option<&str>, environment: &[(&str, &str)]) -> Option<String> {
        let look = |name: &str| environment.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned());
        let server: Uri = server.parse().expect("a server");
        proxy_for(&server, own, look).expect("a readable proxy").map(|it| it.uri.to_string())
    }

    /// The two rows that kube-rs answers wrongly, and their neighbors.
    #[test]
    fn no_proxy_speaks_of_the_api_server() {
        let (https, server) = (("HTTPS_PROXY", "http://proxy.corp:3128"), "https://10.0.0.5:6443");
        let through = Some("http://proxy.corp:3128/".to_owned());
        assert_eq!(proxy(server, None, &[https, ("NO_PROXY", "10.0.0.5")]), None);
        assert_eq!(proxy(server, None, &[https, ("NO_PROXY", "proxy.corp:3128")]), through);
        assert_eq!(proxy(server, None, &[https, ("no_proxy", "10.0.0.0/8")]), None);
        assert_eq!(proxy(server, None, &[https, ("NO_PROXY", "a, ,*")]), None);
        assert_eq!(proxy(server, None, &[("https_proxy", "proxy.corp:3128")]), through);
        assert_eq!(proxy(server, None, &[("HTTP_PROXY", "http://proxy.corp:3128")]), None);
        assert_eq!(proxy("https://localhost:6443", None, &[https]), None);
        assert_eq!(proxy("https://[::1]:6443", None, &[https]), None);
    }

    #[test]
    fn names_match_with_their_subdomains_and_ports() {
        let cases = [
            ("corp.example", true),
            (".corp.example", true),
            ("*.corp.example", true),
            ("api.corp.example:6443", true),
            ("api.corp.example:443", false),
            (".api.corp.example", false),
            ("rp.example", false),
        ];
        for (entry, excepted) in cases {
            let server: Uri = "https://api.corp.example:6443".parse().expect("a server");
            assert_eq!(is_excepted(&server, entry), excepted, "{entry}");
        }
    }

    #[test]
    fn a_cluster_s_own_proxy_is_never_filtered() {
        let own = Some("socks5://127.0.0.1:1080");
        let environment = [("NO_PROXY", "*")];
        assert_eq!(proxy("https://10.0.0.5", own, &environment).as_deref(), Some("socks5://127.0.0.1:1080/"));
        let server: Uri = "https://10.0.0.5".parse().expect("a server");
        assert!(proxy_for(&server, Some("http://[::"), |_| None).is_err());
        let fault = proxy_for(&server, Some("http://ana:sesame@[::"), |_| None).expect_err("no address");
        assert!(!fault.to_string().contains("sesame"), "{fault}");
    }
}
