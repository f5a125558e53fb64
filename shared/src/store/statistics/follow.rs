//! What the stream writes for a person: only while the account is active, or it would bring an erased one back.

use jiff::Timestamp;

use super::SOURCES;
use crate::Result;
use crate::domain::challenge::{Lane, Purpose};
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;
use crate::domain::user::Status;
use crate::store::Store;
use crate::store::activity::Activity;
use crate::store::challenge::attributes;
use crate::store::error::settled;
use crate::store::item::{Read, at, n, s};
use crate::store::keys::{self, Table};
use crate::store::profile::{counting_a_line, note};
use crate::store::write::{Write, all_held};

impl Store {
    /// Shows a sign of life on the account, if it is newer than the last.
    pub async fn note_active(&self, user: UserId, moment: Timestamp) -> Result<()> {
        let write = Write::update(Table::Accounts, keys::user(user), "SET last_activity=:at")
            .when("#status=:active AND (attribute_not_exists(last_activity) OR last_activity<:at)")
            .values([(":at", at(moment)), (":active", s(Status::Active.as_str()))]);
        settled(self.write(write).await)
    }

    /// Shows when a person last signed in from a source, on a link that is there.
    pub async fn note_source_seen(
        &self,
        user: UserId,
        origin: &str,
        moment: Timestamp,
    ) -> Result<()> {
        let key = keys::user_source(user, origin);
        let write = Write::update(Table::Accounts, key, "SET #seen=:at")
            .when("#seen<:at")
            .value(":at", at(moment));
        settled(self.write(write).await)
    }

    /// Shows when a source last brought a user.
    pub async fn note_source(&self, origin: &str, moment: Timestamp) -> Result<()> {
        let key = keys::counter(SOURCES, 0, origin);
        let write = Write::update(Table::Accounts, key, "SET #last=:at")
            .when("attribute_not_exists(#last) OR #last<:at")
            .value(":at", at(moment));
        settled(self.write(write).await)
    }

    /// Opens an address that too many failures have closed; one that merely has to wait goes on waiting.
    pub async fn open_closed(&self, identifier: &Identifier, cap: u32) -> Result<()> {
        for purpose in [Purpose::SignIn, Purpose::Link] {
            let key = keys::challenge(purpose, identifier.kind(), identifier.as_str());
            let item = self.challenge_item(purpose, identifier).await?;
            for lane in [Lane::Stranger, Lane::Known] {
                let [_, failures, failed_at] = attributes(lane);
                if item.count(failures) < cap {
                    continue;
                }
                let set = format!("SET {failures}=:z REMOVE {failed_at}");
                let write = Write::update(Table::Ephemeral, key.clone(), set)
                    .when(format!("{failures}>=:cap"))
                    .values([(":z", n(0)), (":cap", n(cap))]);
                settled(self.write(write).await)?;
            }
        }
        Ok(())
    }

    /// Writes a line of activity of an active account; nothing of any other.
    pub async fn note_activity(&self, user: UserId, line: &Activity<'_>) -> Result<()> {
        let counted = Write::update(Table::Accounts, keys::user(user), "");
        let counted = counting_a_line(counted)
            .when("#status=:active")
            .value(":active", s(Status::Active.as_str()));
        all_held(self.transact([counted, note(user, line)]).await)?;
        Ok(())
    }
}
