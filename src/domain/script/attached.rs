//! What hangs on questions: the same kinds of attachments as on messages (contract, 3.5, 12).

use serde_json::Value;

use super::super::attachment::{Attachment, AttachmentForm, Kind, NewAttachment};

/// What hangs on a question (contract, 3.5: *AttachmentTemplate*).
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Its number.
    pub id: i64,
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
    /// The file's name.
    pub file: Option<String>,
    /// The thumbnail's name.
    pub thumbnail_file: Option<String>,
    /// The address of a video.
    pub url: Option<String>,
    /// Stored JSON for kinds without a thumbnail of their own.
    pub thumbnail: Option<Value>,
}

impl Template {
    /// The template made of what was sent; the store gives it its number.
    pub fn of(new: NewAttachment) -> Self {
        let NewAttachment { kind, title, description, options, object_id, content_type, .. } = new;
        let NewAttachment { file, thumbnail_file, url, .. } = new;
        Self {
            id: 0,
            kind,
            title,
            description,
            options,
            object_id,
            content_type,
            file,
            thumbnail_file,
            url,
            thumbnail: None,
        }
    }

    /// The template after a change; `file` is a new file with its thumbnail. A kind without a file lets go of the old one.
    #[must_use]
    pub fn changed(self, form: AttachmentForm, file: Option<(String, Option<String>)>) -> Self {
        let kind = form.kind.unwrap_or(self.kind);
        let old = (self.file, self.thumbnail_file);
        let (file, thumbnail_file) = match file {
            Some((file, thumbnail)) => (Some(file), thumbnail),
            None if kind.has_file() => old,
            None => (None, None),
        };
        Self {
            id: self.id,
            kind,
            title: form.title.unwrap_or(self.title),
            description: form.description.unwrap_or(self.description),
            options: match form.options {
                Some(options) => Some(options).filter(|options| !options.is_null()),
                None => self.options,
            },
            object_id: form.object_id.or(self.object_id),
            content_type: form.content_type.or(self.content_type),
            file,
            thumbnail_file,
            url: form.url.or(self.url),
            thumbnail: self.thumbnail,
        }
    }

    /// The same as a message's attachment has it; of no message.
    pub fn as_attachment(&self) -> Attachment {
        let Self { id, kind, title, description, options, object_id, content_type, .. } = self.clone();
        let Self { file, thumbnail_file, url, thumbnail, .. } = self.clone();
        let message = 0;
        Attachment {
            id,
            message,
            kind,
            title,
            description,
            options,
            object_id,
            content_type,
            file,
            thumbnail_file,
            url,
            thumbnail,
        }
    }

    /// The files that belong to it.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.file.iter().chain(&self.thumbnail_file)
    }
}
