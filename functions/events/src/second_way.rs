//! A code by WhatsApp that did not arrive goes by SMS: the same code to the same number, as the same delivery.

use shared::domain::challenge::Purpose;
use shared::domain::channel::Channel;
use shared::domain::delivery::State;
use shared::domain::id::DeliveryId;
use shared::domain::identifier::Identifier;
use shared::domain::quota::seconds_until;
use shared::flows::send::{Outgoing, Record};
use shared::keyring::derive::Marks;
use shared::messaging::{Content, Dispatch, Language};
use shared::store::challenge::second_way::{Fallen, Fell};
use shared::{Error, Result, telemetry};

use crate::House;

impl House {
    /// Sends the code on its second way, if it has one. It is taken before it is gone, so a code whose SMS nobody knows
    /// about is not sent again.
    pub(crate) async fn try_the_second_way(
        &self,
        purpose: Purpose,
        identifier: &Identifier,
        sealed: &str,
    ) -> Result<()> {
        let now = self.clock.now();
        let peppers = self.peppers.snapshot();
        let marks = Marks::new(&peppers);
        let Some(id) = marks.unseal(sealed) else {
            return Ok(());
        };
        let fell = match self.store.fallen(purpose, identifier, sealed, now).await? {
            Fallen::Elsewhere => return Ok(()),
            Fallen::Over => return self.it_failed(id).await,
            Fallen::Live(fell) => fell,
        };
        let code = marks.code(
            purpose,
            identifier,
            fell.owner.as_deref(),
            &fell.live,
            fell.digits,
        );
        let (Some(code), true) = (code, self.outbound.offers(Channel::Sms)) else {
            return self.it_failed(id).await;
        };
        let suppressions = marks.suppressions(identifier);
        if self
            .store
            .is_suppressed(identifier.kind(), &suppressions)
            .await?
        {
            return self.it_ended(id, State::Bounced).await;
        }
        let fare = match self.outbound.reserve(identifier, sealed, now).await {
            Ok(fare) => fare,
            Err(Error::RateLimited { .. }) => return self.it_failed(id).await,
            Err(error) => return Err(error),
        };
        let Fell { live, language, .. } = fell;
        let taken = self
            .store
            .take_second_way(purpose, identifier, sealed, &live, now)
            .await?;
        if !taken {
            return self.outbound.cancel(fare, now).await;
        }
        let expires_in = std::time::Duration::from_secs(seconds_until(now, live.expires));
        let message = Outgoing {
            id,
            to: identifier,
            channel: Channel::Sms,
            language: Language::choose(language.as_deref(), None),
            content: match purpose {
                Purpose::SignIn => Content::SignInCode { code, expires_in },
                Purpose::Link => Content::LinkingCode { code, expires_in },
            },
            record: Record::Kept,
        };
        let sent = self.outbound.send(message, fare, &marks, now).await?;
        if !matches!(sent.dispatch, Dispatch::Refused(_)) {
            telemetry::metric("otp_second_way", &[]);
        }
        self.outbound.settle(sent, identifier, &marks, now).await
    }

    async fn it_failed(&self, id: DeliveryId) -> Result<()> {
        self.it_ended(id, State::Failed).await
    }

    async fn it_ended(&self, id: DeliveryId, end: State) -> Result<()> {
        self.store
            .advance_delivery(id, end, self.clock.now())
            .await
            .map(|_| ())
    }
}
