//! Files that are served: the front end, embedded in the binary, and what people uploaded.

use actix_web::body::SizedStream;
use actix_web::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use bytes::Bytes;
use futures_util::Stream;
use rust_embed::RustEmbed;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::Doors;
use super::entry::keys::hex;
use super::error::ApiError;
use super::lean::lean;
use crate::domain::Refusal;

/// Bytes of an uploaded file that are in memory at once.
const PIECE: usize = 64 * 1_024;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Static;

fn kind_of(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// A file of the front end. Any page may load it: the widget lives on foreign pages.
fn embedded(request: &HttpRequest, name: &str) -> Result<HttpResponse, ApiError> {
    let file = Static::get(name).ok_or(Refusal::NotFound)?;
    let hash = hex(file.metadata.sha256_hash().get(..12).unwrap_or_default());
    let gzipped = takes_gzip(request);
    // what is encoded otherwise is another thing to a cache
    let tag = if gzipped { format!("\"{hash}-gz\"") } else { format!("\"{hash}\"") };
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = HttpResponseBuilder::new(if known == Some(tag.as_str()) {
        actix_web::http::StatusCode::NOT_MODIFIED
    } else {
        actix_web::http::StatusCode::OK
    });
    // always asked again, so that an upgrade is seen at once; an unchanged file costs an empty answer
    response
        .insert_header((ETAG, tag.clone()))
        .insert_header((CACHE_CONTROL, "public, no-cache"))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if known == Some(tag.as_str()) {
        return Ok(response.finish());
    }
    let lean = lean(name, &hash, &file.data);
    response.insert_header((CONTENT_TYPE, kind_of(name)));
    if gzipped {
        response.insert_header((CONTENT_ENCODING, "gzip"));
        return Ok(response.body(lean.gzipped.clone()));
    }
    Ok(response.body(lean.plain.clone()))
}

/// Whether the browser said that it can unpack gzip; `q=0` says that it cannot.
fn takes_gzip(request: &HttpRequest) -> bool {
    let said = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    said.split(',').map(str::trim).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// `/static/…`
pub async fn static_file(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let name = request.match_info().query("file").to_owned();
    embedded(&request, &name)
}

/// `/widget.js`
pub async fn widget(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    embedded(&request, "widget.js")
}

/// `/media/…`: uploaded files, never as pages: pictures are shown, all else is downloaded.
pub async fn media(request: HttpRequest, doors: web::Data<Doors>) -> Result<HttpResponse, ApiError> {
    let name = request.match_info().query("file").to_owned();
    let path = doors.house.store.files().path(&name).ok_or(Refusal::NotFound)?;
    let mut file = File::open(&path).await.map_err(|_| Refusal::NotFound)?;
    let size = file.metadata().await.ok().filter(std::fs::Metadata::is_file).ok_or(Refusal::NotFound)?.len();
    let head = piece(&mut file).await.map_err(|_| Refusal::NotFound)?;
    let kind = infer::get(&head).filter(|kind| kind.matcher_type() == infer::MatcherType::Image);
    let shown = kind
        .map(|kind| kind.mime_type())
        .filter(|kind| matches!(*kind, "image/png" | "image/jpeg" | "image/gif" | "image/webp"));
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CACHE_CONTROL, "private, max-age=31536000, immutable"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_TYPE, shown.unwrap_or("application/octet-stream")));
    if shown.is_none() {
        let leaf = name.rsplit('/').next().unwrap_or_default();
        response.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{leaf}\"")));
    }
    Ok(response.body(SizedStream::new(size, pieces(head, file))))
}

/// The next piece of a file; empty at its end.
async fn piece(file: &mut File) -> std::io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(PIECE);
    file.take(PIECE as u64).read_to_end(&mut bytes).await?;
    Ok(bytes.into())
}

/// A file piece by piece, as the connection takes it: a download holds one piece in memory, however large the file and
/// however slow the reader.
fn pieces(head: Bytes, file: File) -> impl Stream<Item = std::io::Result<Bytes>> {
    futures_util::stream::try_unfold((head, file), |(next, mut file)| async move {
        if next.is_empty() {
            return Ok(None);
        }
        let after = piece(&mut file).await?;
        Ok(Some((next, (after, file))))
    })
}
