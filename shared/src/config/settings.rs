//! The table of all settings; docs/CONFIGURATION.md is rendered from it.

use std::ops::{Deref, RangeInclusive};
use std::time::Duration;

/// One variable: what it is called, what it may be and what it does.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    /// The value where none is set; `None` where there is none or where another setting gives it.
    pub default: Option<&'static str>,
    /// What is expected, as the end of the sentence "expected …".
    pub expects: &'static str,
    /// Why the bounds are where they are; empty where that goes without saying.
    pub why: &'static str,
    /// What it does, a sentence for docs/CONFIGURATION.md.
    pub meaning: &'static str,
    /// It may also stand in the secret's JSON document, and is never shown.
    pub secret: bool,
}

/// A setting that is a whole number within bounds: a count, or a time in one unit.
#[derive(Debug)]
pub struct Whole {
    setting: Setting,
    /// The lowest and the highest value.
    pub bounds: RangeInclusive<u32>,
    /// The unit of a time.
    pub(super) unit: Duration,
}

impl Deref for Whole {
    type Target = Setting;

    fn deref(&self) -> &Setting {
        &self.setting
    }
}

/// One row: `NAME [kind] = default, "what is expected", "what it does", because "why it is bounded so";`. The kind is
/// `secret`, or a whole number's bounds and unit, which say what is expected.
macro_rules! settings {
    ($($name:ident $([$($kind:tt)+])? = $default:expr, $($text:literal),+ $(, because $why:literal)?;)*) => {
        $(settings!(@define $name [$($($kind)+)?] $default, concat!($($why)?), $($text),+);)*

        /// Every setting, in the order of docs/CONFIGURATION.md.
        pub static ALL: &[&Setting] = &[$(settings!(@setting $name [$($($kind)+)?])),*];
    };
    (@define $name:ident [$low:literal..=$high:literal $($unit:ident)?] $default:expr, $why:expr, $meaning:literal) => {
        #[doc = $meaning]
        pub static $name: Whole = Whole {
            setting: Setting {
                name: stringify!($name),
                default: $default,
                expects: concat!("a whole number ", $("of ", stringify!($unit), " ",)? "from ", $low, " to ", $high),
                why: $why,
                meaning: $meaning,
                secret: false,
            },
            bounds: $low..=$high,
            unit: settings!(@unit $($unit)?),
        };
    };
    (@define $name:ident [$($secret:ident)?] $default:expr, $why:expr, $expects:literal, $meaning:literal) => {
        #[doc = $meaning]
        pub static $name: Setting = Setting {
            name: stringify!($name),
            default: $default,
            expects: $expects,
            why: $why,
            meaning: $meaning,
            secret: !stringify!($($secret)?).is_empty(),
        };
    };
    (@setting $name:ident [$($secret:ident)?]) => { &$name };
    (@setting $name:ident [$($whole:tt)+]) => { &$name.setting };
    (@unit) => { Duration::ZERO };
    (@unit seconds) => { Duration::from_secs(1) };
    (@unit minutes) => { Duration::from_mins(1) };
    (@unit days) => { Duration::from_hours(24) };
}

