//! What bytes are, by their first few.

use crate::Refusal;

/// A format that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ISO/IEC 10918.
    Jpeg,
    /// ISO/IEC 15948, APNG included.
    Png,
    /// RFC 9649.
    WebP,
    /// GIF87a and GIF89a.
    Gif,
}

const JPEG: &[u8] = &[0xff, 0xd8, 0xff];
const PNG: &[u8] = b"\x89PNG";
const GIF: &[u8] = b"GIF8";
const RIFF: &[u8] = b"RIFF";
const WEBP: &[u8] = b"WEBP";

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::WebP, Self::Gif];

    /// The media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// Every media type that is taken for a kind: the registered ones, and names that are in use all the same.
    pub const MEDIA_TYPES: [(&'static str, Self); 7] = [
        ("image/jpeg", Self::Jpeg),
        ("image/png", Self::Png),
        ("image/webp", Self::WebP),
        ("image/gif", Self::Gif),
        ("image/jpg", Self::Jpeg),
        ("image/pjpeg", Self::Jpeg),
        ("image/x-png", Self::Png),
    ];

    /// The kind that a media type names, in any case, under its old names too; parameters are ignored.
    #[must_use]
    pub fn of_media_type(name: &str) -> Option<Self> {
        Self::MEDIA_TYPES
            .into_iter()
            .find_map(|(known, kind)| known.eq_ignore_ascii_case(name).then_some(kind))
    }

    /// The kind of these bytes.
    ///
    /// # Errors
    /// [`Refusal::NotAPicture`] for anything else; [`Refusal::Broken`] for nothing at all, and for what ends before
    /// one can tell.
    pub fn of(bytes: &[u8]) -> Result<Self, Refusal> {
        let marks: [(Self, &[u8]); 3] = [(Self::Jpeg, JPEG), (Self::Png, PNG), (Self::Gif, GIF)];
        for (kind, mark) in marks {
            if bytes.starts_with(mark) {
                return Ok(kind);
            }
        }
        match bytes.strip_prefix(RIFF) {
            Some(rest) if rest.get(4..8) == Some(WEBP) => return Ok(Self::WebP),
            Some(rest) if rest.len() < 8 && WEBP.starts_with(rest.get(4..).unwrap_or_default()) => {
                return Err(Refusal::Broken);
            }
            _ => {}
        }
        let cut_short = [JPEG, PNG, GIF, RIFF]
            .iter()
            .any(|mark| mark.starts_with(bytes));
        Err(if cut_short {
            Refusal::Broken
        } else {
            Refusal::NotAPicture
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_media_type_and_answers_to_its_old_names() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_media_type(kind.media_type()), Some(kind));
        }
        for (name, kind) in [
            ("image/jpg", Some(Kind::Jpeg)),
            ("Image/PJPEG", Some(Kind::Jpeg)),
            ("image/x-png", Some(Kind::Png)),
            ("image/svg+xml", None),
            ("image/", None),
            ("jpeg", None),
        ] {
            assert_eq!(Kind::of_media_type(name), kind, "{name}");
        }
    }

    #[test]
    fn content_alone_decides() {
        let cases: [(&[u8], Result<Kind, Refusal>); 12] = [
            (b"\xff\xd8\xff\xe0", Ok(Kind::Jpeg)),
            (b"\x89PNG\r\n\x1a\n", Ok(Kind::Png)),
            (b"GIF89a", Ok(Kind::Gif)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Ok(Kind::WebP)),
            (b"RIFF\x10\0\0\0WAVEfmt ", Err(Refusal::NotAPicture)),
            (b"RIFF\x10\0\0\0WE", Err(Refusal::Broken)),
            (
                b"<svg xmlns='http://www.w3.org/2000/svg'/>",
                Err(Refusal::NotAPicture),
            ),
            (b"%PDF-1.7", Err(Refusal::NotAPicture)),
            (b"<!doctype html>", Err(Refusal::NotAPicture)),
            (b"PK\x03\x04", Err(Refusal::NotAPicture)),
            (b"", Err(Refusal::Broken)),
            (b"\x89P", Err(Refusal::Broken)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Kind::of(bytes), expected, "{bytes:?}");
        }
    }
}
