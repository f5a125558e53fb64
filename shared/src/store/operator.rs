//! What only an operator does: stop an account, give roles, list suppressions, open locks.
//!
//! No function is granted these; the command line acts with the operator's own credentials.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use jiff::Timestamp;

use super::challenge::{attributes, locked};
use super::error::when_busy;
use super::item::{Item, Read, map, n, s, texts};
use super::keys::{self, Table};
use super::write::{Write, held};
use super::{Store, session};
use crate::Result;
use crate::domain::challenge::{Lane, Purpose};
use crate::domain::id::UserId;
use crate::domain::identifier::{Identifier, IdentifierKind};
use crate::domain::session::{Ending, Why};
use crate::domain::user::Status;

/// A suppressed address, as far as it is still known.
#[derive(Clone, Debug)]
pub struct Suppressed {
    /// `email` or `phone`.
    pub kind: String,
    /// The address, masked.
    pub masked: Option<String>,
    pub reason: Option<String>,
    pub at: Option<Timestamp>,
    /// Until when; `None` for good.
    pub until: Option<Timestamp>,
}

/// The failures of one lane of one challenge.
#[derive(Clone, Debug)]
pub struct Lock {
    /// What the codes were for.
    pub purpose: Purpose,
    /// `strangers` or `known devices`.
    pub lane: &'static str,
    /// Failures in a row.
    pub failures: u32,
    /// When the last one was.
    pub last: Option<Timestamp>,
    /// Whole seconds to wait, if any.
    pub retry_after: Option<u64>,
}

impl Store {
    /// Suspends an account, whose sessions then end, or resumes one, whose sessions stay as they are; `false` where it
    /// is neither active nor suspended.
    pub async fn set_status(&self, user: UserId, status: Status, now: Timestamp) -> Result<bool> {
        let mut values = map([
            (":status", s(status.as_str())),
            (":active", s(Status::Active.as_str())),
            (":suspended", s(Status::Suspended.as_str())),
        ]);
        let update = if status == Status::Active {
            "SET #status=:status"
        } else {
            let ending = Ending {
                why: Why::Operator,
                at: now,
                request: format!("operator-{user}"),
            };
            values.extend(map([
                (":none", AttributeValue::M([].into())),
                (":ended", session::record(&ending)),
            ]));
            "SET #status=:status, sessions=:none, ended=:ended"
        };
        let write = Write::update(Table::Accounts, keys::user(user), update)
            .when("#status=:active OR #status=:suspended")
            .values(values);
        held(self.write(write).await)
    }

    /// Replaces the roles, if they are still `before`; `false` where they are not.
    pub async fn set_roles(
        &self,
        user: UserId,
        before: &[String],
        after: &[String],
    ) -> Result<bool> {
        let write = Write::update(Table::Accounts, keys::user(user), "SET #roles=:after")
            .when("#roles=:before")
            .values([(":after", texts(after)), (":before", texts(before))]);
        held(self.write(write).await)
    }

    /// Every suppressed address: a scan, for an operator's list.
    pub async fn suppressions(&self) -> Result<Vec<Suppressed>> {
        let (mut found, mut from) = (Vec::new(), None::<Item>);
        loop {
            let answer = when_busy(|| async {
                Ok(self
                    .client
                    .scan()
                    .table_name(self.ephemeral())
                    .filter_expression("begins_with(pk,:prefix)")
                    .expression_attribute_values(":prefix", s("SUPPRESSED#"))
                    .set_exclusive_start_key(from.clone())
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
                    .await?)
            })
            .await?;
            found.extend(answer.items.unwrap_or_default().iter().map(|item| {
                Suppressed {
                    kind: item
                        .text("pk")
                        .and_then(|pk| pk.split('#').nth(1))
                        .unwrap_or_default()
                        .to_owned(),
                    masked: item.text("masked").map(str::to_owned),
                    reason: item.text("reason").map(str::to_owned),
                    at: item.moment("at"),
                    until: item.moment("until"),
                }
            }));
            from = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// Forgets the suppression of an address, under every pepper of the ring; whether there was one.
    pub async fn unsuppress(&self, kind: IdentifierKind, macs: &[String]) -> Result<bool> {
        let mut any = false;
        for mac in macs {
            let delete = Write::delete(Table::Ephemeral, keys::suppression(kind, mac))
                .when("attribute_exists(pk)");
            any |= held(self.write(delete).await)?;
        }
        Ok(any)
    }

    /// The failures of an address, for each purpose and lane that has any.
    pub async fn locks(
        &self,
        identifier: &Identifier,
        cap: u32,
        now: Timestamp,
    ) -> Result<Vec<Lock>> {
        let mut locks = Vec::new();
        for purpose in [Purpose::SignIn, Purpose::Link] {
            let item = self.challenge_item(purpose, identifier).await?;
            for (lane, name) in [
                (Lane::Stranger, "strangers"),
                (Lane::Known, "known devices"),
            ] {
                let [_, failures, last] = attributes(lane);
                if item.count(failures) > 0 {
                    locks.push(Lock {
                        purpose,
                        lane: name,
                        failures: item.count(failures),
                        last: item.moment(last),
                        retry_after: locked(&item, lane, cap, now),
                    });
                }
            }
        }
        Ok(locks)
    }

    /// Forgets the failures of an address; `false` where nobody ever asked for a code for it.
    pub async fn open_locks(&self, identifier: &Identifier) -> Result<bool> {
        let mut any = false;
        for purpose in [Purpose::SignIn, Purpose::Link] {
            let key = keys::challenge(purpose, identifier.kind(), identifier.as_str());
            let write = Write::update(Table::Ephemeral, key, "SET f=:z, kf=:z REMOVE fa, kfa")
                .when("attribute_exists(pk)")
                .value(":z", n(0));
            any |= held(self.write(write).await)?;
        }
        Ok(any)
    }
}
