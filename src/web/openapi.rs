//! The OpenAPI document, made from the handlers; browsable at `/api/docs`.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{api, builtin_bots, conversations, operations, visitors};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tertulia",
        description = "People, scripts, bots and channels in the same threads. Live frames come over the WebSocket, \
                       which has a page of its own: /docs/websocket. Every endpoint that returns objects takes `?fields=a,b__c`."
    ),
    paths(
        api::threads::list, api::threads::create, api::threads::read, api::threads::change, api::threads::leave,
        api::members::list, api::members::add, api::members::read, api::members::change, api::members::put, api::members::remove,
        api::messages::list, api::messages::create, api::messages::read, api::messages::edit, api::messages::delete,
        api::messages::read_upto,
        api::attachments::list, api::attachments::create, api::attachments::read, api::attachments::change,
        api::attachments::delete,
        api::surveys::list_own, api::surveys::create, api::surveys::list, api::surveys::read, api::surveys::change,
        api::surveys::delete,
        api::survey_items::list, api::survey_items::create, api::survey_items::read, api::survey_items::change,
        api::survey_items::delete,
        api::survey_attachments::list, api::survey_attachments::create, api::survey_attachments::read,
        api::survey_attachments::change, api::survey_attachments::delete,
        api::results::read, api::results::csv,
        api::schemas::doors::list, api::schemas::doors::list_type, api::schemas::doors::read,
        api::schemas::drafts::create, api::schemas::drafts::replace, api::schemas::drafts::change,
        api::schemas::drafts::delete,
        api::schemas::parts::list_groups, api::schemas::parts::add_group, api::schemas::parts::read_group,
        api::schemas::parts::change_group, api::schemas::parts::delete_group,
        api::schemas::questions::list, api::schemas::questions::add, api::schemas::questions::read,
        api::schemas::questions::change, api::schemas::questions::delete,
        api::schemas::parts::list_answers, api::schemas::parts::add_answer, api::schemas::parts::read_answer,
        api::schemas::parts::change_answer, api::schemas::parts::delete_answer,
        api::schemas::hanging::list, api::schemas::hanging::add, api::schemas::hanging::read,
        api::schemas::hanging::change, api::schemas::hanging::delete,
        api::schemas::life::check, api::schemas::life::publish, api::schemas::life::deprecate, api::schemas::life::copy,
        api::schemas::file::export, api::schemas::file::import,
        api::schemas::preview::preview, api::schemas::preview::positions,
        api::search::search,
        api::subscriptions::subscribe, api::subscriptions::unsubscribe,
        api::scripts::roll_back, api::scripts::read,
        api::admin::put_member, api::clock::turn, visitors::accounts_list,
        visitors::me, visitors::ticket, visitors::create, visitors::conversation,
        api::notifications::read, api::notifications::change, api::notifications::subscribe,
        api::notifications::unsubscribe, api::notifications::push_key,
        super::channels::reload,
        api::jobs::list, api::jobs::retry, api::jobs::remove,
        builtin_bots::bots::list, builtin_bots::bots::create, builtin_bots::bots::read, builtin_bots::bots::change, builtin_bots::bots::delete,
        builtin_bots::env::list, builtin_bots::env::create, builtin_bots::env::read, builtin_bots::env::change, builtin_bots::env::delete,
        builtin_bots::states::list, builtin_bots::states::create, builtin_bots::states::read, builtin_bots::states::change, builtin_bots::states::delete,
        builtin_bots::handlers::list, builtin_bots::handlers::create, builtin_bots::handlers::read, builtin_bots::handlers::change, builtin_bots::handlers::delete,
        builtin_bots::hooks::list, builtin_bots::hooks::create, builtin_bots::hooks::read, builtin_bots::hooks::change, builtin_bots::hooks::delete,
        builtin_bots::parameters::list, builtin_bots::parameters::create, builtin_bots::parameters::read, builtin_bots::parameters::change, builtin_bots::parameters::delete,
        builtin_bots::source_states::list, builtin_bots::source_states::create, builtin_bots::source_states::read, builtin_bots::source_states::change, builtin_bots::source_states::delete,
        builtin_bots::recipients::list, builtin_bots::recipients::create, builtin_bots::recipients::read, builtin_bots::recipients::change, builtin_bots::recipients::delete,
        builtin_bots::chat_states::list, builtin_bots::chat_states::create, builtin_bots::chat_states::read, builtin_bots::chat_states::change, builtin_bots::chat_states::delete,
        builtin_bots::hooks::deliveries, builtin_bots::hooks::delivery, builtin_bots::hooks::make_secret, builtin_bots::hooks::drop_secret,
        builtin_bots::integrations::only, builtin_bots::integrations::create, builtin_bots::integrations::read, builtin_bots::integrations::change, builtin_bots::integrations::delete,
        builtin_bots::versions::list, builtin_bots::versions::publish, builtin_bots::versions::roll_back, builtin_bots::versions::export, builtin_bots::versions::import, builtin_bots::versions::settings, builtin_bots::versions::set, builtin_bots::versions::errors,
        builtin_bots::console::test,
        builtin_bots::webhooks::take, builtin_bots::webhooks::verify,
        builtin_bots::posting::post,
        conversations::requests::newest, conversations::requests::versioned,
        conversations::contact::read, conversations::contact::pick, conversations::contact::register,
        conversations::contact::end,
        conversations::channel_events::take,
        conversations::desk::list, conversations::desk::read, conversations::desk::messages, conversations::desk::act,
        conversations::desk::note, conversations::desk::away,
        conversations::bots::list, conversations::bots::create, conversations::bots::read, conversations::bots::change,
        conversations::bots::delete, conversations::bots::log,
        conversations::operators::list, conversations::operators::read, conversations::operators::put,
        conversations::operators::delete,
        conversations::widgets::list, conversations::widgets::create, conversations::widgets::read,
        conversations::widgets::change, conversations::widgets::delete,
        conversations::catalogue::list, conversations::catalogue::create, conversations::catalogue::read,
        conversations::catalogue::change, conversations::catalogue::delete,
        operations::healthz, operations::readyz, operations::metrics,
    ),
    modifiers(&Authorization),
    security(("authorization" = []))
)]
pub struct Document;

struct Authorization;

impl Modify for Authorization {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let key = ApiKeyValue::with_description("Authorization", "`Token …`, `Bearer …` (JWT) or `Visitor …`");
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("authorization", SecurityScheme::ApiKey(ApiKey::Header(key)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_described_once() {
        let document = serde_json::to_value(Document::openapi()).expect("JSON");
        let paths = document["paths"].as_object().expect("paths");
        for path in ["/api/threads/{thread}", "/api/threads/{thread}/messages", "/api/search", "/readyz"] {
            assert!(paths.contains_key(path), "{path}");
        }
    }
}
