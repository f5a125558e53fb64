//! A code by WhatsApp that did not arrive goes by SMS: the same code to the same number, as the same delivery.

use shared::domain::challenge::Purpose;
use shared::domain::channel::Channel;
use shared::domain::delivery::DeliveryStatus;
use shared::domain::id::DeliveryId;
use shared::domain::identifier::Identifier;
use shared::domain::quota::seconds_until;
use shared::flows::send::{Outgoing, Record};
use shared::keyring::Peppers;
use shared::keyring::derive::AddressKeys;
use shared::messaging::{Content, Dispatch, Language};
use shared::store::challenge::sms_fallback::{Undelivered, UndeliveredCode};
use shared::{Error, Result, telemetry};

use crate::App;

impl App {
    /// Sends the code by SMS, if it may. It is taken before it is gone, so a code whose SMS nobody knows
    /// about is not sent again.
    pub(crate) async fn try_sms_fallback(
        &self,
        purpose: Purpose,
        identifier: &Identifier,
        sealed: &str,
    ) -> Result<()> {
        let now = self.clock.now();
        let knows = |peppers: &Peppers| AddressKeys::new(peppers).can_judge(sealed);
        let peppers = self.peppers.that_knows(knows).await;
        let address_keys = AddressKeys::new(&peppers);
        let Some(id) = address_keys.unseal(sealed) else {
            return Ok(());
        };
        let undelivered = self.store.undelivered(purpose, identifier, sealed, now);
        let undelivered = match undelivered.await? {
            Undelivered::Elsewhere => return Ok(()),
            Undelivered::Over => return self.it_failed(id).await,
            Undelivered::Live(undelivered) => undelivered,
        };
        let code = address_keys.code(
            purpose,
            identifier,
            undelivered.owner.as_deref(),
            &undelivered.live,
            undelivered.digits,
        );
        let (Some(code), true) = (code, self.outbound.offers(Channel::Sms)) else {
            return self.it_failed(id).await;
        };
        let suppressions = address_keys.suppressions(identifier);
        let suppressed = self
            .store
            .is_suppressed(identifier.kind(), &suppressions, now);
        if suppressed.await? {
            return self.it_ended(id, DeliveryStatus::Bounced).await;
        }
        let lane = undelivered.lane;
        let reservation = self.outbound.reserve(identifier, lane, sealed, now).await;
        let reservation = match reservation {
            Ok(reservation) => reservation,
            Err(Error::RateLimited { .. }) => return self.it_failed(id).await,
            Err(error) => return Err(error),
        };
        let UndeliveredCode { live, language, .. } = undelivered;
        let taken = self
            .store
            .take_sms_fallback(purpose, identifier, sealed, &live, now)
            .await?;
        if !taken {
            return self.outbound.cancel(reservation, now).await;
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
        let sent = self
            .outbound
            .send(message, reservation, &address_keys, now)
            .await?;
        if !matches!(sent.dispatch, Dispatch::Refused(_)) {
            telemetry::metric("otp_second_way", &[]);
        }
        self.outbound
            .settle(sent, identifier, &address_keys, now)
            .await
    }

    async fn it_failed(&self, id: DeliveryId) -> Result<()> {
        self.it_ended(id, DeliveryStatus::Failed).await
    }

    async fn it_ended(&self, id: DeliveryId, end: DeliveryStatus) -> Result<()> {
        self.store
            .advance_delivery(id, end, self.clock.now())
            .await
            .map(|_| ())
    }
}
