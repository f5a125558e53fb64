//! What one request derives before anything is charged: its keys, its delivery, and the question to the store.

use jiff::Timestamp;

use super::request::CodeRequest;
use crate::domain::challenge::Lane;
use crate::domain::id::DeliveryId;
use crate::domain::locale::LanguageTag;
use crate::domain::quota::Allowance;
use crate::domain::source::SourceOrigin;
use crate::entropy;
use crate::flows::send::Withheld;
use crate::http::Caller;
use crate::keyring::derive::AddressKeys;
use crate::keyring::{Pepper, Peppers};
use crate::store::challenge::ask::{Ask, Seen};

/// What the caller's limits and the address say before anything is charged.
pub(super) struct Admitted {
    pub(super) allowance: Allowance,
    pub(super) lane: Lane,
    pub(super) seen: Option<Seen>,
    pub(super) withheld: Option<Withheld>,
}

/// What a charge takes with it, made once per request.
pub(super) struct Draft<'a> {
    pub(super) now: Timestamp,
    pub(super) peppers: &'a Peppers,
    pub(super) address_keys: AddressKeys<'a>,
    pub(super) delivery: DeliveryId,
    sealed: String,
    key: String,
    asker: String,
    versions: Vec<u32>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        request: &CodeRequest<'_>,
        caller: &Caller,
        peppers: &'a Peppers,
        now: Timestamp,
    ) -> Self {
        let address_keys = AddressKeys::new(peppers);
        let delivery = DeliveryId::new(now, entropy::bytes());
        Self {
            now,
            peppers,
            address_keys,
            delivery,
            sealed: address_keys.seal(delivery).to_string(),
            key: address_keys.idempotency(
                request.idempotency_key.as_deref(),
                &caller.request_id,
                request.channel,
                request.owner.as_deref(),
            ),
            asker: address_keys.asker(request.identifier, &caller.subject),
            versions: peppers.iter().map(Pepper::version).collect(),
        }
    }

    /// As the store is asked.
    pub(super) fn ask<'b>(
        &'b self,
        request: &'b CodeRequest<'_>,
        caller: &'b Caller,
        admitted: &Admitted,
    ) -> Ask<'b> {
        Ask {
            purpose: request.purpose,
            identifier: request.identifier,
            channel: request.channel,
            lane: admitted.lane,
            key: &self.key,
            delivery: &self.sealed,
            request: &caller.request_id,
            nonce: entropy::bytes(),
            peppers: &self.versions,
            withheld: admitted.withheld.is_some(),
            owner: request.owner.as_deref(),
            source: request.source.as_ref().map(SourceOrigin::as_str),
            language: request.locale.as_ref().map(LanguageTag::as_str),
            asker: &self.asker,
            now: self.now,
        }
    }
}
