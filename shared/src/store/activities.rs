//! A person's activity, read back: newest first.

use jiff::Timestamp;

use super::Store;
use super::item::{Item, Read, key_of};
use super::keys::{self, Table};
use super::query::Query;
use crate::Result;
use crate::domain::id::{ActivityId, UserId};
use crate::domain::quota::ACTIVITY_LINES;

/// One line of activity, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityLine {
    pub id: ActivityId,
    pub event: String,
    pub at: Timestamp,
    pub ip: String,
    pub user_agent: String,
    pub detail: String,
}

const PREFIX: &str = "ACTIVITY#";
/// How many lines are deleted at a time, and how often at the most: what is left then goes with a later look.
const PAGE: usize = 100;
const PAGES: usize = 20;

impl Store {
    /// Deletes the oldest lines of a person's activity, of which [`ACTIVITY_LINES`] are kept.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; doing it again does no harm.
    pub async fn trim_activity(&self, user: UserId) -> Result<()> {
        let mut lines = Query::partition(Table::Accounts, keys::user(user).pk())
            .beginning_with(PREFIX)
            .newest_first();
        let mut left = ACTIVITY_LINES;
        while left > 0 {
            let (kept, next) = self.query_page(&lines.clone().page(left)).await?;
            left -= kept.len().min(left);
            let Some(next) = next else {
                return Ok(());
            };
            lines = lines.from(Some(next));
        }
        for _ in 0..PAGES {
            let (old, next) = self.query_page(&lines.clone().page(PAGE)).await?;
            let keys: Vec<_> = old.iter().map(key_of).collect();
            self.delete_all(Table::Accounts, &keys).await?;
            if next.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// At most `limit` lines of a person's activity before this one, newest first, and whether there are more. Lines
    /// whose time is over do not count, whether or not the table has dropped them yet.
    pub async fn activities(
        &self,
        user: UserId,
        before: Option<ActivityId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<(Vec<ActivityLine>, bool)> {
        let wanted = Query::partition(Table::Accounts, keys::user(user).pk())
            .beginning_with(PREFIX)
            .after(before.map(|id| keys::activity(user, id)))
            .newest_first()
            .page(limit.saturating_add(1));
        let is_kept = |item: &Item| item.number("ttl").is_none_or(|ttl| ttl > now.as_second());
        let (items, more) = self.query(wanted, limit, is_kept).await?;
        let lines = items.iter().map(|item| {
            let corrupt = |attribute| item.corrupt("activity", attribute);
            let id = item.text("sk").and_then(|sk| sk.strip_prefix(PREFIX));
            let text = |name: &str| item.text(name).unwrap_or_default().to_owned();
            Ok(ActivityLine {
                id: id
                    .and_then(ActivityId::parse)
                    .ok_or_else(|| corrupt("sk"))?,
                event: text("event"),
                at: item.moment("at").ok_or_else(|| corrupt("at"))?,
                ip: text("ip"),
                user_agent: text("ua"),
                detail: text("detail"),
            })
        });
        Ok((lines.collect::<Result<_>>()?, more))
    }
}
