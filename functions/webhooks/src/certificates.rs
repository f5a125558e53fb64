//! The certificates that SNS signs with: a pinned one, or fetched and remembered by their URL.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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
        known: Mutex<BTreeMap<String, Arc<str>>>,
    },
}

impl Certificates {
    pub(crate) fn new(pinned: Option<String>) -> Result<Self, reqwest::Error> {
        Ok(match pinned {
            Some(pem) => Self::Pinned(pem.into()),
            None => Self::Fetched {
                client: web::client()?,
                known: Mutex::default(),
            },
        })
    }

    /// The certificate at a URL, which has been checked before; `None` where nothing is there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be fetched now; SNS then comes again.
    pub(crate) async fn at(&self, url: &str) -> Result<Option<Arc<str>>> {
        let (client, known) = match self {
            Self::Pinned(pem) => return Ok(Some(pem.clone())),
            Self::Fetched { client, known } => (client, known),
        };
        let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pem) = lock().get(url) {
            return Ok(Some(pem.clone()));
        }
        let fetched = web::fetch(client, url, PATIENCE)
            .await
            .ok_or_else(|| Error::Unavailable("the certificate of SNS".to_owned()))?;
        let Some(pem) = fetched.map(Arc::<str>::from) else {
            return Ok(None);
        };
        let mut known = lock();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(url.to_owned(), pem.clone());
        Ok(Some(pem))
    }
}
