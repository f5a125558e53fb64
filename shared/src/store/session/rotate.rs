//! One conditional write exchanges a refresh token for its successor.
//!
//! It is idempotent by construction: a client with the immediate predecessor finds out who was faster, and the
//! successor can be recomputed. So two tabs, a lost reply and a retry all end with the same token.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::read;
use crate::Result;
use crate::domain::network::same_network;
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
    pub request: &'a str,
    /// Where it comes from.
    pub from: Whereabouts<'a>,
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
    /// It is the immediate predecessor, and its holder may have lost the answer: the live one is its successor, as it
    /// was told already.
    Repeated {
        session: Session,
        /// The successor was told to somebody in another network or with another program.
        elsewhere: Option<Elsewhere>,
    },
    /// It was succeeded long since, or comes from where nobody can have lost an answer: somebody has a copy.
    Reused,
    /// The session is gone or over.
    Over,
}

/// How far a repetition is from the rotation that it repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// Another network or another program, as of a phone that changes from Wi-Fi to mobile data.
    Near,
    /// Both.
    Far,
}

impl Store {
    /// Exchanges a refresh token. Whether the session is still in its user's map is not checked.
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
            Err(StoreError::Condition(item)) => match judge(&item, &rotate)? {
                Rotation::Repeated {
                    session,
                    elsewhere: Some(elsewhere),
                } => self.note_elsewhere(session, elsewhere, &rotate).await,
                judged => Ok(judged),
            },
            Err(fault) => Err(fault.into()),
        }
    }

    /// Records that a rotation was repeated from elsewhere, once a rotation; the stream tells the person. From far away
    /// that is allowed once in the life of a session: the second time somebody has a copy.
    async fn note_elsewhere(
        &self,
        session: Session,
        elsewhere: Elsewhere,
        rotate: &Rotate<'_>,
    ) -> Result<Rotation> {
        let (set, when) = match elsewhere {
            Elsewhere::Near => (
                NOTE.to_owned(),
                "g=:g AND (attribute_not_exists(eg) OR eg<:g)",
            ),
            Elsewhere::Far => (
                format!("{NOTE}, far=:rid"),
                "g=:g AND attribute_not_exists(far)",
            ),
        };
        let key = keys::session(rotate.token.user, rotate.token.session);
        let mut write = Write::update(Table::Accounts, key, set).when(when).values([
            (":g", n(session.generation)),
            (":now", at(rotate.now)),
            (":ip", s(rotate.from.ip)),
            (":ua", s(rotate.from.user_agent)),
        ]);
        if elsewhere == Elsewhere::Far {
            write = write.value(":rid", s(rotate.request));
        }
        let repeated = Rotation::Repeated {
            session,
            elsewhere: Some(elsewhere),
        };
        match (self.write(write).await, elsewhere) {
            // Near: this rotation was told about before, or has been succeeded in this moment.
            (Ok(()), _) | (Err(StoreError::Condition(_)), Elsewhere::Near) => Ok(repeated),
            // Our own write, whose reply was lost.
            (Err(StoreError::Condition(old)), Elsewhere::Far)
                if old.text("far") == Some(rotate.request) =>
            {
                Ok(repeated)
            }
            (Err(StoreError::Condition(_)), Elsewhere::Far) => Ok(Rotation::Reused),
            (Err(fault), _) => Err(fault.into()),
        }
    }
}

/// Where a rotation was repeated from: its generation, the moment, the address, the program.
const NOTE: &str = "SET eg=:g, eat=:now, eip=:ip, eua=:ua";

