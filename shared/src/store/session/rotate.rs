//! One conditional write exchanges a refresh token for its successor.
//!
//! It is idempotent by construction: whoever comes with the immediate predecessor finds who was faster, and the
//! successor can be recomputed. So two tabs, a lost reply and a retry all end with the same token.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::read;
use crate::Result;
use crate::domain::quota::before;
use crate::domain::session::Session;
use crate::domain::token::RefreshToken;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::item::{Item, Read, at, b, n, s};
use crate::store::keys::{self, Table};
use crate::store::write::Write;

/// A refresh token whose MAC is good, and by which rules it is exchanged.
#[derive(Clone, Copy, Debug)]
pub struct Rotate<'a> {
    /// The token as presented.
    pub token: &'a RefreshToken,
    /// Version of the pepper that makes the successor.
    pub pepper: u32,
    /// How long a session lasts unused.
    pub idle: Duration,
    /// How long the immediate predecessor still answers.
    pub grace: Duration,
    /// The request's id.
    pub request: &'a str,
    /// Where it comes from.
    pub from: Whereabouts<'a>,
    /// Now.
    pub now: Timestamp,
}

/// Where a request comes from, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whereabouts<'a> {
    /// The IP address.
    pub ip: &'a str,
    /// The program, as it calls itself.
    pub user_agent: &'a str,
}

/// What came of a refresh token; the session is as the store has it afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It was the live one; its successor is now.
    Rotated(Session),
    /// It is the immediate predecessor, within the grace: the live one is its successor, as it was told already.
    Repeated {
        /// The session.
        session: Session,
        /// The successor was told to another IP address or program.
        elsewhere: bool,
    },
    /// It was succeeded long since: somebody has a copy.
    Reused,
    /// The session is gone or over.
    Over,
}

impl Store {
    /// Exchanges a refresh token. Whether the session still stands in its user's map is not looked at.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; the same token may then be tried again.
    pub async fn rotate(&self, rotate: Rotate<'_>) -> Result<Rotation> {
        let Rotate { token, now, .. } = rotate;
        let key = keys::session(token.user, token.session);
        let set = "SET g=g+:one, rot=:now, used=:now, pv=:pv, rid=:rid, rip=:ip, rua=:ua";
        let write = Write::update(Table::Accounts, key, set)
            .when("g=:g AND rh=:rh AND used>:idle AND #end>:now")
            .values([
                (":one", n(1)),
                (":g", n(token.generation)),
                (":rh", b(RefreshToken::secret_hash(&token.secret))),
                (":pv", n(rotate.pepper)),
                (":idle", at(before(now, rotate.idle))),
                (":now", at(now)),
                (":rid", s(rotate.request)),
                (":ip", s(rotate.from.ip)),
                (":ua", s(rotate.from.user_agent)),
            ]);
        match self.update(write).await {
            Ok(item) => Ok(Rotation::Rotated(read(token.session, &item)?)),
            Err(StoreError::Condition(item)) if item.is_empty() => Ok(Rotation::Over),
            Err(StoreError::Condition(item)) => judge(&item, &rotate),
            Err(fault) => Err(fault.into()),
        }
    }
}

