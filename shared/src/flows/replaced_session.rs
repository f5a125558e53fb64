//! The session that a browser had in its cookie before somebody signed in with it.
//!
//! Where it is the same person's, the sign-in's own transaction ends it ([`crate::store::redeem::Redeem::replaces`]).

use jiff::Timestamp;

use crate::background;
use crate::domain::id::{SessionId, UserId};
use crate::domain::session::{Ending, Why};
use crate::store::Store;

/// Ends another person's session, whose browser this is no more. The answer does not wait for it; one that fails goes on
/// until its time is over, and its token is nowhere any more.
pub fn end_in_background(
    store: &Store,
    user: UserId,
    session: SessionId,
    request: &str,
    now: Timestamp,
) {
    let store = store.clone();
    let ending = Ending {
        why: Why::SignedOut,
        at: now,
        request: request.to_owned(),
    };
    background::spawn(async move {
        if let Err(error) = store.end_session(user, session, ending).await {
            tracing::warn!(%error, "a session that a browser gave up was not ended");
        }
    });
}
