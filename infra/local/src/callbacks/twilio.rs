//! Twilio's status callback: a form, signed over the URL and its parameters.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{Callback, Callbacks, Outcome};
use crate::outbox::Message;

impl Callbacks {
    pub(super) fn twilio(
        &self,
        message: &Message,
        outcome: Outcome,
        error_code: Option<u32>,
    ) -> Result<Callback, String> {
        let url = message
            .callback
            .clone()
            .ok_or("this message named no StatusCallback")?;
        let (status, code) = match outcome {
            Outcome::Sent => ("sent", None),
            Outcome::Delivered => ("delivered", None),
            Outcome::Read => ("read", None),
            Outcome::Undelivered => ("undelivered", Some(30003)),
            Outcome::Failed => ("failed", Some(30008)),
            // Of Twilio's codes this one alone is for good, a bounce and a complaint in one: the number takes nothing
            // from us any more. The others tell of one message, and Twilio asks not to read more into them.
            Outcome::Bounce | Outcome::Complaint => ("failed", Some(21610)),
        };
        let code = code.map(|usual| error_code.unwrap_or(usual).to_string());
        let prefix = if message.channel == "whatsapp" {
            "whatsapp:"
        } else {
            ""
        };
        let mut form = vec![
            ("AccountSid", self.setting("TWILIO_ACCOUNT_SID")),
            ("ApiVersion", "2010-04-01".to_owned()),
            ("From", format!("{prefix}{}", message.from)),
            ("MessageSid", message.provider_message_id.clone()),
            ("MessageStatus", status.to_owned()),
            ("SmsSid", message.provider_message_id.clone()),
            ("SmsStatus", status.to_owned()),
            ("To", format!("{prefix}{}", message.to)),
        ];
        if let Some(code) = code {
            form.push(("ErrorCode", code));
        }
        if message.channel == "whatsapp" {
            form.push(("ChannelPrefix", "whatsapp".to_owned()));
            form.push(("ChannelToAddress", message.to.clone()));
            form.push(("EventType", status.to_uppercase()));
        }
        let form = form.into_iter();
        let form = form.map(|(name, value)| (name.to_owned(), value));
        Ok(self.form(url, form.collect()))
    }

    /// The call that Twilio makes with this form.
    pub(super) fn form(&self, url: String, form: Vec<(String, String)>) -> Callback {
        let text = string_to_sign(&url, &form);
        let mut headers = vec![(
            "content-type",
            "application/x-www-form-urlencoded; charset=UTF-8".to_owned(),
        )];
        match shared_key(&self.setting("TWILIO_SHARED_KEYS")) {
            Some((id, secret)) => {
                headers.push((
                    "x-twilio-webhooks-signature-settings",
                    format!("key={id},algorithm=HMAC_SHA256"),
                ));
                let signature = sign(hmac::HMAC_SHA256, &secret, &text);
                headers.push(("x-twilio-signature", signature));
            }
            None => {
                let token = self.setting("TWILIO_AUTH_TOKEN");
                let signature = sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &token, &text);
                headers.push(("x-twilio-signature", signature));
            }
        }
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form)
            .finish();
        Callback { url, headers, body }
    }
}

/// The URL, then each parameter's name and value without separators, in the order of the names.
fn string_to_sign(url: &str, form: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = form.iter().collect();
    sorted.sort();
    sorted
        .into_iter()
        .fold(url.to_owned(), |text, (name, value)| text + name + value)
}

fn sign(algorithm: hmac::Algorithm, secret: &str, text: &str) -> String {
    let key = hmac::Key::new(algorithm, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}

/// The first of `TWILIO_SHARED_KEYS`, id and secret.
fn shared_key(keys: &str) -> Option<(String, String)> {
    let keys: Map<String, Value> = serde_json::from_str(keys).ok()?;
    keys.into_iter()
        .find_map(|(id, secret)| Some((id, secret.as_str()?.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of Twilio's page on webhook security.
    #[test]
    fn the_signature_is_twilio_s() {
        let form = [
            ("To", "+18005551212".to_owned()),
            ("CallSid", "CA1234567890ABCDE".to_owned()),
            ("Caller", "+12349013030".to_owned()),
            ("Digits", "1234".to_owned()),
            ("From", "+12349013030".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        let text = string_to_sign("https://mycompany.com/myapp.php?foo=1&bar=2", &form);
        assert_eq!(
            sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, "12345", &text),
            "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
        );
    }

    #[test]
    fn a_shared_key_is_found_only_where_there_is_one() {
        assert_eq!(shared_key(""), None);
        assert_eq!(shared_key("{}"), None);
        let found = shared_key("{\"k1\":\"s1\"}");
        assert_eq!(found, Some(("k1".to_owned(), "s1".to_owned())));
    }
}
