//! `/unsubscribe`: stops notifications by a link, without signing in. Looking at the page changes nothing, since mail
//! programs open links by themselves; the button does, and so does a mailbox's own (RFC 8058: one POST to the same URL).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::Doors;
use super::error::ApiError;
use super::pages::render;
use crate::domain::notifying::{Channel, Preference, Unsubscribe, Wish};
use crate::domain::{AccountId, ThreadId};
use crate::store::{Connection, StoreError, accounts, if_there, preferences, threads};

#[derive(Template)]
#[template(path = "unsubscribe.html", config = "src/web/askama.toml")]
struct Page<'a> {
    token: &'a str,
    what: String,
    known: bool,
    done: bool,
}

/// The link's query.
#[derive(Deserialize)]
pub struct Link {
    #[serde(default)]
    token: String,
}

/// Asks whether one means it.
pub async fn page(doors: web::Data<Doors>, link: web::Query<Link>) -> Result<HttpResponse, ApiError> {
    show(&doors, &link.token, false).await
}

/// Stops them.
pub async fn confirm(doors: web::Data<Doors>, link: web::Query<Link>) -> Result<HttpResponse, ApiError> {
    if let Some(Unsubscribe { account, channel, thread }) = doors.keys.unsubscribe(&link.token) {
        let preference = Preference { thread, channel, wish: Wish::NOTHING };
        let store = move |connection: &mut Connection| stop(connection, account, &preference);
        doors.house.store.write(store).await?;
        tracing::info!(account, channel = channel.as_str(), ?thread, "unsubscribed by a link");
    }
    show(&doors, &link.token, true).await
}

/// Stopping everything stops also what was asked for in single threads.
fn stop(connection: &mut Connection, account: AccountId, preference: &Preference) -> Result<(), StoreError> {
    match (preference.thread, accounts::get(connection, account), &preference) {
        // who is gone hears nothing anyway
        (_, Err(StoreError::Missing), _) => Ok(()),
        (_, Err(error), _) => Err(error),
        (None, Ok(_), _) => preferences::stop_channel(connection, account, preference.channel),
        (Some(thread), Ok(_), _) => match threads::head(connection, thread) {
            Err(StoreError::Missing) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => preferences::set_preference(connection, account, preference),
        },
    }
}

async fn show(doors: &Doors, token: &str, done: bool) -> Result<HttpResponse, ApiError> {
    let Some(asked) = doors.keys.unsubscribe(token) else {
        let page = Page { token: "", what: String::new(), known: false, done: false };
        return render(StatusCode::BAD_REQUEST, &page);
    };
    let what = describe(doors, &asked).await?;
    render(StatusCode::OK, &Page { token, what, known: true, done })
}

async fn describe(doors: &Doors, asked: &Unsubscribe) -> Result<String, ApiError> {
    let channel = match asked.channel {
        Channel::Email => "Mails",
        Channel::Push => "Push messages",
        Channel::Webhook => "Notifications",
    };
    let Some(thread) = asked.thread else { return Ok(format!("{channel} about unread messages and questions")) };
    let title = title(doors, asked.account, thread).await?;
    Ok(match title {
        Some(title) => format!("{channel} about “{title}”"),
        None => format!("{channel} about this conversation"),
    })
}

/// The thread's title, for a member of it.
async fn title(doors: &Doors, account: AccountId, thread: ThreadId) -> Result<Option<String>, ApiError> {
    let read = move |connection: &mut Connection| {
        threads::seat(connection, thread, account)?;
        Ok(threads::head(connection, thread)?.title)
    };
    Ok(if_there(doors.house.store.read(read).await)?.filter(|title| !title.is_empty()))
}
