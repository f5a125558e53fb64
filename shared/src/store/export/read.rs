//! Items as an export shows them: without what opens something, and without what means nothing outside of the tables.

use jiff::Timestamp;

use super::parts::{
    CodeRequests, ExportedActivity, ExportedDelivery, ExportedSession, ExportedSource,
    ExportedStep, ExportedSuppression, FormerAddress, PendingNotice, PendingRequest, Whereabouts,
};
use crate::domain::challenge::Purpose;
use crate::domain::channel::Channel;
use crate::domain::delivery::SealedId;
use crate::domain::id::{DeliveryId, SessionId};
use crate::domain::identifier::Identifier;
use crate::store::addresses::Held;
use crate::store::challenge::sends;
use crate::store::delivery;
use crate::store::item::{Item, Read};
use crate::store::link_requests::Asked;
use crate::store::pending_notices;
use crate::store::statistics::Source;

fn text(item: &Item, name: &str) -> String {
    item.text(name).unwrap_or_default().to_owned()
}

/// The part of the sort key that names the item.
fn name<'a>(item: &'a Item, prefix: &str) -> Option<&'a str> {
    item.text("sk")?.strip_prefix(prefix)
}

/// When TTL takes the item away.
fn kept_until(item: &Item) -> Option<Timestamp> {
    Timestamp::from_second(item.number("ttl")?).ok()
}

fn channel(item: &Item, name: &str) -> Option<Channel> {
    Channel::parse(item.text(name)?).ok()
}

pub(super) fn session(item: &Item) -> Option<ExportedSession> {
    let created_at = item.moment("created")?;
    let last = |refreshed: &str, signed_in: &str| {
        let found = item.text(refreshed).or_else(|| item.text(signed_in));
        found.unwrap_or_default().to_owned()
    };
    Some(ExportedSession {
        id: SessionId::parse(name(item, "SESSION#")?)?,
        created_at,
        last_used_at: item.moment("used")?,
        expires_at: item.moment("end")?,
        ip: last("rip", "ip"),
        user_agent: last("rua", "ua"),
        amr: item.list("amr"),
        signed_in_from: Whereabouts {
            at: created_at,
            ip: text(item, "ip"),
            user_agent: text(item, "ua"),
        },
        repeated_from: item.moment("eat").map(|at| Whereabouts {
            at,
            ip: text(item, "eip"),
            user_agent: text(item, "eua"),
        }),
    })
}

pub(super) fn source(item: &Item) -> Option<ExportedSource> {
    Some(ExportedSource {
        source: Source::of(name(item, "SOURCE#")?),
        registration_method: text(item, "method"),
        created_at: item.moment("created")?,
        last_seen_at: item.moment("seen")?,
    })
}

pub(super) fn activity(item: &Item) -> Option<ExportedActivity> {
    Some(ExportedActivity {
        event: text(item, "event"),
        at: item.moment("at")?,
        ip: text(item, "ip"),
        user_agent: text(item, "ua"),
        detail: text(item, "detail"),
    })
}

/// Why and when sessions were last ended before their time.
pub(super) fn ended(account: &Item) -> Option<(String, Timestamp)> {
    let ended = account.get("ended")?.as_m().ok()?;
    Some((ended.text("why")?.to_owned(), ended.moment("at")?))
}

pub(super) fn former(held: &Held) -> FormerAddress {
    FormerAddress {
        identifier: held.identifier.as_str().to_owned(),
        given_up_at: Some(held.until).filter(|until| *until != Timestamp::MAX),
    }
}

/// What a challenge says of its address. It holds nothing of the person who asked for a linking code.
pub(super) fn codes(item: &Item, purpose: Purpose, identifier: &Identifier) -> CodeRequests {
    let moments = |register| sends(item, register).into_iter().flatten().collect();
    let ids = ["ids", "kids"].map(|name| item.get(name).and_then(|set| set.as_ss().ok()));
    CodeRequests {
        identifier: identifier.as_str().to_owned(),
        purpose: match purpose {
            Purpose::SignIn => "sign_in",
            Purpose::Link => "link",
        },
        requested_at: moments('s'),
        mailbox_requested_at: moments('m'),
        code_expires_at: item.moment("exp").filter(|_| item.contains_key("nonce")),
        channel: channel(item, "via"),
        delivery_ids: ids.into_iter().flatten().flatten().cloned().collect(),
        failures: item.count("f"),
        last_failure_at: item.moment("fa"),
        known_device_failures: item.count("kf"),
        known_device_last_failure_at: item.moment("kfa"),
        source: item.text("src").map(Source::of),
        language: item.text("lang").map(str::to_owned),
        kept_until: kept_until(item),
    }
}

pub(super) fn delivery(
    item: &Item,
    identifier: &Identifier,
    seal: impl Fn(DeliveryId) -> SealedId,
) -> Option<ExportedDelivery> {
    let id = DeliveryId::parse(item.text("pk")?.strip_prefix("DELIVERY#")?)?;
    let delivery = delivery::read(item).ok()?;
    let history = delivery.history.into_iter();
    Some(ExportedDelivery {
        delivery_id: seal(id).to_string(),
        identifier: identifier.as_str().to_owned(),
        kind: if item.text("kind") == Some(delivery::NOTICE) {
            "notice"
        } else {
            "code"
        },
        status: delivery.state,
        channel: delivery.channel,
        updated_at: delivery.updated,
        history: history
            .map(|(status, at)| ExportedStep { status, at })
            .collect(),
        error_code: item.text("err").map(str::to_owned),
    })
}

pub(super) fn suppression(item: &Item, identifier: &Identifier) -> ExportedSuppression {
    ExportedSuppression {
        identifier: identifier.as_str().to_owned(),
        reason: text(item, "reason"),
        at: item.moment("at"),
        until: item.moment("until"),
    }
}

/// A request to add an address; of the code, which others may have asked for as well, what is this person's.
pub(super) fn request(
    asked: &Asked,
    item: &Item,
    code: Option<&Item>,
    seal: impl Fn(DeliveryId) -> SealedId,
) -> PendingRequest {
    let ids = asked.deliveries.iter();
    PendingRequest {
        identifier: asked.identifier.as_str().to_owned(),
        delivery_ids: ids.map(|id| seal(*id).to_string()).collect(),
        requested_at: code.and_then(|code| code.moment("s0")),
        code_expires_at: code.and_then(|code| code.moment("exp")),
        channel: code.and_then(|code| channel(code, "via")),
        language: code.and_then(|code| code.text("lang")).map(str::to_owned),
        kept_until: kept_until(item),
    }
}

pub(super) fn notice(item: &Item) -> Option<PendingNotice> {
    let notice = pending_notices::read(item)?;
    Some(PendingNotice {
        identifiers: notice.to.iter().map(|to| to.as_str().to_owned()).collect(),
        subject: notice.news.as_str(),
        due_at: notice.due,
    })
}
