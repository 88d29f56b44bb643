//! What hangs on a message (contract, 12): kinds, what each needs, and the object on the wire.

use serde_json::{Map, Value, json};

use super::form::{self, Form, TextRule};

use super::refusal::FieldErrors;
use super::view::Look;
use super::{AttachmentId, MessageId};

/// The longest title, in characters.
pub const MAX_TITLE: usize = 255;
/// The longest description, in characters.
pub const MAX_DESCRIPTION: usize = 10_000;
/// The longest address of a `youtube` attachment, in characters.
pub const MAX_URL: usize = 200;

/// The kinds of objects that an `object_reference` may point at; the id is the place in this list, from 1.
pub const OBJECT_KINDS: [&str; 6] = ["user", "thread", "message", "survey", "schema", "attachment"];

/// A stored attachment.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// Its number.
    pub id: AttachmentId,
    /// The message it hangs on.
    pub message: MessageId,
    /// What it is.
    pub kind: Kind,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: String,
    /// Any JSON.
    pub options: Option<Value>,
    /// The object referred to.
    pub object_id: Option<i64>,
    /// The kind of that object, a place in [`OBJECT_KINDS`].
    pub content_type: Option<i64>,
    /// The file's random name.
    pub file: Option<String>,
    /// The thumbnail's random name.
    pub thumbnail_file: Option<String>,
    /// The address of a video.
    pub url: Option<String>,
    /// Stored JSON for kinds without a thumbnail of their own.
    pub thumbnail: Option<Value>,
}

/// An attachment about to be stored; its file, if any, is on disk already.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAttachment {
    /// What it is.
    pub kind: Kind,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: String,
    /// Any JSON.
    pub options: Option<Value>,
    /// The object referred to.
    pub object_id: Option<i64>,
    /// The kind of that object.
    pub content_type: Option<i64>,
    /// The file's random name.
    pub file: Option<String>,
    /// The thumbnail's random name.
    pub thumbnail_file: Option<String>,
    /// The address of a video.
    pub url: Option<String>,
    /// The sender's own name for the request, so that a repeat makes no second attachment.
    pub idempotency_key: Option<String>,
}

/// A change of an attachment: `None` leaves as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttachmentEdit {
    /// Another kind.
    pub kind: Option<Kind>,
    /// Another title.
    pub title: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Other options.
    pub options: Option<Value>,
    /// Another object.
    pub object_id: Option<i64>,
    /// Another kind of object.
    pub content_type: Option<i64>,
    /// Another file, with its thumbnail.
    pub file: Option<(String, Option<String>)>,
    /// Another address.
    pub url: Option<String>,
}

/// An attachment body as it was sent, its single fields checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttachmentForm {
    /// What it is to be.
    pub kind: Option<Kind>,
    /// Its title.
    pub title: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Any JSON.
    pub options: Option<Value>,
    /// The object referred to.
    pub object_id: Option<i64>,
    /// The kind of that object.
    pub content_type: Option<i64>,
    /// The file, still in base64.
    pub file_content: Option<String>,
    /// The file as it came in a multipart body.
    pub file_bytes: Option<Vec<u8>>,
    /// The address of a video.
    pub url: Option<String>,
    /// What is wrong with it.
    pub errors: FieldErrors,
}

/// What an attachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A picture, judged by its content.
    Image,
    /// A video elsewhere.
    Youtube,
    /// Something in the house.
    ObjectReference,
    /// Any file whose type the configuration allows.
    File,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Image, Kind::Youtube, Kind::ObjectReference, Kind::File];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Image => "image",
            Kind::Youtube => "youtube",
            Kind::ObjectReference => "object_reference",
            Kind::File => "file",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether it carries a file.
    pub fn has_file(self) -> bool {
        matches!(self, Kind::Image | Kind::File)
    }
}

