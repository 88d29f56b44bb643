//! Templates before they are kept (bots contract, 6.5 and 7.2).

use serde_json::{Value, json};

use crate::bots::Bots;
use crate::domain::bot::document::{Document, Response};
use crate::domain::bot::{html, keyboard as keys, review, template};
use crate::web::error::ApiError;

/// What is wrong with a text template: of one that fails both checks, two messages.
pub(super) fn text(source: &str) -> Vec<String> {
    [template::check(source), html::check(source)].into_iter().filter_map(Result::err).collect()
}

/// What is wrong with a keyboard template: one that does not parse has one message. Rendering waits for a worker process, so
/// this is called on threads that may block.
pub(super) fn keyboard(bots: &Bots, source: &str) -> Vec<String> {
    if source.trim().is_empty() {
        return Vec::new();
    }
    if let Err(message) = template::check(source) {
        return vec![message];
    }
    let jobs = vec![keys::check_job(source, 0)];
    let rendered = tokio::runtime::Handle::current().block_on(bots.render(jobs));
    rendered.into_iter().filter_map(|rendered| keys::check_rendered(rendered).err()).collect()
}

/// What is wrong with any other template.
pub(super) fn plain(source: &str) -> Vec<String> {
    template::check(source).err().into_iter().collect()
}

/// What is wrong with the data of a request, whose strings are templates (B27).
pub(super) fn data(data: &Value) -> Vec<String> {
    review::check_data(data).err().into_iter().collect()
}

/// Text and keyboard must not show what only requests may see (B13).
pub(super) fn hides_secrets(document: &Document, response: &Response) -> Result<(), ApiError> {
    let keyboard = response.keyboard_template.as_deref().unwrap_or_default();
    for (name, source) in [("text_template", response.text_template.as_str()), ("keyboard_template", keyboard)] {
        let secrets = document.env.iter().filter(|one| one.secret).map(|one| one.key.as_str());
        if let Err(message) = review::shows_secret(source, secrets) {
            return Err(ApiError::body_of_fields(json!({"response": {name: [message]}})));
        }
    }
    Ok(())
}
