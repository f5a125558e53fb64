//! Starts every engine and emulator, each behind a proxy on a port of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::emulators::Credentials;
use crate::emulators::eventbridge::EventBridge;
use crate::emulators::secrets::Secrets;
use crate::emulators::sendgrid::SendGrid;
use crate::emulators::ses::Ses;
use crate::emulators::sns::Sns;
use crate::emulators::twilio::Twilio;
use crate::engines::dynamodb::Tables;
use crate::engines::s3::S3;
use crate::proxy::{self, Service, Upstream};
use crate::settings::Endpoints;
use crate::state::LocalState;

/// What the engines and emulators are made of.
pub(crate) struct Parts {
    pub(crate) tables: Tables,
    pub(crate) s3: S3,
    pub(crate) document: String,
    pub(crate) credentials: Credentials,
}

/// Starts them on `background`; they end with it.
pub(crate) async fn start(
    background: &mut JoinSet<()>,
    state: &Arc<LocalState>,
    parts: Parts,
    gateway: SocketAddr,
) -> std::io::Result<Endpoints> {
    let mut fronts = Fronts {
        background,
        state,
        endpoints: Endpoints::new(gateway),
    };
    let state = || Arc::clone(state);
    let twilio = Twilio {
        state: state(),
        credentials: parts.credentials.clone(),
    };
    let sendgrid = SendGrid {
        state: state(),
        credentials: parts.credentials,
    };
    let secrets = Secrets::new(parts.document);
    fronts
        .add(Service::DynamoDb, parts.tables.engine(state()))
        .await?;
    fronts.add(Service::S3, parts.s3).await?;
    fronts.add(Service::Ses, Ses(state())).await?;
    fronts.add(Service::Sns, Sns(state())).await?;
    fronts.add(Service::SecretsManager, secrets).await?;
    fronts
        .add(Service::EventBridge, EventBridge(state()))
        .await?;
    fronts.add(Service::Twilio, twilio).await?;
    fronts.add(Service::SendGrid, sendgrid).await?;
    Ok(fronts.endpoints)
}

struct Fronts<'a> {
    background: &'a mut JoinSet<()>,
    state: &'a Arc<LocalState>,
    endpoints: Endpoints,
}

impl Fronts<'_> {
    async fn add(&mut self, service: Service, upstream: impl Upstream) -> std::io::Result<()> {
        let listener = loopback().await?;
        self.endpoints.add(service, listener.local_addr()?);
        self.background.spawn(proxy::serve(
            listener,
            service,
            upstream,
            Arc::clone(self.state),
        ));
        Ok(())
    }
}

async fn loopback() -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}
