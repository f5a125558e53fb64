//! What Twilio says of the messages that it has sent: its list of messages, for those whose callbacks were lost.
//!
//! <https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources>

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::twilio::Twilio;
use super::web;
use crate::{Error, Result};

/// How many are asked for at once: an answer is read up to 64 KiB, and one message takes up to two.
const PAGE: usize = 30;

/// A message as Twilio lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedMessage {
    /// Whom it went to: a number, with `whatsapp:` before it where it went that way.
    pub to: String,
    /// Twilio's word for what became of it.
    pub status: String,
    /// Twilio's error code, where it failed.
    pub error_code: Option<String>,
    /// When Twilio took it, to the second.
    pub created: Timestamp,
}

/// A page of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoggedMessages {
    /// The messages of ours; those that people sent are left out.
    pub messages: Vec<LoggedMessage>,
    /// What the next page is asked for with, where there is one.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct Answered {
    messages: Vec<Message>,
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    to: String,
    status: String,
    error_code: Option<u32>,
    date_created: String,
    direction: String,
}

impl Twilio {
    /// A page of the messages that were sent between two moments.
    pub(super) async fn sent_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        page: Option<&str>,
    ) -> Result<LoggedMessages> {
        let settings = self.settings();
        let list = format!(
            "/2010-04-01/Accounts/{}/Messages.json",
            settings.account_sid
        );
        let path = match page {
            // Twilio names the next page by its path; nothing else is followed.
            Some(next) if next.starts_with(&format!("{list}?")) => next.to_owned(),
            Some(_) => return Err(Error::internal("Twilio's list goes on elsewhere")),
            None => {
                let moment = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                let (from, to) = (moment(from), moment(to));
                format!("{list}?PageSize={PAGE}&DateSent%3E={from}&DateSent%3C={to}")
            }
        };
        let request = self
            .client()
            .get(format!("{}{path}", settings.base_url))
            .basic_auth(
                &settings.account_sid,
                Some(settings.auth_token.expose_secret()),
            );
        let unavailable = |what: &str| Error::Unavailable(format!("Twilio's list: {what}"));
        let answer = web::send(request, "twilio", "ListMessages")
            .await
            .map_err(|_| unavailable("no answer"))?;
        if !answer.status.is_success() {
            return Err(unavailable(answer.status.as_str()));
        }
        let answered: Answered =
            serde_json::from_slice(&answer.body).map_err(|_| unavailable("it cannot be read"))?;
        let messages = answered.messages.into_iter();
        Ok(LoggedMessages {
            messages: messages.filter_map(read).collect(),
            next: answered.next_page_uri,
        })
    }
}

fn read(message: Message) -> Option<LoggedMessage> {
    let created = rfc2822::parse(&message.date_created).ok()?.timestamp();
    message
        .direction
        .starts_with("outbound")
        .then_some(LoggedMessage {
            to: message.to,
            status: message.status,
            error_code: message.error_code.map(|code| code.to_string()),
            created,
        })
}
