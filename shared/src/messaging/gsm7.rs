//! The alphabet of a single SMS (3GPP TS 23.038, GSM 7 bit default alphabet): 160 septets in one message.

/// The most that one SMS holds, in septets.
pub(super) const SEPTETS: usize = 160;

const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How many septets a character takes; `None` for one that would turn the whole SMS into UCS-2 with 70 characters.
#[must_use]
pub(super) fn septets_of(character: char) -> Option<usize> {
    if BASIC.contains(character) {
        Some(1)
    } else if EXTENSION.contains(character) {
        Some(2)
    } else {
        None
    }
}

/// How many septets a text takes; `None` where a character is not in the alphabet.
#[must_use]
pub(super) fn septets(text: &str) -> Option<usize> {
    text.chars()
        .try_fold(0, |sum, character| Some(sum + septets_of(character)?))
}

/// The text without what the alphabet does not have, and no longer than `limit` septets.
#[must_use]
pub(super) fn cut(text: &str, limit: usize) -> String {
    let mut taken = 0;
    text.chars()
        .filter_map(|character| Some((character, septets_of(character)?)))
        .take_while(|(_, septets)| {
            taken += septets;
            taken <= limit
        })
        .map(|(character, _)| character)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_is_the_standards() {
        // 128 code points, of which one is the escape to the extension table.
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(septets("abc €"), Some(6));
        assert_eq!(septets("ção"), None);
        assert_eq!(cut("日本 Latchkey™", 160), " Latchkey");
        assert_eq!(cut("€€€", 5), "€€");
    }
}
