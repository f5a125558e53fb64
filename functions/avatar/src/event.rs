//! What S3 and the schedule send: a file that was uploaded, and the time to sweep.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use shared::avatars::Uploaded;
use shared::domain::picture::Upload;
use shared::domain::user::User;
use shared::{Error, Result, entropy, telemetry};

use crate::change::Wish;
use crate::{App, PICTURES};

/// How old a marker must be to be taken for a crash's: far older than any request lives, retries of events included.
const CRASHED: Duration = Duration::from_hours(24);

/// Amazon S3 event notification, version 2.x, and our own schedule's input.
#[derive(Deserialize)]
#[serde(untagged)]
enum Event {
    Objects {
        #[serde(rename = "Records")]
        records: Vec<Record>,
    },
    Schedule {
        latchkey: String,
    },
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    name: String,
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

/// # Errors
/// What S3 should send again: the store or the bucket did not answer.
pub(crate) async fn take(app: Arc<App>, event: Value) -> Result<Value> {
    match serde_json::from_value(event)
        .map_err(|error| Error::Malformed(error.to_string().into()))?
    {
        Event::Objects { records } => {
            for record in records {
                // Our own keys hold nothing that S3 escapes in an event.
                let upload = Upload::parse(&record.s3.object.key);
                let ours = record.s3.bucket.name == app.bucket.bucket()
                    && record.name.starts_with("ObjectCreated:");
                match upload.filter(|_| ours) {
                    Some(upload) => app.arrived(upload).await?,
                    None => telemetry::note("ignored", "an object that is no upload"),
                }
            }
            Ok(Value::Null)
        }
        Event::Schedule { latchkey } if latchkey == "sweep" => {
            Ok(json!({ "swept": app.sweep(CRASHED).await? }))
        }
        Event::Schedule { latchkey } => Err(Error::Malformed(
            format!("There is no scheduled work called {latchkey:?}.").into(),
        )),
    }
}

impl App {
    /// Makes the account's picture of an uploaded file. The file goes in the end, whatever became of it; while the
    /// store or the bucket does not answer it stays, and the event is sent again.
    async fn arrived(&self, upload: Upload) -> Result<()> {
        // First of all: a person erased since the form was signed must not be counted again.
        if self.sender(&upload).await?.is_none() {
            telemetry::note("upload", "its sign-in has ended");
            return self.bucket.discard(&upload).await;
        }
        // S3 takes a form as often as somebody sends it, so that each file counts, as the form has.
        let request = format!("{:032x}", u128::from_be_bytes(entropy::bytes()));
        let (user, now) = (upload.user.to_string(), self.clock.now());
        match self.limiter.admit(PICTURES, &user, &request, now).await {
            Err(Error::RateLimited { .. }) => {
                telemetry::note("upload", "too many");
                return self.bucket.discard(&upload).await;
            }
            admitted => admitted?,
        };
        let file = match self.bucket.uploaded(&upload).await? {
            Uploaded::File(file) => file,
            Uploaded::TooLarge => {
                telemetry::note("upload", "too large");
                return self.bucket.discard(&upload).await;
            }
            Uploaded::Nothing => return Ok(()),
        };
        match self.decoder.decode(file).await? {
            Ok(picture) => {
                if let Some(user) = self.sender(&upload).await? {
                    let wish = Wish {
                        user: user.id,
                        session: upload.session,
                        old: user.avatar,
                        ip: "unknown",
                        user_agent: "",
                        now: self.clock.now(),
                    };
                    self.show(wish, upload.nonce, &picture).await?;
                }
            }
            Err(refusal) => telemetry::note("upload", refusal),
        }
        self.bucket.discard(&upload).await
    }
    /// The account as it is now, if the sign-in that the form was signed for still counts.
    async fn sender(&self, upload: &Upload) -> Result<Option<User>> {
        let user = self.store.user(upload.user).await?;
        let now = self.clock.now();
        Ok(user.filter(|user| user.opens(upload.session, now)))
    }
}
