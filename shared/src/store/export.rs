//! Everything that is held on a person, item by item.
//!
//! [`COVERED`] says of every entity of the tables how it gets into an export, or why not; a test holds it against
//! [`keys::ENTITIES`], so that a new entity cannot be forgotten.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::addresses::{Held, add, held, read_former};
use super::item::{Item, Read};
use super::keys::{self, Table};
use super::link_requests::{self, Asked};
use super::query::Query;
use super::{Store, user};
use crate::Result;
use crate::domain::challenge::Purpose;
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;
use crate::domain::user::User;

/// How an entity gets into an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// Under this member of the export.
    In(&'static str),
    /// Not at all, since it is not about one person.
    NotPersonal(&'static str),
}

use Cover::{In, NotPersonal};

/// Every entity, and how it gets into an export.
pub static COVERED: &[(&str, Cover)] = &[
    ("user", In("account")),
    ("session", In("sessions")),
    ("source of a user", In("sources")),
    ("activity", In("activity")),
    ("asked address", In("asked")),
    ("former address", In("former")),
    ("claim", In("claims")),
    ("due erasure", In("erasure")),
    ("notice", In("notices")),
    ("challenge", In("codes")),
    ("delivery", In("deliveries")),
    ("suppression", In("suppressions")),
    (
        "limit",
        NotPersonal(
            "it counts an address of the network or a range of numbers for minutes; a person's own is in `limits`",
        ),
    ),
    ("registrations", NotPersonal("numbers of users a day")),
    ("sources", NotPersonal("numbers of users by origin")),
    ("code figures", NotPersonal("numbers of messages a day")),
    (
        "last-active histogram",
        NotPersonal("numbers of users a day"),
    ),
    (
        "recent registrations",
        NotPersonal("the account's id, moment and origin, which `account` shows"),
    ),
    ("seen", NotPersonal("ids of events that were counted")),
];

/// The lists of an export, in its order.
pub fn parts() -> impl Iterator<Item = &'static str> {
    let nouns = COVERED.iter().filter_map(|(_, cover)| match cover {
        In(part) if *part != "account" => Some(*part),
        _ => None,
    });
    nouns.chain(["limits", "pictures"])
}

/// Attributes that are secrets, or mean nothing outside of the tables.
const HIDDEN: [&str; 15] = [
    "pk", "sk", "rh", "pv", "nonce", "guess", "rid", "g", "idle", "kn", "kpv", "pn", "ppv", "won",
    "wpv",
];

/// Attributes that are milliseconds since 1970.
const MOMENTS: [&str; 16] = [
    "at",
    "created",
    "rot",
    "used",
    "end",
    "seen",
    "joined",
    "last_login",
    "last_activity",
    "erases_at",
    "exp",
    "fa",
    "kfa",
    "tat",
    "s",
    "m",
];

/// What a challenge says about the last request; the rest may belong to others who asked to link the same address.
const OF_THE_LAST_ASK: [&str; 10] = [
    "pk", "sk", "exp", "digits", "k", "via", "lang", "owner", "s0", "ttl",
];

/// How a person's traces under derived keys are found.
pub struct Traces<'a> {
    /// The MACs under which deliveries remember an address.
    pub recipients: &'a (dyn Fn(&Identifier) -> Vec<String> + Sync),
    /// The MACs under which an address is suppressed.
    pub suppressions: &'a (dyn Fn(&Identifier) -> Vec<String> + Sync),
}