settings! {
    STAGE = Some("deployed"), "`local` or another word", "The stage; only `local` may use plain-http endpoints on other machines.";
    PUBLIC_URL = None, "an https URL without path, query or credentials (http on a loopback address only)", "Base of the API: issuer, callback URLs, problem types.";
    SERVICE_NAME = Some("Latchkey"), "1 to 40 printable characters", "The brand in messages.";
    SERVICE_DOMAIN = None, "a domain name", "The domain of the last line of a text message, `@domain #code`; the host of `PUBLIC_URL` where it is not set.";
    CORS_ORIGINS = None, "comma-separated origins such as https://app.example.com", "Web origins that may call the API from a browser.";
    PAGES = Some("on"), "`on` or `off`", "Whether the service has its sign-in page, account page and admin page. With `off`, `/`, `/account/` and `/admin/` are 404, and letters carry no link to them.";
    PAGES_ACCENT = None, "`#` and six hexadecimal digits, such as #1f4fd8", "The colour of buttons and links on the pages. Where text in it could not be read, a darker or lighter shade of it is taken.";
    PAGES_LOGO_URL = None, "an https URL of at most 2,048 characters without credentials", "A picture in place of the brand on the sign-in page.";
    PAGES_TERMS_URL = None, "an https URL of at most 2,048 characters without credentials", "Where the pages' link to the terms leads.";
    PAGES_PRIVACY_URL = None, "an https URL of at most 2,048 characters without credentials", "Where the pages' link to the privacy notice leads.";
    PAGES_HELP_URL = None, "an https URL of at most 2,048 characters without credentials", "Where the pages' link to help leads.";
    EDGE = Some("off"), "`off`, `optional` or `required`", "Whether a CDN stands in front (infra/edge.yaml). With `required`, a request to the API that comes past it gets 403; `optional` lets both ways in while the domain moves. Only what comes with one of `EDGE_SECRETS` may say whose request it is.";
    EDGE_SECRETS [secret] = None, "one or two secrets of 32 to 128 visible ASCII characters, comma-separated", "What the CDN proves itself with, in the header `X-Origin-Secret`; needed unless `EDGE` is `off`. Two while one replaces the other.";
    OTP_EXPIRY_MINUTES [1..=10 minutes] = Some("10"), "How long a code is valid.", because "NIST SP 800-63B-4 section 3.1.3.2 lets a code live ten minutes at the most";
    OTP_CODE_LENGTH [6..=10] = Some("6"), "How many digits a code has.", because "fewer than six digits are guessed too easily, more than ten are not typed";
    OTP_MAX_ATTEMPTS [1..=10] = Some("3"), "How many comparisons a code stands.", because "every comparison is a chance for a guess";
    OTP_RESEND_SECONDS [10..=600 seconds] = Some("30"), "The wait between two sends to one identifier.";
    OTP_SENDS_PER_HOUR [1..=10] = Some("5"), "Sends to one identifier in any hour.", because "ten send times are kept";
    OTP_SENDS_PER_DAY [1..=10] = Some("10"), "Sends to one identifier in any 24 hours.", because "ten send times are kept";
    OTP_FAILURE_CAP [1..=100] = Some("100"), "Failed comparisons in a row that close a channel for an identifier.", because "NIST SP 800-63B-4 section 3.2.2 allows 100 consecutive failures at the most";
    IP_SENDS_PER_MINUTE [1..=600] = Some("10"), "Code requests a minute from one address (IPv6: one /64).";
    IP_SENDS_BURST [1..=1000] = Some("20"), "Code requests at once from one address.";
    IP_TEXTS_PER_HOUR [1..=600] = Some("12"), "Requests an hour for codes by text from one address (IPv6: one /64), all of them at once, but 20 at the most; those of devices that have signed in before do not count.";
    IP_VERIFIES_PER_MINUTE [1..=600] = Some("30"), "Verifications a minute from one address (IPv6: one /64).";
    SMS_COUNTRIES = None, "comma-separated ISO 3166 codes such as DE,AT, or *", "Countries that texts are sent to; none where it is not set.";
    SMS_DAILY_BUDGET [0..=10_000_000] = Some("1000"), "Messages a UTC day over all numbers, SMS and WhatsApp together. The last tenth is for devices that have signed in before.";
    TOKEN_AUDIENCE = None, "a text of 1 to 255 characters", "The `aud` claim; `PUBLIC_URL` where it is not set.";
    TOKEN_CLIENT_ID = Some("web"), "a text of 1 to 255 characters", "The `client_id` claim.";
    ACCESS_TOKEN_MINUTES [1..=60 minutes] = Some("15"), "How long an access token is valid.", because "other services accept it until it expires";
    REFRESH_TOKEN_DAYS [1..=365 days] = Some("30"), "How long a session lasts at the most.";
    REFRESH_IDLE_DAYS [1..=365 days] = Some("14"), "How long a session lasts unused.";
    REFRESH_GRACE_SECONDS [0..=60 seconds] = Some("10"), "How long the immediate predecessor of a refresh token still answers with its successor.", because "a thief could use the same time";
    SESSIONS_PER_USER [1..=90] = Some("20"), "Sessions of one person; one more ends the oldest.", because "the user's item holds them all";
    SIGNING_KEYS [secret] = None, "a JSON list of {\"kid\", \"pem\" or \"secret\", \"state\": \"current\" | \"next\" | \"previous\"} with exactly one current key", "The keys that sign access tokens.";
    PEPPERS [secret] = None, "a JSON list of {\"version\", \"secret\"}, each secret 32 bytes or more in base64; the one with the \"state\" \"current\" is used, or the first where none has a state", "What codes, refresh tokens, cursors and suppressions are derived from.";
    MAIL_PROVIDER = Some("ses"), "`ses` or `sendgrid`", "Who sends mail.";
    MAIL_FROM = None, "an address, with a name if you like: Example <no-reply@example.com>", "The sender of mail.";
    SES_CONFIGURATION_SET = None, "the name of a configuration set", "The configuration set that reports deliveries, bounces and complaints.";
    SENDGRID_API_KEY [secret] = None, "an API key", "The key for sending through SendGrid.";
    SENDGRID_WEBHOOK_KEYS [secret] = None, "base64 SPKI keys, comma-separated", "The keys that sign SendGrid's event webhook.";
    SENDGRID_BASE_URL = Some("https://api.sendgrid.com"), "an https URL", "Where SendGrid's API is.";
    TWILIO_ACCOUNT_SID = None, "AC and 32 hex digits", "The Twilio account.";
    TWILIO_AUTH_TOKEN [secret] = None, "an auth token", "Sends texts, and verifies Twilio's callbacks.";
    TWILIO_NEXT_AUTH_TOKEN [secret] = None, "an auth token", "Verifies Twilio's callbacks too, while the token is being changed.";
    TWILIO_SHARED_KEYS [secret] = None, "a JSON object of key ids and secrets", "Keys of HMAC-SHA256 callbacks; when set, SHA-1 is refused.";
    TWILIO_FROM = None, "a number in E.164 form", "The number that texts come from.";
    TWILIO_MESSAGING_SERVICE_SID = None, "MG and 32 hex digits", "The Messaging Service that texts come from, in place of `TWILIO_FROM`.";
    TWILIO_WHATSAPP_FROM = None, "a number in E.164 form", "The number that WhatsApp messages come from.";
    TWILIO_WHATSAPP_CONTENT_SID = None, "HX and 32 hex digits", "The approved authentication template for WhatsApp.";
    TWILIO_VERIFY_SERVICE_SID = None, "VA and 32 hex digits", "Twilio Verify's service, which then sends our codes in place of Programmable Messaging.";
    TWILIO_BASE_URL = Some("https://api.twilio.com"), "an https URL", "Where Twilio's API is.";
    TWILIO_WEBHOOK_URL = None, "an https URL", "The callback URL as given to Twilio; `<PUBLIC_URL>/api/webhooks/twilio/` where it is not set.";
    SNS_TOPIC_ARNS = None, "comma-separated topic ARNs", "Topics whose messages are accepted.";
    SNS_ALLOW_SIGNATURE_V1 = Some("false"), "`true` or `false`", "Accept SNS signature version 1 (SHA-1) too.";
    SNS_CERT_PEM = None, "a certificate in PEM form", "A pinned certificate for tests and closed networks, in place of the fetched one.";
    ERASE_GRACE_DAYS [0..=365 days] = Some("30"), "Days between the wish to be erased and the erasure; 0 erases at once.";
    ACTIVITY_DAYS [1..=3650 days] = Some("90"), "Days that a person's activity is kept.";
    ACCOUNTS_TABLE = None, "the name of a table", "The table of people, sessions, claims and statistics.";
    EPHEMERAL_TABLE = None, "the name of a table", "The table of codes, limits, deliveries and suppressions.";
    AVATAR_BUCKET = None, "the name of a bucket", "The bucket of avatars and exports.";
    AVATAR_BASE_URL = None, "an https URL", "Where avatars are served from.";
    EVENT_BUS = None, "the name of an event bus", "The bus that domain events go to.";
    SECRET_ID = None, "the name or ARN of a secret", "The secret that holds the settings marked as secret.";
    SECRET_GENERATION [1..=1_000_000] = Some("1"), "Changed, it has every function start anew and read the whole secret: providers' credentials are read at the start only.";
    RELEASE = None, "a hash", "A hash of the parameters of the deployment that made this version, so that changed parameters make a new one; nothing reads it.";
    ATTACK_CONSENT = None, "a text that testers are told", "Consents to the tool `attack`, which then finds this text at `/.well-known/latchkey-attack-consent`; leave it unset otherwise.";
    AWS_REGION = Some("us-east-1"), "a region such as eu-central-1", "The region of all AWS services; Lambda sets it.";
    AWS_ENDPOINT_URL_DYNAMODB = None, "an https URL (plain http on a loopback address only, and in stage local)", "Another endpoint for DynamoDB.";
    AWS_ENDPOINT_URL_S3 = None, "an https URL (plain http on a loopback address only, and in stage local)", "Another endpoint for S3.";
    AWS_ENDPOINT_URL_SES = None, "an https URL (plain http on a loopback address only, and in stage local)", "Another endpoint for SES.";
    AWS_ENDPOINT_URL_SNS = None, "an https URL (plain http on a loopback address only, and in stage local)", "Another endpoint for SNS.";
    AWS_ENDPOINT_URL_SECRETS_MANAGER = None, "an https URL (plain http on a loopback address only, and in stage local)", "Another endpoint for Secrets Manager.";
    AWS_ENDPOINT_URL_EVENTBRIDGE = None, "an https URL (plain http on a loopback address only, and in stage local)", "Another endpoint for EventBridge.";
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_setting_is_named_once() {
        let mut names: Vec<_> = super::ALL.iter().map(|s| s.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), super::ALL.len());
    }
}
