//! Everything that is held on a person, as one document: for themselves, and for an operator who is asked for it.
//!
//! Names and ids are those of the API's other answers, and each part says what it is: a person should be able to read it
//! (GDPR articles 12 and 15), and a program to use it (article 20).

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::profile::Profile;
use crate::avatars::AvatarBucket;
use crate::config::Avatars;
use crate::domain::id::UserId;
use crate::keyring::Peppers;
use crate::keyring::derive::AddressKeys;
use crate::store::Store;
use crate::store::export::{
    CodeRequests, ExportedActivity, ExportedDelivery, ExportedSession, ExportedSource,
    ExportedSuppression, FormerAddress, Part, PendingNotice, PendingRequest, Records, UsedLimit,
};
use crate::store::statistics::Source;
use crate::{Error, Result};

/// How long collecting may take: less than the 15 seconds that a request lives (`Timeout` in template.yaml).
const TIME: Duration = Duration::from_secs(12);

/// Everything that is held on a person.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct Export {
    /// The account.
    pub id: UserId,
    /// When.
    pub exported_at: Timestamp,
    /// The account itself.
    pub profile: ExportedProfile,
    /// The sign-ins that still count, and those that have ended and are not deleted yet.
    pub sessions: Part<ExportedSession>,
    /// Where the person signed in from, by origin.
    pub sources: Part<ExportedSource>,
    /// What happened to the account, newest first.
    pub activity: Part<ExportedActivity>,
    /// The addresses that the account had before.
    pub former_addresses: Part<FormerAddress>,
    /// The addresses that the person asked to add.
    pub pending_requests: Part<PendingRequest>,
    /// The messages that are still to be sent about the account.
    pub pending_notices: Part<PendingNotice>,
    /// What is known of codes for the account's addresses.
    pub codes: Part<CodeRequests>,
    /// The messages that were sent.
    pub deliveries: Part<ExportedDelivery>,
    /// The addresses that take no messages.
    pub suppressions: Part<ExportedSuppression>,
    /// What counts against the person's own limits.
    pub limits: Part<UsedLimit>,
    /// The files that are kept.
    pub pictures: Part<ExportedFile>,
}

/// The account itself: the profile, and what else is known of it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct ExportedProfile {
    /// What this part is.
    pub about: &'static str,
    /// As `GET /api/profile/` shows it.
    #[serde(flatten)]
    pub profile: Profile,
    /// `active`, or `suspended` where an operator stopped the account.
    pub status: &'static str,
    /// How the person registered.
    pub registration_method: Option<String>,
    /// The page that they registered on.
    pub registration_source: Option<Source>,
    /// How often the e-mail address changed.
    pub email_changes: u32,
    /// How often the phone number changed.
    pub phone_number_changes: u32,
    /// Why sessions of the account were last ended before their time.
    pub sessions_ended_reason: Option<String>,
    /// When.
    pub sessions_ended_at: Option<Timestamp>,
}

/// A file that is kept.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct ExportedFile {
    /// `picture`, `upload` for a file that is to become one, `export` for an earlier export, or `marker` for a note that a
    /// picture is being changed.
    pub kind: &'static str,
    /// Where everybody finds it; `null` for what nobody can fetch.
    pub url: Option<String>,
}

/// The document; `None` where there is no such person.
///
/// # Errors
/// [`Error::Unavailable`] when the store or the bucket does not answer, or collecting takes longer than 12 seconds.
pub async fn export(
    store: &Store,
    bucket: &AvatarBucket,
    avatars: &Avatars,
    peppers: &Peppers,
    user: UserId,
    now: Timestamp,
) -> Result<Option<Export>> {
    let address_keys = AddressKeys::new(peppers);
    let collected = async {
        futures_util::try_join!(
            store.records_of(user, &address_keys),
            bucket.objects_of(user)
        )
    };
    let collected = tokio::time::timeout(TIME, collected).await;
    let (records, files) = collected
        .map_err(|_| Error::Unavailable("an export took longer than 12 seconds".to_owned()))??;
    Ok(records.map(|records| document(records, &files, avatars, now)))
}

