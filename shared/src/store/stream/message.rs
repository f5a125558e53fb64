//! What messages tell: how far they came, and which addresses take none.

use super::{Change, Effects, Task};
use crate::domain::channel::Channel;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::event::Happened;
use crate::domain::id::DeliveryId;
use crate::store::delivery::NOTICE;
use crate::store::item::{Item, Read};
use crate::store::keys;
use crate::store::statistics::{Count, Figure};

pub(super) fn delivery(id: &str, change: &Change, effects: &mut Effects) {
    let (Some(delivery), Some(new)) = (DeliveryId::parse(id), &change.new) else {
        return;
    };
    let nothing = Item::new();
    let old = change.old.as_ref().unwrap_or(&nothing);
    let at = new.moment("at").unwrap_or(change.noted);
    undelivered(delivery, old, new, effects);
    if let Some(channel) = new.text("ch").and_then(|word| Channel::parse(word).ok())
        && arrived(new)
        && !arrived(old)
    {
        effects
            .counts
            .push(Count::otp(at, channel, Figure::Delivered, 1));
    }
    let Some(status) = new
        .text("st")
        .filter(|status| old.text("st") != Some(status))
    else {
        return;
    };
    if DeliveryStatus::parse(status) != Some(DeliveryStatus::Queued) {
        let channel = new.text("ch").map(str::to_owned);
        let status = status.to_owned();
        effects.happened(
            change,
            at,
            Happened::DeliveryUpdated {
                delivery,
                channel,
                status,
            },
        );
    }
}

/// WhatsApp reported a code as not arrived. The report may come before our own note, which says whose code it is.
fn undelivered(delivery: DeliveryId, old: &Item, new: &Item, effects: &mut Effects) {
    let known = |item: &Item| item.contains_key("fell") && item.contains_key("code");
    let of = new.text("code").filter(|_| known(new) && !known(old));
    if let Some((purpose, identifier)) = of.and_then(keys::challenge_named) {
        effects.tasks.push(Task::Undelivered {
            purpose,
            identifier,
            delivery,
        });
    }
}

/// Whether a code arrived. A message that nobody noted with its recipient is none: a notice, or one whose note is still
/// to come.
fn arrived(item: &Item) -> bool {
    let state = item.text("st").and_then(DeliveryStatus::parse);
    item.contains_key("to")
        && item.text("kind") != Some(NOTICE)
        && matches!(
            state,
            Some(DeliveryStatus::Delivered | DeliveryStatus::Read | DeliveryStatus::Complained)
        )
}

pub(super) fn suppression(change: &Change, effects: &mut Effects) {
    let Some(new) = &change.new else {
        return;
    };
    // It went on, or was lifted; where it was over and begins anew, that is news.
    let at = new.moment("at").unwrap_or(change.noted);
    let same = |old: &Item| {
        let over = old.moment("until").is_some_and(|until| until <= at);
        old.get("reason") == new.get("reason") && !over
    };
    if change.old.as_ref().is_some_and(same) {
        return;
    }
    let kind = change.pk.split('#').nth(1).unwrap_or_default().to_owned();
    let reason = new.text("reason").unwrap_or_default().to_owned();
    effects.happened(change, at, Happened::AddressSuppressed { kind, reason });
}
