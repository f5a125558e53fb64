//! What S3 and the schedule send: a file that was uploaded, and the time to sweep.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::avatars::Uploaded;
use shared::domain::id::ActivityId;
use shared::domain::picture::Upload;
use shared::domain::user::User;
use shared::store::avatar::Cause;
use shared::{Error, Result, telemetry};

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
#[serde(rename_all = "camelCase")]
struct Record {
    event_name: String,
    event_time: Timestamp,
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
    /// Another one each time that the key is put; the same whenever the event comes.
    sequencer: String,
}

/// A file that was put up, once however often its event comes.
struct Arrival {
    upload: Upload,
    at: Timestamp,
    /// Names this file among all that come by the same form.
    name: ActivityId,
}

impl Arrival {
    fn of(upload: Upload, record: &Record) -> Self {
        let at = record.event_time;
        let name = ActivityId::new(at, upload.digest_of_put(&record.s3.object.sequencer));
        Self { upload, at, name }
    }
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
                    && record.event_name.starts_with("ObjectCreated:");
                match upload.filter(|_| ours) {
                    Some(upload) => app.arrived(Arrival::of(upload, &record)).await?,
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
    async fn arrived(&self, arrival: Arrival) -> Result<()> {
        let upload = arrival.upload;
        // First of all: a person erased since the form was signed must not be counted again.
        if self.sender(&upload).await?.is_none() {
            telemetry::note("upload", "its sign-in has ended");
            return self.bucket.discard(&upload).await;
        }
        if !self.pays(&arrival).await? {
            telemetry::note("upload", "too many");
            return self.bucket.discard(&upload).await;
        }
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
                        cause: Cause::Upload(arrival.at),
                        line: arrival.name,
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

    /// Counts a file against its person's rate, once however often its event comes; `false` where the rate is used up. S3
    /// takes a form as often as somebody sends it, so that each file counts, as the form has.
    async fn pays(&self, arrival: &Arrival) -> Result<bool> {
        let (id, now) = (arrival.name.to_string(), self.clock.now());
        let mark = format!("upload#{id}");
        if self.store.is_marked(&mark).await? {
            return Ok(true);
        }
        let user = arrival.upload.user.to_string();
        match self.limiter.admit(PICTURES, &user, &id, now).await {
            Err(Error::RateLimited { .. }) => return Ok(false),
            admitted => admitted?,
        };
        self.store.mark_once(&mark, now).await?;
        Ok(true)
    }

    /// The account as it is now, if the sign-in that the form was signed for still counts.
    async fn sender(&self, upload: &Upload) -> Result<Option<User>> {
        let user = self.store.user(upload.user).await?;
        let now = self.clock.now();
        Ok(user.filter(|user| user.opens(upload.session, now)))
    }
}
