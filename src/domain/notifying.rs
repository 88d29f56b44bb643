//! Telling members who are away: by which channels, of what, and whether they want it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::form::Form;
use super::{AccountId, FieldErrors, MessageId, Seq, ThreadId};

/// The most overrides of single threads that one account may have.
pub const MAX_OVERRIDES: usize = 1_000;

/// A way to somebody who is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A mail to the account's address.
    Email,
    /// A push message to each of the account's browsers.
    Push,
    /// A signed POST to the host's system.
    Webhook,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Channel; 3] = [Channel::Email, Channel::Push, Channel::Webhook];

    /// The channel's name on the wire and in the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Push => "push",
            Channel::Webhook => "webhook",
        }
    }

    /// The channel of that name.
    pub fn parse(name: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| channel.as_str() == name)
    }

    /// Whether it is used by those who said nothing. Mail has to be asked for; a browser was asked when it subscribed, and
    /// a webhook is the host's own.
    fn is_on_by_default(self) -> bool {
        self != Channel::Email
    }
}

/// Why somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// Messages up to this position were not read.
    Messages(Seq),
    /// This question was not answered.
    Reminder(MessageId),
}

/// What somebody wants of one channel; `None` is no wish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Of unread messages.
    pub messages: Option<bool>,
    /// Of unanswered questions.
    pub reminders: Option<bool>,
}

impl Wish {
    /// Everything off: what unsubscribing leaves.
    pub const NOTHING: Wish = Wish { messages: Some(false), reminders: Some(false) };

    fn of(self, cause: Cause) -> Option<bool> {
        match cause {
            Cause::Messages(_) => self.messages,
            Cause::Reminder(_) => self.reminders,
        }
    }

    fn object(self) -> Value {
        json!({"messages": self.messages, "reminders": self.reminders})
    }
}

/// One wish: for one thread, or for all without one of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preference {
    /// The thread; `None` for all.
    pub thread: Option<ThreadId>,
    /// The channel.
    pub channel: Channel,
    /// What is wanted.
    pub wish: Wish,
}

/// A change of a wish: what was not said stays, and null takes a wish back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WishChange {
    messages: Option<Option<bool>>,
    reminders: Option<Option<bool>>,
}

impl WishChange {
    /// The wish after it.
    pub fn apply(self, before: Wish) -> Wish {
        Wish {
            messages: self.messages.unwrap_or(before.messages),
            reminders: self.reminders.unwrap_or(before.reminders),
        }
    }
}

/// Whether an account with these preferences is told of `cause` in `thread` over `channel`: the thread's wish, else the
/// account's, else the channel's default.
pub fn allows(preferences: &[Preference], thread: ThreadId, channel: Channel, cause: Cause) -> bool {
    let wish = |of: Option<ThreadId>| {
        let found = preferences.iter().find(|known| known.channel == channel && known.thread == of);
        found.and_then(|known| known.wish.of(cause))
    };
    wish(Some(thread)).or_else(|| wish(None)).unwrap_or(channel.is_on_by_default())
}

/// What somebody stops by a link, without signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsubscribe {
    /// Who.
    pub account: AccountId,
    /// Which channel.
    pub channel: Channel,
    /// Of one thread, or of all.
    pub thread: Option<ThreadId>,
}

/// The account-wide wishes as they hold, and the overrides of single threads, as the API writes them.
pub fn preferences_object(preferences: &[Preference]) -> Map<String, Value> {
    let mut object = Map::new();
    for channel in Channel::ALL {
        let on = |cause| allows(preferences, 0, channel, cause);
        let wish = json!({"messages": on(Cause::Messages(0)), "reminders": on(Cause::Reminder(0))});
        object.insert(channel.as_str().to_owned(), wish);
    }
    let mut threads: Vec<ThreadId> = preferences.iter().filter_map(|known| known.thread).collect();
    threads.sort_unstable();
    threads.dedup();
    let overrides = threads.into_iter().map(|thread| {
        let own = preferences.iter().filter(|known| known.thread == Some(thread));
        let mut entry: Map<String, Value> =
            own.map(|known| (known.channel.as_str().to_owned(), known.wish.object())).collect();
        entry.insert("thread".to_owned(), thread.into());
        Value::Object(entry)
    });
    object.insert("threads".to_owned(), overrides.collect());
    object
}

/// A change of preferences: wishes for all threads change what is said of them, and `threads`, if it is there, replaces all
/// overrides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PreferencesForm {
    /// Wishes for all threads, as far as they were sent.
    pub account: Vec<(Channel, WishChange)>,
    /// The overrides, if they were sent.
    pub threads: Option<Vec<Preference>>,
}

impl PreferencesForm {
    /// Reads a body: `{"email": {"messages": true, "reminders": null}, …, "threads": [{"thread": 7, "push": {…}}]}`.
    pub fn read(body: &Map<String, Value>) -> Result<Self, FieldErrors> {
        let mut form = Form::new(body);
        let account = read_wishes(&mut form);
        let threads = form.list("threads").map(|entries| {
            if entries.len() > MAX_OVERRIDES {
                form.complain("threads", format!("Ensure this field has no more than {MAX_OVERRIDES} elements."));
                return Vec::new();
            }
            entries.iter().flat_map(|entry| read_override(&mut form, entry)).collect()
        });
        if form.errors.is_empty() { Ok(Self { account, threads }) } else { Err(form.errors) }
    }

