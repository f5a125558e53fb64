//! Whether a request was sent to this machine by one of its own names.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::uri::Authority;

/// Whether a `Host` is a name or a loopback address of this machine. A page elsewhere can have its own name point here (DNS
/// rebinding): then it is that name.
pub(crate) fn is_here(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host().to_ascii_lowercase();
    let inner = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback())
        || inner.is_some_and(|ip| ip.parse().is_ok_and(|ip: Ipv6Addr| ip.is_loopback()))
}
