//! The writes to a challenge that exclude each other, as expressions: FRESH, REPEAT and, where the code is somebody else's
//! as well, JOIN.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::{Ask, Plan, WORTH_REPEATING, Windows};
use crate::config::OtpRules;
use crate::domain::challenge::Live;
use crate::domain::quota::{SLOTS, Window, after};
use crate::store::challenge::{COMMON, KEEP, KNOWN, Slot, attributes};
use crate::store::item::{Item, at, b, n, s, ttl};
use crate::store::keys::{self, Table};
use crate::store::write::Write;

/// The writes to the identifier's own challenge.
pub(super) struct Own<'a> {
    ask: &'a Ask<'a>,
    expires: Timestamp,
    lim: String,
    common_lives: String,
    known_lives: String,
    shift: String,
    values: Item,
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
        let lives = |slot: &Slot, attempts: &str| {
            format!(
                "attribute_exists({}) AND {}>=:soon AND {attempts}<:max AND {} IN ({})",
                slot.nonce,
                slot.expires,
                slot.pepper,
                versions.join(",")
            )
        };
        let mute = if ask.withheld {
            ""
        } else {
            " AND attribute_not_exists(mute)"
        };
        // A linking code that its owner has used lives for the others.
        let unspent = if ask.owner.is_some() {
            " AND (attribute_not_exists(spent) OR NOT contains(spent,:owner))"
        } else {
            ""
        };
        Self {
            ask,
            expires: after(ask.now, rules.expiry),
            lim,
            common_lives: format!(
                "{} AND digits=:digits{mute}{unspent}",
                lives(&COMMON, attempts)
            ),
            known_lives: lives(&KNOWN, "kb"),
            shift: shifts,
            values: values(ask, rules, &windows),
        }
    }

    /// The code that a fresh write makes.
    pub(super) fn live(&self) -> Live {
        let pepper = self.ask.peppers.first().copied().unwrap_or_default();
        Live {
            nonce: self.ask.nonce,
            pepper,
            expires: self.expires,
            sent: self.ask.now,
        }
    }

    /// The write of a plan; `known` is the nonce that the caller already holds, where the answer cannot bring it.
    pub(super) fn planned(&self, plan: Plan, known: Option<[u8; 16]>) -> Option<Write> {
        match plan {
            Plan::Fresh => Some(self.fresh()),
            Plan::Repeat => Some(self.repeat(known)),
            Plan::Join => self.join(known),
        }
    }

    /// What all writes set.
    fn common(&self) -> String {
        format!("{}, rid=:rid, way=:via, #ttl=:ttl", self.shift)
    }

    /// That the idempotency key was not used for a code that lives in this slot.
    fn unused(slot: &Slot) -> String {
        format!(
            "(attribute_not_exists({}.#h) OR attribute_not_exists({}) OR {}<=:now)",
            slot.keys, slot.nonce, slot.expires
        )
    }

    /// A new code: what came with the request belongs to it, and is not changed by asking for it again. Verifications
    /// of the code that it replaces may be under way, and find it as `pn`. A known device's is the common code too.
    fn fresh(&self) -> Write {
        let known = *self.ask.slot() == KNOWN;
        let mut set = vec![
            "nonce=:n, pv=:p1, digits=:digits, exp=:e, a=:z, ka=:z, via=:via".to_owned(),
            "pn=if_not_exists(nonce,:gone), ppv=if_not_exists(pv,:p1)".to_owned(),
            self.common(),
        ];
        let mut remove = vec!["mute", "took", "fell", "joint", "spent"];
        for (name, value, given) in [
            ("src", "src=:src", self.ask.source),
            ("lang", "lang=:lang", self.ask.language),
            ("#owner", "#owner=:owner", self.ask.owner),
        ] {
            if given.is_some() {
                set.push(value.to_owned());
            } else {
                remove.push(name);
            }
        }
        let mut lives = vec![format!("NOT ({})", self.common_lives)];
        if known {
            set.push(
                "k=:none, kn=:n, kpv=:p1, kexp=:e, kb=:z, kk=:k, kids=:ids, kvia=:via".to_owned(),
            );
            remove.push("ids");
            lives.push(format!("NOT ({})", self.known_lives));
        } else {
            set.push("k=:k, ids=:ids".to_owned());
        }
        let set = format!("SET {} REMOVE {}", set.join(", "), remove.join(", "));
        let when = [
            lives.join(" AND "),
            Self::unused(&COMMON),
            Self::unused(&KNOWN),
            self.lim.clone(),
        ];
        self.write(set, &when)
    }

    /// The code that the asker's slot holds, once more. `was`: should the provider refuse this one, the code has travelled as
    /// it had before.
    fn repeat(&self, known: Option<[u8; 16]>) -> Write {
        let slot = self.ask.slot();
        let lives = match (*slot == KNOWN, self.ask.owner) {
            (true, _) => self.known_lives.clone(),
            (false, None) => self.common_lives.clone(),
            (false, Some(_)) => format!("{} AND #owner=:owner", self.common_lives),
        };
        let set = format!(
            "SET {keys}.#h=:did, {was}={via}, {via}=:via, {} ADD {} :ids",
            self.common(),
            slot.deliveries,
            keys = slot.keys,
            was = slot.was,
            via = slot.via,
        );
        self.again(set, lives, known)
    }

    /// The live common code for somebody who has none there: a known device makes it its own; another account that wants
    /// to link the address shares its nonce and its comparisons. `None` where there is nobody like that.
    fn join(&self, known: Option<[u8; 16]>) -> Option<Write> {
        let common = self.common();
        if *self.ask.slot() == KNOWN {
            let set = format!(
                "SET kn=nonce, kpv=pv, kexp=exp, kb=if_not_exists(ka,:z), kk=:k, kids=:ids, kwas=via, kvia=:via, \
                 pn=if_not_exists(kn,:gone), ppv=if_not_exists(kpv,pv), {common}"
            );
            let lives = format!("NOT ({}) AND {}", self.known_lives, self.common_lives);
            return Some(self.again(set, lives, known));
        }
        self.ask.owner?;
        // What came with the others' requests goes: it is not to outlive them, and what they were sent is not sent again.
        let set = format!(
            "SET #owner=:owner, joint=:now, k=:k, ids=:ids, was=via, via=:via, {common} REMOVE src, lang, fell"
        );
        let lives = format!(
            "{} AND (attribute_not_exists(#owner) OR #owner<>:owner)",
            self.common_lives
        );
        Some(self.again(set, lives, known))
    }

    fn again(&self, set: String, lives: String, known: Option<[u8; 16]>) -> Write {
        let mut when = vec![
            lives,
            Self::unused(&COMMON),
            Self::unused(&KNOWN),
            self.lim.clone(),
        ];
        if let Some(nonce) = known {
            let source = if set.contains("kn=nonce") {
                COMMON.nonce
            } else {
                self.ask.slot().nonce
            };
            when.push(format!("{source}=:seen"));
            return self.write(set, &when).value(":seen", b(nonce));
        }
        self.write(set, &when)
    }

    fn write(&self, set: String, when: &[String]) -> Write {
        let ask = self.ask;
        let key = keys::challenge(ask.purpose, ask.identifier.kind(), ask.identifier.as_str());
        let when = when.join(" AND ");
        let used: HashSet<_> = names_of_values(&set)
            .chain(names_of_values(&when))
            .collect();
        let values: Vec<_> = self
            .values
            .iter()
            .filter(|(name, _)| used.contains(name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Write::update(Table::Ephemeral, key, set)
            .when(when)
            .name("#h", ask.key)
            .values(values)
    }
}

/// What the expressions may name.
fn values(ask: &Ask<'_>, rules: &OtpRules, windows: &Windows) -> Item {
    let sent = s(ask.carried(ask.channel).to_string());
    let ids = AttributeValue::Ss(vec![ask.delivery.to_owned()]);
    let keys = AttributeValue::M([(ask.key.to_owned(), sent.clone())].into());
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
        (":ids", ids),
        (":did", sent),
        (":k", keys),
        (":none", AttributeValue::M(Item::new())),
        (":n", b(ask.nonce)),
        (":gone", b([0; 0])),
        (":e", at(after(ask.now, rules.expiry))),
        (":ttl", ttl(after(ask.now, KEEP))),
    ];
    let peppers = ask.peppers.iter().zip(PEPPER_NAMES);
    values.extend(peppers.map(|(version, name)| (name, n(version))));
    let given = [
        (":owner", ask.owner),
        (":src", ask.source),
        (":lang", ask.language),
    ];
    values.extend(
        given
            .into_iter()
            .filter_map(|(name, given)| Some((name, s(given?)))),
    );
    values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The names of the values that an expression names, each with its colon.
fn names_of_values(expression: &str) -> impl Iterator<Item = &str> {
    expression.match_indices(':').map(|(start, _)| {
        let rest = &expression[start..];
        let end = rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        end.map_or(rest, |end| &rest[..=end])
    })
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
