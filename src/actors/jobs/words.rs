//! What notifications say.

use serde_json::{Value, json};

use crate::domain::account::AccountView;
use crate::domain::notifying::Cause;
use crate::domain::time;
use crate::store::jobs::Job;
use crate::store::notifications::{Delivery, Facts};

/// The most characters of a message in a mail.
const LETTER_TEXT: usize = 1_000;
/// The most characters of a message in a push message, so that the whole fits into one whatever the script.
const PUSH_TEXT: usize = 200;
/// The most characters of a title.
const TITLE: usize = 100;

/// The first characters of a text.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn title(facts: &Facts) -> String {
    if facts.title.trim().is_empty() {
        "a conversation".to_owned()
    } else {
        format!("“{}”", cut(&facts.title, TITLE))
    }
}

fn sender(facts: &Facts) -> String {
    let name = facts.message.sender.as_ref().map(|account| account.full_name()).unwrap_or_default();
    if name.is_empty() { "Somebody".to_owned() } else { cut(&name, TITLE) }
}

/// A mail's subject, and a push message's title.
pub(super) fn subject(facts: &Facts, cause: Cause) -> String {
    match (cause, facts.unread) {
        (Cause::Reminder(_), _) => format!("A question is waiting in {}", title(facts)),
        (Cause::Messages(_), 1) => format!("A new message in {}", title(facts)),
        (Cause::Messages(_), unread) => format!("{unread} new messages in {}", title(facts)),
    }
}

/// A mail's text: the newest message, where to answer, and how to have no more of it.
pub(super) fn letter(facts: &Facts, cause: Cause, link: &str, here: &str, everywhere: &str) -> String {
    let name = &facts.account.first_name;
    let greeting = if name.is_empty() { "Hello,".to_owned() } else { format!("Hello {name},") };
    let what = match (cause, facts.unread) {
        (Cause::Reminder(_), _) => format!("A question in {} still waits for your answer:", title(facts)),
        (Cause::Messages(_), 1) => format!("{} wrote in {}:", sender(facts), title(facts)),
        (Cause::Messages(_), unread) => {
            format!("You have {unread} unread messages in {}. {} wrote last:", title(facts), sender(facts))
        }
    };
    let text = cut(&facts.message.text, LETTER_TEXT).lines().map(|line| format!("    {line}\n")).collect::<String>();
    format!(
        "{greeting}\n\n{what}\n\n{text}\nRead and answer: {link}\n\n-- \n\
         No more mails about this conversation: {here}\nNo more mails at all: {everywhere}\n"
    )
}

/// A push message, for `push-sw.js`.
pub(super) fn push(facts: &Facts, delivery: &Delivery, link: &str) -> Value {
    json!({
        "title": subject(facts, delivery.cause),
        "body": format!("{}: {}", sender(facts), cut(&facts.message.text, PUSH_TEXT)),
        "url": link,
        "tag": format!("thread-{}", delivery.thread),
        "thread": delivery.thread,
        "unread": facts.unread,
    })
}

/// A webhook's body (docs/notifications.md).
pub(super) fn webhook(facts: &Facts, delivery: &Delivery, job: &Job, placeholder: &str) -> Value {
    let event = match delivery.cause {
        Cause::Messages(_) => "messages_unread",
        Cause::Reminder(_) => "question_waiting",
    };
    let view = |account| AccountView::of(account, placeholder);
    let message = &facts.message;
    json!({
        "event": event,
        "delivery": job.id,
        "created": time::format(job.created),
        "account": view(&facts.account),
        "email": facts.account.email,
        "thread": {"id": delivery.thread, "type": facts.kind, "title": facts.title},
        "unread": facts.unread,
        "message": {
            "id": message.id, "seq": message.seq, "type": message.kind, "text": message.text,
            "sender_data": message.sender.as_ref().map(view),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Account, Role};
    use crate::store::notifications::Shown;

    fn facts(unread: i64, text: &str) -> Facts {
        let account = |id, first: &str| Account {
            id,
            email: None,
            first_name: first.into(),
            last_name: String::new(),
            role: Role::Member,
            avatar: None,
            language: None,
        };
        let message =
            Shown { id: 5, seq: 3, kind: "message".into(), text: text.into(), sender: Some(account(2, "Ben")) };
        Facts { account: account(1, "Ana"), title: "Lunch".into(), kind: "chat".into(), unread, message }
    }

    #[test]
    fn a_mail_says_what_happened_and_how_to_stop_it() {
        let text =
            letter(&facts(3, "At one?\nOr two?"), Cause::Messages(3), "https://go", "https://here", "https://all");
        for part in [
            "Hello Ana,",
            "3 unread messages in “Lunch”. Ben wrote last:",
            "    At one?\n    Or two?\n",
            "answer: https://go\n",
            "this conversation: https://here\n",
            "at all: https://all\n",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert_eq!(subject(&facts(1, "x"), Cause::Messages(1)), "A new message in “Lunch”");
        assert_eq!(subject(&facts(1, "x"), Cause::Reminder(1)), "A question is waiting in “Lunch”");
    }

    #[test]
    fn the_longest_push_message_fits() {
        let delivery = Delivery { thread: i64::MAX, account: 1, cause: Cause::Messages(1), browser: None };
        let mut facts = facts(i64::MAX, &"𝕏".repeat(5_000));
        facts.title = "𝕏".repeat(5_000);
        let link = format!("https://example.org/{}", "x".repeat(1_000));
        let payload = push(&facts, &delivery, &link).to_string();
        assert!(payload.len() <= crate::outbound::web_push::MAX_PAYLOAD, "{}", payload.len());
        assert_eq!(cut("añb", 2), "añ…");
    }
}
