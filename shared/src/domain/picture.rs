//! Pictures of people ([`picture`], a package of its own, so that it alone is compiled for speed), and where they are:
//! the names of their objects, which nobody can guess, and their URLs.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;

pub use ::picture::{Encoding, Kind, Picture, Refusal, Rendition, SIZES};

use crate::domain::id::{SessionId, UserId, is_hex};

/// Sixteen bytes, written as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Hex([u8; 16]);

impl Hex {
    /// The first half of a SHA-256 over length-prefixed parts.
    fn of(parts: &[&[u8]]) -> Self {
        let mut text = Vec::new();
        for part in parts {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part);
        }
        let mut half = [0; 16];
        half.copy_from_slice(&digest(&SHA256, &text).as_ref()[..16]);
        Self(half)
    }

    fn parse(text: &str) -> Option<Self> {
        let number = is_hex(text, 32).then(|| u128::from_str_radix(text, 16).ok())??;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// The folder of a person's pictures: a hash of the account's id, so that a picture's URL does not tell it (nor with it
/// the day of the registration), while an erasure finds everything.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner(Hex);

impl Owner {
    /// The folder of this account.
    #[must_use]
    pub fn of(user: UserId) -> Self {
        Self(Hex::of(&[b"latchkey avatar owner", user.as_bytes()]))
    }

    /// What the keys of all pictures of this account begin with.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("avatars/{}/", self.0)
    }
}

/// The address of one picture: `<owner>/<name>.<extension>`, as the user item holds it.
///
/// The name hashes the content and 128 random bits: knowing the account, and even the picture, is not enough to guess
/// it, and what is found under it never changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    owner: Owner,
    name: Hex,
    encoding: Encoding,
}

impl Address {
    /// The address of this picture of this account. The same `nonce` and picture give the same address, so that a
    /// repeated upload event writes the same objects.
    #[must_use]
    pub fn new(user: UserId, nonce: [u8; 16], picture: &Picture) -> Self {
        let mut parts: Vec<&[u8]> = vec![&nonce];
        parts.extend(
            picture
                .renditions()
                .iter()
                .map(|rendition| &rendition.bytes[..]),
        );
        Self {
            owner: Owner::of(user),
            name: Hex::of(&parts),
            encoding: picture.encoding(),
        }
    }

    /// Reads an address as [`fmt::Display`] writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, file) = text.split_once('/')?;
        let (name, extension) = file.split_once('.')?;
        Some(Self {
            owner: Owner(Hex::parse(owner)?),
            name: Hex::parse(name)?,
            encoding: Encoding::of_extension(extension)?,
        })
    }

    /// The address that an object's key belongs to, if it is the key of a rendition.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let (folder, file) = key.strip_prefix("avatars/")?.rsplit_once('/')?;
        let (_, extension) = file.split_once('.')?;
        Self::parse(&format!("{folder}.{extension}"))
    }

    /// The folder that it is in.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// The key of one size's object.
    #[must_use]
    pub fn key(&self, side: u32) -> String {
        format!("avatars/{}", self.path(side))
    }

    /// The key of the marker that stands while the picture is being put up.
    #[must_use]
    pub fn marker(&self) -> String {
        format!("pending/{self}")
    }

    /// The URLs of all sizes below `base`, which serves the bucket's folder `avatars`.
    #[must_use]
    pub fn urls(&self, base: &str) -> Urls {
        let url = |side| format!("{base}/{}", self.path(side));
        let [small, middle, large] = SIZES.map(url);
        Urls {
            small,
            middle,
            large,
        }
    }

    fn path(&self, side: u32) -> String {
        format!(
            "{}/{}/{side}.{}",
            self.owner.0,
            self.name,
            self.encoding.extension()
        )
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}.{}",
            self.owner.0,
            self.name,
            self.encoding.extension()
        )
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// The picture in its three sizes, square, by their sides in pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = PictureUrls))]
pub struct Urls {
    /// 64 pixels.
    #[serde(rename = "64")]
    #[cfg_attr(feature = "document", schema(format = "uri"))]
    pub small: String,
    /// 256 pixels.
    #[serde(rename = "256")]
    #[cfg_attr(feature = "document", schema(format = "uri"))]
    pub middle: String,
    /// 512 pixels; also the profile's `avatar`.
    #[serde(rename = "512")]
    #[cfg_attr(feature = "document", schema(format = "uri"))]
    pub large: String,
}