impl AttachmentForm {
    /// Reads one attachment body; complaints stay in the form.
    pub fn read(body: &Value, creating: bool) -> Self {
        let map = match form::object(body) {
            Ok(map) => map,
            Err(errors) => return Self { errors, ..Self::default() },
        };
        let mut form = Form::new(map);
        if creating && !form.has("type") {
            form.complain("type", form::REQUIRED);
        }
        let mut read = Self {
            kind: form.choice("type", Kind::parse),
            title: form.text("title", TextRule { max: MAX_TITLE, blank: true }),
            description: form.text("description", TextRule { max: MAX_DESCRIPTION, blank: true }),
            options: form.raw("options").cloned(),
            object_id: form.id("object_id"),
            content_type: form.id("content_type"),
            file_content: map
                .get("file_content")
                .filter(|value| !value.is_null())
                .and_then(Value::as_str)
                .map(str::to_owned),
            file_bytes: None,
            url: form.text("url", TextRule { max: MAX_URL, blank: false }),
            errors: FieldErrors::new(),
        };
        read.check_values(&mut form, map);
        read.errors = form.errors;
        if creating && let Some(kind) = read.kind {
            read.require(kind);
        }
        read
    }

    /// A file out of a multipart body, named by its title.
    pub fn of_file(name: String, bytes: Vec<u8>, kind: Kind) -> Self {
        let title: String = name.chars().take(MAX_TITLE).collect();
        Self { kind: Some(kind), title: Some(title), file_bytes: Some(bytes), ..Self::default() }
    }

    fn check_values(&self, form: &mut Form, map: &Map<String, Value>) {
        if self.object_id.is_some_and(|id| id < 0) {
            form.complain("object_id", "Ensure this value is greater than or equal to 0.");
        }
        if let Some(id) = self.content_type
            && object_kind(id).is_none()
        {
            form.no_such("content_type", id);
        }
        if let Some(url) = &self.url
            && !(url.starts_with("http://") || url.starts_with("https://"))
        {
            form.complain("url", "Enter a valid URL.");
        }
        if self.options.as_ref().is_some_and(form::too_deep) {
            form.complain("options", form::TOO_DEEP);
        }
        if map.get("file_content").is_some_and(|value| !value.is_null() && !value.is_string()) {
            form.complain("file_content", "Not a valid string.");
        }
    }

    /// Complains about what the kind needs and was not sent (contract, 12).
    pub fn require(&mut self, kind: Kind) {
        let missing: &[&str] = match kind {
            Kind::Image | Kind::File if self.file_content.is_none() && self.file_bytes.is_none() => &["file_content"],
            Kind::Youtube if self.url.is_none() => &["url"],
            Kind::ObjectReference => match (self.object_id, self.content_type) {
                (None, None) => &["object_id", "content_type"],
                (None, Some(_)) => &["object_id"],
                (Some(_), None) => &["content_type"],
                _ => &[],
            },
            _ => &[],
        };
        for field in missing {
            if !self.errors.has(field) {
                self.errors.add(field, "REQUIRED");
            }
        }
    }

    /// The attachment to store, with the files that were made of its content.
    pub fn into_new(self, kind: Kind, file: Option<String>, thumbnail_file: Option<String>) -> NewAttachment {
        NewAttachment {
            kind,
            title: self.title.unwrap_or_default(),
            description: self.description.unwrap_or_default(),
            options: self.options.filter(|options| !options.is_null()),
            object_id: self.object_id,
            content_type: self.content_type,
            file,
            thumbnail_file,
            url: self.url,
            idempotency_key: None,
        }
    }
}

impl NewAttachment {
    /// The attachment as it is to hang on a message (or item) of that number; the store gives it its own.
    pub fn hung_on(&self, message: MessageId) -> Attachment {
        let NewAttachment { kind, object_id, content_type, .. } = *self;
        Attachment {
            id: 0,
            message,
            kind,
            title: self.title.clone(),
            description: self.description.clone(),
            options: self.options.clone(),
            object_id,
            content_type,
            file: self.file.clone(),
            thumbnail_file: self.thumbnail_file.clone(),
            url: self.url.clone(),
            thumbnail: None,
        }
    }