impl Store {
    /// Everything that the tables hold on a person; `None` where there is no such person.
    pub async fn export(&self, id: UserId, traces: Traces<'_>) -> Result<Option<Value>> {
        let all = Query::partition(Table::Accounts, keys::user(id).pk());
        let hanging = self.query_all(all).await?;
        let Some(account) = hanging.iter().find(|item| item.text("sk") == Some("USER")) else {
            return Ok(None);
        };
        let user = user::read(id, account)?;
        let mut addresses = held(&user, account);
        for given_up in hanging.iter().filter_map(read_former) {
            add(&mut addresses, given_up);
        }
        let claims: Vec<_> = addresses
            .iter()
            .map(|held| keys::claim(&held.identifier))
            .collect();
        let due = user.erases_at.map(|at| keys::due_erasure(at, id));
        let erasure: Vec<_> = due.into_iter().collect();
        let limits = [keys::limit("avatar", &id.to_string())];
        let asked: Vec<_> = hanging.iter().filter_map(link_requests::read).collect();
        let (traces, asked, claims, erasure, limits, notices) = futures_util::try_join!(
            try_join_all(addresses.iter().map(|held| self.traces(held, &traces))),
            try_join_all(asked.iter().map(|asked| self.traces_of_asked(&user, asked))),
            self.get_all(Table::Accounts, &claims),
            self.get_all(Table::Accounts, &erasure),
            self.get_all(Table::Ephemeral, &limits),
            self.notices_of(id),
        )?;
        let own: Vec<_> = claims
            .iter()
            .filter(|item| item.text("user") == Some(&id.to_string()))
            .collect();
        // An address that belongs to somebody else by now is theirs, and so is what is in force for it.
        let foreign = |held: &Held| {
            let claim = keys::claim(&held.identifier).pk();
            let mut others = claims.iter().filter(|item| !own.contains(item));
            others.any(|item| item.get("pk") == Some(&claim))
        };
        let in_force = || {
            let found = addresses.iter().zip(&traces);
            let found = found.filter(|(held, _)| !foreign(held));
            found.map(|(_, found)| found)
        };
        let codes = in_force().chain(&asked).flat_map(|found| &found.codes);
        let deliveries = traces
            .iter()
            .chain(&asked)
            .flat_map(|found| &found.deliveries);
        let suppressions = in_force().flat_map(|found| &found.suppressions);
        Ok(Some(json!({
            "account": shown(account),
            "sessions": under("SESSION#", &hanging),
            "sources": under("SOURCE#", &hanging),
            "activity": under("ACTIVITY#", &hanging),
            "asked": under("ASKED#", &hanging),
            "former": under("FORMER#", &hanging),
            "claims": list(own.iter().copied()),
            "erasure": list(&erasure),
            "notices": list(&notices),
            "codes": list(once(codes)),
            "limits": list(&limits),
            "deliveries": list(once(deliveries)),
            "suppressions": list(suppressions),
        })))
    }

    /// What there is of an address from the time until the account gave it up.
    async fn traces(&self, held: &Held, traces: &Traces<'_>) -> Result<Found> {
        let Held { identifier, until } = held;
        let (kind, text) = (identifier.kind(), identifier.as_str());
        let codes =
            [Purpose::SignIn, Purpose::Link].map(|purpose| keys::challenge(purpose, kind, text));
        let suppressions: Vec<_> = (traces.suppressions)(identifier)
            .iter()
            .map(|mac| keys::suppression(kind, mac))
            .collect();
        let recipients = (traces.recipients)(identifier);
        let deliveries = async {
            let lists = recipients
                .iter()
                .map(|recipient| self.deliveries_to(recipient, *until));
            let found = try_join_all(lists).await?;
            let keys: Vec<_> = found
                .iter()
                .flatten()
                .filter_map(|item| {
                    Some(keys::delivery(item.text("pk")?.strip_prefix("DELIVERY#")?))
                })
                .collect();
            self.get_all(Table::Ephemeral, &keys).await
        };
        let (mut codes, mut suppressions, deliveries) = futures_util::try_join!(
            self.get_all(Table::Ephemeral, &codes),
            self.get_all(Table::Ephemeral, &suppressions),
            deliveries,
        )?;
        let before = |item: &Item, moment: &str| item.moment(moment).is_none_or(|at| at <= *until);
        codes.retain(|item| before(item, "s0"));
        suppressions.retain(|item| before(item, "at"));
        Ok(Found {
            codes,
            deliveries,
            suppressions,
        })
    }

