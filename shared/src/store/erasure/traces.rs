//! What the tables hold of a person beside the account's own item.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use jiff::Timestamp;

use crate::Result;
use crate::domain::challenge::Purpose;
use crate::domain::identifier::Identifier;
use crate::domain::user::User;
use crate::store::Store;
use crate::store::asked::{self, Asked};
use crate::store::challenge::ask::mailbox;
use crate::store::fault::{settled, when_busy};
use crate::store::hanging::Hanging;
use crate::store::item::{Item, Read, at, key_of, map};
use crate::store::keys::{self, Table};

impl Store {
    /// Everything that hangs on the person but the account's own item.
    pub(super) async fn erase_hanging(&self, user: &User) -> Result<()> {
        let all = Hanging {
            user: user.id,
            prefix: "",
            after: None,
            newest_first: false,
            limit: usize::MAX,
        };
        let (items, _) = self
            .hanging(all, |item| item.text("sk") != Some("USER"))
            .await?;
        for asked in items.iter().filter_map(asked::read) {
            self.erase_asked(user, &asked).await?;
        }
        let keys: Vec<_> = items.iter().map(key_of).collect();
        self.delete_all(Table::Accounts, &keys).await
    }

    /// What is left of an address from the time until the account gave it up, or until its own time came: deliveries and
    /// challenges. What is later is of others; where somebody else has the address by now, so are the challenges.
    pub(super) async fn erase_address(
        &self,
        address: &Identifier,
        recipients: &[String],
        until: Timestamp,
    ) -> Result<()> {
        for recipient in recipients {
            let deliveries = self.deliveries_to(recipient, until).await?;
            self.delete_all(Table::Ephemeral, &deliveries).await?;
        }
        if self.owner(address).await?.is_some() {
            return Ok(());
        }
        for purpose in [Purpose::SignIn, Purpose::Link] {
            self.erase_challenge(purpose, address, until).await?;
        }
        Ok(())
    }

    /// What is left of an address that the person asked to link: the messages, and the code while it is theirs. Whatever
    /// else there is of the address is of whoever has it.
    async fn erase_asked(&self, user: &User, asked: &Asked) -> Result<()> {
        let deliveries: Vec<_> = asked.deliveries.iter().map(keys::Key::item).collect();
        self.delete_all(Table::Ephemeral, &deliveries).await?;
        let code = self.own_linking_code(user, &asked.identifier).await?;
        match code.and_then(|code| code.moment("s0")) {
            Some(sent) => {
                self.erase_challenge(Purpose::Link, &asked.identifier, sent)
                    .await
            }
            None => Ok(()),
        }
    }

    /// The challenge of an address, unless somebody asked for a code since then.
    async fn erase_challenge(
        &self,
        purpose: Purpose,
        address: &Identifier,
        until: Timestamp,
    ) -> Result<()> {
        let own = keys::challenge(purpose, address.kind(), address.as_str());
        let before = map([(":until", at(until))]);
        self.delete_if(&own, "attribute_not_exists(s0) OR s0<=:until", Some(before))
            .await?;
        let mailbox = mailbox(address);
        if mailbox != address.as_str() {
            // What is left of a tagged address in its mailbox's item: the day's sends. The mailbox's own codes are not
            // ours.
            let budget = keys::challenge(purpose, address.kind(), &mailbox);
            self.delete_if(&budget, "attribute_not_exists(s0)", None)
                .await?;
        }
        Ok(())
    }

    /// Deletes a challenge if this condition holds.
    async fn delete_if(
        &self,
        challenge: &keys::Key,
        condition: &str,
        values: Option<Item>,
    ) -> Result<()> {
        let outcome = when_busy(|| async {
            self.client
                .delete_item()
                .table_name(self.ephemeral())
                .set_key(Some(challenge.item()))
                .condition_expression(condition)
                .set_expression_attribute_values(values.clone())
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            Ok(())
        })
        .await;
        settled(outcome)
    }
}
