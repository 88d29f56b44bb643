//! Search over all threads that the caller may read (contract, 7.7).

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::page::{Page, parameters};
use super::select::Select;
use super::{Answer, objects};
use crate::domain::view::Viewed;
use crate::store::messages::{MessageQuery, Order};
use crate::store::{Connection, messages, search as index, threads};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// Messages whose text or sender's name has the phrase `q`, its last word as a beginning; the newest first. Marks
/// nothing as read.
#[utoipa::path(get, path = "/api/search", tag = "search",
    params(("q" = String, Query), ("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query)),
    responses((status = 200, body = super::schema::MessagePage)))]
pub async fn search(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let parameters = parameters(&request);
    let page = Page::read(&parameters, &doors.house.config.chat)?;
    let select = Select::parse(parameters.get("fields").map(String::as_str));
    let text = parameters.get("q").cloned().unwrap_or_default();
    index::catch_up(&doors.house.store).await?;
    let (account, look) = (caller.account.id, doors.house.look.clone());
    let hidden = doors.house.config.chat.visibility.hidden_from(caller.account.role);
    let (offset, limit) = (page.offset, page.count);
    let read = move |connection: &mut Connection| {
        let threads = threads::readable(connection, account)?;
        let ids = Some(index::hits(connection, &text, &threads)?);
        let order = vec![Order::Number(messages::Column::Id, true)];
        let query = MessageQuery { threads, ids, hidden, order, offset, limit, ..MessageQuery::default() };
        let found = messages::find(connection, query)?;
        let names = objects::names(connection, &found, &look)?;
        Ok((found, names))
    };
    let (found, names) = doors.house.store.read(read).await?;
    let results: Result<Vec<Value>, ApiError> = found
        .iter()
        .map(|message| {
            let viewed = Viewed { is_read: true, is_own: message.sender == Some(account) };
            Ok(select.apply(objects::write_message(message, &names, viewed, &doors.house.look)?))
        })
        .collect();
    Ok(HttpResponse::Ok().json(page.body(&request, results?)))
}
