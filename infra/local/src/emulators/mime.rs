//! Reads a mail as its reader's program would: subject, text, HTML.

use mailparse::{DispositionType, MailHeaderMap, ParsedMail};

/// What a person sees of a mail.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) subject: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
}

/// Reads a raw message (RFC 5322 with MIME).
///
/// # Errors
/// A sentence, when it is no mail.
pub(crate) fn read(raw: &[u8]) -> Result<Mail, String> {
    let parsed = mailparse::parse_mail(raw).map_err(|error| error.to_string())?;
    let mut mail = Mail {
        from: parsed.headers.get_first_value("From").unwrap_or_default(),
        subject: parsed.headers.get_first_value("Subject"),
        to: addresses(&parsed),
        ..Mail::default()
    };
    if mail.from.is_empty() {
        return Err("Missing required header 'From'.".to_owned());
    }
    collect(&parsed, &mut mail);
    Ok(mail)
}

fn addresses(mail: &ParsedMail) -> Vec<String> {
    ["To", "Cc", "Bcc"]
        .iter()
        .filter_map(|name| mail.headers.get_first_header(name))
        .filter_map(|header| mailparse::addrparse_header(header).ok())
        .flat_map(|list| {
            list.iter()
                .flat_map(|address| match address {
                    mailparse::MailAddr::Single(one) => vec![one.addr.clone()],
                    mailparse::MailAddr::Group(group) => {
                        group.addrs.iter().map(|one| one.addr.clone()).collect()
                    }
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

fn collect(part: &ParsedMail, mail: &mut Mail) {
    if part.get_content_disposition().disposition == DispositionType::Attachment {
        return;
    }
    let slot = match part.ctype.mimetype.as_str() {
        "text/plain" => &mut mail.text,
        "text/html" => &mut mail.html,
        _ => {
            for inner in &part.subparts {
                collect(inner, mail);
            }
            return;
        }
    };
    if slot.is_none() {
        *slot = part.get_body().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str = "From: Latchkey <no-reply@example.com>\r\n\
        To: jane@example.com\r\n\
        Subject: =?utf-8?b?SWhyIENvZGUg4oCTIDEyMw==?=\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: multipart/alternative; boundary=\"b\"\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        Code=3A 123456 =E2=80=93 ok\r\n\
        --b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        PGI+MTIzNDU2PC9iPg==\r\n--b--\r\n";

    #[test]
    fn both_parts_and_the_subject_are_decoded() {
        let mail = read(RAW.as_bytes()).unwrap();
        assert_eq!(mail.to, ["jane@example.com"]);
        assert_eq!(mail.subject.as_deref(), Some("Ihr Code – 123"));
        assert_eq!(
            mail.text.as_deref().map(str::trim),
            Some("Code: 123456 – ok")
        );
        assert_eq!(mail.html.as_deref(), Some("<b>123456</b>"));
    }

    #[test]
    fn a_message_without_a_sender_is_refused() {
        assert!(read(b"Subject: x\r\n\r\nhello").is_err());
    }
}
