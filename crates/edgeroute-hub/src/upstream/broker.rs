use std::time::Duration;

use super::codec::Login;
use super::lane::Peer;
use super::payload::{Publication, Unsendable, for_broker};
use crate::config::{MqttUpstream, Properties};
use crate::message::Message;
use crate::wire::Template;

/// What an MQTT broker is sent.
pub(super) struct Broker {
    login: Login,
    template: Template,
    properties: Properties,
}

impl Broker {
    pub(super) fn new(settings: MqttUpstream, hub_device: &str) -> Self {
        Self {
            login: Login {
                client_id: settings.client_id.unwrap_or_else(|| format!("edgeroute-{hub_device}")),
                // MQTT has no password without a user name.
                password: settings.password.filter(|_| settings.user.is_some()),
                user: settings.user,
                // A broker keeps nothing for a client that subscribes to nothing; what is not acknowledged is kept here.
                clean_session: true,
            },
            template: settings.topic,
            properties: settings.properties,
        }
    }
}

impl Peer for Broker {
    fn login(&mut self) -> Result<(Login, Option<Duration>), String> {
        Ok((self.login.clone(), None))
    }

    fn publication<'m>(&self, message: &'m Message) -> Result<Publication<'m>, Unsendable> {
        for_broker(message, &self.template, self.properties)
    }
}
