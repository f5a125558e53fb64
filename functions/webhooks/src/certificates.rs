//! The certificates that SNS signs with: a pinned one, or fetched and remembered by their URL.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Client;
use shared::messaging::web;
use shared::{Error, Result};

/// The longest that fetching a certificate may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many are remembered; SNS uses one at a time in a region.
const REMEMBERED: usize = 8;

/// Where certificates come from.
pub(crate) enum Certificates {
    /// Always the same one.
    Pinned(Arc<str>),
    /// From SNS.
    Fetched {
        client: Client,
        known: Mutex<BTreeMap<String, Known>>,
        /// One fetch at a time: a flood of forged messages is no flood of fetches.
        fetching: tokio::sync::Mutex<()>,
    },
}

/// What a URL was found to hold.
#[derive(Clone)]
pub(crate) enum Known {
    Certificate(Arc<str>),
    /// There was none, at this moment.
    Nothing(Instant),
}

/// How long it is remembered that there was nothing.
const NOTHING: Duration = Duration::from_mins(1);

impl Certificates {
    pub(crate) fn new(pinned: Option<String>) -> Result<Self, reqwest::Error> {
        Ok(match pinned {
            Some(pem) => Self::Pinned(pem.into()),
            None => Self::Fetched {
                client: web::client()?,
                known: Mutex::default(),
                fetching: tokio::sync::Mutex::default(),
            },
        })
    }

    /// The certificate at a URL, which has been checked before; `None` where nothing is there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be fetched now; SNS then comes again.
    pub(crate) async fn at(&self, url: &str) -> Result<Option<Arc<str>>> {
        let (client, known, fetching) = match self {
            Self::Pinned(pem) => return Ok(Some(pem.clone())),
            Self::Fetched {
                client,
                known,
                fetching,
            } => (client, known, fetching),
        };
        if let Some(found) = remembered(known, url) {
            return Ok(found);
        }
        let _alone = fetching.lock().await;
        // While this waited, it may have been fetched.
        if let Some(found) = remembered(known, url) {
            return Ok(found);
        }
        let fetched = web::fetch(client, url, PATIENCE).await;
        let unavailable = || Error::Unavailable("the certificate of SNS".to_owned());
        let pem = fetched.ok_or_else(unavailable)?.map(Arc::<str>::from);
        let now = match &pem {
            Some(pem) => Known::Certificate(pem.clone()),
            None => Known::Nothing(Instant::now()),
        };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            // A certificate that SNS uses must not be forgotten for URLs that somebody makes up.
            known.retain(|_, known| matches!(known, Known::Certificate(_)));
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(url.to_owned(), now);
        Ok(pem)
    }
}

/// What is remembered of a URL: a certificate, or that there was none a moment ago.
fn remembered(known: &Mutex<BTreeMap<String, Known>>, url: &str) -> Option<Option<Arc<str>>> {
    let known = known.lock().unwrap_or_else(PoisonError::into_inner);
    match known.get(url)? {
        Known::Certificate(pem) => Some(Some(pem.clone())),
        Known::Nothing(at) => (at.elapsed() < NOTHING).then_some(None),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Forty messages of a topic arrive at once in a new environment.
    #[tokio::test]
    async fn certificates_are_fetched_once_for_messages_that_come_together() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/cert.pem", listener.local_addr().unwrap());
        let certificates = Certificates::new(None).unwrap();
        let asked = async {
            let mut requests = 0;
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                let _ = connection.read(&mut [0; 1024]).await.unwrap();
                requests += 1;
                let body = format!("certificate {requests}");
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                connection.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let found = join_all((0..40).map(|_| certificates.at(&url)));
        let found = tokio::select! {
            found = found => found,
            () = asked => unreachable!("it listens for ever"),
        };
        for found in found {
            assert_eq!(found.unwrap().as_deref(), Some("certificate 1"));
        }
    }

    #[test]
    fn certificates_that_were_not_there_are_not_asked_for_again_at_once() {
        let known = Mutex::<BTreeMap<String, Known>>::default();
        let remember = |what| known.lock().unwrap().insert("url".to_owned(), what);
        assert_eq!(remembered(&known, "url"), None);
        remember(Known::Nothing(Instant::now()));
        assert_eq!(remembered(&known, "url"), Some(None));
        if let Some(long_ago) = Instant::now().checked_sub(NOTHING) {
            remember(Known::Nothing(long_ago));
            assert_eq!(remembered(&known, "url"), None);
        }
        remember(Known::Certificate("pem".into()));
        assert_eq!(remembered(&known, "url"), Some(Some("pem".into())));
    }
}
