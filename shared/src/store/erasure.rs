//! The end of an account: wished for, undone within the grace, and carried out in steps that can be repeated.
//!
//! The first step of the final erasure is one transaction: the account is `erasing`, its sessions and its claims are
//! gone. From there on nobody signs in to it, and its addresses may register anew. The rest is deletion, the account's
//! own item last and then the note that it was due; whoever is killed between two steps is followed by someone who
//! finds that note.

use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, DeleteRequest, Put, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update, WriteRequest,
};
use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::activity::Activity;
use super::addresses::{current, held};
use super::asked::{self, Asked};
use super::challenge::ask::mailbox;
use super::fault::{Fault, settled, when_busy};
use super::hanging::Hanging;
use super::item::{Item, Read, at, map, n, s};
use super::keys::{self, Purpose, Table};
use super::profile::{Changed, still_signed_in};
use super::{Store, session, user};
use crate::domain::id::{DeliveryId, SessionId, UserId};
use crate::domain::identifier::Identifier;
use crate::domain::session::{Ending, Why};
use crate::domain::user::{Status, User};
use crate::{Error, Result};

/// Someone who is to be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Who.
    pub user: UserId,
    /// Since when.
    pub at: Timestamp,
}

/// A wish to be erased, or to stay after all.
#[derive(Clone, Debug)]
pub struct ErasureWish<'a> {
    /// By which sign-in; it is the one session that is kept. `None` for an operator: none is kept.
    pub session: Option<SessionId>,
    /// The request's id.
    pub request: &'a str,
    /// The line in the person's activity.
    pub activity: Activity<'a>,
    /// When.
    pub now: Timestamp,
}

/// What came of carrying an erasure out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erased {
    /// Nothing is left.
    Gone,
    /// The wish was undone meanwhile; nothing was touched.
    Stays,
}

/// Rules whose limits count a person rather than an address of the network.
const PERSONAL_LIMITS: [&str; 1] = ["avatar"];

/// The most due erasures that are read at once.
const AT_ONCE: i32 = 100;

/// The most items that one call deletes (DynamoDB's own limit).
const BATCH: usize = 25;

