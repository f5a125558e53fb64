//! What is derived from the peppers for one address: its code, its MACs, and the seal on a delivery id.

use aws_lc_rs::digest;

use crate::domain::challenge::{Live, Purpose};
use crate::domain::channel::Channel;
use crate::domain::code::OtpCode;
use crate::domain::delivery::SealedId;
use crate::domain::id::{DeliveryId, UserId};
use crate::domain::identifier::Identifier;
use crate::keyring::{Label, Pepper, Peppers, equal};

/// Derives keys from a ring of peppers: the current one makes them, every one is recognised.
#[derive(Clone, Copy)]
pub struct AddressKeys<'a> {
    peppers: &'a Peppers,
}

impl<'a> AddressKeys<'a> {
    /// Keys under these peppers.
    #[must_use]
    pub fn new(peppers: &'a Peppers) -> Self {
        Self { peppers }
    }

    /// The code of a live challenge; `None` where its pepper has left the ring.
    ///
    /// It is bound to its purpose and to the kind and the text of the identifier, and for linking also to its owner,
    /// so that a code for one thing opens no other.
    #[must_use]
    pub fn code(
        &self,
        purpose: Purpose,
        identifier: &Identifier,
        owner: Option<&str>,
        live: &Live,
        digits: u8,
    ) -> Option<OtpCode> {
        let parts: [&[u8]; 5] = [
            purpose.as_str().as_bytes(),
            identifier.kind().as_str().as_bytes(),
            identifier.as_str().as_bytes(),
            owner.unwrap_or_default().as_bytes(),
            &live.nonce,
        ];
        Some(OtpCode::derive(
            &self.peppers.version(live.pepper)?.mac(Label::Code, &parts),
            digits,
        ))
    }

    /// What the challenge remembers of a code that was tried, so that the stream can tell whether it was right. It is
    /// bound to the address and, for linking, to its owner.
    #[must_use]
    pub fn guess(&self, identifier: &Identifier, owner: Option<&str>, code: &OtpCode) -> [u8; 16] {
        guess(self.peppers.current(), identifier, owner, code)
    }

    /// Whether a guess, under any pepper of the ring, was this code.
    #[must_use]
    pub fn guessed(
        &self,
        identifier: &Identifier,
        owner: Option<&str>,
        code: &OtpCode,
        found: &[u8; 16],
    ) -> bool {
        self.peppers
            .iter()
            .any(|pepper| equal(&guess(pepper, identifier, owner, code), found))
    }

    /// Seals a delivery id, so that it shows that it was issued here.
    #[must_use]
    pub fn seal(&self, id: DeliveryId) -> SealedId {
        SealedId {
            id,
            mac: seal(self.peppers.current(), id),
        }
    }

    /// The id of a text that was sealed here, under any pepper of the ring.
    #[must_use]
    pub fn unseal(&self, text: &str) -> Option<DeliveryId> {
        let sealed = SealedId::parse(text)?;
        self.peppers
            .iter()
            .any(|pepper| equal(&seal(pepper, sealed.id), &sealed.mac))
            .then_some(sealed.id)
    }

    /// Whether a text may be one that was sealed here: it is sealed under a pepper of the ring, or it is none by its form.
    #[must_use]
    pub fn can_judge(&self, text: &str) -> bool {
        SealedId::parse(text).is_none() || self.unseal(text).is_some()
    }

    /// How a delivery remembers its recipient.
    #[must_use]
    pub fn recipient(&self, identifier: &Identifier) -> String {
        hex::encode(of(
            self.peppers.current(),
            Label::Delivery,
            b"recipient",
            identifier,
        ))
    }

    /// The same under every pepper of the ring.
    #[must_use]
    pub fn recipients(&self, identifier: &Identifier) -> Vec<String> {
        self.peppers
            .iter()
            .map(|pepper| hex::encode(of(pepper, Label::Delivery, b"recipient", identifier)))
            .collect()
    }

    /// The key of the address's suppression, under the current pepper.
    #[must_use]
    pub fn suppression(&self, identifier: &Identifier) -> String {
        hex::encode(of(
            self.peppers.current(),
            Label::Suppression,
            b"address",
            identifier,
        ))
    }

    /// The same under every pepper of the ring.
    #[must_use]
    pub fn suppressions(&self, identifier: &Identifier) -> Vec<String> {
        self.peppers
            .iter()
            .map(|pepper| hex::encode(of(pepper, Label::Suppression, b"address", identifier)))
            .collect()
    }

    /// How a log line names the address.
    #[must_use]
    pub fn subject(&self, identifier: &Identifier) -> [u8; 32] {
        of(
            self.peppers.current(),
            Label::Delivery,
            b"subject",
            identifier,
        )
    }

    /// How a challenge knows who asked for its code, by the network that limits count.
    #[must_use]
    pub fn asker(&self, identifier: &Identifier, network: &str) -> String {
        asker(self.peppers.current(), identifier, network)
    }

    /// The same under every pepper of the ring.
    #[must_use]
    pub fn askers(&self, identifier: &Identifier, network: &str) -> Vec<String> {
        self.peppers
            .iter()
            .map(|pepper| asker(pepper, identifier, network))
            .collect()
    }

    /// What the challenge remembers of an idempotency key on a channel; of the request where there is no key. For linking
    /// it is bound to the owner: two people who want the same address are two requests.
    #[must_use]
    pub fn idempotency(
        &self,
        key: Option<&str>,
        request: &str,
        channel: Channel,
        owner: Option<&str>,
    ) -> String {
        let (kind, word) = key.map_or(("request", request), |key| ("key", key));
        let (channel, owner) = (channel.as_str(), owner.unwrap_or_default());
        let text = format!("{kind}\0{word}\0{channel}\0{owner}");
        hex::encode(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..16])
    }
}

fn guess(
    pepper: &Pepper,
    identifier: &Identifier,
    owner: Option<&str>,
    code: &OtpCode,
) -> [u8; 16] {
    let parts: [&[u8]; 5] = [
        b"guess",
        identifier.kind().as_str().as_bytes(),
        identifier.as_str().as_bytes(),
        owner.unwrap_or_default().as_bytes(),
        code.expose().as_bytes(),
    ];
    let mac = pepper.mac(Label::Code, &parts);
    let mut guess = [0; 16];
    guess.copy_from_slice(&mac[..16]);
    guess
}

fn asker(pepper: &Pepper, identifier: &Identifier, network: &str) -> String {
    let parts: [&[u8]; 4] = [
        b"asker",
        identifier.kind().as_str().as_bytes(),
        identifier.as_str().as_bytes(),
        network.as_bytes(),
    ];
    hex::encode(&pepper.mac(Label::Code, &parts)[..8])
}

/// The owner of a linking code, as its item and its MAC know them: a hash of the account and of how often its address of
/// that kind changed. The item then leads to nobody, and a code asked for before a change opens nothing after it.
#[must_use]
pub fn link_owner(user: UserId, version: u32) -> String {
    let text = format!("owner\0{user}\0{version}");
    hex::encode(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..16])
}

fn seal(pepper: &Pepper, id: DeliveryId) -> [u8; 8] {
    let [
        seal @ ..,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
    ] = pepper.mac(Label::Delivery, &[b"id", id.as_bytes()]);
    seal
}

fn of(pepper: &Pepper, label: Label, what: &[u8], identifier: &Identifier) -> [u8; 32] {
    pepper.mac(
        label,
        &[
            what,
            identifier.kind().as_str().as_bytes(),
            identifier.as_str().as_bytes(),
        ],
    )
}
