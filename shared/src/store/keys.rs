//! Every key of the two tables, and what each item holds; docs/TABLES.md is rendered from [`ENTITIES`].

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::item::{Item, s};
use crate::domain::challenge::Purpose;
use crate::domain::id::{ActivityId, SessionId, UserId};
use crate::domain::identifier::{Identifier, IdentifierKind};

/// The index of `Ephemeral` that lists the deliveries to a recipient, by the MAC of their address.
pub(crate) const RECIPIENTS: &str = "recipients";

/// Which of the two tables an entity lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Durable data: recovery, deletion protection.
    Accounts,
    /// Short-lived data: codes, limits, deliveries, suppressions.
    Ephemeral,
}

/// A kind of item: where it is and what it holds.
#[derive(Debug)]
pub struct Entity {
    /// What it is called in ARCHITECTURE.md.
    pub name: &'static str,
    pub table: Table,
    /// Its partition key, with its variables in angle brackets.
    pub pk: &'static str,
    pub sk: &'static str,
    /// When TTL removes it.
    pub expires: &'static str,
    /// Its attributes, each with what it means.
    pub attributes: &'static [(&'static str, &'static str)],
}

/// Every kind of item there is.
pub static ENTITIES: &[Entity] = &[
    Entity {
        name: "user",
        table: Table::Accounts,
        pk: "USER#<id>",
        sk: "USER",
        expires: "never",
        attributes: &[
            ("status", "`active`, `suspended` or `erasing`"),
            ("email, phone", "the proven addresses"),
            (
                "email_version, phone_version",
                "how often each address changed",
            ),
            (
                "username, first_name, last_name, bio, language, timezone",
                "the profile",
            ),
            ("avatar", "the picture's content address"),
            (
                "avatar_at",
                "when the person last put up or removed a picture: an upload from before changes nothing any more",
            ),
            ("roles", "list of roles"),
            (
                "sessions",
                "map from session id to its absolute end; a session counts only while it stands here",
            ),
            (
                "ended",
                "the last ending of sessions before their time: why, when, by which request",
            ),
            (
                "joined, last_login, last_activity, erases_at",
                "moments, milliseconds since 1970",
            ),
            (
                "registered_with, registered_from",
                "method and origin of the registration",
            ),
            (
                "last_source, last_source_at",
                "the origin of the last sign-in that had one, and its moment",
            ),
            ("version", "counts the changes of the profile; its ETag"),
            (
                "changes",
                "theoretical arrival time (GCRA) of the account's own changes, milliseconds since 1970",
            ),
            (
                "lines",
                "lines of activity so far; with every hundredth the oldest go",
            ),
            (
                "former",
                "in earlier versions: set of addresses that the account had before, each between its kind and the moment when it was given up; now each is an item of its own",
            ),
        ],
    },
    Entity {
        name: "session",
        table: Table::Accounts,
        pk: "USER#<id>",
        sk: "SESSION#<sid>",
        expires: "at the absolute end of the session",
        attributes: &[
            ("g", "generation of the refresh token that counts"),
            ("rh", "hash of the session's random bytes"),
            (
                "pv",
                "pepper version that the current generation was made with",
            ),
            (
                "created, rot, used, end",
                "moments of the sign-in, the last rotation, the last use, the absolute end",
            ),
            ("ip, ua", "address and user agent of the sign-in"),
            ("amr", "how the person signed in"),
            (
                "src",
                "the origin of the sign-in, where its link was there already: the stream moves the link's `seen`",
            ),
            (
                "rid, rip, rua",
                "the request that refreshed it last, its address and user agent",
            ),
            (
                "eg, eat, eip, eua",
                "the last generation whose refresh was repeated from another network or by another program: the moment, the address, the user agent",
            ),
            (
                "far",
                "the request that repeated a refresh from another network and by another program; there is no second one",
            ),
        ],
    },
    Entity {
        name: "source of a user",
        table: Table::Accounts,
        pk: "USER#<id>",
        sk: "SOURCE#<origin>",
        expires: "never",
        attributes: &[
            (
                "method",
                "registration method of the first sign-in from there",
            ),
            ("created, seen", "first and last sign-in from there"),
        ],
    },
    Entity {
        name: "activity",
        table: Table::Accounts,
        pk: "USER#<id>",
        sk: "ACTIVITY#<id>",
        expires: "after `ACTIVITY_DAYS`, or when there are a thousand newer ones",
        attributes: &[
            ("event", "what happened"),
            ("at", "when"),
            ("ip, ua", "from where"),
            ("detail", "particulars without addresses"),
        ],
    },
    Entity {
        name: "asked address",
        table: Table::Accounts,
        pk: "USER#<id>",
        sk: "ASKED#<kind>#<identifier>",
        expires: "400 days after the last ask, like its challenge",
        attributes: &[(
            "deliveries",
            "set of the messages that were sent so that the person could link this address, proven since or not",
        )],
    },
    Entity {
        name: "former address",
        table: Table::Accounts,
        pk: "USER#<id>",
        sk: "FORMER#<kind>#<identifier>#<moment>",
        expires: "400 days after it was given up, like the last trace of it",
        attributes: &[(
            "at",
            "when the person gave the address up: what was sent to it before is theirs, and erasure finds it",
        )],
    },
    Entity {
        name: "claim",
        table: Table::Accounts,
        pk: "CLAIM#<kind>#<identifier>",
        sk: "CLAIM",
        expires: "never",
        attributes: &[
            ("user", "whose address this is"),
            (
                "since",
                "when it became theirs; not in items of earlier versions. Device tokens are bound to it",
            ),
            (
                "source",
                "the origin of the last sign-in by this address that wrote its link; a further one from there leaves link and claim alone",
            ),
        ],
    },
    Entity {
        name: "registrations",
        table: Table::Accounts,
        pk: "STATS#REGISTRATIONS#<shard>",
        sk: "<day>",
        expires: "never",
        attributes: &[(
            "m_<method>",
            "new users of that day, by the way they registered",
        )],
    },
    Entity {
        name: "sources",
        table: Table::Accounts,
        pk: "STATS#SOURCES#<shard>",
        sk: "<origin>",
        expires: "never",
        attributes: &[
            (
                "m_<method>",
                "users who came from there, by the method of their first sign-in",
            ),
            ("last", "the last one's moment, in shard 0 only"),
        ],
    },
    Entity {
        name: "code figures",
        table: Table::Accounts,
        pk: "STATS#OTP#<shard>",
        sk: "<day>#<channel>",
        expires: "never",
        attributes: &[(
            "requested, sent, delivered, verified, failed, limited",
            "how many of that day",
        )],
    },
    Entity {
        name: "last-active histogram",
        table: Table::Accounts,
        pk: "STATS#ACTIVE#<shard>",
        sk: "<month>",
        expires: "never",
        attributes: &[
            ("d01 … d31", "users whose last sign of life was that day"),
            (
                "users",
                "in items of earlier versions, whose `sk` is a day: the same",
            ),
        ],
    },
    Entity {
        name: "recent registrations",
        table: Table::Accounts,
        pk: "STATS#JOINED#<month>",
        sk: "<milliseconds since 1970, 15 digits>#<user id>",
        expires: "never; it goes with its user",
        attributes: &[("source", "the origin of the page that they came from")],
    },
    Entity {
        name: "seen",
        table: Table::Ephemeral,
        pk: "SEEN#<id of a stream record, or of a message to be sent once>",
        sk: "SEEN",
        expires: "after 15 days: a stream remembers for one, a dead letter for 14",
        attributes: &[(
            "by",
            "of a message to be sent once: which attempt marked it",
        )],
    },
    Entity {
        name: "due erasure",
        table: Table::Accounts,
        pk: "ERASURES",
        sk: "<milliseconds since 1970, 15 digits>#<user id>",
        expires: "never: it goes with its user, or when the wish is undone",
        attributes: &[(
            "tries, next",
            "how often carrying it out has failed, and until when it rests",
        )],
    },
    Entity {
        name: "notice",
        table: Table::Accounts,
        pk: "NOTICES#<user id>",
        sk: "<what it is about>",
        expires: "never: it goes when its message is out, or was tried eight times; it outlives its user only where it tells them that they were erased",
        attributes: &[
            (
                "to",
                "list of the one address that is to be told; empty where it is looked up when it is told",
            ),
            (
                "change",
                "what happened: `added`, `changed`, `removed`, `erasure_asked`, `erasure_near`, `erasure_undone`, `erased`",
            ),
            (
                "kind, masked",
                "of an address that changed: its kind, and the address, masked",
            ),
            (
                "day",
                "of an erasure that was asked for: the day, in the person's time zone",
            ),
            ("lang", "the language to write in"),
            ("due, tries", "when it is tried next, and how often it was"),
            ("delivery", "the delivery of the last try"),
        ],
    },
    Entity {
        name: "due notice",
        table: Table::Accounts,
        pk: "NOTICES",
        sk: "<milliseconds since 1970, 15 digits>#<user id>#<what it is about>",
        expires: "never: it goes with its notice",
        attributes: &[(
            "to, change, kind, masked, lang",
            "in earlier versions, under keys without the last part: the notice itself, for all its recipients; such an item is split when it is tried",
        )],
    },
    Entity {
        name: "challenge",
        table: Table::Ephemeral,
        pk: "CODE#<purpose>#<kind>#<identifier>",
        sk: "CODE",
        expires: "400 days after the last touch: failures fall by a success only",
        attributes: &[
            (
                "nonce, pv, digits",
                "what the code is derived from; the code itself is nowhere",
            ),
            ("exp", "when the code ends, milliseconds since 1970"),
            (
                "a, ka",
                "comparisons of this code, by strangers and by known devices; what a known device compares with its own code counts here as well",
            ),
            (
                "kn, kpv, kexp, kb, kk, kids, kvia, kwas",
                "the same of the code that a known device asked for: the common one, until strangers have used that up",
            ),
            (
                "pn, ppv",
                "nonce and pepper of the common code before this one, which may be under way when it is replaced",
            ),
            (
                "won, wpv, wl",
                "nonce and pepper of the code that was used last, and who proved it: `stranger` or `known`",
            ),
            (
                "f, fa, kf, kfa",
                "failures in a row and the last one's moment, by strangers and by known devices",
            ),
            ("s0 … s9", "the last ten sends"),
            (
                "m0 … m9",
                "the last ten sends to the mailbox: this address, its plus-tags, and at Gmail its dots",
            ),
            (
                "k",
                "map from idempotency key (or request), channel and owner to the delivery id, the way it took, a keyed hash of the caller's network, language and origin",
            ),
            ("ids", "the deliveries that carried the code"),
            (
                "via, was",
                "the way that the code travelled last, and the one before",
            ),
            (
                "took",
                "set of the deliveries by WhatsApp that did not arrive and go by SMS",
            ),
            (
                "joint, spent",
                "for linking: when others began to share the code, and the set of owners who have used theirs",
            ),
            ("way", "the way of the last send, of whichever code"),
            (
                "fell",
                "in earlier versions: a delivery by WhatsApp that did not arrive; now the delivery says so itself",
            ),
            (
                "guess",
                "keyed hash of the code that was tried last, by which the stream tells whether it was right",
            ),
            (
                "mute",
                "set where nothing was sent on purpose; such a code never matches",
            ),
            (
                "quiet",
                "the last request for a code that was sent before, where nothing was sent on purpose",
            ),
            (
                "owner",
                "for linking: hash of the user who asked last, and of the version of the address that it replaces",
            ),
            (
                "src, lang",
                "origin and language that came with the request that made the code",
            ),
            ("rid", "the request that wrote last"),
        ],
    },
    Entity {
        name: "limit",
        table: Table::Ephemeral,
        pk: "LIMIT#<rule>#<subject>",
        sk: "LIMIT",
        expires: "when it is empty",
        attributes: &[
            (
                "tat",
                "theoretical arrival time (GCRA), milliseconds since 1970",
            ),
            ("n", "messages of a day's budget"),
            (
                "rid, idle",
                "the request that wrote last, and the one that began this busy time",
            ),
            ("undone", "the request that was taken back last"),
        ],
    },
    Entity {
        name: "delivery",
        table: Table::Ephemeral,
        pk: "DELIVERY#<id>",
        sk: "DELIVERY",
        expires: "after 30 days",
        attributes: &[
            ("ch", "channel"),
            ("to", "MAC of the recipient"),
            ("kind", "`notice` where the message carries no code"),
            ("rk, st", "rank and name of the state; forward only"),
            ("hist", "list of states and moments"),
            ("at", "when the state was reached"),
            ("err", "the provider's first error code, for the operator"),
            (
                "code",
                "for a code by WhatsApp, until its way has ended: `<purpose>#<kind>#<identifier>` of its challenge",
            ),
            (
                "fell, took",
                "when WhatsApp reported it as not arrived, and when it was decided to send it by SMS",
            ),
        ],
    },
    Entity {
        name: "unpublished event",
        table: Table::Ephemeral,
        pk: "UNPUBLISHED#<shard>",
        sk: "<milliseconds since 1970, 15 digits>#<event id>",
        expires: "after 14 days; it goes when the bus has taken it",
        attributes: &[
            (
                "name, detail",
                "the domain event's `detail-type` and `detail`",
            ),
            ("at", "when it happened"),
        ],
    },
    Entity {
        name: "suppression",
        table: Table::Ephemeral,
        pk: "SUPPRESSED#<kind>#<MAC of the identifier>",
        sk: "SUPPRESSED",
        expires: "at its end, if it has one; it outlives the person",
        attributes: &[
            (
                "reason",
                "`bounce`, `complaint`, `opt_out`, `unreachable` or `operator`",
            ),
            ("at", "when the address gave that reason"),
            (
                "lifted",
                "when an operator, or the person, let messages through again: what happened before does not count any more",
            ),
            (
                "until",
                "until when, milliseconds since 1970; without it for good, or in items of earlier versions as long as its reason counts",
            ),
            ("masked", "the address, masked, for the operator's list"),
        ],
    },
];

