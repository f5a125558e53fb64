//! The words of every message: files under `messages/<language>/`, compiled in, rendered by minijinja.
//!
//! A `.txt` file is a mail: its first line is the subject, then paragraphs between empty lines. The HTML part shows
//! the same paragraphs in `messages/layout.html`, so the two parts cannot come to say different things. An `.sms` file
//! is a text message. Nothing that a user typed is ever template text; in HTML every value is escaped. A file is parsed
//! when it is first needed, once.

use std::sync::{PoisonError, RwLock};

use minijinja::value::merge_maps;
use minijinja::{Environment, HtmlEscape, UndefinedBehavior, Value, context};

use crate::config::Public;

use super::gsm7;
use super::language::Language;
use super::message::{Content, ErasureNews, Lockout, Message};

macro_rules! files {
    ($($folder:literal: $($file:literal),*;)*) => {
        /// Path and text of each.
        const FILES: &[(&str, &str)] = &[
            (LAYOUT, include_str!("messages/layout.html")),
            $($((
                concat!($folder, "/", $file),
                include_str!(concat!("messages/", $folder, "/", $file)),
            ),)*)*
        ];
    };
}

files! {
    "en": "erasure.txt", "erasure.sms", "otp.txt", "otp.sms", "link.txt", "link.sms", "changed.txt", "changed.sms", "lockout.txt", "lockout.sms", "welcome.txt";
    "de": "erasure.txt", "erasure.sms", "otp.txt", "otp.sms", "link.txt", "link.sms", "changed.txt", "changed.sms", "lockout.txt", "lockout.sms", "welcome.txt";
    "es": "erasure.txt", "erasure.sms", "otp.txt", "otp.sms", "link.txt", "link.sms", "changed.txt", "changed.sms", "lockout.txt", "lockout.sms", "welcome.txt";
    "fr": "erasure.txt", "erasure.sms", "otp.txt", "otp.sms", "link.txt", "link.sms", "changed.txt", "changed.sms", "lockout.txt", "lockout.sms", "welcome.txt";
    "pt": "erasure.txt", "erasure.sms", "otp.txt", "otp.sms", "link.txt", "link.sms", "changed.txt", "changed.sms", "lockout.txt", "lockout.sms", "welcome.txt";
    "ja": "erasure.txt", "otp.txt", "link.txt", "changed.txt", "lockout.txt", "welcome.txt";
}

/// How much of an SMS the brand may take.
const BRAND_SEPTETS: usize = 32;

const LAYOUT: &str = "layout.html";

/// A mail, ready to be packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub subject: String,
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// Why a message has no text.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// There is no such message on this way.
    #[error("there is no such message in {}", .0.tag())]
    Missing(Language),
    /// The file is wrong.
    #[error("the message is wrong: {0}")]
    Template(#[from] minijinja::Error),
}

/// Renders messages.
#[derive(Debug)]
pub struct Templates {
    environment: RwLock<Environment<'static>>,
    service: String,
    domain: String,
    /// Where people sign in; nothing where the service has no page for it.
    home: Option<String>,
}

