//! `latchkey users …`

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Map, Value, json};
use shared::config::settings::ERASE_GRACE_DAYS;
use shared::domain::user::{Status, User};

use crate::connect::App;
use crate::failure::Failure;
use crate::leaving::{self, How};
use crate::output::{Output, moment};
use crate::people::person;

#[derive(Subcommand)]
pub(crate) enum Users {
    /// Whether somebody is known by an id or an address, in one line.
    Find {
        /// An id, a mail address or a number.
        who: String,
    },
    /// Everything about an account.
    Show {
        /// An id, a mail address or a number.
        who: String,
    },
    /// Stops an account: its sessions end at once and nobody signs in to it.
    Suspend {
        /// An id, a mail address or a number.
        who: String,
    },
    /// Lets a suspended account be used again.
    Resume {
        /// An id, a mail address or a number.
        who: String,
    },
    /// Everything that is held on a person, as they would get it themselves; addresses are whole in it.
    Export {
        /// An id, a mail address or a number.
        who: String,
        /// A file that is not there yet; the terminal where none is named.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Erases a person and everything that is held on them: at once, or after a grace.
    Erase {
        /// An id, a mail address or a number.
        who: String,
        /// Does not ask back.
        #[arg(long)]
        yes: bool,
        /// Waits for so many days, in which they can restore the account; without a number those of `ERASE_GRACE_DAYS`.
        #[arg(long, value_name = "DAYS", num_args = 0..=1, value_parser = clap::value_parser!(u32).range(1..=i64::from(*ERASE_GRACE_DAYS.bounds.end())))]
        grace: Option<Option<u32>>,
    },
    /// Gives a role, such as `admin`.
    Grant {
        /// An id, a mail address or a number.
        who: String,
        /// The role.
        role: String,
    },
    /// Takes a role.
    RevokeRole {
        /// An id, a mail address or a number.
        who: String,
        /// The role.
        role: String,
    },
}

pub(crate) async fn run(command: Users, app: &App, output: &Output) -> Result<(), Failure> {
    match command {
        Users::Find { who } => {
            let user = person(app, &who).await?;
            output.rows(
                &["id", "email", "phone_number", "status", "date_joined"],
                vec![line(&user, output)],
            );
        }
        Users::Show { who } => output.object(whole(&person(app, &who).await?, output)),
        Users::Suspend { who } => {
            set_status(&who, Status::Suspended, "is suspended", app, output).await?;
        }
        Users::Resume { who } => {
            set_status(&who, Status::Active, "may be used again", app, output).await?;
        }
        Users::Export { who, to } => {
            leaving::export(&who, to.as_deref(), app, output).await?;
        }
        Users::Erase { who, yes, grace } => {
            leaving::erase(&who, How { yes, grace }, app, output).await?;
        }
        Users::Grant { who, role } => {
            let mut user = person(app, &who).await?;
            let role = role_name(role)?;
            if !user.roles.contains(&role) {
                let before = user.roles.clone();
                user.roles.push(role.clone());
                change_roles(app, &user, &before).await?;
            }
            done(
                output,
                &user,
                &format!("holds the role {role}"),
                json!({"roles": user.roles}),
            );
        }
        Users::RevokeRole { who, role } => {
            let mut user = person(app, &who).await?;
            let before = user.roles.clone();
            user.roles.retain(|held| *held != role);
            if user.roles == before {
                return Err(Failure::NotFound(format!(
                    "{} does not hold the role {role}",
                    user.id
                )));
            }
            change_roles(app, &user, &before).await?;
            done(
                output,
                &user,
                &format!("no longer holds the role {role}"),
                json!({"roles": user.roles}),
            );
        }
    }
    Ok(())
}

async fn set_status(
    who: &str,
    status: Status,
    sentence: &str,
    app: &App,
    output: &Output,
) -> Result<(), Failure> {
    let user = person(app, who).await?;
    if !app.store.set_status(user.id, status, app.now()).await? {
        return Err(not_from(&user));
    }
    done(output, &user, sentence, json!({"status": status.as_str()}));
    Ok(())
}

async fn change_roles(app: &App, user: &User, before: &[String]) -> Result<(), Failure> {
    if app.store.set_roles(user.id, before, &user.roles).await? {
        return Ok(());
    }
    Err(Failure::Other(format!(
        "the roles of {} changed meanwhile; try again",
        user.id
    )))
}

fn role_name(role: String) -> Result<String, Failure> {
    let sound = (1..=64).contains(&role.len())
        && role.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b':')
        });
    if sound {
        Ok(role)
    } else {
        Err(Failure::Usage(format!(
            "{role:?} is no role: expected 1 to 64 of a-z, 0-9, -, _ and :"
        )))
    }
}

fn not_from(user: &User) -> Failure {
    Failure::Other(format!(
        "{} is {}; nothing was changed",
        user.id,
        user.status.as_str()
    ))
}

fn done(output: &Output, user: &User, sentence: &str, more: Value) {
    let mut done = Map::from_iter([("id".to_owned(), json!(user.id))]);
    done.extend(more.as_object().cloned().unwrap_or_default());
    output.done(&format!("{} {sentence}", user.id), done);
}

fn line(user: &User, output: &Output) -> Value {
    json!({
        "id": user.id,
        "email": output.address(user.email.as_deref()),
        "phone_number": output.address(user.phone.as_deref()),
        "status": user.status.as_str(),
        "date_joined": moment(user.joined),
    })
}

fn whole(user: &User, output: &Output) -> Value {
    let mut whole = line(user, output);
    let more = json!({
        "full_name": user.profile.full_name(),
        "language": user.profile.language.as_str(),
        "timezone": user.profile.timezone.as_str(),
        "roles": user.roles,
        "sessions": user.sessions.len(),
        "last_login": user.last_login.map(moment),
        "last_activity": user.last_activity.map(moment),
        "erases_at": user.erases_at.map(moment),
        "version": user.version,
    });
    if let (Some(whole), Some(more)) = (whole.as_object_mut(), more.as_object()) {
        whole.extend(more.clone());
    }
    whole
}
