//! What the stream writes for a person: only while the account is active, or it would bring an erased one back.

use aws_sdk_dynamodb::types::{ConditionCheck, Put, ReturnConsumedCapacity, TransactWriteItem};
use jiff::Timestamp;

use super::SOURCES;
use crate::domain::challenge::{Lane, Purpose};
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;
use crate::domain::user::Status;
use crate::store::Store;
use crate::store::activity::{self, Activity};
use crate::store::challenge::attributes;
use crate::store::fault::{Fault, settled, when_busy};
use crate::store::item::{Item, Read, at, map, n, s};
use crate::store::keys::{self, Key, Table};
use crate::{Error, Result};

impl Store {
    /// Shows a sign of life on the account, if it is newer than the last.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn note_active(&self, user: UserId, moment: Timestamp) -> Result<()> {
        let values = map([(":at", at(moment)), (":active", s(Status::Active.as_str()))]);
        self.follow(
            Table::Accounts,
            &keys::user(user),
            "SET last_activity=:at",
            "#status=:active AND (attribute_not_exists(last_activity) OR last_activity<:at)",
            Some(("#status", "status")),
            values,
        )
        .await
    }

    /// Shows when a source last brought a user.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn note_source(&self, origin: &str, moment: Timestamp) -> Result<()> {
        self.follow(
            Table::Accounts,
            &keys::statistic(SOURCES, format!("{origin}#0")),
            "SET #last=:at",
            "attribute_not_exists(#last) OR #last<:at",
            Some(("#last", "last")),
            map([(":at", at(moment))]),
        )
        .await
    }

    /// Opens an address that too many failures have closed; one that merely has to wait goes on waiting.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn open_closed(&self, identifier: &Identifier, cap: u32) -> Result<()> {
        for purpose in [Purpose::SignIn, Purpose::Link] {
            let key = keys::challenge(purpose, identifier.kind(), identifier.as_str());
            let item = self.challenge_item(purpose, identifier).await?;
            for lane in [Lane::Stranger, Lane::Known] {
                let [_, failures, failed_at] = attributes(lane);
                if item.count(failures) < cap {
                    continue;
                }
                self.follow(
                    Table::Ephemeral,
                    &key,
                    &format!("SET {failures}=:z REMOVE {failed_at}"),
                    &format!("{failures}>=:cap"),
                    None,
                    map([(":z", n(0)), (":cap", n(cap))]),
                )
                .await?;
            }
        }
        Ok(())
    }

    /// Writes a line of activity of an active account; nothing of any other.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn note_activity(&self, user: UserId, line: &Activity<'_>) -> Result<()> {
        let check = ConditionCheck::builder()
            .table_name(self.accounts())
            .set_key(Some(keys::user(user).item()))
            .condition_expression("#status=:active")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":active", s(Status::Active.as_str()))
            .build()
            .map_err(Error::internal)?;
        let put = Put::builder()
            .table_name(self.accounts())
            .set_item(Some(activity::item(user, line)))
            .build()
            .map_err(Error::internal)?;
        let actions = vec![
            TransactWriteItem::builder().condition_check(check).build(),
            TransactWriteItem::builder().put(put).build(),
        ];
        match self.transact(actions).await {
            Ok(()) | Err(Fault::Cancelled(_)) => Ok(()),
            Err(fault) => Err(fault.into()),
        }
    }

    async fn follow(
        &self,
        table: Table,
        key: &Key,
        update: &str,
        condition: &str,
        name: Option<(&str, &str)>,
        values: Item,
    ) -> Result<()> {
        let names = name.map(|(placeholder, name)| map([(placeholder, name.to_owned())]));
        let outcome = when_busy(|| async {
            self.client
                .update_item()
                .table_name(self.table(table))
                .set_key(Some(key.item()))
                .update_expression(update)
                .condition_expression(condition)
                .set_expression_attribute_names(names.clone())
                .set_expression_attribute_values(Some(values.clone()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            Ok(())
        })
        .await;
        settled(outcome)
    }
}