/// The place where a person may put one file: `uploads/<account>/<session>/<nonce>`, all in hex. It is told to that
/// person alone, and dies with the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Whose picture it will be.
    pub user: UserId,
    /// By which sign-in.
    pub session: SessionId,
    /// 128 random bits.
    pub nonce: [u8; 16],
}

impl Upload {
    /// The most bytes that may be put there.
    pub const MAX_BYTES: u64 = 20 * 1024 * 1024;

    /// The object's key.
    #[must_use]
    pub fn key(&self) -> String {
        let [user, session] = [*self.user.as_bytes(), *self.session.as_bytes()].map(Hex);
        format!("uploads/{user}/{session}/{}", Hex(self.nonce))
    }

    /// Reads a key as [`Upload::key`] writes it, and nothing else.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix("uploads/")?.split('/').map(Hex::parse);
        let (user, session, nonce) = (parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(Self {
            user: UserId::from_bytes(user.0),
            session: SessionId::from_bytes(session.0),
            nonce: nonce.0,
        })
    }

    /// A digest that names one file put there, by the sequencer that S3 gives it: a form is taken more than once.
    #[must_use]
    pub fn digest_of_put(&self, sequencer: &str) -> [u8; 10] {
        let Hex(half) = Hex::of(&[self.key().as_bytes(), sequencer.as_bytes()]);
        let mut digest = [0; 10];
        digest.copy_from_slice(&half[..10]);
        digest
    }

    /// What the keys of all uploads of this account begin with.
    #[must_use]
    pub fn prefix(user: UserId) -> String {
        format!("uploads/{}/", Hex(*user.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn picture(side: u32) -> Picture {
        let mut file = std::io::Cursor::new(Vec::new());
        let shaded = image::RgbImage::from_fn(side, side, |x, y| {
            image::Rgb([x.to_le_bytes()[0], y.to_le_bytes()[0], 7])
        });
        shaded
            .write_to(&mut file, image::ImageFormat::Jpeg)
            .unwrap();
        Picture::read(file.get_ref()).unwrap()
    }

    fn user(last: u8) -> UserId {
        UserId::from_bytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, last])
    }

    #[test]
    fn an_address_reads_back_and_tells_nothing() {
        let shown = picture(64);
        let address = Address::new(user(1), [7; 16], &shown);
        assert_eq!(Address::parse(&address.to_string()), Some(address));
        assert_eq!(Address::of_key(&address.key(256)), Some(address));
        assert!(address.key(64).starts_with(&Owner::of(user(1)).prefix()));
        let url = address.urls("https://pictures.example").middle;
        assert!(
            url.starts_with("https://pictures.example/") && url.ends_with("/256.jpg"),
            "{url}"
        );
        assert!(!url.contains("0102030405"));
        // Another account, another chance or another picture: another address.
        let other = picture(65);
        assert_ne!(Address::new(user(2), [7; 16], &shown), address);
        assert_ne!(Address::new(user(1), [8; 16], &shown), address);
        assert_ne!(Address::new(user(1), [7; 16], &other), address);
        assert_eq!(Address::new(user(1), [7; 16], &shown), address);
    }

    #[test]
    fn other_texts_are_no_address_and_no_upload() {
        let hex = "0123456789abcdef0123456789abcdef";
        for text in [
            String::new(),
            format!("{hex}/{hex}"),
            format!("{hex}/{hex}.exe"),
            format!("{hex}/../{hex}.jpg"),
            format!("{}/{hex}.jpg", hex.to_uppercase()),
            format!("{hex}/{hex}.jpg/"),
        ] {
            assert_eq!(Address::parse(&text), None, "{text}");
        }
        for key in [
            format!("uploads/{hex}/{hex}"),
            format!("uploads/{hex}/{hex}/{hex}/{hex}"),
            format!("uploads/{hex}/{hex}/{hex}/"),
            format!("avatars/{hex}/{hex}/{hex}"),
            format!("uploads/{hex}/{hex}/+{}", &hex[1..]),
        ] {
            assert_eq!(Upload::parse(&key), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn every_upload_reads_back(user: [u8; 16], session: [u8; 16], nonce: [u8; 16]) {
            let upload = Upload { user: UserId::from_bytes(user), session: SessionId::from_bytes(session), nonce };
            prop_assert_eq!(Upload::parse(&upload.key()), Some(upload));
            prop_assert!(upload.key().starts_with(&Upload::prefix(upload.user)));
        }
    }
}
