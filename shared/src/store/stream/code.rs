//! What a challenge tells: codes sent, tried and used.

use jiff::Timestamp;

use super::{Change, Effects, Interpreter, Task};
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::channel::Channel;
use crate::domain::delivery::SealedId;
use crate::domain::event::{Happened, Otp};
use crate::domain::identifier::Identifier;
use crate::domain::quota::{FREE_FAILURES, failure_wait};
use crate::store::challenge::{COMMON, KNOWN, attributes, outdated};
use crate::store::item::{Item, Read};
use crate::store::keys;
use crate::store::statistics::{Count, Figure};

pub(super) fn interpret(
    interpreter: &Interpreter<'_>,
    address: &str,
    change: &Change,
    effects: &mut Effects,
) {
    let Some(new) = &change.new else {
        return; // gone by its time, or with its person
    };
    let Some(code) = Code::read(address, new) else {
        return; // a mailbox's budget, which holds no code
    };
    let nothing = Item::new();
    let old = change.old.as_ref().unwrap_or(&nothing);
    sent(interpreter, &code, old, new, change, effects);
    for lane in [Lane::Stranger, Lane::Known] {
        tried(interpreter, &code, lane, old, new, change, effects);
    }
    used(&code, old, new, change, effects);
    undelivered(&code, old, new, effects);
}

/// The code of an item, as far as its key and its last send tell.
struct Code {
    purpose: Purpose,
    identifier: Identifier,
    channel: Channel,
}

impl Code {
    fn read(address: &str, item: &Item) -> Option<Self> {
        let (purpose, identifier) = keys::challenge_named(address)?;
        let channel = way(item)?;
        Some(Self {
            purpose,
            identifier,
            channel,
        })
    }

    fn otp(&self, interpreter: &Interpreter<'_>) -> Otp {
        Otp {
            purpose: self.purpose.as_str(),
            channel: self.channel.as_str(),
            subject: hex::encode(&interpreter.address_keys.subject(&self.identifier)[..8]),
        }
    }
}

/// A send is charged before it is made; what takes it back, or withholds it, comes after.
fn sent(
    interpreter: &Interpreter<'_>,
    code: &Code,
    old: &Item,
    new: &Item,
    change: &Change,
    effects: &mut Effects,
) {
    let last = |item: &Item| item.number("s0").filter(|at| *at > 0);
    let withheld = |item: &Item| item.contains_key("mute");
    let figure = |figure, by, item: &Item| {
        let at = item.moment("s0").unwrap_or(change.noted);
        Count::otp(at, code.channel, figure, by)
    };
    match (last(old), last(new)) {
        (before, Some(now)) if before.is_none_or(|before| now > before) => {
            effects.counts.push(figure(Figure::Requested, 1, new));
            if !withheld(new) {
                effects.counts.push(figure(Figure::Sent, 1, new));
            }
            let at = new.moment("s0").unwrap_or(change.noted);
            effects.happened(change, at, Happened::OtpRequested(code.otp(interpreter)));
        }
        (Some(before), now) if now.is_none_or(|now| now < before) && !withheld(old) => {
            // The way is again what it was before the send that is taken back.
            let at = old.moment("s0").unwrap_or(change.noted);
            let channel = way(old).unwrap_or(code.channel);
            effects
                .counts
                .push(Count::otp(at, channel, Figure::Sent, -1));
        }
        _ if new.text("quiet") != old.text("quiet") && !withheld(new) => {
            effects.counts.push(figure(Figure::Sent, -1, new));
        }
        _ if withheld(new) && !withheld(old) => effects.counts.push(figure(Figure::Sent, -1, new)),
        (Some(_), Some(_)) if !withheld(new) && new.get("took") != old.get("took") => {
            // The code of a message by WhatsApp goes by SMS instead.
            let at = new.moment("s0").unwrap_or(change.noted);
            for (channel, by) in [(Channel::Whatsapp, -1), (Channel::Sms, 1)] {
                effects
                    .counts
                    .push(Count::otp(at, channel, Figure::Sent, by));
            }
        }
        (Some(_), Some(_)) if !withheld(new) => {
            // It went another way than the one that was asked for.
            if let Some(before) = way(old).filter(|before| *before != code.channel) {
                let at = new.moment("s0").unwrap_or(change.noted);
                effects
                    .counts
                    .push(Count::otp(at, before, Figure::Sent, -1));
                effects.counts.push(figure(Figure::Sent, 1, new));
            }
        }
        _ => {}
    }
}

/// The way that a code was sent last.
fn way(item: &Item) -> Option<Channel> {
    Channel::parse(item.text("way").or_else(|| item.text("via"))?).ok()
}

/// The way that the code travelled which this lane tries: a known device its own, if it has one.
fn tried_way(item: &Item, lane: Lane) -> Option<Channel> {
    let own = (lane == Lane::Known && item.contains_key(KNOWN.nonce)).then_some(&KNOWN);
    own.unwrap_or(&COMMON).via(item)
}