/// What the session, as it is, says to a token that is not its live one, or comes too late.
pub(super) fn judge(item: &Item, rotate: &Rotate<'_>) -> Result<Rotation> {
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
    let in_grace = !grace.is_zero() && age <= grace;
    let text = |name: &str| item.text(name).unwrap_or_default();
    let moved = !same_network(text("rip"), rotate.from.ip);
    let changed = text("rua") != rotate.from.user_agent;
    Ok(match (behind, moved, changed) {
        (0, ..) => Rotation::Over, // nothing but its time was against it, and that has been looked at
        (1, ..) if ours => Rotation::Rotated(session),
        // Its answer was lost, and the laptop slept meanwhile.
        (1, false, false) => Rotation::Repeated {
            session,
            elsewhere: None,
        },
        (1, true, true) if in_grace => Rotation::Repeated {
            session,
            elsewhere: Some(Elsewhere::Far),
        },
        (1, ..) if in_grace => Rotation::Repeated {
            session,
            elsewhere: Some(Elsewhere::Near),
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

    /// The same network, another program in it, another network, and both.
    const NEXT_DOOR: Whereabouts<'static> = Whereabouts {
        ip: "203.0.113.8",
        ..HOME
    };
    const ANOTHER_PROGRAM: Whereabouts<'static> = Whereabouts {
        user_agent: "curl",
        ..HOME
    };
    const ANOTHER_NETWORK: Whereabouts<'static> = Whereabouts {
        ip: "198.51.100.8",
        ..HOME
    };
    const FAR: Whereabouts<'static> = Whereabouts {
        ip: "198.51.100.8",
        user_agent: "curl",
    };

    fn word(rotation: &Rotation) -> &'static str {
        match rotation {
            Rotation::Rotated(_) => "rotated",
            Rotation::Repeated { elsewhere, .. } => match elsewhere {
                None => "repeated",
                Some(Elsewhere::Near) => "near",
                Some(Elsewhere::Far) => "far",
            },
            Rotation::Reused => "reused",
            Rotation::Over => "over",
        }
    }

    #[rstest]
    #[case::another_tab(6, 101, "mine", HOME, "repeated")]
    #[case::the_same_network(6, 101, "mine", NEXT_DOOR, "repeated")]
    #[case::the_last_moment_of_the_grace(6, 110, "mine", FAR, "far")]
    #[case::another_program(6, 101, "mine", ANOTHER_PROGRAM, "near")]
    #[case::another_network(6, 101, "mine", ANOTHER_NETWORK, "near")]
    #[case::a_lost_answer(6, 111, "mine", HOME, "repeated")]
    #[case::a_lost_answer_and_a_night(6, 500, "mine", NEXT_DOOR, "repeated")]
    #[case::another_program_after_the_grace(6, 111, "mine", ANOTHER_PROGRAM, "reused")]
    #[case::another_network_after_the_grace(6, 111, "mine", ANOTHER_NETWORK, "reused")]
    #[case::far_after_the_grace(6, 111, "mine", FAR, "reused")]
    #[case::our_own_lost_reply(6, 111, "other", HOME, "rotated")]
    #[case::two_behind(5, 101, "mine", HOME, "reused")]
    #[case::two_behind_and_our_own(5, 101, "other", HOME, "reused")]
    #[case::the_first(0, 101, "mine", HOME, "reused")]
    #[case::ahead_of_the_store(8, 101, "mine", HOME, "over")]
    #[case::unused_for_too_long(6, 600, "mine", HOME, "over")]
    #[case::at_the_absolute_end(6, 1000, "mine", HOME, "over")]
    #[case::a_clock_behind_ours(6, 99, "mine", HOME, "repeated")]
    fn rotate_judges_what_is_not_live(
        #[case] generation: u32,
        #[case] now: i64,
        #[case] request: &str,
        #[case] from: Whereabouts<'static>,
        #[case] expected: &str,
    ) {
        let token = token(generation);
        let rotate = Rotate {
            request,
            from,
            now: second(now),
            ..mine(&token)
        };
        assert_eq!(word(&judge(&item(), &rotate).unwrap()), expected);
    }

    #[test]
    fn rotate_without_a_grace_repeats_to_its_own_place_alone() {
        let token = token(6);
        for (from, expected) in [
            (HOME, "repeated"),
            (ANOTHER_PROGRAM, "reused"),
            (FAR, "reused"),
        ] {
            let rotate = Rotate {
                grace: Duration::ZERO,
                now: second(100),
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
    fn other_random_bytes_are_of_another_session() {
        let mut token = token(6);
        token.secret = [4; 16];
        let rotate = mine(&token);
        assert_eq!(judge(&item(), &rotate).unwrap(), Rotation::Over);
    }
}