impl Templates {
    /// The words under this brand and domain.
    #[must_use]
    pub fn new(public: &Public) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("linked", linked);
        Self {
            environment: RwLock::new(environment),
            service: public.service_name.clone(),
            domain: public.service_domain.clone(),
            home: public.home(),
        }
    }

    /// The message as a mail.
    ///
    /// # Errors
    /// A file is missing or wrong, which the tests below rule out.
    pub fn mail(&self, message: &Message) -> Result<Mail, TemplateError> {
        let rendered = self.render(message, message.language, "txt", &self.service)?;
        let (subject, text) = rendered.split_once("\n\n").unwrap_or((&rendered, ""));
        let subject = subject.trim().trim_start_matches("Subject: ");
        let text = text.trim();

        let code = message.content.code().map(|(code, _)| code.expose());
        let mut paragraphs = text.split("\n\n");
        let first = paragraphs.next().unwrap_or_default();
        // In HTML the code has a box of its own.
        let lead = code.map_or(first, |code| {
            first
                .trim_end_matches(code)
                .trim_end_matches([':', '：', ' ', '\u{a0}'])
        });
        let paragraphs: Vec<String> = paragraphs.map(str::to_owned).collect();
        let values = context! {
            language => message.language.tag(),
            service => &self.service,
            subject,
            preheader => paragraphs.first().cloned(),
            lead,
            code,
            paragraphs,
        };
        let html = self.fill(LAYOUT, values);
        let html = html.ok_or(TemplateError::Missing(message.language))??;
        Ok(Mail {
            subject: subject.to_owned(),
            text: format!("{text}\n"),
            html,
        })
    }

    /// The message as a text message of at most 160 septets (unless the domain alone is too long for that), whose last
    /// line binds a code to the domain (WebOTP and iOS: `@domain #code`).
    ///
    /// # Errors
    /// A file is missing or wrong, which the tests below rule out.
    pub fn text(&self, message: &Message) -> Result<String, TemplateError> {
        let language = message.language.in_texts();
        // A brand outside the alphabet would turn the whole message into UCS-2, which holds 70 characters.
        let brand = gsm7::cut(&self.service, BRAND_SEPTETS);
        let brand = match brand.trim() {
            "" => self.domain.as_str(),
            brand => brand,
        };
        let full = self.render(message, language, "sms", brand)?;
        let full = full.trim();
        if gsm7::septets(full).is_some_and(|septets| septets <= gsm7::SEPTETS) {
            return Ok(full.to_owned());
        }
        // A long brand and a long domain together: the code and its binding are what counts.
        Ok(match message.content.code() {
            Some((code, _)) => format!(
                "{code}\n\n@{domain} #{code}",
                code = code.expose(),
                domain = self.domain
            ),
            None => full.to_owned(),
        })
    }

    fn render(
        &self,
        message: &Message,
        language: Language,
        extension: &str,
        service: &str,
    ) -> Result<String, TemplateError> {
        let (name, extra) = match &message.content {
            Content::SignInCode { .. } => ("otp", context! {}),
            Content::LinkingCode { .. } => ("link", context! {}),
            Content::IdentifierChanged {
                change,
                kind,
                address,
            } => (
                "changed",
                context! { change => change.as_str(), kind => kind.as_str(), address },
            ),
            Content::Lockout(Lockout::Wait(wait)) => (
                "lockout",
                context! { closed => false, minutes => wait.as_secs().div_ceil(60).max(1) },
            ),
            Content::Lockout(Lockout::Closed) => ("lockout", context! { closed => true }),
            Content::Erasure(news) => ("erasure", erasure(*news, language)),
            Content::Welcome => ("welcome", context! {}),
        };
        let code = message.content.code().map_or_else(
            || context! {},
            |(code, left)| {
                // Rounded down: a promise that is a little too short harms nobody.
                context! { code => code.expose(), minutes => (left.as_secs() / 60).max(1) }
            },
        );
        let path = format!("{}/{name}.{extension}", language.tag());
        let values = context! { service, domain => &self.domain, home => &self.home, ..merge_maps([code, extra]) };
        let filled = self.fill(&path, values);
        Ok(filled.ok_or(TemplateError::Missing(language))??)
    }

    /// A file with these values in it; `None` where there is no such file.
    fn fill(&self, path: &str, values: Value) -> Option<Result<String, minijinja::Error>> {
        let environment = self.environment.read();
        let environment = environment.unwrap_or_else(PoisonError::into_inner);
        if let Ok(template) = environment.get_template(path) {
            return Some(template.render(values));
        }
        drop(environment);
        let (path, source) = FILES.iter().find(|(name, _)| *name == path)?;
        let environment = self.environment.write();
        let mut environment = environment.unwrap_or_else(PoisonError::into_inner);
        let parsed = environment.add_template(path, source);
        let template = parsed.and_then(|()| environment.get_template(path));
        Some(template.and_then(|template| template.render(values)))
    }
}

/// What becomes of an account; texts have the day in digits, for their alphabet lacks letters of some months.
fn erasure(news: ErasureNews, language: Language) -> Value {
    let (news, day) = match news {
        ErasureNews::Asked(day) => ("asked", Some(day)),
        ErasureNews::Near(day) => ("near", Some(day)),
        ErasureNews::Undone => ("undone", None),
        ErasureNews::Done => ("done", None),
    };
    let date = day.map(|day| language.date(day)).unwrap_or_default();
    let day = day.map(|day| day.to_string()).unwrap_or_default();
    context! { news, date, day }
}

