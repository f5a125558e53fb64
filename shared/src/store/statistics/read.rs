//! Reading the counters, every shard added up.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::{ACTIVE, METHOD, OTP, REGISTRATIONS, SHARDS, SOURCES, day_attribute, month};
use crate::Result;
use crate::domain::channel::Channel;
use crate::store::Store;
use crate::store::item::{Item, Read};
use crate::store::keys::{self, Table};
use crate::store::query::Query;

/// Figures of codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct Figures {
    /// Asked for, within the limits.
    pub requested: u64,
    /// Handed to a provider, who did not refuse.
    pub sent: u64,
    /// Reported as arrived.
    pub delivered: u64,
    /// Used.
    pub verified: u64,
    /// Compared and wrong.
    pub failed: u64,
    /// Asked for beyond a limit; not among `requested`.
    pub limited: u64,
}

/// The users of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFigures {
    /// By the method of their first sign-in from there.
    pub by_method: BTreeMap<String, u64>,
    /// When the last one came.
    pub last: Option<Timestamp>,
}

impl SourceFigures {
    /// All of them.
    #[must_use]
    pub fn users(&self) -> u64 {
        self.by_method.values().sum()
    }
}

impl Store {
    /// New users by day and method, both ends included; days without any are not there.
    pub async fn registrations(
        &self,
        from: Date,
        to: Date,
    ) -> Result<BTreeMap<Date, BTreeMap<String, u64>>> {
        let mut days: BTreeMap<Date, BTreeMap<String, i64>> = BTreeMap::new();
        for item in self
            .statistics(REGISTRATIONS, &from.to_string(), &days_end(to))
            .await?
        {
            if let Some(day) = place(&item).first().and_then(|day| day.parse().ok()) {
                add_methods(days.entry(day).or_default(), &item);
            }
        }
        let days = days
            .into_iter()
            .map(|(day, methods)| (day, counted(methods)));
        Ok(days.filter(|(_, methods)| !methods.is_empty()).collect())
    }

    /// The users of every source, by its origin; sources without any are not there.
    pub async fn source_figures(&self) -> Result<BTreeMap<String, SourceFigures>> {
        let mut sources: BTreeMap<String, (BTreeMap<String, i64>, Option<Timestamp>)> =
            BTreeMap::new();
        for item in self.statistics(SOURCES, "!", "~").await? {
            // No origin has a `#`: what follows one is the shard of a counter as earlier versions wrote it.
            let place = place(&item);
            let Some(origin) = place.first().filter(|origin| !origin.is_empty()) else {
                continue;
            };
            let (methods, last) = sources.entry((*origin).to_owned()).or_default();
            add_methods(methods, &item);
            *last = (*last).max(item.moment("last"));
        }
        let figures = sources.into_iter().map(|(origin, (methods, last))| {
            let by_method = counted(methods);
            (origin, SourceFigures { by_method, last })
        });
        Ok(figures.filter(|(_, figures)| figures.users() > 0).collect())
    }

    /// Figures of codes by day and channel, both ends included; what nothing happened on is not there.
    pub async fn otp_figures(
        &self,
        from: Date,
        to: Date,
    ) -> Result<BTreeMap<(Date, &'static str), Figures>> {
        let mut figures: BTreeMap<_, [i64; 6]> = BTreeMap::new();
        for item in self
            .statistics(OTP, &from.to_string(), &days_end(to))
            .await?
        {
            let [day, channel, ..] = place(&item)[..] else {
                continue;
            };
            let (Ok(day), Ok(channel)) = (day.parse::<Date>(), Channel::parse(channel)) else {
                continue;
            };
            let sums = figures.entry((day, channel.as_str())).or_default();
            for (sum, name) in sums.iter_mut().zip(NAMES) {
                *sum += item.number(name).unwrap_or(0);
            }
        }
        let read = figures.into_iter().map(|(place, sums)| {
            let [requested, sent, delivered, verified, failed, limited] =
                sums.map(|sum| u64::try_from(sum).unwrap_or(0));
            (
                place,
                Figures {
                    requested,
                    sent,
                    delivered,
                    verified,
                    failed,
                    limited,
                },
            )
        });
        Ok(read.collect())
    }

    /// Users whose last sign of life was on these days, both ends included.
    pub async fn active_users(&self, from: Date, to: Date) -> Result<u64> {
        let low = month(from);
        let items = self.statistics(ACTIVE, &low, &days_end(to)).await?;
        let sum: i64 = items.iter().map(|item| active(item, from, to)).sum();
        Ok(u64::try_from(sum).unwrap_or(0))
    }

    /// Every shard of a counter, side by side, and what earlier versions kept in one partition.
    async fn statistics(&self, metric: &str, low: &str, high: &str) -> Result<Vec<Item>> {
        let shards = (0..SHARDS).map(|shard| keys::counter(metric, shard, ""));
        let partitions = shards.chain([keys::statistic(metric, "")]);
        let reads = partitions.map(|key| {
            let query = Query::partition(Table::Accounts, key.pk());
            self.query_all(query.between(low.to_owned(), high.to_owned()))
        });
        Ok(try_join_all(reads).await?.concat())
    }
}

const NAMES: [&str; 6] = [
    "requested",
    "sent",
    "delivered",
    "verified",
    "failed",
    "limited",
];

/// The last sort key of a day: what follows the day itself begins with #, and $ is the character after it.
fn days_end(day: Date) -> String {
    format!("{day}$")
}

/// What an item says of these days, both ends included: it is a month's, or of an earlier version and a day's.
fn active(item: &Item, from: Date, to: Date) -> i64 {
    let within = |day: &Date| (from..=to).contains(day);
    let period = place(item).into_iter().next().unwrap_or_default();
    if let Ok(day) = period.parse::<Date>() {
        return item.number("users").filter(|_| within(&day)).unwrap_or(0);
    }
    let Ok(first) = format!("{period}-01").parse::<Date>() else {
        return 0;
    };
    let month = first
        .series(1_i64.day())
        .take_while(|day| *day <= first.last_of_month());
    let figures = month.filter(within);
    figures
        .filter_map(|day| item.number(&day_attribute(day)))
        .sum()
}

/// The parts of the sort key.
fn place(item: &Item) -> Vec<&str> {
    item.text("sk").unwrap_or_default().split('#').collect()
}

fn add_methods(methods: &mut BTreeMap<String, i64>, item: &Item) {
    for name in item.keys() {
        if let Some(method) = name.strip_prefix(METHOD) {
            *methods.entry(method.to_owned()).or_default() += item.number(name).unwrap_or(0);
        }
    }
}

/// A shard alone may be below zero, their sum is not.
fn counted(methods: BTreeMap<String, i64>) -> BTreeMap<String, u64> {
    let methods = methods
        .into_iter()
        .map(|(method, sum)| (method, u64::try_from(sum).unwrap_or(0)));
    methods.filter(|(_, sum)| *sum > 0).collect()
}