impl Store {
    /// Has the account erased at this moment, and ends its other sessions. Where it is to be erased already, that
    /// moment stays; only an operator may bring it forward.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the wish may be noted then.
    pub async fn ask_erasure(
        &self,
        mut user: User,
        erases: Timestamp,
        wish: &ErasureWish<'_>,
    ) -> Result<Changed> {
        // As exact as it is kept, so that everybody is told the same moment.
        let erases = Timestamp::from_millisecond(erases.as_millisecond()).unwrap_or(erases);
        for _ in 0..4 {
            let due = match user.erases_at {
                Some(noted) if wish.session.is_some() || noted <= erases => noted,
                _ => erases,
            };
            let kept: Item = wish
                .session
                .and_then(|id| Some((id.to_string(), at(*user.sessions.get(&id)?))))
                .into_iter()
                .collect();
            let ending = Ending {
                why: if wish.session.is_some() {
                    Why::ErasureAsked
                } else {
                    Why::Operator
                },
                at: wish.now,
                request: wish.request.to_owned(),
            };
            let mut values = map([
                (":due", at(due)),
                (":kept", AttributeValue::M(kept)),
                (":ended", session::record(&ending)),
            ]);
            let mut actions = vec![self.wish_action(
                &user,
                "SET erases_at=:due, sessions=:kept, ended=:ended, #version=#version+:one",
                wish,
                &mut values,
            )?];
            let note = keys::due_erasure(due, user.id).item();
            let note = Put::builder()
                .table_name(self.accounts())
                .set_item(Some(note));
            actions.push(
                TransactWriteItem::builder()
                    .put(note.build().map_err(Error::internal)?)
                    .build(),
            );
            if let Some(later) = user.erases_at.filter(|noted| *noted != due) {
                actions.push(self.undue_action(later, user.id)?);
            }
            actions.push(self.note(&user, &wish.activity)?);
            match self.transact(actions).await {
                Ok(()) => {
                    user.erases_at = Some(due);
                    user.sessions.retain(|id, _| Some(*id) == wish.session);
                    user.version += 1;
                    return Ok(Changed::To(Box::new(user)));
                }
                Err(Fault::Cancelled(refused)) => match self.seen(&user, refused, wish)? {
                    Some(now) => user = now,
                    None => return Ok(Changed::Refused),
                },
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(Error::Unavailable("the account kept changing".into()))
    }

    /// Undoes the wish of [`Store::ask_erasure`], while there is time.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the wish may be undone then.
    pub async fn undo_erasure(&self, mut user: User, wish: &ErasureWish<'_>) -> Result<Changed> {
        for _ in 0..4 {
            let Some(due) = user.erases_at else {
                return Ok(Changed::To(Box::new(user)));
            };
            if due <= wish.now {
                return Ok(Changed::Refused);
            }
            let mut actions = vec![self.wish_action(
                &user,
                "SET #version=#version+:one REMOVE erases_at",
                wish,
                &mut Item::new(),
            )?];
            actions.push(self.undue_action(due, user.id)?);
            actions.push(self.note(&user, &wish.activity)?);
            match self.transact(actions).await {
                Ok(()) => {
                    user.erases_at = None;
                    user.version += 1;
                    return Ok(Changed::To(Box::new(user)));
                }
                Err(Fault::Cancelled(refused)) => match self.seen(&user, refused, wish)? {
                    Some(now) => user = now,
                    None => return Ok(Changed::Refused),
                },
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(Error::Unavailable("the account kept changing".into()))
    }

    /// Takes the note away that somebody is due.
    fn undue_action(&self, due: Timestamp, user: UserId) -> Result<TransactWriteItem> {
        let note = Delete::builder()
            .table_name(self.accounts())
            .set_key(Some(keys::due_erasure(due, user).item()))
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().delete(note).build())
    }

    /// The account's side of a wish: as it was read, and by a session that counts.
    fn wish_action(
        &self,
        user: &User,
        update: &str,
        wish: &ErasureWish<'_>,
        values: &mut Item,
    ) -> Result<TransactWriteItem> {
        let mut names = map([
            ("#status", "status".to_owned()),
            ("#version", "version".to_owned()),
        ]);
        let (now, erasing) = (at(wish.now), s(Status::Erasing.as_str()));
        values.extend(map([
            (":seen", n(user.version)),
            (":one", n(1)),
            (":erasing", erasing),
        ]));
        let mut condition = "#version=:seen AND #status<>:erasing".to_owned();
        if let Some(id) = wish.session {
            names.insert("#sid".to_owned(), id.to_string());
            values.insert(":now".to_owned(), now);
            values.insert(":active".to_owned(), s(Status::Active.as_str()));
            condition.push_str(" AND #status=:active AND sessions.#sid>:now");
        }
        let update = Update::builder()
            .table_name(self.accounts())
            .set_key(Some(keys::user(user.id).item()))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(std::mem::take(values)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The account as a refused wish found it, if it may still be changed.
    fn seen(
        &self,
        user: &User,
        refused: Vec<Option<Item>>,
        wish: &ErasureWish<'_>,
    ) -> Result<Option<User>> {
        let item = refused.into_iter().next().flatten().unwrap_or_default();
        match wish.session {
            Some(session) => still_signed_in(user, &item, session),
            None if item.is_empty() => Ok(None),
            None => {
                let now = user::read(user.id, &item)?;
                Ok((now.status != Status::Erasing).then_some(now))
            }
        }
    }

    /// Whose time has come, the longest due first; at most a hundred at once.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn due_erasures(&self, now: Timestamp) -> Result<Vec<Due>> {
        let next = crate::domain::quota::after(now, std::time::Duration::from_millis(1));
        let items = self.timeline("ERASURES", next, AT_ONCE).await?;
        let due = items.iter().filter_map(|item| {
            let (at, user) = keys::moment_and_user(item.text("sk")?)?;
            Some(Due { user, at })
        });
        Ok(due.collect())
    }

    /// Carries an erasure out, from wherever an earlier attempt was interrupted. `recipients` says under which MACs
    /// deliveries remember an address; `objects` deletes what is kept of the person outside the tables.
    ///
    /// What stays is the suppression of an address, under its MAC: it protects whoever has the address.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: what is left is erased by the next attempt.
    pub async fn erase(
        &self,
        due: Due,
        now: Timestamp,
        recipients: impl Fn(&Identifier) -> Vec<String>,
        objects: impl AsyncFnOnce(UserId) -> Result<()>,
    ) -> Result<Erased> {
        let note = keys::due_erasure(due.at, due.user);
        let Some(item) = self.get(Table::Accounts, &keys::user(due.user)).await? else {
            self.drop_item(Table::Accounts, note).await?;
            return Ok(Erased::Gone);
        };
        let user = user::read(due.user, &item)?;
        if user.status != Status::Erasing && !self.begin_erasure(&user, now).await? {
            if user.erases_at != Some(due.at) {
                // The wish was undone, and perhaps made anew since: this note is of no use.
                self.drop_item(Table::Accounts, note).await?;
            }
            return Ok(Erased::Stays);
        }
        self.erase_hanging(&user).await?;
        for address in held(&user, &item) {
            let recipients = recipients(&address.identifier);
            let until = address.until.min(due.at);
            self.erase_address(&address.identifier, &recipients, until)
                .await?;
        }
        for rule in PERSONAL_LIMITS {
            let limit = keys::limit(rule, &due.user.to_string());
            self.drop_item(Table::Ephemeral, limit).await?;
        }
        let welcomed = keys::seen(&format!("welcome#{}", due.user));
        self.drop_item(Table::Ephemeral, welcomed).await?;
        let notices = self.notices_of(due.user).await?;
        let notices: Vec<_> = notices.iter().map(key).collect();
        self.delete_all(Table::Accounts, &notices).await?;
        objects(due.user).await?;
        self.drop_item(Table::Accounts, keys::user(due.user))
            .await?;
        self.drop_item(Table::Accounts, note).await?;
        Ok(Erased::Gone)
    }

    /// The first step: whether it was made. It is not where the wish was undone, or its time has not come.
    pub(super) async fn begin_erasure(&self, user: &User, now: Timestamp) -> Result<bool> {
        let mut names = map([("#status", "status".to_owned())]);
        let mut values = map([
            (":erasing", s(Status::Erasing.as_str())),
            (":none", AttributeValue::M(Item::new())),
            (":now", at(now)),
        ]);
        let mut condition = "erases_at<=:now".to_owned();
        let claims = [("email", &user.email), ("phone", &user.phone)];
        // The claims that go are those of the addresses that the account has in this very moment.
        for (name, address) in claims {
            names.insert(format!("#{name}"), name.to_owned());
            match address {
                Some(address) => {
                    values.insert(format!(":{name}"), s(address));
                    condition.push_str(&format!(" AND #{name}=:{name}"));
                }
                None => condition.push_str(&format!(" AND attribute_not_exists(#{name})")),
            }
        }
        let update = Update::builder()
            .table_name(self.accounts())
            .set_key(Some(keys::user(user.id).item()))
            .update_expression("SET #status=:erasing, sessions=:none")
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .build()
            .map_err(Error::internal)?;
        let mut actions = vec![TransactWriteItem::builder().update(update).build()];
        for identifier in current(user) {
            actions.push(self.unclaim_action(user, &identifier)?);
        }
        match self.transact(actions).await {
            Ok(()) => Ok(true),
            Err(Fault::Cancelled(_)) => Ok(false),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Everything that hangs on the person but the account's own item.
    async fn erase_hanging(&self, user: &User) -> Result<()> {
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
        let keys: Vec<_> = items.iter().map(key).collect();
        self.delete_all(Table::Accounts, &keys).await
    }

    /// What is left of an address from the time until the account gave it up, or until its own time came: deliveries and
    /// challenges. What is later is of others; where somebody else has the address by now, so are the challenges.
    async fn erase_address(
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

    /// The keys of the deliveries to a recipient that were made until then. They are listed by an index that may lag
    /// behind by a moment.
    pub(super) async fn deliveries_to(
        &self,
        recipient: &str,
        until: Timestamp,
    ) -> Result<Vec<Item>> {
        let (mut found, mut from) = (Vec::new(), None::<Item>);
        loop {
            let answer = when_busy(|| async {
                Ok(self
                    .client
                    .query()
                    .table_name(self.ephemeral())
                    .index_name(keys::RECIPIENTS)
                    .key_condition_expression("#to=:to")
                    .expression_attribute_names("#to", "to")
                    .expression_attribute_values(":to", s(recipient))
                    .set_exclusive_start_key(from.clone())
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
                    .await?)
            })
            .await?;
            let listed = answer.items.unwrap_or_default();
            found.extend(listed.iter().filter(|item| made_by(item, until)).map(key));
            from = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    async fn delete_all(&self, table: Table, keys: &[Item]) -> Result<()> {
        for batch in keys.chunks(BATCH) {
            let mut left = batch
                .iter()
                .map(|key| {
                    let delete = DeleteRequest::builder().set_key(Some(key.clone())).build();
                    let delete = delete.map_err(Error::internal)?;
                    Ok(WriteRequest::builder().delete_request(delete).build())
                })
                .collect::<Result<Vec<_>>>()?;
            for _ in 0..8 {
                let answer = when_busy(|| async {
                    Ok(self
                        .client
                        .batch_write_item()
                        .request_items(self.table(table), left.clone())
                        .return_consumed_capacity(ReturnConsumedCapacity::Total)
                        .send()
                        .await?)
                })
                .await?;
                let unprocessed = answer.unprocessed_items.unwrap_or_default();
                left = unprocessed.into_values().flatten().collect();
                if left.is_empty() {
                    break;
                }
            }
            if !left.is_empty() {
                return Err(Error::Unavailable("the table is too busy to delete".into()));
            }
        }
        Ok(())
    }

    /// The items of these keys that are still there.
    pub(super) async fn get_all(&self, table: Table, keys: &[keys::Key]) -> Result<Vec<Item>> {
        let items = try_join_all(keys.iter().map(|key| self.get(table, key))).await?;
        Ok(items.into_iter().flatten().collect())
    }
}

/// The key of an item.
fn key(item: &Item) -> Item {
    ["pk", "sk"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), item.get(name)?.clone())))
        .collect()
}

/// Whether a delivery was made until then, by its id.
fn made_by(item: &Item, until: Timestamp) -> bool {
    let id = item.text("pk").and_then(|pk| pk.strip_prefix("DELIVERY#"));
    id.and_then(DeliveryId::parse)
        .is_some_and(|id| id.made_at() <= until)
}