/// What the session, as it is, says to a token that is not its live one, or comes too late.
fn judge(item: &Item, rotate: &Rotate<'_>) -> Result<Rotation> {
    let Rotate { token, now, .. } = *rotate;
    let session = read(token.session, item)?;
    let known = session.random_hash == RefreshToken::secret_hash(&token.secret);
    if !known || session.end <= now || session.used <= before(now, rotate.idle) {
        return Ok(Rotation::Over);
    }
    let Some(behind) = session.generation.checked_sub(token.generation) else {
        return Ok(Rotation::Over); // of a time that a restored backup has forgotten
    };
    let ours = item.text("rid") == Some(rotate.request);
    let age = now.duration_since(session.rotated);
    let grace = SignedDuration::try_from(rotate.grace).unwrap_or(SignedDuration::ZERO);
    Ok(match behind {
        0 => Rotation::Over, // nothing but its time was against it, and that has been looked at
        1 if ours => Rotation::Rotated(session),
        1 if !grace.is_zero() && age <= grace => Rotation::Repeated {
            session,
            elsewhere: item.text("rip") != Some(rotate.from.ip)
                || item.text("rua") != Some(rotate.from.user_agent),
        },
        _ => Rotation::Reused,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{SessionId, UserId};
    use crate::keyring::Pepper;
    use crate::store::item::{map, texts, ttl};
    use rstest::rstest;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn token(generation: u32) -> RefreshToken {
        let (user, session) = (UserId::from_bytes([1; 16]), SessionId::from_bytes([2; 16]));
        RefreshToken::issue(
            &Pepper::new(1, &[1; 32]),
            user,
            session,
            generation,
            [3; 16],
        )
    }

    /// A session of generation 7, last refreshed at second 100 by the request `other`; it ends at second 1000.
    fn item() -> Item {
        map([
            ("g", n(7)),
            ("rh", b(RefreshToken::secret_hash(&[3; 16]))),
            ("pv", n(1)),
            ("created", at(second(0))),
            ("rot", at(second(100))),
            ("used", at(second(100))),
            ("end", at(second(1000))),
            ("amr", texts(["otp", "email"])),
            ("rid", s("other")),
            ("rip", s(HOME.ip)),
            ("rua", s(HOME.user_agent)),
            ("ttl", ttl(second(1000))),
        ])
    }

    const HOME: Whereabouts<'static> = Whereabouts {
        ip: "203.0.113.7",
        user_agent: "app/1",
    };

    /// A request `mine` at second 101, with ten seconds' grace.
    fn mine(token: &RefreshToken) -> Rotate<'_> {
        Rotate {
            token,
            pepper: 1,
            idle: Duration::from_secs(500),
            grace: Duration::from_secs(10),
            request: "mine",
            from: HOME,
            now: second(101),
        }
    }

    fn word(rotation: &Rotation) -> &'static str {
        match rotation {
            Rotation::Rotated(_) => "rotated",
            Rotation::Repeated {
                elsewhere: false, ..
            } => "repeated",
            Rotation::Repeated { .. } => "elsewhere",
            Rotation::Reused => "reused",
            Rotation::Over => "over",
        }
    }

    #[rstest]
    #[case::another_tab(6, 101, "mine", "repeated")]
    #[case::the_last_moment_of_the_grace(6, 110, "mine", "repeated")]
    #[case::after_the_grace(6, 111, "mine", "reused")]
    #[case::our_own_lost_reply(6, 111, "other", "rotated")]
    #[case::two_behind(5, 101, "mine", "reused")]
    #[case::two_behind_and_our_own(5, 101, "other", "reused")]
    #[case::the_first(0, 101, "mine", "reused")]
    #[case::ahead_of_the_store(8, 101, "mine", "over")]
    #[case::unused_for_too_long(6, 600, "mine", "over")]
    #[case::at_the_absolute_end(6, 1000, "mine", "over")]
    #[case::a_clock_behind_ours(6, 99, "mine", "repeated")]
    fn what_is_not_live_is_judged(
        #[case] generation: u32,
        #[case] now: i64,
        #[case] request: &str,
        #[case] expected: &str,
    ) {
        let token = token(generation);
        let rotate = Rotate {
            request,
            now: second(now),
            ..mine(&token)
        };
        assert_eq!(word(&judge(&item(), &rotate).unwrap()), expected);
    }

    /// ATTACKS G06.
    #[test]
    fn a_repetition_from_elsewhere_is_noticed() {
        let token = token(6);
        let other_ip = Whereabouts {
            ip: "203.0.113.8",
            ..HOME
        };
        let other_program = Whereabouts {
            user_agent: "curl",
            ..HOME
        };
        for (from, expected) in [
            (HOME, "repeated"),
            (other_ip, "elsewhere"),
            (other_program, "elsewhere"),
        ] {
            let rotate = Rotate {
                from,
                ..mine(&token)
            };
            assert_eq!(
                word(&judge(&item(), &rotate).unwrap()),
                expected,
                "{from:?}"
            );
        }
    }

    #[test]
    fn without_a_grace_only_our_own_repetition_counts() {
        let token = token(6);
        let mut rotate = Rotate {
            grace: Duration::ZERO,
            now: second(100),
            ..mine(&token)
        };
        assert_eq!(judge(&item(), &rotate).unwrap(), Rotation::Reused);
        rotate.request = "other";
        assert_eq!(word(&judge(&item(), &rotate).unwrap()), "rotated");
    }

    #[test]
    fn other_random_bytes_are_of_another_session() {
        let mut token = token(6);
        token.secret = [4; 16];
        let rotate = mine(&token);
        assert_eq!(judge(&item(), &rotate).unwrap(), Rotation::Over);
    }
}
