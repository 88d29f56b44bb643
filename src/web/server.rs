//! The listening socket, all routes, starting and stopping.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::Server;
use actix_web::guard;
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpServer, Resource, Route, web};
use rustix::process::{Resource as Limit, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, Socket, Type};
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use super::entry::Caller;
use super::entry::jwt::JwtVerifier;
use super::entry::keys::Keys;
use super::entry::login::{self, Passwords};
use super::entry::tickets::Tickets;
use super::error::ApiError;
use super::limits::Limits;
use super::{
    Doors, admin_pages, api, botkit, builtin_bots, channels, conversations, openapi, operations, pages, security, site,
    statics, unsubscribe, visitors, ws,
};
use crate::actors::conversations::Conversations;
use crate::actors::jobs::{Handlers, Jobs};
use crate::actors::{House, presence_news, restarts};
use crate::bots::{Bots, Carrier};
use crate::channels::Channels;
use crate::config::Config;
use crate::domain::notifying::Unsubscribe;
use crate::outbound::Outbound;
use crate::store::accounts::{self, Revoked};

/// Connections that wait to be accepted: reconnect storms come all at once.
const BACKLOG: i32 = 4_096;
/// The kernel's send buffer of a connection: a small one makes a reader that does not keep up visible at once.
const SEND_BUFFER: usize = 64 * 1_024;
/// How long a ticket for a WebSocket is good.
const TICKET: Duration = Duration::from_secs(30);
/// How long a printed sign-in link is good.
const LINK: Duration = Duration::from_secs(15 * 60);
/// How often it is looked whether something was revoked.
const REVOCATIONS: Duration = Duration::from_millis(500);
/// How long revocations are remembered, in microseconds.
const REMEMBER_REVOCATIONS: i64 = 86_400 * 1_000_000;

/// The listening socket. What it sets, accepted connections inherit: `TCP_USER_TIMEOUT` closes those whose peer takes
/// nothing, also when its window stays shut, which no timer of ours would notice (actix/actix-web#2441).
pub fn listen(config: &Config) -> std::io::Result<TcpListener> {
    let address = config.server.listen;
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(config.socket.write_timeout))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Lets this process open as many files as it is allowed to: a connection is a file, and the usual soft limit of 1,024
/// is a twentieth of the connections that `socket.max_connections` promises.
pub fn raise_file_limit() {
    let Rlimit { current, maximum } = getrlimit(Limit::Nofile);
    match setrlimit(Limit::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => tracing::info!(before = current, now = maximum, "the limit of open files is set"),
        Err(error) => tracing::warn!(before = current, %error, "the limit of open files could not be raised"),
    }
}

impl Doors {
    /// The doors of an open house.
    pub fn new(house: House, public_url: &str) -> anyhow::Result<Doors> {
        let config = house.config.clone();
        let outbound = Outbound::open(&config).map_err(anyhow::Error::msg)?;
        let bots = Bots::open(&house, &outbound, public_url);
        Ok(Doors {
            keys: Arc::new(Keys::load(&config.server.data_dir)?),
            tickets: Tickets::new(TICKET),
            links: Tickets::new(LINK),
            limits: Limits::new(&config.limits),
            jwt: JwtVerifier::new(&config.auth)?.map(Arc::new),
            passwords: Passwords::new()?,
            botkit: botkit::Rooms::new(&config.botkit),
            public_url: public_url.into(),
            channels: Channels::new(house.clone(), public_url),
            conversations: Conversations::new(&house, &outbound).with_builtin(Arc::new(bots.clone())),
            bots,
            outbound,
            house,
        })
    }

    /// Starts carrying out what must leave the house.
    pub fn start_jobs(&self) -> Jobs {
        let (keys, public_url) = (self.keys.clone(), self.public_url.clone());
        let link = move |what: &Unsubscribe| format!("{public_url}/unsubscribe?token={}", keys.unsubscribe_token(what));
        let handlers: Handlers = vec![
            Arc::new(self.channels.clone()),
            Arc::new(Carrier(self.bots.clone())),
            Arc::new(self.conversations.clone()),
        ];
        self.bots.forget_in_time();
        Jobs::start(&self.house, self.outbound.clone(), Arc::new(link), self.public_url.clone(), handlers)
    }

    /// Ends what was opened by what has been revoked, and what could still open something: the tickets first, so that
    /// none is redeemed between the two.
    pub fn revoke(&self, revoked: &[Revoked]) {
        self.tickets.forget(revoked);
        self.links.forget(revoked);
        self.house.presence.revoke(revoked);
    }
}

/// Pages on foreign origins may use the API with a token, never with a cookie.
fn cors(config: &Config) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .allowed_header(api::threads::IDEMPOTENCY_KEY)
        .allowed_header("X-Request-Id")
        .expose_headers(["Retry-After", "X-Request-Id"])
        .max_age(3_600);
    let origins = &config.widget.allowed_origins;
    if origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin().send_wildcard();
    }
    // an origin that is not allowed gets its answer without the headers, and its browser keeps it away
    origins.iter().fold(cors.block_on_origin_mismatch(false), |cors, origin| cors.allowed_origin(origin))
}

/// A route for looking: GET, and HEAD, which asks whether something is there.
fn look() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn other_method(request: HttpRequest) -> api::Answer {
    Err(ApiError::method_not_allowed(request.method().as_str()))
}

