//! What requests left to be done after their answer.

use shared::Result;
use shared::domain::event::Happened;
use shared::domain::id::{ActivityId, EventId};
use shared::domain::identifier::{Identifier, IdentifierKind};
use shared::domain::user::User;
use shared::store::activity::Activity;
use shared::store::statistics::Joined;
use shared::store::stream::{Effects, Task};

use crate::App;

impl App {
    /// Does all tasks of a change, and fills in what its events still lack.
    pub(crate) async fn do_all(&self, effects: &mut Effects) -> Result<()> {
        for task in std::mem::take(&mut effects.tasks) {
            match task {
                Task::Active { user, at } => self.store.note_active(user, at).await?,
                Task::TrimActivity { user } => self.store.trim_activity(user).await?,
                Task::Join { user, at, source } => {
                    let joined = Joined { at, user };
                    self.store.note_joined(joined, source.as_deref()).await?;
                }
                Task::Leave { user, at } => self.store.forget_joined(Joined { at, user }).await?,
                Task::SourceSeen { user, origin, at } => {
                    self.store.note_source_seen(user, &origin, at).await?;
                }
                Task::SourceGrew { origin, at } => self.store.note_source(&origin, at).await?,
                Task::SessionEnded {
                    user,
                    session,
                    why,
                    at,
                    line,
                } => {
                    let line = self.line(line, "session_ended", format!("{why} {session}"), at);
                    self.store.note_activity(user, &line).await?;
                }
                Task::RefreshedElsewhere {
                    user,
                    session,
                    at,
                    ip,
                    user_agent,
                    line,
                } => {
                    let line = Activity {
                        ip: &ip,
                        user_agent: &user_agent,
                        ..self.line(line, "refresh_elsewhere", session.to_string(), at)
                    };
                    self.store.note_activity(user, &line).await?;
                }
                Task::Proven {
                    identifier,
                    failures,
                    at,
                    line,
                } => {
                    self.proven(&identifier, failures, at, line).await?;
                }
                Task::Undelivered {
                    purpose,
                    identifier,
                    delivery,
                } => {
                    self.try_sms_fallback(purpose, &identifier, delivery)
                        .await?;
                }
                Task::Locked { identifier, event } => {
                    let owner = self.store.owner(&identifier).await?;
                    let event = effects.events.get_mut(event);
                    if let Some(Happened::OtpLocked { user, .. }) =
                        event.map(|event| &mut event.happened)
                    {
                        *user = owner;
                    }
                }
            }
        }
        Ok(())
    }

    /// The address's owner is told of failures before the right code, and their other address opens again.
    async fn proven(
        &self,
        identifier: &Identifier,
        failures: u32,
        at: jiff::Timestamp,
        line: EventId,
    ) -> Result<()> {
        let Some(owner) = self.store.owner(identifier).await? else {
            return Ok(());
        };
        if failures > 0 {
            let detail = format!("{failures} wrong codes before a sign-in");
            let line = self.line(line, "wrong_codes", detail, at);
            self.store.note_activity(owner, &line).await?;
        }
        let user = self.store.user(owner).await?;
        if let Some(other) = user.and_then(|user| other(&user, identifier.kind())) {
            self.store
                .open_closed(&other, self.rules.failure_cap)
                .await?;
        }
        Ok(())
    }

    /// A line of activity without a place.
    fn line(
        &self,
        line: EventId,
        event: &'static str,
        detail: String,
        at: jiff::Timestamp,
    ) -> Activity<'static> {
        Activity {
            id: ActivityId::from_bytes(*line.as_bytes()),
            event,
            at,
            ip: "",
            user_agent: "",
            detail,
            keep: self.activity,
        }
    }
}

fn other(user: &User, proven: IdentifierKind) -> Option<Identifier> {
    match proven {
        IdentifierKind::Email => user.phone_number().map(Identifier::Phone),
        IdentifierKind::Phone => user.email_address().map(Identifier::Email),
    }
}
