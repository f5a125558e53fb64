//! Refresh tokens: made, checked and succeeded without asking the store.
//!
//! A token is a pure function of the pepper, the user, the session, the generation and the session's random bytes. So a
//! client that rotates a session twice by the same token (two tabs, a lost reply) computes the same successor, and a
//! dump of the table, which holds the hash of the random bytes only, makes none.

use aws_lc_rs::digest;

use super::{Label, Pepper, Peppers, equal};
use crate::domain::id::{SessionId, UserId};
use crate::domain::token::RefreshToken;

impl RefreshToken {
    /// The token of this generation of a session; `secret` are the session's random bytes.
    #[must_use]
    pub fn issue(
        pepper: &Pepper,
        user: UserId,
        session: SessionId,
        generation: u32,
        secret: [u8; 16],
    ) -> Self {
        let mut token = Self {
            pepper_version: pepper.version(),
            user,
            session,
            generation,
            secret,
            mac: [0; 16],
        };
        token.mac = mac(pepper, &token);
        token
    }

    /// Reads a token and checks its MAC, under whichever pepper of the ring it names; `None` for every other text.
    ///
    /// Whether the session counts, and whether this is its live generation, is for the store to say.
    #[must_use]
    pub fn open(peppers: &Peppers, text: &str) -> Option<Self> {
        let token = Self::parse(text)?;
        let pepper = peppers.version(token.pepper_version)?;
        equal(&mac(pepper, &token), &token.mac).then_some(token)
    }

    /// The token of the next generation, by the pepper that the rotation noted; by the current one where that has
    /// left the ring since (another text for the same right: it says generation and session as well).
    #[must_use]
    pub fn successor(&self, peppers: &Peppers, pepper_version: u32) -> Self {
        let pepper = peppers.version(pepper_version);
        Self::issue(
            pepper.unwrap_or_else(|| peppers.current()),
            self.user,
            self.session,
            self.generation.saturating_add(1),
            self.secret,
        )
    }

    /// What the store keeps of the random bytes: their SHA-256. They are 128 random bits, so no pepper is needed.
    #[must_use]
    pub fn secret_hash(secret: &[u8; 16]) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, secret).as_ref());
        hash
    }
}

fn mac(pepper: &Pepper, token: &RefreshToken) -> [u8; 16] {
    let [mac @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        pepper.mac(Label::Refresh, &[&token.bound()]);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ring() -> Peppers {
        Peppers::single(Pepper::new(1, &[1; 32]))
    }

    fn issue(generation: u32) -> RefreshToken {
        RefreshToken::issue(
            ring().current(),
            UserId::from_bytes([2; 16]),
            SessionId::from_bytes([3; 16]),
            generation,
            [4; 16],
        )
    }

    proptest! {
        #[test]
        fn what_is_issued_opens(user: [u8; 16], session: [u8; 16], generation: u32, secret: [u8; 16]) {
            let (user, session) = (UserId::from_bytes(user), SessionId::from_bytes(session));
            let token = RefreshToken::issue(ring().current(), user, session, generation, secret);
            prop_assert_eq!(RefreshToken::open(&ring(), &token.encode()), Some(token.clone()));
            let other = Peppers::single(Pepper::new(1, &[9; 32]));
            prop_assert_eq!(RefreshToken::open(&other, &token.encode()), None);
        }

        #[test]
        fn generations_differ(a: u32, b: u32) {
            prop_assume!(a != b);
            prop_assert_ne!(issue(a).encode(), issue(b).encode());
            prop_assert_ne!(issue(a).mac, issue(b).mac);
        }

        /// The checksum is repaired here, as a forger would: the MAC alone must notice.
        #[test]
        fn any_flipped_bit_is_refused(bit in 0_usize..(57 + 16) * 8) {
            let token = issue(7);
            let mut forged = token.clone();
            let (at, mask) = (bit / 8, 1_u8 << (bit % 8));
            match at {
                0 => return Ok(()), // the layout has no field; see `every layout but ours`
                1..5 => forged.pepper_version ^= u32::from(mask) << (8 * (at - 1)),
                5..21 => forged.user = UserId::from_bytes(flip(*token.user.as_bytes(), at - 5, mask)),
                21..37 => forged.session = SessionId::from_bytes(flip(*token.session.as_bytes(), at - 21, mask)),
                37..41 => forged.generation ^= u32::from(mask) << (8 * (at - 37)),
                41..57 => forged.secret = flip(token.secret, at - 41, mask),
                _ => forged.mac = flip(token.mac, at - 57, mask),
            }
            prop_assert!(RefreshToken::parse(&forged.encode()).is_some(), "the forger's checksum is right");
            prop_assert_eq!(RefreshToken::open(&ring(), &forged.encode()), None);
        }
    }

    fn flip(mut bytes: [u8; 16], at: usize, mask: u8) -> [u8; 16] {
        bytes[at] ^= mask;
        bytes
    }

    #[test]
    fn the_successor_is_one_and_the_same() {
        let (old, new) = (Pepper::new(1, &[1; 32]), Pepper::new(2, &[2; 32]));
        let both = Peppers::from_list(vec![new, old]).unwrap();
        let token = issue(7);
        let first = token.successor(&both, 1);
        assert_eq!(first, token.successor(&both, 1));
        assert_eq!(first, issue(8));
        let by_new = token.successor(&both, 2);
        assert_eq!((by_new.pepper_version, by_new.generation), (2, 8));
        assert_eq!(
            RefreshToken::open(&both, &by_new.encode()),
            Some(by_new.clone())
        );
        assert_eq!(token.successor(&both, 99), by_new, "a pepper that is gone");
    }
}
