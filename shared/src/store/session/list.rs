//! A person's sessions, newest first.

use super::read;
use crate::Result;
use crate::domain::id::{SessionId, UserId};
use crate::domain::session::Session;
use crate::store::Store;
use crate::store::item::Read;
use crate::store::keys::{self, Table};
use crate::store::query::Query;

impl Store {
    /// Every session that is kept of a person, newest first, beginning after `before`. Those that have ended may be
    /// among them: which ones count is for the user's map to say.
    pub async fn sessions(&self, user: UserId, before: Option<SessionId>) -> Result<Vec<Session>> {
        let all = Query::partition(Table::Accounts, keys::user(user).pk())
            .beginning_with(PREFIX)
            .after(before.map(|id| keys::session(user, id)))
            .newest_first();
        let items = self.query_all(all).await?;
        let sessions = items.iter().map(|item| {
            let sk = item.text("sk").and_then(|sk| sk.strip_prefix(PREFIX));
            let id = sk.and_then(SessionId::parse);
            read(id.ok_or_else(|| item.corrupt("session", "sk"))?, item)
        });
        sessions.collect()
    }
}

const PREFIX: &str = "SESSION#";
