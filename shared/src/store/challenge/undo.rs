//! What follows a charge where nothing arrives: the provider refused, nobody knows, or nothing was sent on purpose.

use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure};

use super::Live;
use super::ask::{Ask, mailbox};
use crate::Result;
use crate::domain::channel::Channel;
use crate::domain::quota::SLOTS;
use crate::store::Store;
use crate::store::fault::{settled, when_busy};
use crate::store::item::{Item, at, b, map, n, s};
use crate::store::keys;

impl Store {
    /// Takes a charge back, because the provider refused the message: neither the cooldown nor the windows keep it,
    /// a fresh code is gone, one that was sent before is as it was, and the idempotency key sends again.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; the charge then stays.
    pub async fn uncharge(&self, ask: &Ask<'_>, live: &Live, fresh: bool) -> Result<()> {
        let values = || {
            map([
                (":mine", at(live.sent)),
                (":rid", s(ask.request)),
                (":z", n(0)),
            ])
        };
        let (back, gone) = if fresh {
            ("", ", nonce")
        } else {
            (", via=was", "")
        };
        let own = self.amend(
            ask,
            format!("SET {}{back} REMOVE k.#h{gone}", unshift('s')),
            "s0=:mine AND rid=:rid".to_owned(),
            values(),
            true,
        );
        let mailbox = self.amend_at(
            keys::challenge(ask.purpose, ask.identifier.kind(), &mailbox(ask.identifier)),
            None,
            format!("SET {}", unshift('m')),
            "m0=:mine".to_owned(),
            map([(":mine", at(live.sent)), (":z", n(0))]),
        );
        let (own, mailbox) = futures_util::join!(own, mailbox);
        own.and(mailbox)
    }

    /// Lets the idempotency key send again, because nobody knows whether the message left; the charge stays.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn forget_key(&self, ask: &Ask<'_>, live: &Live) -> Result<()> {
        let values = map([(":n", b(live.nonce))]);
        self.amend(
            ask,
            "REMOVE k.#h".to_owned(),
            "nonce=:n".to_owned(),
            values,
            true,
        )
        .await
    }

    /// In place of sending a code: a fresh one becomes one that never matches, one that was sent before is still in
    /// somebody's hands and stays as it is. Either way the item tells that nothing went.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn mute(&self, ask: &Ask<'_>, live: &Live, fresh: bool) -> Result<()> {
        let (update, mark) = if fresh {
            ("SET mute=:mark", n(1))
        } else {
            ("SET quiet=:mark", s(ask.request))
        };
        let values = map([(":n", b(live.nonce)), (":mark", mark)]);
        self.amend(ask, update.to_owned(), "nonce=:n".to_owned(), values, false)
            .await
    }

    /// Notes that the code travelled another way than the one that was asked for, also for a repetition of the request.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn went_by(&self, ask: &Ask<'_>, live: &Live, via: Channel) -> Result<()> {
        let sent = format!("{} {}", ask.delivery, via.as_str());
        let values = map([
            (":n", b(live.nonce)),
            (":via", s(via.as_str())),
            (":sent", s(&sent)),
        ]);
        self.amend(
            ask,
            "SET via=:via, k.#h=:sent".to_owned(),
            "nonce=:n".to_owned(),
            values,
            true,
        )
        .await
    }

    async fn amend(
        &self,
        ask: &Ask<'_>,
        update: String,
        condition: String,
        values: Item,
        key: bool,
    ) -> Result<()> {
        let item = keys::challenge(ask.purpose, ask.identifier.kind(), ask.identifier.as_str());
        self.amend_at(item, key.then_some(ask.key), update, condition, values)
            .await
    }

    /// One conditional update of a challenge; a condition that does not hold any more means that there is nothing left
    /// to amend.
    async fn amend_at(
        &self,
        item: keys::Key,
        key: Option<&str>,
        update: String,
        condition: String,
        values: Item,
    ) -> Result<()> {
        let names = key.map(|key| map([("#h", key.to_owned())]));
        let outcome = when_busy(|| async {
            self.client
                .update_item()
                .table_name(self.ephemeral())
                .set_key(Some(item.item()))
                .update_expression(&update)
                .condition_expression(&condition)
                .set_expression_attribute_names(names.clone())
                .set_expression_attribute_values(Some(values.clone()))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::None)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            Ok(())
        })
        .await;
        settled(outcome)
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
