//! A wire to an engine, which counts the connections that go through it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

pub(super) struct Wire {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Wire {
    /// A wire to where an http URL leads.
    pub(super) async fn to(url: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let engine = url.trim_start_matches("http://").to_owned();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let engine = engine.clone();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(engine).await?;
                    copy_bidirectional(&mut near, &mut far).await
                });
            }
        });
        Self {
            address,
            connections,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were opened so far.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