/// A full primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pk: String,
    sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The key as the SDK takes it; also the beginning of a new item.
    pub(crate) fn item(&self) -> Item {
        [("pk".to_owned(), self.pk()), ("sk".to_owned(), s(&self.sk))].into()
    }

    /// The partition key's value.
    pub(crate) fn pk(&self) -> AttributeValue {
        s(&self.pk)
    }
}

pub(crate) fn user(id: UserId) -> Key {
    Key::new(format!("USER#{id}"), "USER")
}

pub(crate) fn session(user: UserId, id: SessionId) -> Key {
    Key::new(format!("USER#{user}"), format!("SESSION#{id}"))
}

pub(crate) fn user_source(user: UserId, origin: &str) -> Key {
    Key::new(format!("USER#{user}"), format!("SOURCE#{origin}"))
}

pub(crate) fn activity(user: UserId, id: ActivityId) -> Key {
    Key::new(format!("USER#{user}"), format!("ACTIVITY#{id}"))
}

/// An address that a person asked to link.
pub(crate) fn asked(user: UserId, identifier: &Identifier) -> Key {
    Key::new(
        format!("USER#{user}"),
        format!(
            "ASKED#{}#{}",
            identifier.kind().as_str(),
            identifier.as_str()
        ),
    )
}

/// An address that a person gave up at this moment.
pub(crate) fn former(user: UserId, identifier: &Identifier, given_up: Timestamp) -> Key {
    let (kind, address) = (identifier.kind().as_str(), identifier.as_str());
    Key::new(
        format!("USER#{user}"),
        format!("FORMER#{kind}#{address}#{}", millis(given_up)),
    )
}

