//! What a challenge remembers of one request for its code: the value behind an idempotency key.

use std::fmt;

use crate::domain::channel::Channel;

/// One request for a code, in words between blanks; what is not known is `-`. Items of earlier versions have the delivery alone, or
/// with the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::challenge) struct Carried<'a> {
    /// The delivery, sealed.
    pub delivery: &'a str,
    /// The way that it took.
    pub via: Option<Channel>,
    /// Keyed hash of the caller's network.
    pub asker: Option<&'a str>,
    /// The language that came with the request.
    pub language: Option<&'a str>,
    /// The origin that came with it.
    pub source: Option<&'a str>,
}

impl<'a> Carried<'a> {
    /// Reads a value; `None` for what is none.
    pub(in crate::store::challenge) fn parse(text: &'a str) -> Option<Self> {
        let mut words = text.split(' ');
        let delivery = words.next().filter(|word| !word.is_empty())?;
        let mut next = || words.next().filter(|word| *word != "-");
        Some(Self {
            delivery,
            via: next().and_then(|word| Channel::parse(word).ok()),
            asker: next(),
            language: next(),
            source: next(),
        })
    }
}

impl fmt::Display for Carried<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |word: Option<&'static str>| word.unwrap_or("-");
        write!(
            out,
            "{} {}",
            self.delivery,
            word(self.via.map(Channel::as_str))
        )?;
        for given in [self.asker, self.language, self.source] {
            write!(out, " {}", given.unwrap_or("-"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carried_reads_what_it_wrote_and_what_was_written_before() {
        let whole = Carried {
            delivery: "dlv_1",
            via: Some(Channel::Sms),
            asker: Some("0af3"),
            language: None,
            source: Some("https://shop.example"),
        };
        assert_eq!(Carried::parse(&whole.to_string()), Some(whole));
        let before = Carried {
            delivery: "dlv_1",
            via: None,
            asker: None,
            language: None,
            source: None,
        };
        assert_eq!(Carried::parse("dlv_1"), Some(before));
        let via = Some(Channel::Sms);
        assert_eq!(
            Carried::parse(&format!("dlv_1 {}", Channel::Sms.as_str())),
            Some(Carried { via, ..before })
        );
        assert_eq!(Carried::parse(""), None);
    }
}
