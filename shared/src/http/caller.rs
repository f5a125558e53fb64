//! Who calls, as far as the gateway knows.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::arrival::Arrival;
use crate::domain::characters::is_bidi_control;

/// The most characters of a user agent that are kept.
const USER_AGENT: usize = 512;

/// The caller of a request: its address from the gateway's request context alone, or from the edge's header where an
/// edge has proven itself ([`super::edge`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whom limits count: an IPv4 address, or the /64 of an IPv6 address. Callers without an address share one.
    pub subject: String,
    /// The /48 of an IPv6 address, which limits count too, with a larger allowance: it is what one customer of a provider has at
    /// the most.
    pub site: Option<String>,
    /// The address itself, to be shown in activity and sessions; `unknown` where there is none.
    pub ip: String,
    /// What the client calls itself, at most 512 characters, none of which control anything or change the direction of
    /// writing; empty where it says nothing.
    pub user_agent: String,
    pub request_id: String,
    /// The header `Accept-Language`.
    pub accept_language: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let arrival = parts
            .extensions
            .get::<Arrival>()
            .cloned()
            .unwrap_or_default();
        let header = |name| {
            let value = parts.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let user_agent = arrival.user_agent.or_else(|| header(header::USER_AGENT));
        let unknown = || "unknown".to_owned();
        Ok(Self {
            subject: arrival.source_ip.map_or_else(unknown, subject),
            site: arrival.source_ip.and_then(site),
            ip: arrival
                .source_ip
                .map_or_else(unknown, |ip| ip.to_canonical().to_string()),
            user_agent: shown(&user_agent.unwrap_or_default()),
            request_id: arrival.request_id,
            accept_language: header(header::ACCEPT_LANGUAGE),
        })
    }
}

/// A user agent as it is kept: people see it among other words in their activity and sessions.
fn shown(user_agent: &str) -> String {
    user_agent
        .chars()
        .filter(|c| !c.is_control() && !is_bidi_control(*c))
        .take(USER_AGENT)
        .collect()
}

/// Whom limits count: one household or host has at least a /64 of IPv6 to itself.
fn subject(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => network(ip, 64),
    }
}

/// The network that a provider gives to one customer at the most (RFC 6177).
fn site(ip: IpAddr) -> Option<String> {
    match ip.to_canonical() {
        IpAddr::V4(_) => None,
        IpAddr::V6(ip) => Some(network(ip, 48)),
    }
}

fn network(ip: Ipv6Addr, bits: u32) -> String {
    let network = Ipv6Addr::from_bits(ip.to_bits() & !(u128::MAX >> bits));
    format!("{network}/{bits}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn a_user_agent_reads_in_one_direction() {
        let agent = "app/1\u{202E}exe.\u{2066}png\u{200F}\u{1b}[31m é\r\n";
        assert_eq!(shown(agent), "app/1exe.png[31m é");
        assert_eq!(shown(&"a".repeat(600)).len(), USER_AGENT);
    }

    #[rstest]
    #[case("203.0.113.7", "203.0.113.7")]
    #[case("::ffff:203.0.113.7", "203.0.113.7")]
    #[case("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    #[case("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64")]
    #[case("2001:db8:1:3::1", "2001:db8:1:3::/64")]
    #[case("::1", "::/64")]
    fn limits_count_networks(#[case] ip: IpAddr, #[case] counted: &str) {
        assert_eq!(subject(ip), counted);
    }

    #[rstest]
    #[case("203.0.113.7", None)]
    #[case("::ffff:203.0.113.7", None)]
    #[case("2001:db8:1:2:3:4:5:6", Some("2001:db8:1::/48"))]
    #[case("2001:db8:1:ffff::1", Some("2001:db8:1::/48"))]
    #[case("2001:db8:2:2::1", Some("2001:db8:2::/48"))]
    fn limits_count_sites(#[case] ip: IpAddr, #[case] counted: Option<&str>) {
        assert_eq!(site(ip).as_deref(), counted);
    }
}
