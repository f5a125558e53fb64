//! Everything that the tables hold on a person, part by part.
//!
//! [`COVERED`] says of every entity of the tables in which part of an export it is, or why it is in none; a test holds it
//! against [`keys::ENTITIES`], so that a new entity cannot be forgotten, and docs/TABLES.md shows it.

mod parts;
mod read;

use futures_util::future::try_join_all;
use jiff::Timestamp;

pub use parts::{
    CodeRequests, ExportedActivity, ExportedDelivery, ExportedSession, ExportedSource,
    ExportedStep, ExportedSuppression, FormerAddress, Part, PendingNotice, PendingRequest,
    UsedLimit, Whereabouts,
};

use super::addresses::{Held, add, former_in, held, read_former};
use super::item::{Item, Read};
use super::keys::{self, Table};
use super::link_requests::{self, Asked};
use super::query::Query;
use super::{Store, user};
use crate::domain::challenge::Purpose;
use crate::domain::delivery::SealedId;
use crate::domain::id::{DeliveryId, UserId};
use crate::domain::identifier::Identifier;
use crate::domain::user::User;
use crate::keyring::derive::AddressKeys;
use crate::{Error, Result};

/// How an entity gets into an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// In this part of the export.
    In(&'static str),
    /// It names a person and is in no part, for this reason.
    Left(&'static str),
    /// It names nobody.
    NotPersonal(&'static str),
}

use Cover::{In, Left, NotPersonal};

/// Every entity, and how it gets into an export.
pub static COVERED: &[(&str, Cover)] = &[
    ("user", In("profile")),
    ("session", In("sessions")),
    ("source of a user", In("sources")),
    ("activity", In("activity")),
    ("asked address", In("pending_requests")),
    ("former address", In("former_addresses")),
    ("claim", In("profile")),
    ("due erasure", In("profile")),
    ("notice", In("pending_notices")),
    ("due notice", In("pending_notices")),
    ("challenge", In("codes")),
    ("delivery", In("deliveries")),
    ("suppression", In("suppressions")),
    ("limit", In("limits")),
    ("registrations", NotPersonal("numbers of users a day")),
    ("sources", NotPersonal("numbers of users by origin")),
    ("code figures", NotPersonal("numbers of messages a day")),
    (
        "last-active histogram",
        NotPersonal("numbers of users a day"),
    ),
    (
        "recent registrations",
        Left("it holds the account's id, moment and origin, which `profile` shows"),
    ),
    (
        "seen",
        Left("it says of an event that it was counted, and names an account by its id at the most"),
    ),
    (
        "unpublished event",
        Left("ids and moments that other parts show, until the bus takes them"),
    ),
];

/// The most items of one part. No part comes near it while the bounds of docs/BOUNDS.md hold; beyond it an answer would
/// not fit into a function's memory.
const MOST: usize = 100_000;
/// How many items are asked for side by side.
const SIDE_BY_SIDE: usize = 25;
/// Rules whose limits count a person rather than an address of the network.
pub(super) const PERSONAL_LIMITS: [&str; 3] = ["avatar", "export", "link"];

/// What the tables hold on a person.
#[derive(Debug)]
pub struct Records {
    /// The account.
    pub user: User,
    /// How the person registered, `otp_email` for example.
    pub registration_method: Option<String>,
    /// The origin of the page that they registered on.
    pub registration_source: Option<String>,
    /// Why and when sessions of the account were last ended before their time.
    pub sessions_ended: Option<(String, Timestamp)>,
    /// The sessions, newest first.
    pub sessions: Vec<ExportedSession>,
    /// The origins that the person signed in from.
    pub sources: Vec<ExportedSource>,
    /// What happened, newest first.
    pub activity: Vec<ExportedActivity>,
    /// The addresses that the account had before.
    pub former_addresses: Vec<FormerAddress>,
    /// The addresses that the person asked to add.
    pub pending_requests: Vec<PendingRequest>,
    /// The messages that are still to be sent.
    pub pending_notices: Vec<PendingNotice>,
    /// What is known of codes for the account's addresses.
    pub codes: Vec<CodeRequests>,
    /// The messages that were sent.
    pub deliveries: Vec<ExportedDelivery>,
    /// Which of the addresses take no messages.
    pub suppressions: Vec<ExportedSuppression>,
    /// What counts against the person's own limits.
    pub limits: Vec<UsedLimit>,
}

impl Store {
    /// Everything that the tables hold on a person, read a page at a time; `None` where there is no such person.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer, [`Error::Internal`] when a part has more than 100,000 items.
    pub async fn records_of(
        &self,
        id: UserId,
        address_keys: &AddressKeys<'_>,
    ) -> Result<Option<Records>> {
        let Some(account) = self.get(Table::Accounts, &keys::user(id)).await? else {
            return Ok(None);
        };
        let user = user::read(id, &account)?;
        let (sessions, sources, activity, former, asked, notices, limits) = futures_util::try_join!(
            self.part(hanging(id, "SESSION#").newest_first(), read::session),
            self.part(hanging(id, "SOURCE#"), read::source),
            self.part(hanging(id, "ACTIVITY#").newest_first(), read::activity),
            self.part(hanging(id, "FORMER#"), read_former),
            self.part(hanging(id, "ASKED#"), |item| {
                Some((link_requests::read(item)?, item.clone()))
            }),
            self.notices_of(id),
            self.limits_of(id),
        )?;
        let former_addresses = former_in(&account).chain(former);
        let former_addresses: Vec<_> = former_addresses.collect();
        let mut addresses = held(&user, &account);
        for given_up in &former_addresses {
            add(&mut addresses, given_up.clone());
        }
        let mut found = Found::default();
        for some in addresses.chunks(SIDE_BY_SIDE) {
            let some = some.iter().map(|held| self.traces(id, held, address_keys));
            for traces in try_join_all(some).await? {
                found.add(traces);
            }
        }
        let mut pending_requests = Vec::new();
        for some in asked.chunks(SIDE_BY_SIDE) {
            let some = some
                .iter()
                .map(|(asked, item)| self.traces_of_asked(&user, asked, item, address_keys));
            for (request, deliveries) in try_join_all(some).await? {
                pending_requests.push(request);
                found.deliveries.extend(deliveries);
            }
        }
        // A message for an address that the person asked for and has since is found in both ways.
        found
            .deliveries
            .sort_by(|a, b| a.delivery_id.cmp(&b.delivery_id));
        found
            .deliveries
            .dedup_by(|a, b| a.delivery_id == b.delivery_id);
        let changes = user.changes.map(|counts_until| UsedLimit {
            limit: "changes",
            counts_until,
        });
        let text = |name: &str| account.text(name).map(str::to_owned);
        Ok(Some(Records {
            registration_method: text("registered_with"),
            registration_source: text("registered_from"),
            sessions_ended: read::ended(&account),
            sessions,
            sources,
            activity,
            former_addresses: former_addresses.iter().map(read::former).collect(),
            pending_requests,
            pending_notices: notices.iter().filter_map(read::notice).collect(),
            codes: found.codes,
            deliveries: found.deliveries,
            suppressions: found.suppressions,
            limits: changes.into_iter().chain(limits).collect(),
            user,
        }))
    }

    /// All items of a part as they are read; those that cannot be read are left out, as they are everywhere else.
    async fn part<T>(&self, query: Query, read: impl Fn(&Item) -> Option<T>) -> Result<Vec<T>> {
        let (found, more) = self.query_map(query, MOST, read).await?;
        if more {
            return Err(Error::internal("a part of an export is too long"));
        }
        Ok(found)
    }

    /// What there is of an address from the time until the account gave it up.
    async fn traces(
        &self,
        user: UserId,
        held: &Held,
        address_keys: &AddressKeys<'_>,
    ) -> Result<Found> {
        let Held { identifier, until } = held;
        let (kind, text) = (identifier.kind(), identifier.as_str());
        let purposes = [Purpose::SignIn, Purpose::Link];
        let codes = purposes.map(|purpose| keys::challenge(purpose, kind, text));
        let suppressions: Vec<_> = address_keys
            .suppressions(identifier)
            .iter()
            .map(|mac| keys::suppression(kind, mac))
            .collect();
        let (owner, codes, suppressions, deliveries) = futures_util::try_join!(
            self.owner(identifier),
            try_join_all(codes.iter().map(|key| self.get(Table::Ephemeral, key))),
            self.get_all(Table::Ephemeral, &suppressions),
            self.deliveries_of(held, address_keys),
        )?;
        // An address that somebody else has by now is theirs, and so is what is in force for it.
        if owner.is_some_and(|owner| owner != user) {
            return Ok(Found {
                deliveries,
                ..Found::default()
            });
        }
        let before = |item: &Item, moment: &str| item.moment(moment).is_none_or(|at| at <= *until);
        let codes = codes.into_iter().zip(purposes);
        let codes = codes.filter_map(|(item, purpose)| Some((item?, purpose)));
        let suppressions = suppressions.iter().filter(|item| before(item, "at"));
        Ok(Found {
            codes: codes
                .filter(|(item, _)| before(item, "s0"))
                .map(|(item, purpose)| read::codes(&item, purpose, identifier))
                .collect(),
            deliveries,
            suppressions: suppressions
                .map(|item| read::suppression(item, identifier))
                .collect(),
        })
    }

    /// The messages to an address from the time until the account gave it up.
    async fn deliveries_of(
        &self,
        held: &Held,
        address_keys: &AddressKeys<'_>,
    ) -> Result<Vec<ExportedDelivery>> {
        let mut found = Vec::new();
        for recipient in address_keys.recipients(&held.identifier) {
            let listed = self.deliveries_to(&recipient, held.until).await?;
            let keys = listed.iter().filter_map(|item| {
                Some(keys::delivery(item.text("pk")?.strip_prefix("DELIVERY#")?))
            });
            let keys: Vec<_> = keys.collect();
            found.extend(
                self.deliveries_at(&keys, &held.identifier, address_keys)
                    .await?,
            );
        }
        Ok(found)
    }

    async fn deliveries_at(
        &self,
        keys: &[keys::Key],
        identifier: &Identifier,
        address_keys: &AddressKeys<'_>,
    ) -> Result<Vec<ExportedDelivery>> {
        let mut found = Vec::new();
        let seal = |id: DeliveryId| -> SealedId { address_keys.seal(id) };
        for some in keys.chunks(SIDE_BY_SIDE) {
            let items = self.get_all(Table::Ephemeral, some).await?;
            let read = items
                .iter()
                .filter_map(|item| read::delivery(item, identifier, seal));
            found.extend(read);
        }
        Ok(found)
    }

    /// What there is of an address that the person asked to link, no matter who has it.
    async fn traces_of_asked(
        &self,
        user: &User,
        asked: &Asked,
        item: &Item,
        address_keys: &AddressKeys<'_>,
    ) -> Result<(PendingRequest, Vec<ExportedDelivery>)> {
        let (identifier, sent) = (&asked.identifier, asked.delivery_keys());
        let (code, deliveries) = futures_util::try_join!(
            self.own_linking_code(user, identifier),
            self.deliveries_at(&sent, identifier, address_keys),
        )?;
        let request = read::request(asked, item, code.as_ref(), |id| address_keys.seal(id));
        Ok((request, deliveries))
    }

    /// What counts against the person's own limits.
    async fn limits_of(&self, user: UserId) -> Result<Vec<UsedLimit>> {
        let looks = PERSONAL_LIMITS.iter().map(|rule| async move {
            let limit = keys::limit(rule, &user.to_string());
            let item = self.get(Table::Ephemeral, &limit).await?;
            Ok::<_, Error>(item.and_then(|item| {
                Some(UsedLimit {
                    limit: rule,
                    counts_until: item.moment("tat")?,
                })
            }))
        });
        Ok(try_join_all(looks).await?.into_iter().flatten().collect())
    }
}

/// What hangs on a person, of one kind.
fn hanging(user: UserId, prefix: &str) -> Query {
    Query::partition(Table::Accounts, keys::user(user).pk()).beginning_with(prefix)
}

/// What there is of addresses.
#[derive(Default)]
struct Found {
    codes: Vec<CodeRequests>,
    deliveries: Vec<ExportedDelivery>,
    suppressions: Vec<ExportedSuppression>,
}

impl Found {
    fn add(&mut self, other: Self) {
        self.codes.extend(other.codes);
        self.deliveries.extend(other.deliveries);
        self.suppressions.extend(other.suppressions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entity_is_in_the_export_or_left_out_for_a_reason() {
        for entity in keys::ENTITIES {
            let covers: Vec<_> = COVERED
                .iter()
                .filter(|(name, _)| *name == entity.name)
                .collect();
            let [(_, cover)] = covers[..] else {
                panic!(
                    "say once in COVERED how the entity `{}` gets into an export",
                    entity.name
                );
            };
            let names_somebody = ["<id>", "<user id>", "<identifier>", "<MAC"];
            let key = format!("{} {}", entity.pk, entity.sk);
            let personal = entity.name != "seen" && names_somebody.iter().any(|n| key.contains(n));
            assert!(
                !personal || !matches!(cover, NotPersonal(_)),
                "`{}` names a person by its key: {key}",
                entity.name
            );
        }
        for (name, _) in COVERED {
            let known = keys::ENTITIES.iter().any(|entity| entity.name == *name);
            assert!(known, "there is no entity `{name}` any more");
        }
    }
}
