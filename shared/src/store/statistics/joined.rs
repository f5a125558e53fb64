//! Recent registrations, newest first: an index item for each user, by month.

use jiff::Timestamp;
use jiff::civil::Date;

use super::day;
use crate::Result;
use crate::domain::id::UserId;
use crate::store::Store;
use crate::store::item::{Item, Read, s};
use crate::store::keys::{self, Key, Table};
use crate::store::query::Query;
use crate::store::write::Write;

/// A registration, which is also the place in the list that follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    pub at: Timestamp,
    pub user: UserId,
}

/// How far back the list goes at the most, in months.
const MONTHS: usize = 240;

impl Store {
    /// Puts a new user on the list, and where they came from.
    pub async fn note_joined(&self, joined: Joined, source: Option<&str>) -> Result<()> {
        let mut item = joined.key().item();
        item.extend(source.map(|source| ("source".to_owned(), s(source))));
        Ok(self.write(Write::put(Table::Accounts, item)).await?)
    }

    /// Takes a user off the list.
    pub async fn forget_joined(&self, joined: Joined) -> Result<()> {
        self.drop_item(Table::Accounts, joined.key()).await
    }

    /// Registrations since a moment, each with the origin of the page that it came from, newest first, beginning after
    /// `after`; `limit` of them and one more, where there are so many.
    pub async fn joined(
        &self,
        since: Timestamp,
        after: Option<Joined>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Joined, Option<String>)>> {
        let mut found = Vec::new();
        if after.is_some_and(|after| after.at < since) {
            return Ok(found); // a cursor of an earlier moment than the list now begins with
        }
        let first = first_of_month(day(since));
        let mut month = first_of_month(day(after.map_or(now, |after| after.at)));
        for _ in 0..MONTHS {
            if month < first || found.len() > limit {
                break;
            }
            let wanted = limit + 1 - found.len();
            found.extend(self.joined_in(month, since, after, wanted).await?);
            let Ok(before) = month.yesterday() else { break };
            month = first_of_month(before);
        }
        Ok(found)
    }

    async fn joined_in(
        &self,
        month: Date,
        since: Timestamp,
        after: Option<Joined>,
        wanted: usize,
    ) -> Result<Vec<(Joined, Option<String>)>> {
        let high = after.map_or_else(|| "~".to_owned(), Joined::place);
        let query = Query::partition(Table::Accounts, of_month(month, "").pk())
            .between(millis(since), high)
            .newest_first()
            .page(wanted + 1);
        let later = |item: &Item| item.text("sk") != after.map(Joined::place).as_deref();
        let (items, _) = self.query(query, wanted, later).await?;
        let read = items.iter().filter_map(|item| {
            let source = item.text("source").map(str::to_owned);
            Some((Joined::parse(item.text("sk")?)?, source))
        });
        Ok(read.collect())
    }
}

impl Joined {
    /// The place in the list, as text.
    #[must_use]
    pub fn place(self) -> String {
        format!("{}#{}", millis(self.at), self.user)
    }

    /// Reads [`Joined::place`].
    #[must_use]
    pub fn parse(place: &str) -> Option<Self> {
        let (at, user) = place.split_once('#')?;
        Some(Self {
            at: Timestamp::from_millisecond(at.parse().ok()?).ok()?,
            user: UserId::parse(user)?,
        })
    }

    fn key(self) -> Key {
        of_month(day(self.at), self.place())
    }
}

fn of_month(day: Date, place: impl Into<String>) -> Key {
    keys::statistic(&format!("JOINED#{}", day.strftime("%Y-%m")), place)
}

fn first_of_month(day: Date) -> Date {
    day.first_of_month()
}

/// Fifteen digits, so that texts sort as numbers do.
fn millis(at: Timestamp) -> String {
    format!("{:015}", at.as_millisecond().max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back() {
        let joined = Joined {
            at: Timestamp::from_millisecond(1_700_000_000_123).unwrap(),
            user: UserId::from_bytes([7; 16]),
        };
        assert_eq!(Joined::parse(&joined.place()), Some(joined));
        assert_eq!(Joined::parse("1#usr_"), None);
    }
}
