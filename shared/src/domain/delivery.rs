//! What became of a message: its states move forward only.

use jiff::Timestamp;

use super::channel::Channel;
use super::id::{DeliveryId, Id, is_hex};

/// The state of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryStatus {
    /// We are about to hand it over, or did so and do not know the outcome.
    Queued,
    /// The provider took it.
    Sent,
    /// It arrived.
    Delivered,
    /// It will not arrive.
    Failed,
    /// The address refuses mail, for good.
    Bounced,
    /// The person opened it (WhatsApp).
    Read,
    /// The person called it spam.
    Complained,
}

impl DeliveryStatus {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Sent,
        Self::Delivered,
        Self::Failed,
        Self::Bounced,
        Self::Read,
        Self::Complained,
    ];

    /// The word in items and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Bounced => "bounced",
            Self::Read => "read",
            Self::Complained => "complained",
        }
    }

    /// Reads the word of [`DeliveryStatus::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether its way has ended, whatever else is said of it.
    #[must_use]
    pub fn is_final(self) -> bool {
        self.rank() >= Self::Failed.rank()
    }

    /// How far it is; a message moves to a higher rank only.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Sent => 1,
            Self::Delivered | Self::Failed | Self::Bounced => 2,
            Self::Read | Self::Complained => 3,
        }
    }
}

impl serde::Serialize for DeliveryStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A message's way so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The way it travels; `None` where a callback came before our own note.
    pub channel: Option<Channel>,
    pub state: DeliveryStatus,
    pub updated: Timestamp,
    /// The provider's first error code, for the operator.
    pub error_code: Option<String>,
    /// Every state and its moment, oldest first.
    pub history: Vec<(DeliveryStatus, Timestamp)>,
}

/// A delivery id as it is shown outside: the id, and a MAC that says it was issued here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedId {
    pub id: DeliveryId,
    /// The first eight bytes of its MAC.
    pub mac: [u8; 8],
}

impl SealedId {
    /// Reads `dlv_`, 32 hex digits of the id and 16 of the MAC; the MAC is the keyring's to check.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, mac) = text.split_at_checked(text.len().checked_sub(16)?)?;
        let mac = is_hex(mac, 16).then(|| u64::from_str_radix(mac, 16).ok())??;
        Some(Self {
            id: Id::parse(id)?,
            mac: mac.to_be_bytes(),
        })
    }
}

impl std::fmt::Display for SealedId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:016x}", self.id, u64::from_be_bytes(self.mac))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sealed_id_reads_back(id: [u8; 16], mac: [u8; 8]) {
            let sealed = SealedId { id: Id::from_bytes(id), mac };
            prop_assert_eq!(SealedId::parse(&sealed.to_string()), Some(sealed));
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            if let Some(sealed) = SealedId::parse(&text) {
                prop_assert_eq!(sealed.to_string(), text);
            }
        }
    }

    #[test]
    fn every_word_reads_back() {
        for state in DeliveryStatus::ALL {
            assert_eq!(DeliveryStatus::parse(state.as_str()), Some(state));
        }
    }
}
