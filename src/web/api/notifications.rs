//! What somebody is told while they are away: preferences, browsers, and the webhook that the host sets.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::{Answer, body, method_not_allowed, number};
use crate::domain::form::{self, Form, TextRule};
use crate::domain::notifying::{PreferencesForm, preferences_object};
use crate::domain::{AccountId, FieldErrors, Refusal, Role, ThreadId};
use crate::outbound::web_push::BrowserKeys;
use crate::store::endpoints::{self, Browser, Webhook};
use crate::store::{Connection, StoreError, accounts, preferences};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::entry::keys::random_token;
use crate::web::error::ApiError;

/// The longest URL, key or secret.
const LINE: TextRule = TextRule { max: 2_048, blank: false };

/// Declares the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let other = || web::route().to(method_not_allowed);
    config
        .service(
            web::resource(r"/api/accounts/{account:\d+}/notifications")
                .route(web::get().to(read))
                .route(web::put().to(change))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/accounts/{account:\d+}/push-subscriptions")
                .route(web::post().to(subscribe))
                .route(web::delete().to(unsubscribe))
                .default_service(other()),
        )
        .service(web::resource("/api/push-key").route(web::get().to(push_key)).default_service(other()));
}

/// The account in the path: one's own, or anybody's for the host behind the API.
fn account_of(request: &HttpRequest, caller: &Caller) -> Result<AccountId, ApiError> {
    let account = number(request, "account");
    let allowed = account == caller.account.id || caller.account.role == Role::Superuser;
    if allowed { Ok(account) } else { Err(Refusal::Forbidden.into()) }
}

/// What holds for the account now. The webhook's address is the host's business.
async fn object(doors: &Doors, id: AccountId, for_host: bool) -> Result<Map<String, Value>, ApiError> {
    let read = move |connection: &mut Connection| {
        let account = accounts::get(connection, id)?;
        let browsers = endpoints::browsers(connection, id)?.len();
        let mut known = preferences::preferences(connection, id)?;
        // threads that the account has left are of no interest to it
        let threads: Vec<ThreadId> = known.iter().filter_map(|known| known.thread).collect();
        let own = preferences::own_threads(connection, id, &threads)?;
        known.retain(|known| known.thread.is_none_or(|thread| own.contains(&thread)));
        Ok((account, known, browsers, endpoints::webhook(connection, id)?))
    };
    let (account, preferences, browsers, webhook) = doors.house.store.read(read).await?;
    let has_webhook = webhook.is_some() || doors.house.config.notifications.webhook_url.is_some();
    let mut object = preferences_object(&preferences);
    let mut add = |channel: &str, name: &str, value: Value| {
        if let Some(fields) = object.get_mut(channel).and_then(Value::as_object_mut) {
            fields.insert(name.to_owned(), value);
        }
    };
    add("email", "available", (doors.outbound.mailer.is_some() && account.email.is_some()).into());
    add("email", "address", account.email.into());
    add("push", "available", (browsers > 0).into());
    add("push", "subscriptions", browsers.into());
    add("webhook", "available", has_webhook.into());
    if for_host {
        add("webhook", "url", webhook.map(|webhook| webhook.url).into());
    }
    Ok(object)
}

/// What the account is told while it is away, and by which channels.
#[utoipa::path(get, path = "/api/accounts/{account}/notifications", tag = "notifications", params(("account" = i64, Path)),
    responses((status = 200, body = super::schema::NotificationPreferences), (status = 403, body = super::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let account = account_of(&request, &caller)?;
    let for_host = caller.account.role == Role::Superuser;
    Ok(HttpResponse::Ok().json(object(&doors, account, for_host).await?))
}

/// Changes what the account is told. What is not said stays as it is; `threads` replaces all overrides. The
/// host also sets `webhook.url` (null takes it away) and `webhook.secret`; a secret that is not given is made, and stands in
/// this one answer.
#[utoipa::path(put, path = "/api/accounts/{account}/notifications", tag = "notifications", params(("account" = i64, Path)),
    request_body = super::schema::NotificationPreferences,
    responses((status = 200, body = super::schema::NotificationPreferences), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail)))]
pub async fn change(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    let account = account_of(&request, &caller)?;
    let for_host = caller.account.role == Role::Superuser;
    let body = body::json(&mut payload, doors.house.config.limits.body_bytes).await?;
    let form = PreferencesForm::read(&body).map_err(ApiError::fields)?;
    let webhook = if for_host { read_webhook(&doors, &body)? } else { None };
    let made = webhook.as_ref().and_then(|set| set.made.clone());
    let store = move |connection: &mut Connection| {
        accounts::get(connection, account)?;
        let own = preferences::own_threads(connection, account, &form.named())?;
        if let Some(foreign) = form.named().into_iter().find(|thread| !own.contains(thread)) {
            return Ok(Err(FieldErrors::one("threads", form::no_such(foreign))));
        }
        preferences::change_preferences(connection, account, &form)?;
        if let Some(set) = webhook {
            endpoints::set_webhook(connection, account, set.webhook.as_ref())?;
        }
        Ok::<_, StoreError>(Ok(()))
    };
    doors.house.store.write(store).await?.map_err(ApiError::fields)?;
    let mut object = object(&doors, account, for_host).await?;
    if let (Some(secret), Some(fields)) = (made, object.get_mut("webhook").and_then(Value::as_object_mut)) {
        fields.insert("secret".to_owned(), secret.into());
    }
    Ok(HttpResponse::Ok().json(object))
}

