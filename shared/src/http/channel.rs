//! The field `channel` of a request.

use super::Fields;
use crate::domain::channel::Channel;
use crate::domain::identifier::Identifier;

/// The channel of a request, which must reach the identifier; the identifier's own where none is named.
///
/// A code request needs a channel that is offered. A code that arrived is good however it came, so a proof takes any.
pub fn channel(
    fields: &mut Fields,
    identifier: Option<&Identifier>,
    offers: impl FnOnce(Channel) -> bool,
) -> Option<Channel> {
    let named = fields.optional("channel", Channel::parse);
    let kind = identifier?.kind();
    let channel = named.unwrap_or_else(|| Channel::for_kind(kind));
    let wrong = if !channel.fits(kind) {
        "This channel does not fit the identifier."
    } else if !offers(channel) {
        "This channel is not available here."
    } else {
        return Some(channel);
    };
    fields.fault("channel", "invalid_channel", wrong);
    None
}
