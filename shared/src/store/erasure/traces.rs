//! What the tables hold on a person besides the account's own item.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use jiff::Timestamp;

use crate::Result;
use crate::domain::challenge::Purpose;
use crate::domain::identifier::Identifier;
use crate::domain::user::User;
use crate::store::Store;
use crate::store::addresses::{Held, read_former};
use crate::store::challenge::ask::mailbox;
use crate::store::error::settled;
use crate::store::item::{Item, Read, at, key_of, s};
use crate::store::keys::{self, Table};
use crate::store::link_requests::{self, Asked};
use crate::store::query::Query;
use crate::store::write::Write;

/// The most items that are read before they are deleted.
const PAGE: usize = 100;
/// The most addresses whose traces are looked for at the same time.
const SIDE_BY_SIDE: usize = 25;
/// The most pages of one attempt, so that one person with much does not hold up the others.
const PAGES: usize = 20;

/// Takes a code off its challenge, and who asked for it.
const FORGET_THE_CODE: &str = "REMOVE nonce, pv, exp, digits, k, ids, #owner, src, lang, via, was, way, mute, quiet, fell, guess, pn, ppv, won, wpv, wl, joint, spent, rid";

/// Takes off a challenge who asked for its code last, where the code is good for others too.
const FORGET_WHO_ASKED: &str =
    "SET k=:none REMOVE ids, #owner, src, lang, quiet, fell, guess, spent, rid";

impl Store {
    /// What hangs on the person but the account's own item, a page at a time: each page goes before the next is read,
    /// so that the next run after an interruption has less to do. Whether nothing is left.
    pub(super) async fn erase_hanging(
        &self,
        user: &User,
        due: Timestamp,
        recipients: &impl Fn(&Identifier) -> Vec<String>,
    ) -> Result<bool> {
        let all = || Query::partition(Table::Accounts, keys::user(user.id).pk()).page(PAGE);
        let but_the_account = |item: &Item| item.text("sk") != Some("USER");
        for _ in 0..PAGES {
            let (items, more) = self.query(all(), PAGE, but_the_account).await?;
            let asked: Vec<_> = items.iter().filter_map(link_requests::read).collect();
            for some in asked.chunks(SIDE_BY_SIDE) {
                let outcomes = join_all(some.iter().map(|asked| self.erase_asked(user, asked)));
                outcomes.await.into_iter().collect::<Result<()>>()?;
            }
            for Held { identifier, until } in items.iter().filter_map(read_former) {
                let recipients = recipients(&identifier);
                self.erase_address(&identifier, &recipients, until.min(due))
                    .await?;
            }
            let keys: Vec<_> = items.iter().map(key_of).collect();
            self.delete_all(Table::Accounts, &keys).await?;
            if !more {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is left of an address from the time until the account gave it up, or until its own time came: deliveries
    /// and challenges. What is later is of others; where somebody else has the address by now, so are the challenges.
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

    /// What is left of an address that the person asked to link: the messages, and the code while it is theirs. Its
    /// send times and failures stay: they protect the owner of the address, and say nothing about who asked.
    async fn erase_asked(&self, user: &User, asked: &Asked) -> Result<()> {
        let deliveries: Vec<_> = asked.delivery_keys().iter().map(keys::Key::item).collect();
        self.delete_all(Table::Ephemeral, &deliveries).await?;
        let code = self.own_linking_code(user, &asked.identifier).await?;
        let Some(code) = code else {
            return Ok(());
        };
        let Some(owner) = code.text("owner") else {
            return Ok(());
        };
        let identifier = &asked.identifier;
        let key = keys::challenge(Purpose::Link, identifier.kind(), identifier.as_str());
        let forget = if code.contains_key("joint") {
            let none = AttributeValue::M(Item::new());
            Write::update(Table::Ephemeral, key, FORGET_WHO_ASKED).value(":none", none)
        } else {
            Write::update(Table::Ephemeral, key, FORGET_THE_CODE)
        };
        let forget = forget.when("#owner=:owner").value(":owner", s(owner));
        settled(self.write(forget).await)
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
