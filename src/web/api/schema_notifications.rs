//! The shapes of what accounts are told while they are away, for the OpenAPI document only.

use serde::Serialize;
use utoipa::ToSchema;

/// What an account wants of one channel; null in an override is no wish.
#[derive(Serialize, ToSchema)]
pub struct ChannelPreference {
    /// Unread messages.
    messages: Option<bool>,
    /// Questions that wait for an answer.
    reminders: Option<bool>,
    /// Whether the channel reaches the account at all; only read.
    available: Option<bool>,
    /// The address of mails; only read.
    address: Option<String>,
    /// Browsers that take push messages; only read.
    subscriptions: Option<i64>,
    /// The account's own webhook: for superusers.
    url: Option<String>,
    /// Its secret: for superusers, and written only.
    secret: Option<String>,
}

/// What an account wants in one thread.
#[derive(Serialize, ToSchema)]
pub struct ThreadPreference {
    thread: i64,
    email: Option<ChannelPreference>,
    push: Option<ChannelPreference>,
    webhook: Option<ChannelPreference>,
}

/// What an account is told while it is away.
#[derive(Serialize, ToSchema)]
pub struct NotificationPreferences {
    email: ChannelPreference,
    push: ChannelPreference,
    webhook: ChannelPreference,
    /// Threads in which it is otherwise.
    threads: Vec<ThreadPreference>,
}

/// The keys of a browser's subscription, base64url.
#[derive(Serialize, ToSchema)]
pub struct PushKeys {
    p256dh: String,
    auth: String,
}

/// A browser's `PushSubscription`.
#[derive(Serialize, ToSchema)]
pub struct PushSubscription {
    endpoint: String,
    keys: PushKeys,
}

/// Which browser.
#[derive(Serialize, ToSchema)]
pub struct PushEndpoint {
    endpoint: String,
}

/// Something that must leave the house.
#[derive(Serialize, ToSchema)]
pub struct Job {
    id: i64,
    /// `message`, `remind`, `email`, `push` or `webhook`.
    kind: String,
    /// The key by which jobs are kept in order.
    recipient: String,
    /// `waiting`, `claimed` or `parked`.
    state: String,
    due: String,
    attempts: i32,
    last_error: Option<String>,
    created: String,
}

/// A page of jobs.
#[derive(Serialize, ToSchema)]
pub struct JobPage {
    next: Option<String>,
    previous: Option<String>,
    results: Vec<Job>,
}
