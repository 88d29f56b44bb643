//! Somebody talks, and somebody else is away and wants to be told.

use super::{House, Person, Postbox, Receiver, Value, json, until};

/// The secret of the host's webhook.
pub const SECRET: &str = "between us";

/// Ana talks; Ben wants to be told while he is away.
pub struct Away {
    pub house: House,
    pub ana: Person,
    pub ben: Person,
    pub thread: i64,
    pub post: Postbox,
    pub hook: Receiver,
}

impl Away {
    /// Everything is configured, and everything happens at once.
    pub async fn new() -> Away {
        Away::with(&[]).await
    }

    pub async fn with(settings: &[(&str, &str)]) -> Away {
        let (post, hook) = (Postbox::opens().await, Receiver::opens().await);
        let (mail, url) = (post.url(), hook.url("/hook"));
        let mut all = vec![
            ("TERTULIA_OUTBOUND_ALLOW", "127.0.0.0/8"),
            ("TERTULIA_MAIL_SMTP_URL", mail.as_str()),
            ("TERTULIA_MAIL_FROM", "Chat <chat@house.example>"),
            ("TERTULIA_NOTIFICATIONS_DELAY", "200ms"),
            ("TERTULIA_NOTIFICATIONS_WEBHOOK_URL", url.as_str()),
            ("TERTULIA_NOTIFICATIONS_WEBHOOK_SECRET", SECRET),
            ("TERTULIA_JOBS_BACKOFF", "50ms"),
        ];
        all.extend(settings);
        let house = House::with(&all).await;
        let [ana, ben] = house.people(["ana", "ben"]);
        let thread = house.thread(&[&ana, &ben]).await;
        house.seats(thread, &ben, json!({"permissions": 19, "notifications": 7})).await;
        Away { house, ana, ben, thread, post, hook }
    }

    /// Ben wants mails and nothing else.
    pub async fn ben_wants_mails(&self) {
        let wish = json!({"email": {"messages": true}, "webhook": {"messages": false}});
        self.ben.put(&self.preferences(), wish).await.is(200);
    }

    pub fn preferences(&self) -> String {
        format!("/api/accounts/{}/notifications", self.ben.id)
    }

    pub async fn says(&self, text: &str) -> Value {
        self.ana.posts(self.thread, text).await
    }

    pub async fn jobs(&self, state: &str) -> Vec<Value> {
        let path = format!("/api/admin/jobs{state}");
        self.house.host().await.get(&path).await.is(200).results().clone()
    }

    /// Waits until nothing is left to be told.
    pub async fn all_is_told(&self) {
        until("nothing is left to be done", || async { self.jobs("").await.is_empty() }).await;
    }
}
