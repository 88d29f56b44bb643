//! A mail server that keeps what it is given.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::until;

/// A mail as it was taken.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: String,
    /// The head, with folded lines put together.
    pub head: String,
    /// The text, decoded.
    pub text: String,
}

impl Mail {
    pub fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in\n{}", self.head))
    }

    /// The URL after these words.
    pub fn link(&self, words: &str) -> String {
        let (_, rest) = self.text.split_once(words).unwrap_or_else(|| panic!("no {words} in\n{}", self.text));
        rest.split_whitespace().next().expect("a URL").to_owned()
    }
}

/// The mail server. It ends with its test.
pub struct Postbox {
    port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
}

impl Postbox {
    pub async fn opens() -> Postbox {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let shared = mails.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, shared.clone()));
            }
        });
        Postbox { port, mails }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// Waits until so many have come.
    pub async fn takes(&self, count: usize) -> Vec<Mail> {
        until("the mail has come", || async { self.mails().len() >= count }).await;
        self.mails()
    }
}

async fn converse(stream: TcpStream, mails: Arc<Mutex<Vec<Mail>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 post.example\r\n").await.ok()?;
    let mut to = String::new();
    loop {
        let line = line(&mut stream).await?;
        let answer = match line.split([' ', ':']).next()?.to_ascii_uppercase().as_str() {
            "RCPT" => {
                to = line.split(['<', '>']).nth(1)?.to_owned();
                "250 fine"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let mail = read_mail(&mut stream, &to).await?;
                mails.lock().unwrap().push(mail);
                "250 taken"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await.ok()?;
                return None;
            }
            _ => "250 fine",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn read_mail(stream: &mut BufReader<TcpStream>, to: &str) -> Option<Mail> {
    let (mut head, mut body, mut in_head) = (String::new(), String::new(), true);
    loop {
        let line = line(stream).await?;
        match line.as_str() {
            "." => break,
            "" if in_head => in_head = false,
            folded if in_head && folded.starts_with([' ', '\t']) => head.push_str(folded),
            line if in_head => head.push_str(&format!("\n{line}")),
            line => body.push_str(&format!("{}\n", line.strip_prefix('.').unwrap_or(line))),
        }
    }
    let coded = head.contains("quoted-printable");
    let text = if coded { unquoted(&body) } else { body };
    Some(Mail { to: to.to_owned(), head, text })
}

/// Quoted-printable (RFC 2045, 6.7) as text.
fn unquoted(text: &str) -> String {
    let text = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let coded = std::str::from_utf8(after.get(..2).unwrap_or_default()).unwrap_or_default();
        match u8::from_str_radix(coded, 16) {
            Ok(byte) if first == b'=' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}