/// A paragraph for HTML, escaped, in which an address of the web can be followed.
fn linked(paragraph: &str) -> Value {
    let templates = paragraph.split(' ').map(|word| {
        let url = word.trim_end_matches(['.', ',', ';', ':', '。', '、']);
        let rest = HtmlEscape(&word[url.len()..]).to_string();
        // A slash needs no escaping in an attribute, and mail programs show the source more often than one thinks.
        let url = HtmlEscape(url).to_string().replace("&#x2f;", "/");
        if word.starts_with("https://") || word.starts_with("http://") {
            format!(r#"<a href="{url}" style="color:inherit">{url}</a>{rest}"#)
        } else {
            format!("{url}{rest}")
        }
    });
    Value::from_safe_string(templates.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::civil::date;
    use rstest::rstest;

    use super::*;
    use crate::domain::code::OtpCode;
    use crate::domain::identifier::{AddressChange, EmailAddress, IdentifierKind};
    use crate::messaging::Recipient;

    const CODE: &str = "0123456789";

    fn public(service: &str, domain: &str) -> Public {
        Public {
            url: "https://api.example.com".into(),
            service_name: service.into(),
            service_domain: domain.into(),
            cors_origins: Vec::new(),
            has_pages: true,
            edge: crate::config::Edge::Off,
        }
    }

    fn contents() -> Vec<Content> {
        let code = OtpCode::parse(CODE, 10).unwrap();
        let expires_in = Duration::from_secs(599);
        let mut contents = vec![
            Content::SignInCode {
                code: code.clone(),
                expires_in,
            },
            Content::LinkingCode { code, expires_in },
            Content::Lockout(Lockout::Wait(Duration::from_secs(30))),
            Content::Lockout(Lockout::Closed),
            Content::Welcome,
            Content::Erasure(ErasureNews::Asked(date(2026, 9, 30))),
            Content::Erasure(ErasureNews::Near(date(2026, 8, 1))),
            Content::Erasure(ErasureNews::Undone),
            Content::Erasure(ErasureNews::Done),
        ];
        for change in [
            AddressChange::Added,
            AddressChange::Replaced,
            AddressChange::Removed,
        ] {
            for kind in [IdentifierKind::Email, IdentifierKind::Phone] {
                contents.push(Content::IdentifierChanged {
                    change,
                    kind,
                    address: "j***@example.com".into(),
                });
            }
        }
        contents
    }

    fn messages() -> Vec<Message> {
        let to = EmailAddress::parse("jane@example.com").unwrap();
        Language::ALL
            .into_iter()
            .flat_map(|language| {
                contents()
                    .into_iter()
                    .map(move |content| (language, content))
            })
            .map(|(language, content)| Message {
                delivery_id: "dlv_1".into(),
                recipient: Recipient::Email(to.clone()),
                language,
                content,
            })
            .collect()
    }

    #[test]
    fn every_mail_exists_in_every_language() {
        let templates = Templates::new(&public("Acme", "example.com"));
        for message in messages() {
            let mail = templates.mail(&message).unwrap();
            let all = format!("{}|{}|{}", mail.subject, mail.text, mail.html);
            assert!(
                mail.subject.contains("Acme"),
                "{message:?}: {}",
                mail.subject
            );
            assert!(!mail.subject.contains('\n') && !mail.subject.is_empty());
            assert!(mail.text.split("\n\n").count() >= 3, "{}", mail.text);
            for left_over in ["{{", "{%", "undefined", "Subject:"] {
                assert!(!all.contains(left_over), "{left_over} in {all}");
            }
            assert!(mail.html.contains(message.language.tag()));
            // Apple's Mail takes a code for a phone number otherwise.
            assert!(mail.html.contains("format-detection"));
            let preview = mail.html.split("opacity:0\">").nth(1).unwrap();
            let (preview, _) = preview.split_once("</div>").unwrap();
            assert!(!preview.is_empty() && !preview.contains(CODE), "{preview}");
            if message.content.code().is_some() {
                assert!(mail.subject.contains(CODE));
                assert!(
                    mail.text.lines().next().unwrap().ends_with(CODE),
                    "{}",
                    mail.text
                );
                assert!(
                    mail.text.contains(" 9 "),
                    "nine whole minutes are left: {}",
                    mail.text
                );
                assert_eq!(mail.html.matches(&format!(">{CODE}<")).count(), 1);
            }
        }
    }

    #[test]
    fn letters_lead_to_the_pages_where_there_are_any() {
        let with = public("Acme", "example.com");
        let without = Public {
            has_pages: false,
            ..with.clone()
        };
        let letters = |public: &Public, url: &str| {
            let templates = Templates::new(public);
            let mails = messages()
                .into_iter()
                .map(|message| templates.mail(&message));
            mails
                .filter(|mail| {
                    let mail = mail.as_ref().unwrap();
                    assert!(!mail.text.contains("  "), "{}", mail.text);
                    mail.text.contains(url)
                })
                .count()
        };
        // Six changes of an address and three letters about an erasure, in each language.
        assert_eq!(letters(&with, "https://api.example.com/"), 54);
        assert_eq!(letters(&without, "://"), 0);
    }

    /// The page with its links as plain words.
    fn without_links(html: &str) -> String {
        let mut parts = html.split("<a href=");
        let before = parts.next().unwrap().to_owned();
        parts.fold(before, |plain, part| {
            let (_, rest) = part.split_once('>').unwrap();
            plain + &rest.replacen("</a>", "", 1)
        })
    }

    #[test]
    fn an_address_of_the_web_can_be_followed() {
        let templates = Templates::new(&public("Acme", "example.com"));
        let messages = messages();
        let change =
            |message: &&Message| matches!(message.content, Content::IdentifierChanged { .. });
        let mail = templates
            .mail(messages.iter().find(change).unwrap())
            .unwrap();
        assert!(mail.html.contains(r#"<a href="https://api.example.com/" "#));
        assert_eq!(
            linked("See http://x.example/a?b=\"<i>, <b>").to_string(),
            r#"See <a href="http://x.example/a?b=&quot;&lt;i&gt;" style="color:inherit">http://x.example/a?b=&quot;&lt;i&gt;</a>, &lt;b&gt;"#
        );
    }

    #[test]
    fn the_html_part_says_what_the_text_part_says() {
        let templates = Templates::new(&public("Acme", "example.com"));
        for message in messages() {
            let mail = templates.mail(&message).unwrap();
            for paragraph in mail.text.trim().split("\n\n").skip(1) {
                // None of our words needs escaping but the apostrophe.
                let escaped = paragraph.replace('\'', "&#x27;");
                assert!(
                    without_links(&mail.html).contains(&escaped),
                    "{escaped} in {}",
                    mail.html
                );
            }
        }
    }

    #[rstest]
    #[case("Latchkey", "latchkey.example.com")]
    #[case("日本™", "xn--wgv71a119e.example")]
    #[case(
        "The Forty Letters Of A Very Long Brand X",
        "a-domain-of-sixty-letters-which-is-very-long-indeed.example.co"
    )]
    #[case("€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€", "example.com")]
    fn every_text_is_one_sms(#[case] service: &str, #[case] domain: &str) {
        let templates = Templates::new(&public(service, domain));
        for message in messages() {
            if matches!(message.content, Content::Welcome) {
                assert!(templates.text(&message).is_err());
                continue;
            }
            let text = templates.text(&message).unwrap();
            let septets = gsm7::septets(&text);
            assert!(septets.is_some_and(|n| n <= 160), "{septets:?} {text}");
            if message.content.code().is_some() {
                let last = text.lines().last().unwrap();
                assert_eq!(last, format!("@{domain} #{CODE}"));
                assert!(text.lines().next().unwrap().contains(CODE), "{text}");
            }
        }
    }

    #[test]
    fn nothing_is_template_text_and_html_is_escaped() {
        let templates = Templates::new(&public("<b>{{7*7}}</b>", "example.com"));
        let message = messages().remove(0);
        let mail = templates.mail(&message).unwrap();
        assert!(mail.text.contains("<b>{{7*7}}</b>"));
        assert!(!mail.html.contains("<b>"), "{}", mail.html);
        assert!(mail.html.contains("&lt;b&gt;{{7*7}}"), "{}", mail.html);
    }
}
