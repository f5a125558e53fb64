//! `latchkey sessions …`

use clap::Subcommand;
use serde_json::{Map, json};
use shared::domain::id::SessionId;
use shared::domain::session::{Ending, Why};

use crate::connect::App;
use crate::failure::Failure;
use crate::output::{Output, moment};
use crate::people::person;

#[derive(Subcommand)]
pub(crate) enum Sessions {
    /// The sessions of a person that count.
    List {
        /// An id, a mail address or a number.
        who: String,
    },
    /// Ends a session, or all of them.
    Revoke {
        /// An id, a mail address or a number.
        who: String,
        /// The session; all of them where none is named.
        session: Option<String>,
    },
}

pub(crate) async fn run(command: Sessions, app: &App, output: &Output) -> Result<(), Failure> {
    match command {
        Sessions::List { who } => {
            let user = person(app, &who).await?;
            let sessions = app.store.sessions(user.id, None).await?;
            let rows = sessions
                .iter()
                .filter(|session| user.has_session(session.id, app.now()))
                .map(|session| {
                    json!({
                        "id": session.id,
                        "created_at": moment(session.created),
                        "last_used_at": moment(session.used),
                        "ends_at": moment(session.end),
                        "ip": session.ip,
                        "user_agent": session.user_agent,
                    })
                });
            output.rows(
                &[
                    "id",
                    "created_at",
                    "last_used_at",
                    "ends_at",
                    "ip",
                    "user_agent",
                ],
                rows.collect(),
            );
        }
        Sessions::Revoke { who, session } => {
            let user = person(app, &who).await?;
            let wanted: Vec<_> = match &session {
                None => user.sessions.keys().copied().collect(),
                Some(text) => {
                    let id = SessionId::parse(text).filter(|id| user.sessions.contains_key(id));
                    vec![id.ok_or_else(|| {
                        Failure::NotFound(format!("{} has no session {text}", user.id))
                    })?]
                }
            };
            let bar = output.progress(wanted.len(), "ending sessions");
            for id in &wanted {
                let ending = Ending {
                    why: Why::Operator,
                    at: app.now(),
                    request: format!("operator-{id}"),
                };
                app.store.end_session(user.id, *id, ending).await?;
                bar.inc(1);
            }
            bar.finish_and_clear();
            let done = Map::from_iter([
                ("id".to_owned(), json!(user.id)),
                ("ended".to_owned(), json!(wanted)),
            ]);
            output.done(&format!("{} of {} ended", wanted.len(), user.id), done);
        }
    }
    Ok(())
}
