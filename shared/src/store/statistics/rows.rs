//! What the counters say, as admins see it by the API and operators by the command line.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::{Figures, Joined, Range};
use crate::Result;
use crate::domain::id::UserId;
use crate::domain::source::SourceOrigin;
use crate::store::Store;

/// The origin of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct Source {
    /// Scheme, host and port.
    pub url: String,
    /// The host.
    pub name: String,
}

impl Source {
    /// The origin as it is stored; one that today's rules would refuse stands for itself.
    #[must_use]
    pub fn of(origin: &str) -> Self {
        let name = SourceOrigin::parse(origin).map(|origin| origin.name().to_owned());
        Self {
            url: origin.to_owned(),
            name: name.unwrap_or_else(|_| origin.to_owned()),
        }
    }
}

/// One source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = SourceNumbers))]
pub struct SourceRow {
    /// Which.
    pub source: Source,
    /// Users who came from there.
    pub users: u64,
    /// By `otp_email`, `otp_phone` and `otp_whatsapp`, the way of their first sign-in from there.
    pub by_method: BTreeMap<String, u64>,
    /// When the last of them came.
    pub last_registration: Option<Timestamp>,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = DayOfRegistrations))]
pub struct RegistrationsRow {
    /// The day, UTC.
    pub day: Date,
    /// New users.
    pub total: u64,
    /// By `otp_email`, `otp_phone` and `otp_whatsapp`.
    pub by_method: BTreeMap<String, u64>,
}

/// One day and channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = DayOfCodes))]
pub struct OtpRow {
    /// The day, UTC.
    pub day: Date,
    /// The way of the codes.
    #[cfg_attr(feature = "document", schema(value_type = crate::domain::channel::Channel))]
    pub channel: &'static str,
    /// What became of them.
    #[serde(flatten)]
    pub figures: Figures,
}

/// All codes of the range, on every page.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = CodesInAll))]
pub struct OtpTotals {
    /// What became of them.
    #[serde(flatten)]
    pub figures: Figures,
    /// `verified` of `sent`; `null` where none was sent. Above 1 where codes of the day before were used.
    #[cfg_attr(feature = "document", schema(minimum = 0))]
    pub success_rate: Option<f64>,
}

/// How many were active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = ActiveUsers))]
pub struct Active {
    /// Over how many days, today among them.
    #[cfg_attr(feature = "document", schema(minimum = 1, maximum = 366))]
    pub days: u32,
    /// Users who signed in or refreshed; each counts once.
    pub active_users: u64,
}

/// One user.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = NewUser))]
pub struct Registered {
    /// The account.
    pub id: UserId,
    /// The proven e-mail address.
    pub email: Option<String>,
    /// The proven phone number, E.164.
    pub phone_number: Option<String>,
    /// When the account was opened.
    pub date_joined: Timestamp,
    /// Where they came from first.
    pub source: Option<Source>,
}

impl Store {
    /// Every source that has users, the one with most of them first.
    pub async fn source_rows(&self) -> Result<Vec<SourceRow>> {
        let figures = self.source_figures().await?.into_iter();
        let mut rows: Vec<_> = figures
            .map(|(origin, figures)| SourceRow {
                source: Source::of(&origin),
                users: figures.users(),
                by_method: figures.by_method,
                last_registration: figures.last,
            })
            .collect();
        rows.sort_by_cached_key(|row| (Reverse(row.users), row.source.url.clone()));
        Ok(rows)
    }

    /// New users per day, oldest first; days without any are left out.
    pub async fn registration_rows(&self, range: Range) -> Result<Vec<RegistrationsRow>> {
        let days = self.registrations(range.from, range.to).await?.into_iter();
        let rows = days.map(|(day, by_method)| RegistrationsRow {
            day,
            total: by_method.values().sum(),
            by_method,
        });
        Ok(rows.collect())
    }

    /// Figures of codes per day and channel, oldest first; where nothing happened there is no row.
    pub async fn otp_rows(&self, range: Range) -> Result<Vec<OtpRow>> {
        let figures = self.otp_figures(range.from, range.to).await?.into_iter();
        let rows = figures.map(|((day, channel), figures)| OtpRow {
            day,
            channel,
            figures,
        });
        Ok(rows.collect())
    }

    /// Users who signed in or refreshed their session on one of the last days, today among them; each counts once.
    pub async fn active(&self, days: u32, now: Timestamp) -> Result<Active> {
        let Range { from, to } = Range::last(days, now);
        let active_users = self.active_users(from, to).await?;
        Ok(Active { days, active_users })
    }

    /// Who registered since a moment, newest first, each with the place in the list that follows; `limit` of them and
    /// one more, where there are so many. Somebody who was erased meanwhile leaves a place without a row.
    pub async fn registered(
        &self,
        since: Timestamp,
        after: Option<Joined>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Joined, Option<Registered>)>> {
        let found = self.joined(since, after, now, limit).await?;
        let rows = found.into_iter().map(|(joined, source)| async move {
            let user = self.user(joined.user).await?;
            let row = user.map(|user| Registered {
                id: user.id,
                email: user.email,
                phone_number: user.phone,
                date_joined: user.joined,
                source: source.as_deref().map(Source::of),
            });
            Ok::<_, crate::Error>((joined, row))
        });
        try_join_all(rows).await
    }
}

impl OtpTotals {
    /// The sums of these rows.
    #[must_use]
    pub fn of(rows: &[OtpRow]) -> Self {
        let mut sum = Figures::default();
        for OtpRow { figures, .. } in rows {
            sum.requested += figures.requested;
            sum.sent += figures.sent;
            sum.delivered += figures.delivered;
            sum.verified += figures.verified;
            sum.failed += figures.failed;
            sum.limited += figures.limited;
        }
        Self {
            figures: sum,
            success_rate: (sum.sent > 0).then(|| ratio(sum.verified, sum.sent)),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody sends as many messages as a double counts exactly"
)]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_what_was_used_of_what_was_sent() {
        let row = |figures| OtpRow {
            day: Date::ZERO,
            channel: "email",
            figures,
        };
        let day = Figures {
            sent: 2,
            verified: 1,
            ..Figures::default()
        };
        let other = Figures {
            sent: 1,
            limited: 5,
            ..Figures::default()
        };
        let totals = OtpTotals::of(&[row(day), row(other)]);
        assert_eq!(totals.success_rate, Some(1.0 / 3.0));
        assert_eq!(totals.figures.limited, 5);
        assert_eq!(OtpTotals::of(&[]).success_rate, None);
    }
}
