//! `latchkey users export` and `latchkey users erase`: what a person has a right to, done by an operator.

use std::fs::OpenOptions;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};
use shared::config::settings;
use shared::domain::id::ActivityId;
use shared::domain::quota::after;
use shared::domain::user::{Status, User};
use shared::entropy;
use shared::flows::{erase, export};
use shared::store::activity::Activity;
use shared::store::erasure::{Due, Erased, ErasureWish};
use shared::store::profile::Changed;

use crate::connect::App;
use crate::failure::Failure;
use crate::output::Output;
use crate::people::person;

/// Writes the document of `GET /api/profile/export/` to a new file, or to the terminal.
pub(crate) async fn export(
    who: &str,
    file: Option<&Path>,
    app: &App,
    output: &Output,
) -> Result<(), Failure> {
    let (peppers, bucket, avatars) = (app.peppers()?, app.bucket()?, app.avatars()?);
    let user = person(app, who).await?;
    let bar = output.spinner("collecting");
    let document =
        export::export(&app.store, &bucket, &avatars, &peppers, user.id, app.now()).await;
    bar.finish_and_clear();
    let document =
        document?.ok_or_else(|| Failure::NotFound(format!("{} was erased meanwhile", user.id)))?;
    let document =
        serde_json::to_value(document).map_err(|error| Failure::Other(error.to_string()))?;
    let Some(file) = file else {
        output.document(&document);
        return Ok(());
    };
    write_new(file, &document)?;
    let done = Map::from_iter([
        ("id".to_owned(), json!(user.id)),
        ("file".to_owned(), json!(file)),
    ]);
    let sentence = format!("everything held on {} is in {}", user.id, file.display());
    output.done(&sentence, done);
    Ok(())
}

/// Readable by its owner only, and never in place of something else.
fn write_new(file: &Path, document: &Value) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let told = |error: std::io::Error| Failure::Usage(format!("{}: {error}", file.display()));
    let mut opened = options.open(file).map_err(told)?;
    writeln!(opened, "{document:#}").map_err(told)
}

/// How an erasure is wished for.
pub(crate) struct How {
    pub(crate) yes: bool,
    /// Not at once: after this many days, those of `ERASE_GRACE_DAYS` where none are given.
    pub(crate) grace: Option<Option<u32>>,
}

/// Erases a person, at once or after a grace.
pub(crate) async fn erase(who: &str, how: How, app: &App, output: &Output) -> Result<(), Failure> {
    let user = person(app, who).await?;
    let days = match how.grace {
        None => 0,
        Some(Some(days)) => days,
        Some(None) => {
            let mut reader = app.setup.reader();
            let days = reader.whole(&settings::ERASE_GRACE_DAYS);
            let days = reader.finish(days);
            days.map_err(|error| Failure::Usage(error.to_string()))?
        }
    };
    // Before anybody is asked: without these nothing could be done.
    let (peppers, bucket) = (app.peppers()?, app.bucket()?);
    if !how.yes {
        confirm(&user, days, output)?;
    }
    let due = wish(&user, days, app).await?;
    if due.at > app.now() {
        let done = Map::from_iter([
            ("id".to_owned(), json!(user.id)),
            ("erases_at".to_owned(), json!(due.at)),
        ]);
        let sentence = format!(
            "{} is erased at {}, unless they restore the account until then; their sessions have ended, and they are told \
             within the hour",
            user.id, due.at
        );
        output.done(&sentence, done);
        return Ok(());
    }
    let bar = output.spinner("erasing");
    let erased = loop {
        match erase::erase(&app.store, &bucket, &peppers, due, app.now()).await {
            Ok(Erased::Begun) => bar.tick(),
            erased => break erased,
        }
    };
    bar.finish_and_clear();
    match erased? {
        Erased::Gone | Erased::Begun => {}
        Erased::Stays => {
            return Err(Failure::Other(format!(
                "{} changed meanwhile and stays; try again",
                user.id
            )));
        }
    }
    let done = Map::from_iter([
        ("id".to_owned(), json!(user.id)),
        ("erased".to_owned(), json!(true)),
    ]);
    let sentence = format!(
        "nothing of {} is left but a last message to them, which goes within the hour",
        user.id
    );
    output.done(&sentence, done);
    Ok(())
}

/// Notes the wish; one that is being carried out is carried on.
async fn wish(user: &User, days: u32, app: &App) -> Result<Due, Failure> {
    let now = app.now();
    if let (Status::Erasing, Some(at)) = (user.status, user.erases_at) {
        return Ok(Due { user: user.id, at });
    }
    let mut reader = app.setup.reader();
    let keep = reader.time(&settings::ACTIVITY_DAYS);
    let keep = reader.finish(keep);
    let keep = keep.map_err(|error| Failure::Usage(error.to_string()))?;
    let id = ActivityId::new(now, entropy::bytes());
    let wish = ErasureWish {
        session: None,
        stays_signed_in: false,
        request: &format!("operator-{id}"),
        activity: Activity {
            id,
            event: "erasure_requested",
            at: now,
            ip: "",
            user_agent: "",
            detail: "by an operator".to_owned(),
            keep,
        },
        now,
    };
    let erases = after(now, in_days(days));
    match app.store.ask_erasure(user.clone(), erases, &wish).await? {
        Changed::To(user) => Ok(Due {
            user: user.id,
            at: user.erases_at.unwrap_or(erases),
        }),
        Changed::Moved | Changed::Limited(_) | Changed::Refused => Err(Failure::Other(format!(
            "{} changed meanwhile; try again",
            user.id
        ))),
    }
}

fn in_days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}

/// Asks at the terminal; the answer is the word, so that a slip of the hand erases nobody.
fn confirm(user: &User, days: u32, output: &Output) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if output.is_json() || !stdin.is_terminal() {
        return Err(Failure::Usage(
            "nobody can be asked whether this is meant: add --yes".to_owned(),
        ));
    }
    let email = output.address(user.email.as_deref());
    let phone = output.address(user.phone.as_deref());
    let names: Vec<_> = [&email, &phone]
        .into_iter()
        .filter_map(Value::as_str)
        .collect();
    let when = match days {
        0 => "at once; it cannot be undone".to_owned(),
        days => format!("in {days} days"),
    };
    let mut stderr = std::io::stderr();
    let _ = write!(
        stderr,
        "{} ({}), who joined {}, is erased {when}. Type erase to go on: ",
        user.id,
        names.join(", "),
        user.joined.strftime("%Y-%m-%d"),
    );
    let _ = stderr.flush();
    let mut answer = String::new();
    let read = stdin.read_line(&mut answer);
    if read.is_ok() && answer.trim() == "erase" {
        Ok(())
    } else {
        Err(Failure::Usage("nothing was changed".to_owned()))
    }
}
