//! Where a person signed in from: one item for each origin.

use jiff::Timestamp;

use super::Store;
use super::item::Read;
use super::keys::{self, Table};
use super::query::Query;
use crate::Result;
use crate::domain::id::UserId;
use crate::domain::user::User;

/// An origin that a person signed in from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSource {
    /// The origin, lower-cased.
    pub origin: String,
    /// How the address was proven the first time there: `otp_email`, `otp_phone`, `otp_whatsapp`.
    pub method: String,
    /// The first sign-in from there.
    pub created: Timestamp,
    /// The last sign-in from there, as the link shows it.
    pub seen: Timestamp,
}

impl UserSource {
    /// The last sign-in from there. The stream shows it on the link a moment later; of the person's last one the account
    /// knows at once.
    #[must_use]
    pub fn last_seen(&self, user: &User) -> Timestamp {
        let last = user.last_source.as_ref();
        let here = last.filter(|(origin, _)| *origin == self.origin);
        here.map_or(self.seen, |(_, at)| self.seen.max(*at))
    }
}

const PREFIX: &str = "SOURCE#";

impl Store {
    /// At most `limit` sources of a person after this origin, in the order of their origins, and whether there are
    /// more.
    pub async fn sources(
        &self,
        user: UserId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<UserSource>, bool)> {
        let wanted = Query::partition(Table::Accounts, keys::user(user).pk())
            .beginning_with(PREFIX)
            .after(after.map(|origin| keys::user_source(user, origin)))
            .page(limit.saturating_add(1));
        let (items, more) = self.query(wanted, limit, |_| true).await?;
        let sources = items.iter().map(|item| {
            let corrupt = |attribute| item.corrupt("source", attribute);
            let origin = item.text("sk").and_then(|sk| sk.strip_prefix(PREFIX));
            Ok(UserSource {
                origin: origin.ok_or_else(|| corrupt("sk"))?.to_owned(),
                method: item
                    .text("method")
                    .ok_or_else(|| corrupt("method"))?
                    .to_owned(),
                created: item.moment("created").ok_or_else(|| corrupt("created"))?,
                seen: item.moment("seen").ok_or_else(|| corrupt("seen"))?,
            })
        });
        Ok((sources.collect::<Result<_>>()?, more))
    }
}
