//! One notification to one endpoint. What it says is what is true when it is sent; when there is nothing to say any more,
//! nothing is sent.

use super::Worker;
use super::words;
use crate::domain::notifying::{Channel, Unsubscribe};
use crate::outbound::signature::sign;
use crate::outbound::web_push::BrowserKeys;
use crate::outbound::{Failure, Letter};
use crate::store::endpoints::{self, Browser, Webhook};
use crate::store::jobs::Job;
use crate::store::notifications::{self, Delivery, Facts};

/// How long a push service keeps a message for a browser that is off, in seconds.
const PUSH_TTL: u32 = 24 * 3_600;

impl Worker {
    /// Sends what the delivery is about, if it still is to be sent.
    pub(super) async fn deliver(&self, job: &Job, channel: Channel, delivery: &Delivery) -> Result<(), Failure> {
        let (wanted, config) = (delivery.clone(), self.house.config.clone());
        let read =
            move |connection: &mut _| notifications::facts(connection, &wanted, channel, &config.chat.visibility);
        let Some(facts) = self.house.store.read(read).await? else { return Ok(()) };
        let sent = match channel {
            Channel::Email => self.mail(job, delivery, facts).await?,
            Channel::Push => self.push(delivery, facts).await?,
            Channel::Webhook => self.call_webhook(job, delivery, facts).await?,
        };
        if sent {
            self.house.metrics.jobs.notifications.inc();
        }
        Ok(())
    }

    /// Where a notification leads.
    fn link(&self, thread: i64) -> String {
        match &self.house.config.notifications.link {
            Some(link) => link.replace("{thread}", &thread.to_string()),
            None => format!("{}/desk", self.public_url),
        }
    }

    async fn mail(&self, job: &Job, delivery: &Delivery, facts: Facts) -> Result<bool, Failure> {
        let Some(mailer) = &self.outbound.mailer else {
            return Err(Failure::Never("mail.smtp_url is not set any more".to_owned()));
        };
        let Some(to) = facts.account.email.clone() else { return Ok(false) };
        let url = |thread| {
            (self.unsubscribe_url)(&Unsubscribe { account: delivery.account, channel: Channel::Email, thread })
        };
        let (here, everywhere) = (url(Some(delivery.thread)), url(None));
        let letter = Letter {
            id: format!("tertulia-{}-{}", self.house.log, job.id),
            to,
            to_name: facts.account.full_name(),
            subject: words::subject(&facts, delivery.cause),
            text: words::letter(&facts, delivery.cause, &self.link(delivery.thread), &here, &everywhere),
            unsubscribe: everywhere,
        };
        mailer.send(&letter).await.map(|()| true)
    }

    async fn push(&self, delivery: &Delivery, facts: Facts) -> Result<bool, Failure> {
        let id = delivery.browser.unwrap_or_default();
        let known = self.house.store.read(move |connection| endpoints::browser(connection, id)).await?;
        // a browser that another account signed in with is not told of this one's messages
        let Some(browser) = known.filter(|browser| browser.account == delivery.account) else { return Ok(false) };
        let Browser { endpoint, p256dh, auth, .. } = &browser;
        let unusable = |what: &str| Failure::Never(format!("the browser's {what} is no key"));
        let keys = BrowserKeys::read(p256dh, auth).map_err(unusable)?;
        let link = self.link(delivery.thread);
        let payload = words::push(&facts, delivery, &link).to_string();
        let body = keys.encrypt(payload.as_bytes()).map_err(Failure::Never)?;
        let origin = self.outbound.client.check(endpoint).map_err(Failure::Never)?.origin().ascii_serialization();
        let subject = match &self.outbound.mailer {
            Some(mailer) => format!("mailto:{}", mailer.sender()),
            None => self.public_url.to_string(),
        };
        let now = self.house.clock.now() / 1_000_000;
        let headers = [
            ("authorization", self.outbound.vapid.authorization(&origin, &subject, now)),
            ("content-encoding", "aes128gcm".to_owned()),
            ("content-type", "application/octet-stream".to_owned()),
            ("ttl", PUSH_TTL.to_string()),
            // the newest of a thread replaces what the service still keeps
            ("topic", format!("t{}", delivery.thread)),
        ];
        let answer = self.outbound.client.post(endpoint, &headers, body).await?;
        match answer.status {
            200..=299 => Ok(true),
            404 | 410 => {
                tracing::info!(browser = id, "a browser unsubscribed at its push service");
                self.house.store.write(move |connection| endpoints::forget_browser(connection, id)).await?;
                Ok(false)
            }
            408 | 425 | 429 | 500.. => Err(answer.failure()),
            status => Err(Failure::Never(format!("the push service answered {status}"))),
        }
    }

    async fn call_webhook(&self, job: &Job, delivery: &Delivery, facts: Facts) -> Result<bool, Failure> {
        let account = delivery.account;
        let own = self.house.store.read(move |connection| endpoints::webhook(connection, account)).await?;
        let settings = &self.house.config.notifications;
        let everybodys = settings.webhook_url.clone().zip(settings.webhook_secret.clone());
        let Some(Webhook { url, secret }) = own.or_else(|| everybodys.map(|(url, secret)| Webhook { url, secret }))
        else {
            return Ok(false);
        };
        let now = self.house.clock.now();
        let body = words::webhook(&facts, delivery, job, &self.house.look.placeholder).to_string();
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-tertulia-delivery", job.id.to_string()),
            ("x-tertulia-signature", sign(&secret, now / 1_000_000, body.as_bytes())),
        ];
        let answer = self.outbound.client.post(&url, &headers, body.into_bytes()).await?;
        if answer.is_success() { Ok(true) } else { Err(answer.failure()) }
    }
}
