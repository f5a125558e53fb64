//! What the tables hold of a person beside the account's own item.

use jiff::Timestamp;

use crate::Result;
use crate::domain::challenge::Purpose;
use crate::domain::identifier::Identifier;
use crate::domain::user::User;
use crate::store::Store;
use crate::store::asked::{self, Asked};
use crate::store::challenge::ask::mailbox;
use crate::store::fault::settled;
use crate::store::item::{Item, Read, at, key_of};
use crate::store::keys::{self, Table};
use crate::store::query::Query;
use crate::store::write::Write;

impl Store {
    /// Everything that hangs on the person but the account's own item.
    pub(super) async fn erase_hanging(&self, user: &User) -> Result<()> {
        let all = Query::partition(Table::Accounts, keys::user(user.id).pk());
        let but_the_account = |item: &Item| item.text("sk") != Some("USER");
        let (items, _) = self.query(all, usize::MAX, but_the_account).await?;
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
        let own = Write::delete(Table::Ephemeral, own)
            .when("attribute_not_exists(s0) OR s0<=:until")
            .value(":until", at(until));
        settled(self.write(own).await)?;
        let mailbox = mailbox(address);
        if mailbox != address.as_str() {
            // What is left of a tagged address in its mailbox's item: the day's sends. The mailbox's own codes are not
            // ours.
            let budget = keys::challenge(purpose, address.kind(), &mailbox);
            let budget = Write::delete(Table::Ephemeral, budget).when("attribute_not_exists(s0)");
            settled(self.write(budget).await)?;
        }
        Ok(())
    }
}
