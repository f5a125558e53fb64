//! The gateway's sockets: 127.0.0.1, and `[::1]` where this machine has one, at the same port.
//!
//! Browsers take `localhost` for either address, so both answer.

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

/// How many free ports of 127.0.0.1 are tried for one that is free on `[::1]` too.
const TRIES: usize = 64;

/// Where the gateway listens.
pub(crate) struct Listeners {
    pub(crate) v4: TcpListener,
    pub(crate) v6: Option<TcpListener>,
    /// The address on 127.0.0.1; the port is the same on both.
    pub(crate) address: SocketAddr,
}

/// A port that cannot be taken, on one of the two addresses.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) on: IpAddr,
    pub(crate) source: Error,
}

impl Listeners {
    /// Takes `port` on both addresses; 0 takes one that is free on both.
    ///
    /// # Errors
    /// [`Taken`], also where something else listens on `[::1]` alone: `localhost` would lead there.
    pub(crate) async fn open(port: u16) -> std::result::Result<Self, Taken> {
        Self::open_by(port, async |address| TcpListener::bind(address).await).await
    }

    async fn open_by(
        port: u16,
        bind: impl AsyncFn(SocketAddr) -> Result<TcpListener>,
    ) -> std::result::Result<Self, Taken> {
        let (v4, v6) = (
            IpAddr::from(Ipv4Addr::LOCALHOST),
            IpAddr::from(Ipv6Addr::LOCALHOST),
        );
        let at = async |on: IpAddr, port: u16| {
            let bound = bind(SocketAddr::new(on, port)).await;
            bound.map_err(|source| Taken { on, source })
        };
        let mut tries = TRIES;
        loop {
            let first = at(v4, port).await?;
            let address = first.local_addr();
            let address = address.map_err(|source| Taken { on: v4, source })?;
            let second = match at(v6, address.port()).await {
                Ok(listener) => Some(listener),
                Err(taken) if taken.source.kind() == ErrorKind::AddrInUse => {
                    tries -= 1;
                    if port == 0 && tries > 0 {
                        continue;
                    }
                    return Err(taken);
                }
                Err(none) => {
                    tracing::info!(error = %none.source, "no IPv6 here: listening on 127.0.0.1 alone");
                    None
                }
            };
            return Ok(Self {
                v4: first,
                v6: second,
                address,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Binds on IPv4, and on IPv6 gives this error the first so many times.
    async fn open_failing(
        port: u16,
        kind: ErrorKind,
        times: usize,
    ) -> std::result::Result<Listeners, Taken> {
        let failed = AtomicUsize::new(0);
        Listeners::open_by(port, async |address| {
            if address.is_ipv6() && failed.fetch_add(1, Ordering::Relaxed) < times {
                return Err(kind.into());
            }
            TcpListener::bind(address).await
        })
        .await
    }

    #[tokio::test]
    async fn a_machine_without_ipv6_listens_on_ipv4_alone() {
        for kind in [
            ErrorKind::AddrNotAvailable,
            ErrorKind::Unsupported,
            ErrorKind::Other,
        ] {
            let listeners = open_failing(0, kind, usize::MAX).await.unwrap();
            assert!(listeners.v6.is_none(), "{kind}");
            assert_eq!(listeners.v4.local_addr().unwrap(), listeners.address);
        }
    }

    #[tokio::test]
    async fn any_free_port_is_one_that_is_free_on_both() {
        let listeners = open_failing(0, ErrorKind::AddrInUse, 3).await.unwrap();
        if let Some(v6) = listeners.v6 {
            assert_eq!(v6.local_addr().unwrap().port(), listeners.address.port());
        }
        let taken = open_failing(0, ErrorKind::AddrInUse, usize::MAX).await;
        assert_eq!(taken.err().unwrap().on, IpAddr::from(Ipv6Addr::LOCALHOST));
    }

    #[tokio::test]
    async fn a_port_that_something_else_has_on_one_address_is_taken() {
        for on in [
            IpAddr::from(Ipv4Addr::LOCALHOST),
            Ipv6Addr::LOCALHOST.into(),
        ] {
            // A machine without [::1] has nothing there that could be taken.
            let Ok(other) = TcpListener::bind((on, 0)).await else {
                assert!(on.is_ipv6());
                continue;
            };
            let port = other.local_addr().unwrap().port();
            let taken = Listeners::open(port).await.err().unwrap();
            assert_eq!((taken.on, taken.source.kind()), (on, ErrorKind::AddrInUse));
        }
    }
}