fn document(records: Records, files: &[String], avatars: &Avatars, now: Timestamp) -> Export {
    let profile = Profile::of(&records.user, avatars);
    let (ended_reason, ended_at) = records.sessions_ended.unzip();
    let user = &records.user;
    Export {
        id: user.id,
        exported_at: now,
        profile: ExportedProfile {
            about: "Your account: your proven addresses, what you say about yourself, and how it began.",
            profile,
            status: user.status.as_str(),
            registration_method: records.registration_method,
            registration_source: records.registration_source.as_deref().map(Source::of),
            email_changes: user.email_version,
            phone_number_changes: user.phone_version,
            sessions_ended_reason: ended_reason,
            sessions_ended_at: ended_at,
        },
        sessions: part(
            "Your sign-ins: each device or browser on which you are, or were until lately, signed in.",
            records.sessions,
        ),
        sources: part(
            "The sites and apps on which you signed in, by their address.",
            records.sources,
        ),
        activity: part(
            "What happened to your account, when, and from where.",
            records.activity,
        ),
        former_addresses: part(
            "The addresses that your account had before, kept so that what was sent to them is found.",
            records.former_addresses,
        ),
        pending_requests: part(
            "The addresses that you asked to add to your account, whether or not you confirmed them.",
            records.pending_requests,
        ),
        pending_notices: part(
            "The messages about your account that are still to be sent.",
            records.pending_notices,
        ),
        codes: part(
            "When codes were asked for to your addresses, and how often a wrong one was entered; the codes themselves are not kept.",
            records.codes,
        ),
        deliveries: part(
            "The messages that were sent to you in the last thirty days, and whether they arrived; not what they said.",
            records.deliveries,
        ),
        suppressions: part(
            "Those of your addresses to which nothing is sent, and why.",
            records.suppressions,
        ),
        limits: part(
            "What you used of the limits that are counted for your account.",
            records.limits,
        ),
        pictures: part(
            "The files that are kept for you.",
            files.iter().map(|key| file(key, avatars)).collect(),
        ),
    }
}

fn part<T>(about: &'static str, items: Vec<T>) -> Part<T> {
    Part { about, items }
}

/// An object by its key, which begins with what it is.
fn file(key: &str, avatars: &Avatars) -> ExportedFile {
    let (folder, path) = key.split_once('/').unwrap_or_default();
    let kind = match folder {
        "avatars" => "picture",
        "uploads" => "upload",
        "exports" => "export",
        _ => "marker",
    };
    ExportedFile {
        kind,
        url: (folder == "avatars").then(|| format!("{}/{path}", avatars.base_url)),
    }
}

/// The name of a file with the document.
#[must_use]
pub fn file_name(now: Timestamp) -> String {
    format!("latchkey-export-{}.json", now.strftime("%Y-%m-%d"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::user::User;
    use crate::store::export::{COVERED, Cover};

    #[test]
    fn export_has_every_part_that_an_entity_is_said_to_be_in() {
        let now = Timestamp::UNIX_EPOCH;
        let records = Records {
            user: User::new(UserId::from_bytes([7; 16]), now),
            registration_method: None,
            registration_source: None,
            sessions_ended: None,
            sessions: Vec::new(),
            sources: Vec::new(),
            activity: Vec::new(),
            former_addresses: Vec::new(),
            pending_requests: Vec::new(),
            pending_notices: Vec::new(),
            codes: Vec::new(),
            deliveries: Vec::new(),
            suppressions: Vec::new(),
            limits: Vec::new(),
        };
        let avatars = Avatars {
            base_url: "https://pictures.example.com".to_owned(),
        };
        let files = ["avatars/a/b/64.jpg", "uploads/a/b/c", "pending/a/b"].map(str::to_owned);
        let export = document(records, &files, &avatars, now);
        assert_eq!(
            export.pictures.items[0].url.as_deref(),
            Some("https://pictures.example.com/a/b/64.jpg")
        );
        let kinds: Vec<_> = export.pictures.items.iter().map(|file| file.kind).collect();
        assert_eq!(kinds, ["picture", "upload", "marker"]);
        let export = serde_json::to_value(export).unwrap();
        for (entity, cover) in COVERED {
            if let Cover::In(part) = cover {
                let about = export[part]["about"].as_str();
                assert!(
                    about.is_some_and(|about| about.ends_with('.')),
                    "{entity}: {part}"
                );
            }
        }
    }
}
