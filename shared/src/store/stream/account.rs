//! What a person's items tell: the account, its sessions, its sources.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::{Change, Effects, Task};
use crate::domain::event::Happened;
use crate::domain::id::{SessionId, UserId};
use crate::domain::session::Why;
use crate::domain::user::Status;
use crate::store::item::{Item, Read};
use crate::store::statistics::{Count, day};
use crate::store::user::sessions;

pub(super) fn interpret(user: UserId, change: &Change, effects: &mut Effects) {
    if change.sk == "USER" {
        return account(user, change, effects);
    }
    if let Some(session) = change.sk.strip_prefix("SESSION#") {
        if let Some(session) = SessionId::parse(session) {
            self::session(user, session, change, effects);
        }
    } else if let Some(origin) = change.sk.strip_prefix("SOURCE#") {
        source(origin, change, effects);
    }
}

fn account(user: UserId, change: &Change, effects: &mut Effects) {
    let before = change.old.as_ref().and_then(last_activity);
    let after = change.new.as_ref().and_then(last_activity);
    if before.map(day) != after.map(day) {
        effects
            .counts
            .extend(before.map(|at| Count::active(at, -1)));
        effects.counts.extend(after.map(|at| Count::active(at, 1)));
    }
    match (&change.old, &change.new) {
        (None, Some(new)) => {
            let at = new.moment("joined").unwrap_or(change.noted);
            let method = new.text("registered_with").unwrap_or("operator").to_owned();
            effects.counts.push(Count::registration(at, &method));
            let source = new.text("registered_from").map(str::to_owned);
            effects.tasks.push(Task::Join {
                user,
                at,
                source: source.clone(),
            });
            effects.happened(
                change,
                at,
                Happened::Registered {
                    user,
                    method,
                    source,
                },
            );
        }
        (Some(old), Some(new)) => {
            ended(user, change, old, new, effects);
            if lines(new) / TRIM_EVERY > lines(old) / TRIM_EVERY {
                effects.tasks.push(Task::TrimActivity { user });
            }
            let fields: Vec<_> = TOLD
                .into_iter()
                .filter(|name| old.get(*name) != new.get(*name))
                .collect();
            if !fields.is_empty() {
                effects.happened(change, change.noted, Happened::Updated { user, fields });
            }
        }
        (Some(old), None) => {
            if let Some(at) = old.moment("joined") {
                effects.tasks.push(Task::Leave { user, at });
            }
            effects.happened(change, change.noted, Happened::Erased { user });
        }
        (None, None) => {}
    }
}

/// What a change of is a change of the account; the rest is book-keeping.
const TOLD: [&str; 12] = [
    "avatar",
    "bio",
    "email",
    "erases_at",
    "first_name",
    "language",
    "last_name",
    "phone",
    "roles",
    "status",
    "timezone",
    "username",
];

/// With so many more lines of activity the oldest are looked for.
const TRIM_EVERY: u32 = 100;

fn lines(item: &Item) -> u32 {
    item.count("lines")
}

fn last_activity(item: &Item) -> Option<Timestamp> {
    item.moment("last_activity")
}

/// The sessions that were taken off the map before their time.
fn ended(user: UserId, change: &Change, old: &Item, new: &Item, effects: &mut Effects) {
    let (before, after) = (sessions(old), sessions(new));
    let gone: BTreeMap<_, _> = before
        .into_iter()
        .filter(|(id, _)| !after.contains_key(id))
        .collect();
    if gone.is_empty() {
        return;
    }
    let record = new
        .get("ended")
        .filter(|ended| old.get("ended") != Some(*ended))
        .and_then(|ended: &AttributeValue| ended.as_m().ok());
    let at = record
        .and_then(|record| record.moment("at"))
        .unwrap_or(change.noted);
    let erasing = new.text("status") == Some(Status::Erasing.as_str());
    let why = record
        .and_then(|record| record.text("why"))
        .unwrap_or(if erasing { "erased" } else { "unknown" });
    for (session, end) in gone {
        if end <= at {
            continue; // it had ended by itself
        }
        let why = why.to_owned();
        let reused = why == Why::RefreshReused.as_str();
        let line = change.event_id(at, "activity", effects.tasks.len());
        effects.tasks.push(Task::SessionEnded {
            user,
            session,
            why: why.clone(),
            at,
            line,
        });
        effects.happened(change, at, Happened::SessionRevoked { user, session, why });
        if reused {
            effects.happened(change, at, Happened::RefreshReused { user, session });
        }
    }
}

fn session(user: UserId, session: SessionId, change: &Change, effects: &mut Effects) {
    match (&change.old, &change.new) {
        (None, Some(new)) => {
            let at = new.moment("created").unwrap_or(change.noted);
            let amr = new.list("amr");
            effects.happened(change, at, Happened::SignedIn { user, session, amr });
            let origin = new.text("src").map(str::to_owned);
            effects
                .tasks
                .extend(origin.map(|origin| Task::SourceSeen { user, origin, at }));
        }
        (Some(old), Some(new)) => {
            // The account shows it by the hour: its item is read by every request, and need not change with each.
            let used = new
                .moment("used")
                .filter(|used| Some(hour(*used)) != old.moment("used").map(hour));
            effects
                .tasks
                .extend(used.map(|at| Task::Active { user, at }));
            if new.get("eg") != old.get("eg") {
                elsewhere(user, session, change, new, effects);
            }
        }
        _ => {}
    }
}

fn hour(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60 * 60)
}

/// A refresh that was repeated from another network or by another program.
fn elsewhere(user: UserId, session: SessionId, change: &Change, new: &Item, effects: &mut Effects) {
    let at = new.moment("eat").unwrap_or(change.noted);
    let text = |name: &str| new.text(name).unwrap_or_default().to_owned();
    effects.tasks.push(Task::RefreshedElsewhere {
        user,
        session,
        at,
        ip: text("eip"),
        user_agent: text("eua"),
        line: change.event_id(at, "activity", effects.tasks.len()),
    });
    effects.happened(change, at, Happened::RefreshElsewhere { user, session });
}

/// Links to sources go with their person only.
fn source(origin: &str, change: &Change, effects: &mut Effects) {
    let method = |item: &Item| item.text("method").unwrap_or("unknown").to_owned();
    match (&change.old, &change.new) {
        (None, Some(new)) => {
            effects.counts.push(Count::source(origin, &method(new), 1));
            let at = new.moment("created").unwrap_or(change.noted);
            effects.tasks.push(Task::SourceGrew {
                origin: origin.to_owned(),
                at,
            });
        }
        (Some(old), None) => effects.counts.push(Count::source(origin, &method(old), -1)),
        _ => {}
    }
}