/// A webhook as it is to be set, and its secret if we made it.
struct SetWebhook {
    webhook: Option<Webhook>,
    made: Option<String>,
}

/// What the host says of the webhook's address; `None` when nothing is said.
fn read_webhook(doors: &Doors, body: &Map<String, Value>) -> Result<Option<SetWebhook>, ApiError> {
    let Some(fields) = body.get("webhook").and_then(Value::as_object) else { return Ok(None) };
    let refuse = |what: String| ApiError::fields(FieldErrors::one("webhook", what));
    match fields.get("url") {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(SetWebhook { webhook: None, made: None })),
        Some(Value::String(url)) => {
            let url = doors.outbound.client.check(url).map_err(refuse)?.to_string();
            let mut form = Form::new(fields);
            let sent = form.text("secret", LINE);
            if !form.errors.is_empty() {
                return Err(refuse("The secret is no text, or too long.".to_owned()));
            }
            let made = if sent.is_none() { Some(random_token("whs_")) } else { None };
            let secret = sent.or_else(|| made.clone()).unwrap_or_default();
            Ok(Some(SetWebhook { webhook: Some(Webhook { url, secret }), made }))
        }
        Some(_) => Err(refuse("Write a URL, or null.".to_owned())),
    }
}

/// Adds a browser: the body is its `PushSubscription` as JSON.
#[utoipa::path(post, path = "/api/accounts/{account}/push-subscriptions", tag = "notifications", params(("account" = i64, Path)),
    request_body = super::schema::PushSubscription,
    responses((status = 201), (status = 400, body = super::schema::FieldErrors), (status = 403, body = super::schema::Detail)))]
pub async fn subscribe(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    let account = account_of(&request, &caller)?;
    let body = body::json(&mut payload, doors.house.config.limits.body_bytes).await?;
    let browser = read_browser(&doors, account, &body).map_err(ApiError::fields)?;
    let (endpoint, now) = (browser.endpoint.clone(), doors.house.clock.now());
    let store = move |connection: &mut Connection| {
        accounts::get(connection, account)?;
        endpoints::add_browser(connection, &browser, now)
    };
    let id = doors.house.store.write(store).await?;
    Ok(HttpResponse::Created().json(json!({"id": id, "endpoint": endpoint})))
}

fn read_browser(doors: &Doors, account: AccountId, body: &Map<String, Value>) -> Result<Browser, FieldErrors> {
    let mut form = Form::new(body);
    let endpoint = required(&mut form, "endpoint");
    if let Some(Err(why)) = endpoint.as_ref().map(|endpoint| doors.outbound.client.check_public_service(endpoint)) {
        form.complain("endpoint", why);
    }
    let empty = Map::new();
    let mut keys = Form::new(body.get("keys").and_then(Value::as_object).unwrap_or(&empty));
    let (p256dh, auth) = (required(&mut keys, "p256dh"), required(&mut keys, "auth"));
    if let (Some(p256dh), Some(auth)) = (&p256dh, &auth)
        && let Err(field) = BrowserKeys::read(p256dh, auth)
    {
        keys.complain(field, "This is no key of a browser.");
    }
    if !keys.errors.is_empty() {
        form.errors.set("keys", json!(keys.errors));
    }
    match (endpoint, p256dh, auth) {
        (Some(endpoint), Some(p256dh), Some(auth)) if form.errors.is_empty() => {
            Ok(Browser { id: 0, account, endpoint, p256dh, auth })
        }
        _ => Err(form.errors),
    }
}

fn required(form: &mut Form, field: &str) -> Option<String> {
    if !form.has(field) {
        form.complain(field, "REQUIRED");
    }
    form.text(field, LINE)
}

/// Forgets a browser: the body names its `endpoint`. One that is not known is forgotten already.
#[utoipa::path(delete, path = "/api/accounts/{account}/push-subscriptions", tag = "notifications", params(("account" = i64, Path)),
    request_body = super::schema::PushEndpoint,
    responses((status = 204), (status = 400, body = super::schema::FieldErrors), (status = 403, body = super::schema::Detail)))]
pub async fn unsubscribe(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    let account = account_of(&request, &caller)?;
    let body = body::json(&mut payload, doors.house.config.limits.body_bytes).await?;
    let mut form = Form::new(&body);
    let endpoint = required(&mut form, "endpoint");
    form.errors.into_result()?;
    let endpoint = endpoint.unwrap_or_default();
    doors.house.store.write(move |connection| endpoints::forget_endpoint(connection, account, &endpoint)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The key with which browsers subscribe (`applicationServerKey`).
#[utoipa::path(get, path = "/api/push-key", tag = "notifications",
    responses((status = 200), (status = 401, body = super::schema::Detail)))]
pub async fn push_key(doors: web::Data<Doors>, _caller: Caller) -> HttpResponse {
    HttpResponse::Ok().json(json!({"key": doors.outbound.vapid.public()}))
}