    /// The files that were written for it.
    pub fn files(&self) -> impl Iterator<Item = String> {
        self.file.clone().into_iter().chain(self.thumbnail_file.clone())
    }
}

/// The name of the kind of object with that id.
pub fn object_kind(id: i64) -> Option<&'static str> {
    let place = usize::try_from(id).ok()?.checked_sub(1)?;
    OBJECT_KINDS.get(place).copied()
}

impl Attachment {
    /// The object of the contract (12).
    pub fn to_json(&self, look: &Look) -> Value {
        let src = match self.kind {
            Kind::Youtube => self.url.clone().unwrap_or_default(),
            Kind::ObjectReference => String::new(),
            Kind::Image | Kind::File => self.file.as_deref().map(|name| look.media(name)).unwrap_or_default(),
        };
        let thumbnail = match &self.thumbnail_file {
            Some(name) => json!({"width": 100, "height": 100, "src": look.media(name)}),
            None => self.thumbnail.clone().unwrap_or(Value::Null),
        };
        json!({
            "title": self.title,
            "message": self.message,
            "description": self.description,
            "src": src,
            "id": self.id,
            "thumbnail": thumbnail,
            "options": self.options,
            "object_id": self.object_id,
            "content_type": self.content_type,
            "type": self.kind.as_str(),
            "content_type_name": self.content_type.and_then(object_kind),
        })
    }

    /// The same of what hangs on an item of a survey: `message` holds the item's number there.
    pub fn to_json_of_item(&self, look: &Look) -> Value {
        let mut object = self.to_json(look);
        if let Value::Object(fields) = &mut object
            && let Some(item) = fields.remove("message")
        {
            fields.insert("item".into(), item);
        }
        object
    }

    /// Changes what the edit names; the files that are not needed any more.
    pub fn apply(&mut self, edit: AttachmentEdit) -> Vec<String> {
        self.kind = edit.kind.unwrap_or(self.kind);
        self.title = edit.title.unwrap_or_else(|| std::mem::take(&mut self.title));
        self.description = edit.description.unwrap_or_else(|| std::mem::take(&mut self.description));
        self.options = edit.options.or(self.options.take()).filter(|options| !options.is_null());
        self.object_id = edit.object_id.or(self.object_id);
        self.content_type = edit.content_type.or(self.content_type);
        self.url = edit.url.or(self.url.take());
        let Some((file, thumbnail)) = edit.file else { return Vec::new() };
        let replaced = [self.file.replace(file), std::mem::replace(&mut self.thumbnail_file, thumbnail)];
        replaced.into_iter().flatten().collect()
    }

    /// The files it has.
    pub fn files(&self) -> impl Iterator<Item = String> {
        self.file.clone().into_iter().chain(self.thumbnail_file.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_says_what_it_needs() {
        let table = [
            (json!({}), json!({"type": ["This field is required."]})),
            (json!({"type": "hologram"}), json!({"type": ["\"hologram\" is not a valid choice."]})),
            (json!({"type": "image"}), json!({"file_content": ["REQUIRED"]})),
            (json!({"type": "youtube"}), json!({"url": ["REQUIRED"]})),
            (json!({"type": "youtube", "url": "javascript:alert(1)"}), json!({"url": ["Enter a valid URL."]})),
            (json!({"type": "object_reference"}), json!({"object_id": ["REQUIRED"], "content_type": ["REQUIRED"]})),
            (json!({"type": "object_reference", "object_id": 1}), json!({"content_type": ["REQUIRED"]})),
            (
                json!({"type": "object_reference", "object_id": 1, "content_type": 99}),
                json!({"content_type": ["Invalid pk \"99\" - object does not exist."]}),
            ),
            (json!({"type": "object_reference", "object_id": 1, "content_type": 1}), json!({})),
        ];
        for (body, errors) in table {
            let form = AttachmentForm::read(&body, true);
            assert_eq!(serde_json::to_value(form.errors).expect("errors are JSON"), errors, "{body}");
        }
    }
}