pub(crate) fn claim(identifier: &Identifier) -> Key {
    Key::new(
        format!(
            "CLAIM#{}#{}",
            identifier.kind().as_str(),
            identifier.as_str()
        ),
        "CLAIM",
    )
}

/// When a person is to be erased; in the order of time.
pub(crate) fn due_erasure(at: Timestamp, user: UserId) -> Key {
    Key::new("ERASURES".to_owned(), format!("{}#{user}", millis(at)))
}

/// What a person is still to be told, by its name among theirs.
pub(crate) fn notice(user: UserId, id: &str) -> Key {
    Key::new(format!("NOTICES#{user}"), id)
}

/// When a notice is tried next; in the order of time.
pub(crate) fn notice_due(due: Timestamp, user: UserId, id: &str) -> Key {
    Key::new("NOTICES".to_owned(), format!("{}#{user}#{id}", millis(due)))
}

/// What people were still to be told of a change of an account, as earlier versions wrote it.
pub(crate) fn notice_before(at: Timestamp, user: UserId) -> Key {
    Key::new("NOTICES".to_owned(), format!("{}#{user}", millis(at)))
}

/// The moment, the person and the notice of a key of [`notice_due`].
pub(crate) fn notice_due_of(sk: &str) -> Option<(Timestamp, UserId, &str)> {
    let (due, rest) = sk.split_once('#')?;
    let (user, id) = rest.split_once('#')?;
    let due = Timestamp::from_millisecond(due.parse().ok()?).ok()?;
    Some((due, UserId::parse(user)?, id))
}

