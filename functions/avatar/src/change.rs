//! From one picture to the next, or to none: objects first, then the account, then the old objects.

use std::time::Duration;

use jiff::Timestamp;
use shared::domain::id::{ActivityId, SessionId, UserId};
use shared::domain::picture::{Address, Picture};
use shared::domain::quota::before;
use shared::store::activity::Activity;
use shared::store::avatar::{AvatarChange, AvatarChanged, Cause};
use shared::{Result, telemetry};

use crate::App;

/// Who changes which picture, and from where.
pub(crate) struct Wish<'a> {
    pub(crate) cause: Cause,
    /// Names the line of activity, and so the change.
    pub(crate) line: ActivityId,
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    /// What the account was seen to show.
    pub(crate) old: Option<String>,
    pub(crate) ip: &'a str,
    pub(crate) user_agent: &'a str,
    pub(crate) now: Timestamp,
}

impl App {
    /// Puts the picture up and lets the account show it; `None` where the account or the session no longer counts.
    ///
    /// Nothing is deleted before the account points elsewhere, and nothing is pointed at before it is there. Where
    /// nobody knows what the account shows, the marker stays, and the sweep finds out.
    pub(crate) async fn show(
        &self,
        wish: Wish<'_>,
        nonce: [u8; 16],
        picture: &Picture,
    ) -> Result<Option<Address>> {
        let address = Address::new(wish.user, nonce, picture);
        self.bucket
            .put(wish.user, address, picture, wish.now)
            .await?;
        match self.change(&wish, Some(&address.to_string())).await? {
            AvatarChanged::From(old) => {
                leave_to_the_sweep(self.tidy(old, address).await);
                Ok(Some(address))
            }
            AvatarChanged::Already => {
                leave_to_the_sweep(self.bucket.settle(address).await);
                Ok(Some(address))
            }
            AvatarChanged::Refused => {
                let tidied = async {
                    self.bucket.delete(address).await?;
                    self.bucket.settle(address).await
                };
                leave_to_the_sweep(tidied.await);
                Ok(None)
            }
        }
    }

    /// Lets the account show no picture; `false` where the account or the session no longer counts.
    pub(crate) async fn hide(&self, wish: Wish<'_>) -> Result<bool> {
        let Some(old) = wish.old.as_deref().and_then(Address::parse) else {
            let (user, session) = (wish.user, wish.session);
            return self.store.want_no_avatar(user, session, wish.now).await;
        };
        self.bucket.mark(wish.user, old, wish.now).await?;
        match self.change(&wish, None).await? {
            AvatarChanged::From(shown) => {
                leave_to_the_sweep(self.tidy(shown, old).await);
                Ok(true)
            }
            AvatarChanged::Already => {
                leave_to_the_sweep(self.bucket.settle(old).await);
                Ok(true)
            }
            // The picture is still shown, or the erasure takes it.
            AvatarChanged::Refused => {
                leave_to_the_sweep(self.bucket.settle(old).await);
                Ok(false)
            }
        }
    }

    async fn change(&self, wish: &Wish<'_>, new: Option<&str>) -> Result<AvatarChanged> {
        let change = AvatarChange {
            user: wish.user,
            session: wish.session,
            new,
            cause: wish.cause,
            activity: Activity {
                id: wish.line,
                event: if new.is_some() {
                    "avatar_changed"
                } else {
                    "avatar_removed"
                },
                at: wish.now,
                ip: wish.ip,
                user_agent: wish.user_agent,
                detail: String::new(),
                keep: self.activity,
            },
            now: wish.now,
        };
        self.store.change_avatar(&change, wish.old.clone()).await
    }

    /// Deletes the objects of the picture that was shown before, then the marker.
    async fn tidy(&self, old: Option<String>, marked: Address) -> Result<()> {
        if let Some(old) = old.as_deref().and_then(Address::parse) {
            self.bucket.delete(old).await?;
        }
        self.bucket.settle(marked).await
    }

    /// Deletes what crashes have left behind. Markers younger than `age` may belong to requests under way.
    pub(crate) async fn sweep(&self, age: Duration) -> Result<usize> {
        let long_ago = before(self.clock.now(), age);
        let unsettled = self.bucket.unsettled(long_ago).await?;
        for one in &unsettled {
            let current = async || {
                let user = self.store.user(one.user).await?;
                Ok(user
                    .and_then(|user| user.avatar)
                    .as_deref()
                    .and_then(Address::parse))
            };
            self.bucket
                .sweep(one.user, std::slice::from_ref(one), current)
                .await?;
        }
        Ok(unsettled.len())
    }
}

/// The answer is decided and stands: what could not be tidied up has its marker, and the sweep finds it.
fn leave_to_the_sweep(tidied: Result<()>) {
    if let Err(error) = tidied {
        telemetry::note("left_to_the_sweep", error);
    }
}