/// A comparison is charged before it is made, right or wrong: which one it was, the mark of what was typed tells.
fn tried(
    interpreter: &Interpreter<'_>,
    code: &Code,
    lane: Lane,
    old: &Item,
    new: &Item,
    change: &Change,
    effects: &mut Effects,
) {
    let [_, failures, failed_at] = attributes(lane);
    let (before, failures) = (old.count(failures), new.count(failures));
    if failures <= before || was_right(interpreter, code, new) {
        return;
    }
    let at = new.moment(failed_at).unwrap_or(change.noted);
    let channel = tried_way(new, lane).unwrap_or(code.channel);
    effects
        .counts
        .push(Count::otp(at, channel, Figure::Failed, 1));
    let otp = code.otp(interpreter);
    let known_device = lane == Lane::Known;
    effects.happened(
        change,
        at,
        Happened::OtpFailed {
            otp: otp.clone(),
            failures,
            known_device,
        },
    );
    if failures < FREE_FAILURES && failures < interpreter.failure_cap {
        return;
    }
    let wait = (failures < interpreter.failure_cap).then(|| failure_wait(failures).as_secs());
    let identifier = code.identifier.clone();
    effects.tasks.push(Task::Locked {
        identifier,
        event: effects.events.len(),
    });
    effects.happened(
        change,
        at,
        Happened::OtpLocked {
            otp,
            failures,
            known_device,
            wait,
            user: None,
        },
    );
}

/// Whether the last guess was a code of this challenge, also one that is over: that is nobody's guess.
fn was_right(interpreter: &Interpreter<'_>, code: &Code, item: &Item) -> bool {
    let digits = item
        .number("digits")
        .and_then(|digits| u8::try_from(digits).ok());
    let (Some(guess), Some(digits)) = (item.bytes("guess"), digits) else {
        return false;
    };
    let owner = item.text("owner");
    let address_keys = interpreter.address_keys;
    let lives = [&COMMON, &KNOWN].into_iter().filter_map(|slot| {
        let live = slot.live(item)?;
        (!slot.is_withheld(item)).then_some(live)
    });
    let over = outdated(item).into_iter().flatten();
    let over = over.map(|(nonce, pepper)| Live {
        nonce,
        pepper,
        expires: Timestamp::MIN,
        sent: Timestamp::MIN,
    });
    lives.chain(over).any(|live| {
        let expected = address_keys.code(code.purpose, &code.identifier, owner, &live, digits);
        expected.is_some_and(|expected| {
            address_keys.guessed(&code.identifier, owner, &expected, &guess)
        })
    })
}

/// A code that was used up says so (`won`), and takes the failures of the lane that proved it.
fn used(code: &Code, old: &Item, new: &Item, change: &Change, effects: &mut Effects) {
    let Some(lane) = won(old, new) else { return };
    let [_, failures, failed_at] = attributes(lane);
    let at = old.moment(failed_at).unwrap_or(change.noted);
    let channel = tried_way(old, lane).unwrap_or(code.channel);
    effects
        .counts
        .push(Count::otp(at, channel, Figure::Verified, 1));
    effects.tasks.push(Task::Proven {
        identifier: code.identifier.clone(),
        failures: old.count(failures).saturating_sub(1), // the right one was charged too
        at,
        line: change.event_id(at, "activity", effects.tasks.len()),
    });
}

/// Who used a code up with this change.
fn won(old: &Item, new: &Item) -> Option<Lane> {
    let shares = |item: &Item| {
        item.get("spent")
            .and_then(|spent| Some(spent.as_ss().ok()?.len()))
    };
    if new.get("won") != old.get("won") || shares(new) > shares(old) {
        return [Lane::Stranger, Lane::Known]
            .into_iter()
            .find(|lane| new.text("wl") == Some(lane.as_str()));
    }
    // As earlier versions wrote it: the code is gone, its send times stay, and the failures of the lane that proved it are none.
    let gone = old.contains_key("nonce") && !new.contains_key("nonce");
    if !gone || old.get("s0") != new.get("s0") {
        return None;
    }
    // A stranger's proof clears both lanes, a known device's its own only.
    [Lane::Stranger, Lane::Known].into_iter().find(|lane| {
        let [_, failures, _] = attributes(*lane);
        old.count(failures) > 0 && new.count(failures) == 0
    })
}

/// In earlier versions a report marked the challenge; now it marks the delivery.
fn undelivered(code: &Code, old: &Item, new: &Item, effects: &mut Effects) {
    let mark = new
        .text("fell")
        .filter(|_| new.get("fell") != old.get("fell"));
    if let Some(sealed) = mark.and_then(SealedId::parse) {
        effects.tasks.push(Task::Undelivered {
            purpose: code.purpose,
            identifier: code.identifier.clone(),
            delivery: sealed.id,
        });
    }
}