/// Who is nobody hears that first, as everywhere below `/api`.
async fn other_method_signed_in(request: HttpRequest, _caller: Caller) -> api::Answer {
    Err(ApiError::method_not_allowed(request.method().as_str()))
}

/// A path that anybody may ask; a method that it does not have is answered 405, not 404.
fn open(path: &str, route: Route) -> Resource {
    web::resource(path).route(route).default_service(web::to(other_method))
}

/// A path for those who are signed in.
fn closed(path: &str, route: Route) -> Resource {
    web::resource(path).route(route).default_service(web::to(other_method_signed_in))
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .service(open("/healthz", look().to(operations::healthz)))
        .service(open("/readyz", look().to(operations::readyz)))
        .service(open("/metrics", look().to(operations::metrics)))
        .service(open("/ws", web::get().to(ws::upgrade)))
        .service(open("/ws/all", web::get().to(ws::upgrade)))
        .service(open("/api/visitors", web::post().to(visitors::create)))
        .service(closed("/api/me", look().to(visitors::me)))
        .service(closed("/api/ws-tickets", web::post().to(visitors::ticket)))
        .service(closed("/api/widget/thread", web::post().to(visitors::conversation)))
        .service(closed("/api/admin/accounts", look().to(visitors::accounts_list)))
        .configure(api::routes)
        .configure(api::notifications::routes)
        .configure(api::jobs::routes)
        .service(closed("/api/admin/channels/reload", web::post().to(channels::reload)))
        .configure(builtin_bots::routes)
        .configure(conversations::routes)
        .service(SwaggerUi::new("/api/docs/{_:.*}").url("/api/openapi.json", openapi::Document::openapi()))
        .service(web::redirect("/api/docs", "/api/docs/"))
        .configure(botkit::routes)
        .configure(page_routes)
        .default_service(web::to(site::file));
}

fn page_routes(config: &mut web::ServiceConfig) {
    config
        // the upgrade first: the page would take it for a look
        .service(open("/", botkit::socket_route()).route(look().to(site::home)))
        .service(open("/demo", look().to(pages::demo)))
        .service(open("/docs/websocket", look().to(pages::websocket)))
        .service(open("/desk", look().to(pages::desk)))
        .service(open("/admin/schemas", look().to(admin_pages::schemas)))
        .service(open(r"/admin/schemas/{schema:\d+}", look().to(admin_pages::schema)))
        .service(open("/admin/bots", look().to(admin_pages::bots)))
        .service(open("/login", look().to(pages::login)).route(web::post().to(login::login)))
        // never HEAD: looking at the link must not use it up
        .service(open("/enter", web::get().to(login::link)))
        .service(open("/unsubscribe", look().to(unsubscribe::page)).route(web::post().to(unsubscribe::confirm)))
        .service(open("/logout", web::post().to(login::logout)))
        .service(open("/widget.js", look().to(statics::widget)))
        .service(open("/static/{file:.*}", look().to(statics::static_file)))
        .service(open("/media/{file:.*}", look().to(statics::media)));
}

/// Serves on `listener` until it is stopped. Must be called on the runtime that is to drive it.
pub fn serve(doors: &Doors, listener: TcpListener) -> std::io::Result<Server> {
    let config = doors.house.config.clone();
    let workers = match config.server.workers {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        workers => workers,
    };
    presence_news::start(&doors.house);
    restarts::start(&doors.house);
    doors.limits.forget_in_time();
    watch_revocations(doors.clone());
    let data = web::Data::new(doors.clone());
    let server = HttpServer::new(move || {
        let config = &data.house.config;
        App::new()
            .app_data(data.clone())
            .app_data(web::FormConfig::default().limit(16 * 1_024))
            .wrap(from_fn(security::known_types))
            .wrap(cors(config))
            // connectors have rules of their own for pages of other origins
            .wrap(from_fn(channels::first))
            .wrap(from_fn(security::guard))
            .configure(routes)
    });
    Ok(server
        .workers(workers)
        .max_connections(config.socket.max_connections)
        .shutdown_timeout(config.server.shutdown.as_secs().max(1))
        // a peer that was told goodbye is not waited for
        .client_disconnect_timeout(Duration::from_millis(50))
        .disable_signals()
        .listen(listener)?
        .run())
}

/// Closes the connections of what was revoked, here or by the command line, soon after.
fn watch_revocations(doors: Doors) {
    tokio::spawn(async move {
        let house = doors.house.clone();
        let mut seen = house.store.read(accounts::last_revocation).await.unwrap_or(0);
        let mut ticks = tokio::time::interval(REVOCATIONS);
        let mut pruned = house.clock.now();
        loop {
            ticks.tick().await;
            let after = seen;
            match house.store.read(move |connection| accounts::revoked_since(connection, after)).await {
                Ok((revoked, last)) => {
                    if !revoked.is_empty() {
                        doors.revoke(&revoked);
                    }
                    seen = last;
                }
                Err(error) => tracing::warn!(%error, "revocations could not be read"),
            }
            let before = house.clock.now() - REMEMBER_REVOCATIONS;
            if pruned < before {
                pruned = house.clock.now();
                if let Err(error) =
                    house.store.write(move |connection| accounts::prune_revocations(connection, before)).await
                {
                    tracing::warn!(%error, "old revocations could not be forgotten");
                }
            }
        }
    });
}
