//! What the emulators were given to send: `GET /_local/outbox`.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// How many messages are kept; the oldest go first.
const KEPT: usize = 20_000;

/// One message to a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Message {
    /// The number of the message in this outbox, counted from 1.
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    /// `email`, `phone` (SMS) or `whatsapp`.
    pub(crate) channel: &'static str,
    /// `ses`, `sendgrid`, `twilio` or `twilio_verify`.
    pub(crate) provider: &'static str,
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) subject: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) provider_message_id: String,
    /// Our own id of the delivery, as it travelled with the message.
    pub(crate) delivery_id: Option<String>,
    /// What the provider last said about it.
    pub(crate) status: String,
    /// Where the provider calls back, as it was told with the message.
    #[serde(skip)]
    pub(crate) callback: Option<String>,
    /// What the provider was sent as a form, every parameter.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_object")]
    pub(crate) parameters: Vec<(String, String)>,
}

fn as_object<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// All messages of one local cloud.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    messages: VecDeque<Message>,
}

impl Outbox {
    /// Puts a message in; its `id` is given here.
    pub(crate) fn put(&self, mut message: Message) {
        let mut kept = self.kept();
        kept.last += 1;
        message.id = kept.last;
        if kept.messages.len() >= KEPT {
            kept.messages.pop_front();
        }
        kept.messages.push_back(message);
    }

    /// The messages, newest first; with `to` those to this address only.
    pub(crate) fn list(&self, to: Option<&str>) -> Vec<Message> {
        self.kept()
            .messages
            .iter()
            .rev()
            .filter(|message| to.is_none_or(|to| message.to.eq_ignore_ascii_case(to)))
            .cloned()
            .collect()
    }

    /// One message.
    pub(crate) fn get(&self, id: u64) -> Option<Message> {
        self.kept().messages.iter().find(|m| m.id == id).cloned()
    }

    /// Notes what the provider said last.
    pub(crate) fn set_status(&self, id: u64, status: &str) {
        if let Some(message) = self.kept().messages.iter_mut().find(|m| m.id == id) {
            status.clone_into(&mut message.status);
        }
    }

    /// Forgets all messages.
    pub(crate) fn clear(&self) {
        self.kept().messages.clear();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(to: &str) -> Message {
        Message {
            id: 0,
            at: Timestamp::UNIX_EPOCH,
            channel: "email",
            provider: "ses",
            to: to.to_owned(),
            from: "a@example.com".to_owned(),
            subject: None,
            text: None,
            html: None,
            provider_message_id: "1".to_owned(),
            delivery_id: None,
            status: "sent".to_owned(),
            callback: None,
            parameters: Vec::new(),
        }
    }

    #[test]
    fn the_newest_comes_first_and_can_be_found_by_address() {
        let outbox = Outbox::default();
        for to in ["jane@example.com", "joe@example.com", "jane@example.com"] {
            outbox.put(message(to));
        }
        let ids = |to| -> Vec<_> { outbox.list(to).iter().map(|m| m.id).collect() };
        assert_eq!(ids(None), [3, 2, 1]);
        assert_eq!(ids(Some("Jane@example.com")), [3, 1]);
        assert_eq!(ids(Some("nobody@example.com")), [0; 0]);
    }

    #[test]
    fn a_cleared_outbox_does_not_count_anew() {
        let outbox = Outbox::default();
        outbox.put(message("a@example.com"));
        outbox.clear();
        outbox.put(message("a@example.com"));
        assert_eq!(outbox.list(None)[0].id, 2);
    }
}
