//! A person's sessions, newest first.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::read;
use crate::domain::id::{SessionId, UserId};
use crate::domain::session::Session;
use crate::store::Store;
use crate::store::fault::when_busy;
use crate::store::item::{Item, Read, s};
use crate::store::keys;
use crate::{Error, Result};

impl Store {
    /// Every session that is kept of a person, newest first, beginning after `before`. Those that have ended may be
    /// among them: which ones count is for the user's map to say.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn sessions(&self, user: UserId, before: Option<SessionId>) -> Result<Vec<Session>> {
        let mut sessions = Vec::new();
        let mut from = before.map(|id| keys::session(user, id).item());
        loop {
            let (items, next) = self.page_of_sessions(user, from).await?;
            for item in &items {
                let sk = item.text("sk").and_then(|sk| sk.strip_prefix(PREFIX));
                let id = sk.and_then(SessionId::parse);
                let id = id.ok_or_else(|| item.corrupt("session", "sk"))?;
                sessions.push(read(id, item)?);
            }
            match next {
                None => return Ok(sessions),
                next => from = next,
            }
        }
    }

    async fn page_of_sessions(
        &self,
        user: UserId,
        from: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Error> {
        let values: HashMap<String, AttributeValue> = [
            (":pk".to_owned(), keys::user(user).pk()),
            (":sk".to_owned(), s(PREFIX)),
        ]
        .into();
        let answer = when_busy(|| async {
            Ok(self
                .client
                .query()
                .table_name(self.accounts())
                .key_condition_expression("pk=:pk AND begins_with(sk,:sk)")
                .set_expression_attribute_values(Some(values.clone()))
                .set_exclusive_start_key(from.clone())
                .scan_index_forward(false)
                .consistent_read(true)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?)
        })
        .await?;
        let next = answer.last_evaluated_key.filter(|key| !key.is_empty());
        Ok((answer.items.unwrap_or_default(), next))
    }
}

const PREFIX: &str = "SESSION#";
