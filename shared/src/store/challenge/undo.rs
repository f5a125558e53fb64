//! After a charge without an arrival: the provider refused, the outcome is unknown, or the message was withheld.

use super::ask::{Ask, mailbox};
use crate::Result;
use crate::domain::challenge::Live;
use crate::domain::channel::Channel;
use crate::domain::quota::SLOTS;
use crate::store::Store;
use crate::store::error::settled;
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
        let (back, gone) = if fresh {
            ("", ", nonce")
        } else {
            (", via=was", "")
        };
        let set = format!("SET {}{back} REMOVE k.#h{gone}", unshift('s'));
        let values = map([
            (":mine", at(live.sent)),
            (":rid", s(ask.request)),
            (":z", n(0)),
        ]);
        let own = self.amend(ask, &set, "s0=:mine AND rid=:rid", values);
        let mailbox = keys::challenge(ask.purpose, ask.identifier.kind(), &mailbox(ask.identifier));
        let day = Write::update(Table::Ephemeral, mailbox, format!("SET {}", unshift('m')))
            .when("m0=:mine")
            .values([(":mine", at(live.sent)), (":z", n(0))]);
        let (own, day) = futures_util::join!(own, self.write(day));
        own.and(settled(day))
    }

    /// Lets the idempotency key send again, because nobody knows whether the message left; the charge stays.
    pub async fn forget_key(&self, ask: &Ask<'_>, live: &Live) -> Result<()> {
        let values = map([(":n", b(live.nonce))]);
        self.amend(ask, "REMOVE k.#h", "nonce=:n", values).await
    }

    /// In place of sending a code: a fresh one becomes one that never matches, one that was sent before is still in
    /// somebody's hands and stays as it is. Either way the item tells that nothing went.
    pub async fn withhold(&self, ask: &Ask<'_>, live: &Live, fresh: bool) -> Result<()> {
        let (update, mark) = if fresh {
            ("SET mute=:mark", n(1))
        } else {
            ("SET quiet=:mark", s(ask.request))
        };
        let values = map([(":n", b(live.nonce)), (":mark", mark)]);
        self.amend(ask, update, "nonce=:n", values).await
    }

    /// Notes that the code travelled another way than the one that was asked for, also for a repetition of the request.
    pub async fn went_by(&self, ask: &Ask<'_>, live: &Live, via: Channel) -> Result<()> {
        let sent = format!("{} {}", ask.delivery, via.as_str());
        let values = map([
            (":n", b(live.nonce)),
            (":via", s(via.as_str())),
            (":sent", s(&sent)),
        ]);
        self.amend(ask, "SET via=:via, k.#h=:sent", "nonce=:n", values)
            .await
    }

    /// One update of the challenge; a condition that does not hold any more means that there is nothing left to amend.
    async fn amend(&self, ask: &Ask<'_>, set: &str, when: &str, values: Item) -> Result<()> {
        let key = keys::challenge(ask.purpose, ask.identifier.kind(), ask.identifier.as_str());
        let write = Write::update(Table::Ephemeral, key, set)
            .when(when)
            .name("#h", ask.key)
            .values(values);
        settled(self.write(write).await)
    }
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
