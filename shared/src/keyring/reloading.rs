//! How a rotation reaches a running function: the secret is read again in the background, so that no request waits for
//! it.
//!
//! A snapshot older than a minute is still handed out while a newer one is fetched in the background. Only what was made by a
//! key or pepper that the ring does not know waits for the secret, and at most once a minute over all requests: the new
//! key of a rotation is published as `next` first, so this happens to forged tokens, and to a ring that was frozen
//! with its function through a whole rotation.

use std::sync::{Arc, PoisonError, RwLock};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::{Keyring, TokenRefusal};
use crate::background;
use crate::clock::SharedClock;
use crate::cloud::Setup;
use crate::config::{Reader, SecretDocument, TokenRules, Variables};
use crate::domain::token::AccessClaims;

/// How old a snapshot gets before it is fetched again, and how often a request may wait for that.
const PERIOD: SignedDuration = SignedDuration::from_secs(60);

/// Anything that is read from settings and from the secret.
pub trait FromSettings: Send + Sync + Sized + 'static {
    /// Reads it; complains to the reader about what is wrong.
    fn read(reader: &mut Reader) -> Self;
}

/// Reads the secret's document; an error is a text for our own log.
pub type Reload = Arc<dyn Fn() -> BoxFuture<'static, Result<SecretDocument, String>> + Send + Sync>;

/// The keyring of a function that signs or checks access tokens.
pub type KeyringHandle = Reloading<Keyring>;

/// A value from the secret that follows the secret's changes.
pub struct Reloading<T> {
    inner: Arc<Inner<T>>,
}

struct Inner<T> {
    variables: Variables,
    clock: SharedClock,
    reload: Option<Reload>,
    snapshot: RwLock<Arc<T>>,
    /// When the value was last read.
    read: RwLock<Timestamp>,
    /// When the secret was last asked, whatever came of it.
    asked: RwLock<Timestamp>,
    /// Held while the secret is read, so that it is read once at a time.
    asking: Mutex<()>,
    /// When a request last waited for the secret.
    waited: Mutex<Option<Timestamp>>,
}

impl<T> Clone for Reloading<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<T: FromSettings> Reloading<T> {
    /// Reads the value as the function starts, and keeps the way to the secret for later; what is wrong with the
    /// settings is the reader's to tell.
    pub fn open(setup: &Setup, reader: &mut Reader) -> Self {
        Self::following(T::read(reader), setup)
    }

    /// A value that was read already, and that follows the secret's changes from now on.
    pub fn following(first: T, setup: &Setup) -> Self {
        let reload = setup.secret_source().map(|source| -> Reload {
            Arc::new(move || {
                let source = source.clone();
                Box::pin(async move { source.read().await })
            })
        });
        Self::new(first, setup.variables.clone(), setup.clock.clone(), reload)
    }

    /// A value that `reload` renews; without one it stays as it is.
    pub fn new(first: T, variables: Variables, clock: SharedClock, reload: Option<Reload>) -> Self {
        let now = clock.now();
        let inner = Inner {
            variables,
            clock,
            reload,
            snapshot: RwLock::new(Arc::new(first)),
            read: RwLock::new(now),
            asked: RwLock::new(now),
            asking: Mutex::new(()),
            waited: Mutex::new(None),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The value as last read; if that is more than a minute ago, it is read again in the background.
    ///
    /// # Panics
    /// Outside of a tokio runtime, when it is time to read again.
    #[must_use]
    pub fn snapshot(&self) -> Arc<T> {
        if self.inner.reload.is_some() && self.inner.is_stale() {
            let inner = self.inner.clone();
            // Noted before the task runs: of many requests at once, one starts it.
            inner.note_asked();
            background::spawn(async move { inner.renew().await });
        }
        self.inner.current()
    }

    /// The value as last read; where it does not know what is asked of it, the secret is read first, unless a request has
    /// waited for that within the last minute.
    ///
    /// # Panics
    /// Outside of a tokio runtime, when it is time to read again.
    pub async fn that_knows(&self, knows: impl Fn(&T) -> bool) -> Arc<T> {
        let snapshot = self.snapshot();
        if knows(&snapshot) {
            return snapshot;
        }
        self.wait_for_newer().await;
        self.inner.current()
    }

    /// Whether the value is older than it should be, because the secret could not be read.
    #[must_use]
    pub fn may_be_old(&self) -> bool {
        let read = *self
            .inner
            .read
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        self.inner.reload.is_some() && is_over(read, self.inner.clock.now())
    }

    /// Reads the secret now, unless a request has waited for it within the last minute; whether it did.
    pub(crate) async fn wait_for_newer(&self) -> bool {
        let now = self.inner.clock.now();
        let mut waited = self.inner.waited.lock().await;
        if self.inner.reload.is_none() || waited.is_some_and(|then| !is_over(then, now)) {
            return false;
        }
        *waited = Some(now);
        self.inner.note_asked();
        self.inner.renew().await;
        true
    }
}

impl Reloading<Keyring> {
    /// The claims of an access token that counts now; `None` for every other text.
    ///
    /// Whether its session still counts is for the store to say.
    pub async fn verify(&self, token: &str, rules: &TokenRules) -> Option<AccessClaims> {
        let now = self.inner.clock.now();
        let keyring = self.snapshot();
        match keyring.signing.check(token, rules, now) {
            Ok(claims) => Some(claims),
            Err(TokenRefusal::Invalid) => None,
            Err(TokenRefusal::UnknownKey) => {
                self.wait_for_newer().await;
                self.inner.current().signing.verify(token, rules, now)
            }
        }
    }
}

impl<T: FromSettings> Inner<T> {
    fn current(&self) -> Arc<T> {
        self.snapshot
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn is_stale(&self) -> bool {
        let asked = *self.asked.read().unwrap_or_else(PoisonError::into_inner);
        is_over(asked, self.clock.now())
    }

    fn note_asked(&self) {
        *self.asked.write().unwrap_or_else(PoisonError::into_inner) = self.clock.now();
    }

    /// Asks for the secret; whatever is wrong with it or on the way, the present value stays.
    async fn renew(&self) {
        let Some(reload) = &self.reload else { return };
        let _asking = self.asking.lock().await;
        match reload().await.and_then(|secrets| self.read(&secrets)) {
            Ok(newer) => {
                *self
                    .snapshot
                    .write()
                    .unwrap_or_else(PoisonError::into_inner) = Arc::new(newer);
                *self.read.write().unwrap_or_else(PoisonError::into_inner) = self.clock.now();
            }
            Err(cause) => tracing::warn!(%cause, "the secret could not be read again"),
        }
    }

    fn read(&self, secrets: &SecretDocument) -> Result<T, String> {
        let mut reader = Reader::new(&self.variables, secrets);
        let newer = T::read(&mut reader);
        reader.finish(newer).map_err(|c| c.to_string())
    }
}

/// Whether a minute has passed; a clock that was set back counts as one that has gone far.
fn is_over(then: Timestamp, now: Timestamp) -> bool {
    now.duration_since(then).abs() > PERIOD
}

impl<T> std::fmt::Debug for Reloading<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reloading").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
