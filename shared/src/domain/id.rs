//! Prefixed ids: `usr_…`, `ses_…`, each a UUIDv7 in 32 lower-case hex digits.

use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use uuid::Builder;

/// The kind of thing that an id names.
pub trait Kind: 'static {
    /// What stands before the hex digits, underscore included.
    const PREFIX: &'static str;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $alias:ident, $prefix:literal;)*) => {$(
        #[doc = concat!("Marks ids that begin with `", $prefix, "`.")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind {}
        impl Kind for $kind { const PREFIX: &'static str = $prefix; }
        $(#[$doc])*
        pub type $alias = Id<$kind>;
    )*};
}

kinds! {
    /// Names a person's account.
    UserKind, UserId, "usr_";
    /// Names one sign-in on one device.
    SessionKind, SessionId, "ses_";
    /// Names one access token.
    JtiKind, TokenId, "jti_";
    /// Names one line of a person's activity.
    ActivityKind, ActivityId, "act_";
    /// Names one domain event.
    EventKind, EventId, "evt_";
    /// Names one message to a person; outside it is always followed by a MAC (see `domain::delivery`).
    DeliveryKind, DeliveryId, "dlv_";
}

/// Whether a text is so many lower-case hex digits.
#[must_use]
pub fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// An id of one kind: the prefix and the 32 lower-case hex digits of a UUIDv7 (RFC 9562 section 5.7).
pub struct Id<K> {
    uuid: uuid::Uuid,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Id<K> {
    /// A fresh id: its time from `now`, its 74 random bits from `entropy`.
    #[must_use]
    pub fn new(now: Timestamp, entropy: [u8; 10]) -> Self {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Self::from_uuid(Builder::from_unix_timestamp_millis(millis, &entropy).into_uuid())
    }

    fn from_uuid(uuid: uuid::Uuid) -> Self {
        Self {
            uuid,
            kind: PhantomData,
        }
    }

    /// Reads an id as [`fmt::Display`] writes it, and nothing else; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix(K::PREFIX)?;
        is_hex(hex, 32).then(|| uuid::Uuid::try_parse(hex).ok().map(Self::from_uuid))?
    }

    /// The 16 bytes of the UUID.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.uuid.as_bytes()
    }

    /// The moment that it was made, to the millisecond.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        let [a, b, c, d, e, f, ..] = *self.as_bytes();
        let millis = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    /// The id of these 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self::from_uuid(uuid::Uuid::from_bytes(bytes))
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", K::PREFIX, self.uuid.simple())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<K: Kind> serde::Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> serde::Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format_args!("an id that begins with {}", K::PREFIX))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_id_reads_back(millis in 0_i64..253_402_300_799_000, entropy: [u8; 10]) {
            let id = UserId::new(Timestamp::from_millisecond(millis).unwrap(), entropy);
            prop_assert_eq!(UserId::parse(&id.to_string()), Some(id));
            prop_assert_eq!(SessionId::parse(&id.to_string()), None);
            prop_assert_eq!(id.made_at().as_millisecond(), millis);
        }

        #[test]
        fn later_ids_sort_later(millis in 0_i64..253_402_300_000_000, entropy: [u8; 10], other: [u8; 10]) {
            let earlier = UserId::new(Timestamp::from_millisecond(millis).unwrap(), entropy);
            let later = UserId::new(Timestamp::from_millisecond(millis + 1).unwrap(), other);
            prop_assert!(earlier < later);
        }
    }

    #[test]
    fn only_the_canonical_spelling_is_read() {
        let hex = "0193a5b2c3d47e8f9a0b1c2d3e4f5061";
        assert!(UserId::parse(&format!("usr_{hex}")).is_some());
        for wrong in [
            hex.to_owned(),
            format!("usr_{}", hex.to_uppercase()),
            format!("usr_{hex}0"),
            "usr_".into(),
        ] {
            assert_eq!(UserId::parse(&wrong), None, "{wrong}");
        }
    }
}