    /// What there is of an address that the person asked to link, no matter who owns it.
    async fn traces_of_asked(&self, user: &User, asked: &Asked) -> Result<Found> {
        let (mut code, deliveries) = futures_util::try_join!(
            self.own_linking_code(user, &asked.identifier),
            self.get_all(Table::Ephemeral, &asked.deliveries),
        )?;
        if let Some(code) = &mut code {
            code.retain(|name, _| OF_THE_LAST_ASK.contains(&name.as_str()));
        }
        Ok(Found {
            codes: code.into_iter().collect(),
            deliveries,
            suppressions: Vec::new(),
        })
    }
}

/// What there is of one address.
struct Found {
    codes: Vec<Item>,
    deliveries: Vec<Item>,
    suppressions: Vec<Item>,
}

/// Each item once, even if it was found in several ways.
fn once<'a>(items: impl Iterator<Item = &'a Item>) -> impl Iterator<Item = &'a Item> {
    let mut seen = HashSet::new();
    items.filter(move |item| seen.insert(item.text("pk").unwrap_or_default()))
}

/// The items of a person's partition whose sort key begins like this.
fn under(prefix: &str, hanging: &[Item]) -> Value {
    let named = |item: &&Item| item.text("sk").is_some_and(|sk| sk.starts_with(prefix));
    list(hanging.iter().filter(named))
}

fn list<'a>(items: impl IntoIterator<Item = &'a Item>) -> Value {
    items.into_iter().map(shown).collect()
}

/// An item as its person can read it: whose key says something, with its key.
fn shown(item: &Item) -> Value {
    let mut shown = members(item);
    let (pk, sk) = (
        item.text("pk").unwrap_or_default(),
        item.text("sk").unwrap_or_default(),
    );
    let named = match sk {
        "USER" | "CLAIM" | "CODE" | "DELIVERY" | "LIMIT" | "SUPPRESSED" => pk,
        _ => sk,
    };
    if let Some((_, name)) = named.split_once('#') {
        shown.insert("id".to_owned(), json!(name));
    }
    Value::Object(shown)
}

fn members(item: &Item) -> Map<String, Value> {
    item.iter()
        .filter(|(name, _)| !HIDDEN.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), plain(name, value)))
        .collect()
}

fn plain(name: &str, value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!(text),
        AttributeValue::N(number) => number_of(name, number),
        AttributeValue::Bool(flag) => json!(flag),
        AttributeValue::Ss(texts) => json!(texts),
        AttributeValue::L(values) => values.iter().map(|value| plain(name, value)).collect(),
        // The map of sessions: each with its end.
        AttributeValue::M(map) if name == "sessions" => map
            .iter()
            .map(|(id, end)| (id.clone(), plain("end", end)))
            .collect::<Map<_, _>>()
            .into(),
        AttributeValue::M(map) => members(map).into(),
        _ => Value::Null,
    }
}

fn number_of(name: &str, number: &str) -> Value {
    let Ok(number) = number.parse::<i64>() else {
        return json!(number);
    };
    let slot = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let moment = match name {
        "ttl" => Timestamp::from_second(number),
        _ if MOMENTS.contains(&slot) => Timestamp::from_millisecond(number),
        _ => return json!(number),
    };
    match moment {
        Ok(_) if number == 0 => Value::Null, // a slot that was never used
        Ok(moment) => json!(moment),
        Err(_) => json!(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entity_is_in_the_export_or_not_about_a_person() {
        for entity in keys::ENTITIES {
            let covered = COVERED
                .iter()
                .filter(|(name, _)| *name == entity.name)
                .count();
            assert_eq!(
                covered, 1,
                "say in COVERED how the entity `{}` gets into an export",
                entity.name
            );
        }
    }

    #[test]
    fn what_opens_something_stays_inside() {
        let item: Item = super::super::item::map([
            (
                "pk",
                super::super::item::s("CODE#signin#email#a@example.com"),
            ),
            ("sk", super::super::item::s("CODE")),
            ("nonce", super::super::item::b([1; 16])),
            ("exp", super::super::item::n(1_700_000_000_000_i64)),
            ("s0", super::super::item::n(0)),
        ]);
        assert_eq!(
            shown(&item),
            json!({ "id": "signin#email#a@example.com", "exp": "2023-11-14T22:13:20Z", "s0": null })
        );
    }
}
