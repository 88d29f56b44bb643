//! More than one language: a response is said in the chat's language, or in the first of the fallback chain that it has.

use super::document::Response;
use super::settings::Settings;

/// `pt-BR` → `pt-br`, `pt`.
fn forms(language: &str) -> impl Iterator<Item = String> {
    let language = language.trim().to_ascii_lowercase().replace('_', "-");
    let base = language.split('-').next().filter(|base| *base != language).map(str::to_owned);
    std::iter::once(language).chain(base)
}

/// The text and the keyboard of a response in a chat's language.
pub fn templates<'r>(
    response: &'r Response,
    settings: &Settings,
    language: Option<&str>,
) -> (&'r str, Option<&'r str>) {
    let own = (response.text_template.as_str(), response.keyboard_template.as_deref());
    let wanted = language.into_iter().chain(settings.fallback_languages.iter().map(String::as_str));
    let source = settings.language.as_deref().unwrap_or_default().to_ascii_lowercase();
    for form in wanted.flat_map(forms) {
        if form == source {
            break;
        }
        let known =
            response.extras.translations.iter().find(|(name, _)| name.to_ascii_lowercase().replace('_', "-") == form);
        if let Some((_, translation)) = known {
            return (&translation.text_template, translation.keyboard_template.as_deref().or(own.1));
        }
    }
    own
}
