//! Mail over SMTP.

use std::sync::Arc;
use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Failure, chain};
use crate::config;

/// A mail.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its name, unique: a mail that is sent twice has the same one, so that mailboxes may drop the second.
    pub id: String,
    /// The address it goes to.
    pub to: String,
    /// The name it goes to.
    pub to_name: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The URL by which one POST ends mails of this kind (RFC 8058); empty for a mail that was asked for.
    pub unsubscribe: String,
}

/// The way to the mail server. Cloning is cheap.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Arc<Mailbox>,
}

impl Mailer {
    /// As the settings say; `None` when there is no mail.
    pub fn new(config: &config::Mail, timeout: Duration) -> Result<Option<Self>, String> {
        let (Some(url), Some(from)) = (&config.smtp_url, &config.from) else { return Ok(None) };
        let from = from.parse::<Mailbox>().map_err(|error| format!("mail.from is no sender: {error}"))?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|error| format!("mail.smtp_url is no mail server: {}", chain(&error)))?;
        // the name of this machine is often none that a mail server takes
        let name = ClientId::Domain(from.email.domain().to_owned());
        let transport = builder.hello_name(name).timeout(Some(timeout)).build();
        Ok(Some(Self { transport, from: Arc::new(from) }))
    }

    /// The sender's address.
    pub fn sender(&self) -> String {
        self.from.email.to_string()
    }

    /// Sends a mail; done when the mail server has taken it.
    pub async fn send(&self, letter: &Letter) -> Result<(), Failure> {
        let message = self.compose(letter).map_err(Failure::Never)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(Failure::Never(chain(&error))),
            Err(error) => Err(Failure::later(chain(&error))),
        }
    }

    fn compose(&self, letter: &Letter) -> Result<Message, String> {
        let address: Address = letter.to.parse().map_err(|_| "the account's address is none".to_owned())?;
        let name = Some(plain(&letter.to_name)).filter(|name| !name.is_empty());
        let header = |name: &'static str, value: String| HeaderValue::new(HeaderName::new_from_ascii_str(name), value);
        let builder = Message::builder();
        let builder = if letter.unsubscribe.is_empty() {
            builder
        } else {
            builder
                .raw_header(header("List-Unsubscribe", format!("<{}>", letter.unsubscribe)))
                .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()))
        };
        builder
            .from((*self.from).clone())
            .to(Mailbox::new(name, address))
            .subject(plain(&letter.subject))
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .raw_header(header("Auto-Submitted", "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .map_err(|error| chain(&error))
    }
}

/// One line: what people write must not end a header.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect::<String>().trim().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_has_the_headers_by_which_one_unsubscribes() {
        let config =
            config::Mail { smtp_url: Some("smtp://localhost".into()), from: Some("Chat <chat@example.org>".into()) };
        let mailer = Mailer::new(&config, Duration::from_secs(1)).expect("fine").expect("mail");
        let letter = Letter {
            id: "job-7".into(),
            to: "ana@example.org".into(),
            to_name: "Ana\r\nBcc: all@example.org".into(),
            subject: "Two\nlines".into(),
            text: "Grüße".into(),
            unsubscribe: "https://chat.example.org/unsubscribe?token=x".into(),
        };
        let text = String::from_utf8(mailer.compose(&letter).expect("a mail").formatted()).expect("text");
        for line in [
            "From: Chat <chat@example.org>",
            "Subject: Two lines",
            "Message-ID: <job-7@example.org>",
            "List-Unsubscribe: <https://chat.example.org/unsubscribe?token=x>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ] {
            assert!(text.contains(&format!("{line}\r\n")), "{line} is not in\n{text}");
        }
        assert!(!text.contains("\r\nBcc:"), "{text}");
    }

    #[test]
    fn settings_that_are_no_mail_server_are_refused() {
        let mailer = |url: &str, from: &str| {
            let config = config::Mail { smtp_url: Some(url.into()), from: Some(from.into()) };
            Mailer::new(&config, Duration::from_secs(1)).map(|mailer| mailer.is_some())
        };
        assert_eq!(mailer("smtp://user:secret@mail.example.org:2525", "chat@example.org"), Ok(true));
        assert!(mailer("smtp://", "chat@example.org").is_err());
        assert!(mailer("smtp://mail.example.org", "nobody").is_err_and(|error| error.contains("mail.from")));
    }
}