/// A moment in digits whose order is that of time.
pub(crate) fn millis(at: Timestamp) -> String {
    format!("{:015}", at.as_millisecond().max(0))
}

/// The moment and the person of a key of [`due_erasure`] or [`notice_before`].
pub(crate) fn moment_and_user(sk: &str) -> Option<(Timestamp, UserId)> {
    let (millis, user) = sk.split_once('#')?;
    let at = Timestamp::from_millisecond(millis.parse().ok()?).ok()?;
    Some((at, UserId::parse(user)?))
}

/// The challenge of an identifier's text, which for a mailbox's budget need not be the identifier itself.
pub(crate) fn challenge(purpose: Purpose, kind: IdentifierKind, text: &str) -> Key {
    Key::new(
        format!("CODE#{}#{}#{text}", purpose.as_str(), kind.as_str()),
        "CODE",
    )
}

/// How another item names the challenge of an identifier.
pub(crate) fn name_of_challenge(purpose: Purpose, identifier: &Identifier) -> String {
    let (kind, text) = (identifier.kind().as_str(), identifier.as_str());
    format!("{}#{kind}#{text}", purpose.as_str())
}

/// Reads what [`name_of_challenge`] writes, and the key of a challenge without its `CODE#`.
pub(crate) fn challenge_named(name: &str) -> Option<(Purpose, Identifier)> {
    let mut parts = name.splitn(3, '#');
    let purpose = parts.next()?;
    let purpose = [Purpose::SignIn, Purpose::Link]
        .into_iter()
        .find(|known| known.as_str() == purpose)?;
    Some((purpose, Identifier::restore(parts.nth(1)?)?))
}

