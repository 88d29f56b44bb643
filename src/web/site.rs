//! The pages at the root: the house's own, or those of a folder that the operator names (`server.site_dir`), such as the
//! files of Botkit's client.

use std::path::{Component, Path, PathBuf};

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, SET_COOKIE};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};

use super::error::ApiError;
use super::{Doors, botkit, pages};

/// The largest file that is served, in bytes.
const LARGEST: u64 = 32 * 1_024 * 1_024;
/// The page of a folder.
const INDEX: &str = "index.html";

/// `/`: the folder's page, if it has one, else the house's.
pub async fn home(request: HttpRequest, doors: web::Data<Doors>) -> Result<HttpResponse, ApiError> {
    match of_folder(&request, &doors, INDEX).await {
        Some(page) => Ok(page),
        None => pages::home(request, doors).await,
    }
}

/// Any path that is nobody's: a file of the folder, or the page that says that there is none.
pub async fn file(request: HttpRequest, doors: web::Data<Doors>) -> Result<HttpResponse, ApiError> {
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    if looks && let Some(page) = of_folder(&request, &doors, request.path().trim_start_matches('/')).await {
        return Ok(page);
    }
    pages::not_found(request).await
}

async fn of_folder(request: &HttpRequest, doors: &Doors, name: &str) -> Option<HttpResponse> {
    let folder = doors.house.config.server.site_dir.as_deref()?;
    let path = inside(folder, name)?;
    // links inside of the folder must not lead out of it
    let (real, root) = (tokio::fs::canonicalize(&path).await.ok()?, tokio::fs::canonicalize(folder).await.ok()?);
    let about = tokio::fs::metadata(&real).await.ok()?;
    if !real.starts_with(&root) || !about.is_file() || about.len() > LARGEST {
        return None;
    }
    let bytes = tokio::fs::read(&real).await.ok()?;
    let kind = mime_guess::from_path(&real).first_or_octet_stream();
    let is_page = kind.essence_str() == "text/html";
    let mut response = HttpResponse::build(StatusCode::OK);
    let charset = if kind.type_() == mime_guess::mime::TEXT { "; charset=utf-8" } else { "" };
    response
        .insert_header((CONTENT_TYPE, format!("{}{charset}", kind.essence_str())))
        .insert_header((CACHE_CONTROL, "public, no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, policy(doors)));
    if is_page && doors.house.config.botkit.enabled {
        response.append_header((SET_COOKIE, botkit::cookie_for_page(request, doors)));
    }
    Some(response.body(bytes))
}

/// The pages are the operator's: what they load is theirs to say. Who may show them in a frame is a setting.
fn policy(doors: &Doors) -> String {
    let sites = doors.house.config.botkit.embedded_by.join(" ");
    format!("frame-ancestors 'self' {sites}").trim_end().to_owned()
}

/// The file of that name below the folder; `None` for what leads elsewhere, or is hidden.
fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    let name = percent_encoding::percent_decode_str(name).decode_utf8().ok()?;
    let name = if name.is_empty() { INDEX } else { &*name };
    let mut path = folder.to_owned();
    for part in Path::new(name).components() {
        let Component::Normal(part) = part else { return None };
        if part.to_str()?.starts_with('.') || part.to_str()?.contains(['\\', '\0']) {
            return None;
        }
        path.push(part);
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_of_the_folder_is_served() {
        let folder = Path::new("/srv/site");
        let table = [
            ("chat.html", Some("/srv/site/chat.html")),
            ("css/styles.css", Some("/srv/site/css/styles.css")),
            ("", Some("/srv/site/index.html")),
            ("../etc/passwd", None),
            ("css/%2e%2e/%2e%2e/etc/passwd", None),
            ("/etc/passwd", None),
            (".env", None),
            ("%7B%7B%7Burl%7D%7D%7D", Some("/srv/site/{{{url}}}")),
        ];
        for (name, expected) in table {
            assert_eq!(inside(folder, name).as_deref(), expected.map(Path::new), "{name}");
        }
    }
}