    /// The threads that are named.
    pub fn named(&self) -> Vec<ThreadId> {
        let mut named: Vec<ThreadId> = self.threads.iter().flatten().filter_map(|known| known.thread).collect();
        named.dedup();
        named
    }
}

fn read_override(form: &mut Form, entry: &Value) -> Vec<Preference> {
    let Some(object) = entry.as_object() else {
        form.complain("threads", "Write objects with \"thread\" and channels.");
        return Vec::new();
    };
    let mut inner = Form::new(object);
    let thread = inner.id("thread");
    if thread.is_none() {
        inner.complain("thread", "REQUIRED");
    }
    let wishes = read_wishes(&mut inner);
    if !inner.errors.is_empty() {
        form.complain("threads", format!("An entry is not right: {}", json!(inner.errors)));
    }
    let of_thread =
        |(channel, change): (Channel, WishChange)| Preference { thread, channel, wish: change.apply(Wish::default()) };
    wishes.into_iter().map(of_thread).collect()
}

fn read_wishes(form: &mut Form) -> Vec<(Channel, WishChange)> {
    let mut read = Vec::new();
    for channel in Channel::ALL {
        let name = channel.as_str();
        match form.raw(name) {
            None | Some(Value::Null) => {}
            Some(Value::Object(object)) => {
                let mut inner = Form::new(object);
                let mut wish = |field: &str| match inner.raw(field)? {
                    Value::Null => Some(None),
                    _ => inner.boolean(field).map(Some),
                };
                let change = WishChange { messages: wish("messages"), reminders: wish("reminders") };
                if !inner.errors.is_empty() {
                    form.complain(name, "Write true, false or null for \"messages\" and \"reminders\".");
                }
                if change != WishChange::default() {
                    read.push((channel, change));
                }
            }
            Some(_) => form.complain(name, "Write an object with \"messages\" and \"reminders\"."),
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(thread: Option<ThreadId>, channel: Channel, messages: Option<bool>) -> Preference {
        Preference { thread, channel, wish: Wish { messages, reminders: None } }
    }

    #[test]
    fn the_nearest_wish_holds() {
        use Channel::{Email, Push, Webhook};
        let nothing: &[Preference] = &[];
        let asked = [wish(None, Email, Some(true)), wish(Some(7), Email, Some(false)), wish(Some(8), Push, None)];
        let table = [
            (nothing, 7, Email, false),
            (nothing, 7, Push, true),
            (nothing, 7, Webhook, true),
            (&asked, 6, Email, true),
            (&asked, 7, Email, false),
            (&asked, 8, Push, true),
        ];
        for (preferences, thread, channel, expected) in table {
            assert_eq!(allows(preferences, thread, channel, Cause::Messages(1)), expected, "{thread} {channel:?}");
        }
        assert!(!allows(&asked, 6, Email, Cause::Reminder(1)), "reminders by mail were not asked for");
    }

    #[test]
    fn preferences_are_read_and_written_alike() {
        let body = json!({"email": {"messages": true}, "threads": [{"thread": 7, "push": {"messages": false}}]});
        let form = PreferencesForm::read(body.as_object().expect("an object")).expect("fine");
        assert_eq!(form.named(), [7]);
        let account = form.account.into_iter().map(|(channel, change)| {
            let wish = change.apply(Wish { messages: Some(false), reminders: Some(true) });
            Preference { thread: None, channel, wish }
        });
        let all: Vec<Preference> = account.chain(form.threads.unwrap_or_default()).collect();
        let object = preferences_object(&all);
        assert_eq!(object["email"], json!({"messages": true, "reminders": true}), "what is not said stays");
        assert_eq!(object["push"], json!({"messages": true, "reminders": true}));
        assert_eq!(object["threads"], json!([{"thread": 7, "push": {"messages": false, "reminders": null}}]));
    }

    #[test]
    fn null_takes_a_wish_back() {
        let body = json!({"email": {"messages": null}, "push": {}, "webhook": {"url": "https://example.org"}});
        let form = PreferencesForm::read(body.as_object().expect("an object")).expect("fine");
        let [(Channel::Email, change)] = form.account.as_slice() else { panic!("{form:?}") };
        let before = Wish { messages: Some(true), reminders: Some(true) };
        assert_eq!(change.apply(before), Wish { messages: None, reminders: Some(true) });
    }

    #[test]
    fn odd_preferences_are_refused_by_field() {
        let table = [
            (json!({"email": true}), "email"),
            (json!({"push": {"messages": "perhaps"}}), "push"),
            (json!({"threads": {}}), "threads"),
            (json!({"threads": [1]}), "threads"),
            (json!({"threads": [{"email": {}}]}), "threads"),
            (json!({"threads": vec![json!({"thread": 1}); MAX_OVERRIDES + 1]}), "threads"),
        ];
        for (body, field) in table {
            let errors = PreferencesForm::read(body.as_object().expect("an object")).expect_err("refused");
            assert!(errors.has(field), "{body}");
        }
    }
}
