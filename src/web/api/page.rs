//! Pages by limit and offset, with absolute links and no count (contract, 2.2).

use std::collections::BTreeMap;

use actix_web::{HttpRequest, web};
use serde_json::{Value, json};

use crate::config::Chat;
use crate::web::error::ApiError;

/// The parameters of a request; of a name that comes more than once, the last one counts.
pub type Parameters = BTreeMap<String, String>;

/// The parameters of a request.
pub fn parameters(request: &HttpRequest) -> Parameters {
    web::Query::<Vec<(String, String)>>::from_query(request.query_string())
        .map(|pairs| pairs.into_inner().into_iter().collect())
        .unwrap_or_default()
}

/// A page that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The limit sent, or the default.
    limit: i64,
    /// Where the page begins.
    pub offset: i64,
    /// How many items it holds.
    pub count: i64,
}

impl Page {
    /// Reads `limit` and `offset`.
    pub fn read(parameters: &Parameters, chat: &Chat) -> Result<Self, ApiError> {
        let incorrect = || ApiError::bad_request("Incorrect offset or limit.");
        let number = |name: &str| parameters.get(name).and_then(|text| text.trim().parse::<i64>().ok());
        let most = i64::try_from(chat.max_page_size).unwrap_or(i64::MAX);
        let usual = i64::try_from(chat.default_page_size).unwrap_or(0);
        let limit = number("limit").filter(|limit| *limit > 0).unwrap_or(usual).min(most);
        let offset = number("offset").unwrap_or(0);
        let count = if offset < 0 { limit.saturating_add(offset) } else { limit };
        if limit <= 0 || count <= 0 {
            return Err(incorrect());
        }
        Ok(Self { limit, offset: offset.max(0), count })
    }

    /// The body: results and links to the neighbours.
    pub fn body(&self, request: &HttpRequest, results: Vec<Value>) -> Value {
        let full = i64::try_from(results.len()).is_ok_and(|found| found >= self.count);
        let next = full.then(|| self.link(request, self.offset + self.count));
        let previous = (self.offset > 0).then(|| self.link(request, self.offset - self.limit));
        json!({"next": next, "previous": previous, "results": results})
    }

    /// The same request at another offset: parameters sorted by name; an offset of nothing is left out.
    fn link(&self, request: &HttpRequest, offset: i64) -> String {
        let mut pairs = parameters(request);
        if offset > 0 {
            pairs.insert("offset".into(), offset.to_string());
        } else {
            pairs.remove("offset");
        }
        let query: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let connection = request.connection_info();
        let (scheme, host, path) = (connection.scheme(), connection.host(), request.path());
        match query.is_empty() {
            true => format!("{scheme}://{host}{path}"),
            false => format!("{scheme}://{host}{path}?{}", query.join("&")),
        }
    }
}

/// Whole lists that the contract gives as plain arrays: in pages when `limit` is given.
pub fn listed(request: &HttpRequest, chat: &Chat, objects: Vec<Value>) -> Result<Value, ApiError> {
    let parameters = parameters(request);
    if !parameters.contains_key("limit") {
        return Ok(Value::Array(objects));
    }
    let page = Page::read(&parameters, chat)?;
    let (skip, take) = (usize::try_from(page.offset), usize::try_from(page.count));
    let results = objects.into_iter().skip(skip.unwrap_or(usize::MAX)).take(take.unwrap_or(0)).collect();
    Ok(page.body(request, results))
}

/// Percent-encoding as forms have it: letters, digits and `-_.~` stay, a space is `+`.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn chat(default: &str) -> Chat {
        let environment = [("TERTULIA_CHAT_DEFAULT_PAGE_SIZE".to_owned(), default.to_owned())];
        crate::config::load(None, environment).expect("fine").chat
    }

    fn read(query: &str, default: &str) -> Option<(i64, i64)> {
        let request = TestRequest::with_uri(&format!("/api/x?{query}")).to_http_request();
        Page::read(&parameters(&request), &chat(default)).ok().map(|page| (page.offset, page.count))
    }

    #[test]
    fn limits_and_offsets_are_the_contracts() {
        let table = [
            ("limit=10", "0", Some((0, 10))),
            ("", "0", None),
            ("", "50", Some((0, 50))),
            ("limit=0", "0", None),
            ("limit=-1", "0", None),
            ("limit=x", "50", Some((0, 50))),
            ("limit=5&offset=3", "0", Some((3, 5))),
            ("limit=5&offset=x", "0", Some((0, 5))),
            ("limit=5&offset=-2", "0", Some((0, 3))),
            ("limit=5&offset=-5", "0", None),
            ("limit=100000", "0", Some((0, 1000))),
        ];
        for (query, default, expected) in table {
            assert_eq!(read(query, default), expected, "{query}");
        }
    }

    #[test]
    fn links_lead_to_the_neighbours() {
        let links = |query: &str, found: usize| {
            let request = TestRequest::with_uri(&format!("/api/x?{query}")).to_http_request();
            let page = Page::read(&parameters(&request), &chat("0")).expect("a page");
            let body = page.body(&request, vec![Value::Null; found]);
            let link = |name: &str| body[name].as_str().map(|url| url.replace("http://localhost:8080", ""));
            (link("next"), link("previous"))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(links("limit=2", 1), (None, None));
        assert_eq!(links("limit=2", 2), (some("/api/x?limit=2&offset=2"), None));
        assert_eq!(links("limit=2&offset=2", 2), (some("/api/x?limit=2&offset=4"), some("/api/x?limit=2")));
        assert_eq!(links("limit=2&offset=3", 0), (None, some("/api/x?limit=2&offset=1")));
        assert_eq!(links("limit=5&offset=-2", 3), (some("/api/x?limit=5&offset=3"), None));
        let coded = links("limit=1&fields=id,text", 1).0;
        assert_eq!(coded, some("/api/x?fields=id%2Ctext&limit=1&offset=1"));
    }
}
