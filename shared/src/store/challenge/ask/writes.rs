//! The two writes to a challenge that exclude each other, as expressions: FRESH and REPEAT.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::{Ask, WORTH_REPEATING, Windows};
use crate::config::OtpRules;
use crate::domain::challenge::Live;
use crate::domain::quota::{SLOTS, Window, after};
use crate::store::challenge::{KEEP, attributes};
use crate::store::item::{Item, at, b, n, s, ttl};
use crate::store::keys::{self, Table};
use crate::store::write::Write;

/// The two writes to the identifier's own challenge.
pub(super) struct Own<'a> {
    ask: &'a Ask<'a>,
    digits: u8,
    expires: Timestamp,
    lim: String,
    live: String,
    shift: String,
    values: Vec<(&'static str, AttributeValue)>,
}

impl<'a> Own<'a> {
    /// `mailbox_here`: the address is its mailbox's own, so its item holds the mailbox's day as well.
    pub(super) fn new(ask: &'a Ask<'a>, rules: &OtpRules, mailbox_here: bool) -> Self {
        let windows = Windows::of(rules);
        let [attempts, failures, _] = attributes(ask.lane);
        let open = |register: char, window: Window, latest: &str| {
            let slot = format!("{register}{}", window.slot());
            format!("(attribute_not_exists({slot}) OR {slot}<={latest})")
        };
        let mut lim = [
            open('s', windows.cooldown, ":cool"),
            open('s', windows.hour, ":hour"),
            open('s', windows.day, ":day"),
            format!("(attribute_not_exists({failures}) OR {failures}<:cap)"),
        ]
        .join(" AND ");
        let mut shifts = shift('s');
        if mailbox_here {
            lim = format!("{lim} AND {}", open('m', windows.day, ":day"));
            shifts = format!("{shifts}, {}", shift('m'));
        }
        let versions: Vec<_> = (0..ask.peppers.len())
            .map(|n| PEPPER_NAMES[n.min(PEPPER_NAMES.len() - 1)])
            .collect();
        let owner = if ask.owner.is_some() {
            "#owner=:owner"
        } else {
            "attribute_not_exists(#owner)"
        };
        let mute = if ask.withheld {
            ""
        } else {
            " AND attribute_not_exists(mute)"
        };
        let live = format!(
            "attribute_exists(nonce) AND exp>=:soon AND {attempts}<:max AND pv IN ({}) AND digits=:digits AND {owner}{mute}",
            versions.join(",")
        );
        let mut values = vec![
            (":now", at(ask.now)),
            (":z", n(0)),
            (":cool", at(windows.cooldown.latest(ask.now))),
            (":hour", at(windows.hour.latest(ask.now))),
            (":day", at(windows.day.latest(ask.now))),
            (":cap", n(rules.failure_cap)),
            (":soon", at(after(ask.now, WORTH_REPEATING))),
            (":max", n(rules.max_attempts)),
            (":digits", n(rules.digits)),
            (":rid", s(ask.request)),
            (":via", s(ask.channel.as_str())),
            (":ids", AttributeValue::Ss(vec![ask.delivery.to_owned()])),
            (":ttl", ttl(after(ask.now, KEEP))),
        ];
        values.extend(
            ask.peppers
                .iter()
                .zip(PEPPER_NAMES)
                .map(|(version, name)| (name, n(version))),
        );
        values.extend(ask.owner.map(|owner| (":owner", s(owner))));
        Self {
            ask,
            digits: rules.digits,
            expires: after(ask.now, rules.expiry),
            lim,
            live,
            shift: shifts,
            values,
        }
    }

    pub(super) fn live(&self) -> Live {
        let pepper = self.ask.peppers.first().copied().unwrap_or_default();
        Live {
            nonce: self.ask.nonce,
            pepper,
            expires: self.expires,
            sent: self.ask.now,
        }
    }

    /// What both writes set.
    fn common(&self) -> String {
        format!("{}, rid=:rid, via=:via, #ttl=:ttl", self.shift)
    }

    fn values(&self) -> Item {
        let values = self.values.iter();
        values
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    }

    /// A new code: what came with the request belongs to it, and is not changed by whoever asks for it again.
    pub(super) fn fresh(&self) -> Write {
        let mut set = self.common();
        let mut remove = vec!["mute", "took", "fell"];
        let mut values = self.values();
        for (name, value, given) in [
            ("src", ":src", self.ask.source),
            ("lang", ":lang", self.ask.language),
            ("#owner", ":owner", self.ask.owner),
        ] {
            if let Some(given) = given {
                set = format!("{set}, {name}={value}");
                values.insert(value.to_owned(), s(given));
            } else {
                remove.push(name);
            }
        }
        values.extend([
            (":n".to_owned(), b(self.ask.nonce)),
            (":e".to_owned(), at(self.expires)),
            (
                ":k".to_owned(),
                AttributeValue::M([(self.ask.key.to_owned(), s(self.ask.delivery))].into()),
            ),
        ]);
        debug_assert_eq!(values[":digits"], n(self.digits));
        let set = format!(
            "SET nonce=:n, pv={}, digits=:digits, exp=:e, a=:z, ka=:z, k=:k, ids=:ids, {set} REMOVE {}",
            PEPPER_NAMES[0],
            remove.join(", ")
        );
        let when = format!(
            "NOT ({}) AND (attribute_not_exists(k.#h) OR attribute_not_exists(nonce) OR exp<=:now) AND {}",
            self.live, self.lim
        );
        self.write(set, when, values)
    }

    /// `known`: the nonce that the caller already holds, where the answer cannot bring it.
    pub(super) fn repeat(&self, known: Option<[u8; 16]>) -> Write {
        let mut values = self.values();
        values.insert(":did".to_owned(), s(self.ask.delivery));
        let mut condition = format!(
            "{} AND attribute_not_exists(k.#h) AND {}",
            self.live, self.lim
        );
        if let Some(nonce) = known {
            condition.push_str(" AND nonce=:n");
            values.insert(":n".to_owned(), b(nonce));
        }
        // `was`: should the provider refuse this one, the code has travelled as it had before.
        let set = format!("SET k.#h=:did, was=via, {} ADD ids :ids", self.common());
        self.write(set, condition, values)
    }

    fn write(&self, set: String, when: String, values: Item) -> Write {
        let ask = self.ask;
        let key = keys::challenge(ask.purpose, ask.identifier.kind(), ask.identifier.as_str());
        Write::update(Table::Ephemeral, key, set)
            .when(when)
            .name("#h", ask.key)
            .values(values)
    }
}

/// As many versions as a ring may hold at once.
const PEPPER_NAMES: [&str; 4] = [":p1", ":p2", ":p3", ":p4"];

/// Moves a register of send times on by one and writes the newest.
pub(super) fn shift(register: char) -> String {
    let older =
        (1..SLOTS).map(|slot| format!("{register}{slot}=if_not_exists({register}{},:z)", slot - 1));
    std::iter::once(format!("{register}0=:now"))
        .chain(older)
        .collect::<Vec<_>>()
        .join(", ")
}
