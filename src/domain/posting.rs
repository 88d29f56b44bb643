//! Posts and edits as they come in (contract, 7.3 and 7.4): which fields, which complaints.

use serde_json::{Map, Value};

use super::attachment::{AttachmentForm, NewAttachment};
use super::content::Content;
use super::form::{self, Form, TextRule};
use super::message::{MAX_CLIENT_ID, MAX_TYPE};
use super::refusal::FieldErrors;

/// The most answers that one post chooses: as many as a question may have.
const MAX_ANSWERS: usize = 500;

/// What the deployment says of posts.
#[derive(Clone, Debug, Default)]
pub struct PostRules {
    /// The type of a post that names none; with `None` the type is required, as in the original.
    pub default_type: Option<String>,
    /// The longest text, in characters.
    pub max_text: usize,
    /// The most attachments of one message.
    pub max_attachments: usize,
}

/// A post, its single fields checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Post {
    /// Its type.
    pub kind: String,
    /// Its text, trimmed.
    pub text: String,
    /// Any JSON.
    pub meta: Option<Value>,
    /// Chosen answers.
    pub answers: Vec<i64>,
    /// The question answered, if the front end names it.
    pub question: Option<i64>,
    /// Whether everybody is to be thrown out of their scripts first.
    pub break_state: bool,
    /// The sender's own name for the message.
    pub client_id: Option<String>,
    /// What hangs on it; the files are on disk.
    pub attachments: Vec<NewAttachment>,
    /// What it says beyond its text. Never read from a body: members do not make content of their own.
    pub content: Option<Content>,
    /// Whether the thread's bots do not hear of it.
    pub unheard: bool,
    /// What is wrong with single fields.
    pub errors: FieldErrors,
}

impl Post {
    /// Reads a post's body. The attachments come apart, since their files must be looked at first.
    pub fn read(body: &Map<String, Value>, rules: &PostRules) -> (Post, Vec<AttachmentForm>) {
        let mut form = Form::new(body);
        let kind = form.text("type", TextRule { max: MAX_TYPE, blank: false });
        if !form.has("type") && rules.default_type.is_none() {
            form.complain("type", form::REQUIRED);
        }
        let attachments = read_attachments(&mut form, rules);
        let mut post = Post {
            kind: kind.or_else(|| rules.default_type.clone()).unwrap_or_default(),
            text: form.text("text", TextRule { max: rules.max_text, blank: true }).unwrap_or_default(),
            meta: read_meta(&mut form),
            answers: form.ids("answers").unwrap_or_default(),
            question: form.id("question"),
            break_state: form.boolean("break_state").unwrap_or(false),
            client_id: read_client_id(&mut form),
            attachments: Vec::new(),
            content: None,
            unheard: false,
            errors: FieldErrors::new(),
        };
        if post.answers.len() > MAX_ANSWERS {
            form.complain("answers", format!("Ensure this field has no more than {MAX_ANSWERS} elements."));
            post.answers.clear();
        }
        post.errors = form.errors;
        (post, attachments)
    }
}

/// `client_id` may be absent, null or empty: then the message has none.
fn read_client_id(form: &mut Form) -> Option<String> {
    if form.raw("client_id").is_none_or(Value::is_null) {
        return None;
    }
    form.text("client_id", TextRule { max: MAX_CLIENT_ID, blank: true }).filter(|id| !id.is_empty())
}

fn read_attachments(form: &mut Form, rules: &PostRules) -> Vec<AttachmentForm> {
    let Some(list) = form.list("attachments") else { return Vec::new() };
    if list.len() > rules.max_attachments {
        form.complain("attachments", format!("Ensure this field has no more than {} elements.", rules.max_attachments));
        return Vec::new();
    }
    list.iter().map(|body| AttachmentForm::read(body, true)).collect()
}

/// Any JSON except null and the empty text (contract, 7.3).
fn read_meta(form: &mut Form) -> Option<Value> {
    match form.raw("meta")? {
        Value::Null => {
            form.complain("meta", form::NULL);
            None
        }
        Value::String(text) if text.is_empty() => {
            form.complain("meta", form::BLANK);
            None
        }
        meta if form::too_deep(meta) => {
            form.complain("meta", form::TOO_DEEP);
            None
        }
        meta => Some(meta.clone()),
    }
}

/// An edit, its single fields checked: everything but text and meta is read-only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edit {
    /// The new text.
    pub text: Option<String>,
    /// The new meta.
    pub meta: Option<Value>,
    /// What is wrong.
    pub errors: FieldErrors,
}

impl Edit {
    /// Reads an edit's body.
    pub fn read(body: &Map<String, Value>, rules: &PostRules) -> Edit {
        let mut form = Form::new(body);
        let text = form.text("text", TextRule { max: rules.max_text, blank: true });
        let meta = read_meta(&mut form);
        Edit { text, meta, errors: form.errors }
    }
}
