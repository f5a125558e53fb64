//! After a charge without an arrival: the provider refused, the outcome is unknown, or the message was withheld.

use aws_sdk_dynamodb::types::AttributeValue;

use super::ask::{Ask, mailbox};
use super::{KNOWN, Slot};
use crate::Result;
use crate::domain::challenge::Live;
use crate::domain::channel::Channel;
use crate::domain::quota::SLOTS;
use crate::store::Store;
use crate::store::error::{StoreError, settled};
use crate::store::item::{Item, at, b, map, n, s};
use crate::store::keys::{self, Table};
use crate::store::write::Write;

impl Store {
    /// Takes a charge back, because the provider refused the message: neither the cooldown nor the windows keep it,
    /// a fresh code is gone, one that was sent before is as it was, and the idempotency key sends again.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; the charge then stays.
    pub async fn uncharge(&self, ask: &Ask<'_>, live: &Live, fresh: bool) -> Result<()> {
        let mailbox = keys::challenge(ask.purpose, ask.identifier.kind(), &mailbox(ask.identifier));
        let day = Write::update(Table::Ephemeral, mailbox, format!("SET {}", unshift('m')))
            .when("m0=:mine")
            .values([(":mine", at(live.sent)), (":z", n(0))]);
        let own = self.uncharge_own(ask, live, fresh);
        let (own, day) = futures_util::join!(own, self.write(day));
        own.and(settled(day))
    }

    async fn uncharge_own(&self, ask: &Ask<'_>, live: &Live, fresh: bool) -> Result<()> {
        let Slot {
            keys,
            via,
            was,
            deliveries,
            ..
        } = ask.slot();
        let (back, gone) = match (fresh, *ask.slot() == KNOWN) {
            (true, false) => (String::new(), ", nonce"),
            (true, true) => (String::new(), ", nonce, kn"),
            (false, _) => (format!(", {via}={was}"), ""),
        };
        let values = map([
            (":mine", at(live.sent)),
            (":rid", s(ask.request)),
            (":z", n(0)),
            (":ids", AttributeValue::Ss(vec![ask.delivery.to_owned()])),
        ]);
        let ours = "s0=:mine AND rid=:rid";
        let set = format!(
            "SET {}{back} REMOVE {keys}.#h{gone} DELETE {deliveries} :ids",
            unshift('s')
        );
        let lives = format!("{ours} AND attribute_exists({keys})");
        let outcome = self
            .write(amendment(ask, &set, &lives, values.clone()))
            .await;
        let Err(StoreError::Condition(old)) = &outcome else {
            return settled(outcome);
        };
        if old.contains_key(*keys) {
            return Ok(()); // taken back before, or somebody has asked since
        }
        // The code was used meanwhile, since it had been sent before: its send alone is left.
        let mut values = values;
        values.remove(":ids");
        let set = format!("SET {}", unshift('s'));
        settled(self.write(amendment(ask, &set, ours, values)).await)
    }

    /// Lets the idempotency key send again, because nobody knows whether the message left; the charge stays.
    pub async fn forget_key(&self, ask: &Ask<'_>, live: &Live) -> Result<()> {
        let set = format!("REMOVE {}.#h", ask.slot().keys);
        self.amend(ask, live, &set, Item::new()).await
    }

    /// In place of sending a code: a fresh one becomes one that never matches, one that was sent before is still in
    /// somebody's hands and stays as it is. Either way the item tells that nothing went.
    pub async fn withhold(&self, ask: &Ask<'_>, live: &Live, fresh: bool) -> Result<()> {
        let (update, mark) = match (fresh, *ask.slot() == KNOWN) {
            (true, false) => ("SET mute=:mark", n(1)),
            (true, true) => ("SET mute=:mark REMOVE kn", n(1)),
            (false, _) => ("SET quiet=:mark", s(ask.request)),
        };
        self.amend(ask, live, update, map([(":mark", mark)])).await
    }

    /// Notes that the code travelled another way than the one that was asked for, also for a repetition of the request.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn went_by(
        &self,
        ask: &Ask<'_>,
        live: &Live,
        fresh: bool,
        via: Channel,
    ) -> Result<()> {
        let slot = ask.slot();
        // A fresh code of a known device is everybody's as well.
        let common = if fresh && *slot == KNOWN {
            ", via=:via"
        } else {
            ""
        };
        let set = format!(
            "SET {}=:via{common}, way=:via, {}.#h=:sent",
            slot.via, slot.keys
        );
        let values = map([
            (":via", s(via.as_str())),
            (":sent", s(ask.carried(via).to_string())),
        ]);
        self.amend(ask, live, &set, values).await
    }

    /// One update of the challenge while it holds the code; else there is nothing left to amend.
    async fn amend(&self, ask: &Ask<'_>, live: &Live, set: &str, values: Item) -> Result<()> {
        let when = format!("{}=:n", ask.slot().nonce);
        let write = amendment(ask, set, &when, values).value(":n", b(live.nonce));
        settled(self.write(write).await)
    }
}

fn amendment(ask: &Ask<'_>, set: &str, when: &str, values: Item) -> Write {
    let key = keys::challenge(ask.purpose, ask.identifier.kind(), ask.identifier.as_str());
    Write::update(Table::Ephemeral, key, set)
        .when(when)
        .name("#h", ask.key)
        .values(values)
}

/// Moves a register of send times back by one, as if the newest had never been.
fn unshift(register: char) -> String {
    let newer = (0..SLOTS - 1)
        .map(|slot| format!("{register}{slot}=if_not_exists({register}{},:z)", slot + 1));
    newer
        .chain([format!("{register}{}=:z", SLOTS - 1)])
        .collect::<Vec<_>>()
        .join(", ")
}
