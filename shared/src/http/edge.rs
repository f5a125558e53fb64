//! The edge in front of the API, where there is one (docs/adr/0010-edge.md).
//!
//! A CDN makes `sourceIp` its own address. It sends a secret along; beside that secret, and never without it,
//! `CloudFront-Viewer-Address` says who calls.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::HeaderMap;
use secrecy::ExposeSecret as _;

use super::arrival::Arrival;
use crate::cloud::Setup;
use crate::config::{self, EdgeSecrets, Reader};
use crate::keyring::{FromSettings, Reloading, equal};
use crate::{Error, Result};

/// The header in which the edge proves itself.
const SECRET: &str = "x-origin-secret";
/// The header in which CloudFront says who calls.
const VIEWER: &str = "cloudfront-viewer-address";

impl FromSettings for EdgeSecrets {
    fn read(reader: &mut Reader) -> Self {
        Self::read(reader)
    }
}

/// The edge, as the layer knows it.
pub(super) struct Edge {
    secrets: Reloading<EdgeSecrets>,
    required: bool,
}

impl Edge {
    /// The edge of the settings; it follows the secret's changes. `None` where there is none.
    pub(super) fn open(edge: &config::Edge, setup: &Setup) -> Option<Self> {
        let (secrets, required) = match edge {
            config::Edge::Off => return None,
            config::Edge::Optional(secrets) => (secrets, false),
            config::Edge::Required(secrets) => (secrets, true),
        };
        Some(Self {
            secrets: Reloading::following(secrets.clone(), setup),
            required,
        })
    }

    /// Whether the caller is the edge. A secret that is not known may be a new one, so the document is asked, at most
    /// once a minute.
    async fn knows(&self, headers: &HeaderMap) -> bool {
        let Some(shown) = headers.get(SECRET) else {
            return false;
        };
        let shown = shown.as_bytes();
        if self.secrets.snapshot().hold(shown) {
            return true;
        }
        self.secrets.wait_for_newer().await && self.secrets.snapshot().hold(shown)
    }
}

impl EdgeSecrets {
    /// Whether this is one of them, in a time that does not tell how much of it is right, nor of which.
    fn hold(&self, shown: &[u8]) -> bool {
        let matches = |secret: &secrecy::SecretString| {
            usize::from(equal(secret.expose_secret().as_bytes(), shown))
        };
        self.0.iter().map(matches).sum::<usize>() > 0
    }
}

/// Lets a request in: through the edge with the viewer's address, past it where that is allowed. What only an edge may
/// say is taken off, so that nothing behind this believes it.
///
/// # Errors
/// [`Error::PastTheEdge`].
pub(super) async fn admit(edge: Option<&Edge>, request: &mut Request) -> Result<()> {
    let headers = request.headers_mut();
    let outcome = match edge {
        None => Ok(()),
        Some(edge) if edge.knows(headers).await => {
            let viewer = headers.get(VIEWER);
            let address = viewer.and_then(|value| address(value.to_str().ok()?));
            if let Some(arrival) = request.extensions_mut().get_mut::<Arrival>() {
                // Without one the callers share a limit; the edge's own address would be believed to be theirs.
                arrival.source_ip = address;
            }
            Ok(())
        }
        Some(edge) if edge.required => Err(Error::PastTheEdge),
        Some(_) => Ok(()),
    };
    let headers = request.headers_mut();
    headers.remove(SECRET);
    headers.remove(VIEWER);
    outcome
}

/// The address of `ip:port`; CloudFront writes IPv6 without brackets, and an intermediary may add them.
fn address(text: &str) -> Option<IpAddr> {
    let (ip, port) = text.rsplit_once(':')?;
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    if !digits || port.parse::<u16>().is_err() {
        return None;
    }
    match ip.strip_prefix('[') {
        Some(ip) => Some(IpAddr::V6(ip.strip_suffix(']')?.parse().ok()?)),
        None => ip.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("203.0.113.7:46532", Some("203.0.113.7"))]
    #[case("2001:db8:1:2:3:4:5:6:46532", Some("2001:db8:1:2:3:4:5:6"))]
    #[case("2001:db8::9:9985", Some("2001:db8::9"))]
    #[case("[2001:db8::9]:9985", Some("2001:db8::9"))]
    #[case("::ffff:203.0.113.7:443", Some("::ffff:203.0.113.7"))]
    #[case("203.0.113.7", None)]
    #[case("203.0.113.7:", None)]
    #[case("203.0.113.7:+1", None)]
    #[case("203.0.113.7:65536", None)]
    #[case("203.0.113.7:1,198.51.100.1:2", None)]
    #[case("2001:db8:1:2:3:4:5:6", None)]
    #[case("[203.0.113.7]:1", None)]
    #[case("[2001:db8::9:1", None)]
    #[case(" 203.0.113.7:1", None)]
    #[case("jane:1", None)]
    #[case("", None)]
    fn the_viewer_s_address_is_read_strictly(#[case] text: &str, #[case] ip: Option<&str>) {
        assert_eq!(address(text).map(|ip| ip.to_string()).as_deref(), ip);
    }
}