pub(crate) fn limit(rule: &str, subject: &str) -> Key {
    Key::new(format!("LIMIT#{rule}#{subject}"), "LIMIT")
}

pub(crate) fn delivery(id: &str) -> Key {
    Key::new(format!("DELIVERY#{id}"), "DELIVERY")
}

pub(crate) fn seen(id: &str) -> Key {
    Key::new(format!("SEEN#{id}"), "SEEN")
}

/// A domain event that the bus did not take; `sk` is in the order of time.
pub(crate) fn unpublished(shard: u8, sk: impl Into<String>) -> Key {
    Key::new(format!("UNPUBLISHED#{shard}"), sk)
}

/// One shard of a counter. The shard is part of the partition key, so that the shards are no single partition's load.
pub(crate) fn counter(metric: &str, shard: u8, place: &str) -> Key {
    Key::new(format!("STATS#{metric}#{shard}"), place)
}

/// An item of statistics; `rest` is what stands behind its metric. In earlier versions counters were such items, with their
/// shard at the end of `rest`; they are still added up.
pub(crate) fn statistic(metric: &str, rest: impl Into<String>) -> Key {
    Key::new(format!("STATS#{metric}"), rest)
}

pub(crate) fn suppression(kind: IdentifierKind, mac: &str) -> Key {
    Key::new(format!("SUPPRESSED#{}#{mac}", kind.as_str()), "SUPPRESSED")
}
