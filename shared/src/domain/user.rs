//! A person with an account.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::id::{SessionId, UserId};
use super::identifier::{EmailAddress, Identifier, IdentifierKind, PhoneNumber};
use super::profile::Profile;
use super::quota::CHANGES;

/// Whether a person may use the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Active,
    /// An operator stopped it.
    Suspended,
    /// The final erasure has begun.
    Erasing,
}

impl Status {
    /// The word in the item.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Erasing => "erasing",
        }
    }

    /// Reads the word of [`Status::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Erasing]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// A person's account, as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// Whether it may be used.
    pub status: Status,
    /// The proven mail address.
    pub email: Option<String>,
    /// How often it changed.
    pub email_version: u32,
    /// The proven number, E.164.
    pub phone: Option<String>,
    /// How often it changed.
    pub phone_version: u32,
    /// What the person says about themselves.
    pub profile: Profile,
    /// The picture's content address.
    pub avatar: Option<String>,
    /// Roles beyond the usual: `admin`.
    pub roles: Vec<String>,
    /// The sessions that count, and the absolute end of each.
    pub sessions: BTreeMap<SessionId, Timestamp>,
    /// When the account was made.
    pub joined: Timestamp,
    /// The last sign-in.
    pub last_login: Option<Timestamp>,
    /// The last sign of life.
    pub last_activity: Option<Timestamp>,
    /// The source of the last sign-in that had one, and its moment.
    pub last_source: Option<(String, Timestamp)>,
    /// When everything will be erased, if the person asked for it.
    pub erases_at: Option<Timestamp>,
    /// Counts the changes of the profile.
    pub version: u64,
    /// Until when the account's own changes count ([`CHANGES`], a theoretical arrival time).
    pub changes: Option<Timestamp>,
}

/// Hides what identifies the person.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("status", &self.status)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl User {
    /// A new person, active, without anything but the id.
    #[must_use]
    pub fn new(id: UserId, joined: Timestamp) -> Self {
        Self {
            id,
            status: Status::Active,
            email: None,
            email_version: 0,
            phone: None,
            phone_version: 0,
            profile: Profile::default(),
            avatar: None,
            roles: Vec::new(),
            sessions: BTreeMap::new(),
            joined,
            last_login: Some(joined),
            last_activity: Some(joined),
            last_source: None,
            erases_at: None,
            version: 1,
            changes: None,
        }
    }

    /// Charges one more change of this weight to the account, as it was read; gives what its item has to hold then.
    ///
    /// # Errors
    /// Whole seconds to wait, where there were too many.
    pub fn charge_change(&self, weight: u32, now: Timestamp) -> Result<Timestamp, u64> {
        let admitted = CHANGES.admit_weighing(weight, self.changes, now);
        admitted.map_err(|wait| {
            wait.as_millis()
                .div_ceil(1000)
                .try_into()
                .unwrap_or(u64::MAX)
        })
    }

    /// Whether a session opens anything: it counts, and the account is active and its time has not come.
    #[must_use]
    pub fn opens(&self, session: SessionId, now: Timestamp) -> bool {
        self.status == Status::Active
            && self.erases_at.is_none_or(|at| at > now)
            && self.has_session(session, now)
    }

    /// Whether a session counts: it is in the map, and its end has not come.
    #[must_use]
    pub fn has_session(&self, session: SessionId, now: Timestamp) -> bool {
        self.sessions.get(&session).is_some_and(|end| *end > now)
    }

    /// The proven address of this kind, as stored.
    #[must_use]
    pub fn address(&self, kind: IdentifierKind) -> Option<&str> {
        match kind {
            IdentifierKind::Email => self.email.as_deref(),
            IdentifierKind::Phone => self.phone.as_deref(),
        }
    }

    /// How often the address of this kind changed.
    #[must_use]
    pub fn address_version(&self, kind: IdentifierKind) -> u32 {
        match kind {
            IdentifierKind::Email => self.email_version,
            IdentifierKind::Phone => self.phone_version,
        }
    }

    /// The mail address as a value. A stored address that today's rules would refuse is `None` here and stays the
    /// person's all the same.
    #[must_use]
    pub fn email_address(&self) -> Option<EmailAddress> {
        EmailAddress::parse(self.email.as_deref()?).ok()
    }

    /// The number as a value, also where the number plans do not know it any more.
    #[must_use]
    pub fn phone_number(&self) -> Option<PhoneNumber> {
        PhoneNumber::restore(self.phone.as_deref()?)
    }

    /// Where the person is told what becomes of the account: by mail, by text only where there is no mail.
    #[must_use]
    pub fn reached_at(&self) -> Option<Identifier> {
        let mail = self.email_address().map(Identifier::Email);
        mail.or_else(|| self.phone_number().map(Identifier::Phone))
    }

    /// The day of the erasure in the person's own time zone, if there is to be one.
    #[must_use]
    pub fn erasure_day(&self) -> Option<Date> {
        Some(self.day_of(self.erases_at?))
    }

    /// The day of a moment in the person's own time zone.
    #[must_use]
    pub fn day_of(&self, moment: Timestamp) -> Date {
        let zone = TimeZoneDatabase::bundled().get(self.profile.timezone.as_str());
        zone.unwrap_or(TimeZone::UTC).to_datetime(moment).date()
    }

    /// One or two letters for a round picture.
    #[must_use]
    pub fn initials(&self) -> String {
        self.profile.initials(self.email_address().as_ref())
    }

    /// What to call the person.
    #[must_use]
    pub fn display_username(&self) -> String {
        self.profile
            .display_username(self.email_address().as_ref(), self.phone_number().as_ref())
    }
}
