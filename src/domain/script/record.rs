//! The file of a schema (contract, 13.5): a JSON array of records, one for each part, with the keys between them as
//! they were dumped. A loaded schema carries these keys as its numbers until the store gives new ones.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value};

use super::super::attachment::Kind;
use super::Template;
use super::fields::{AnswerFields, GroupFields, QuestionFields, Record as Known, SchemaFields, TemplateFields};
use super::schema::{Answer, Group, Question, QuestionKind, SHOW_AS_TYPE, Schema};

/// The indent of a dump unless another is asked for.
pub const INDENT: usize = 4;

const SCHEMA: &str = "chat_api.schema";
const GROUP: &str = "chat_api.group";
const QUESTION: &str = "chat_api.question";
const ANSWER: &str = "chat_api.answer";
const TEMPLATE: &str = "chat_api.attachmenttemplate";

#[derive(Serialize)]
struct Record<'a> {
    model: &'a str,
    pk: i64,
    fields: Fields,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Fields {
    Schema(SchemaFields),
    Group(GroupFields),
    Question(Box<QuestionFields>),
    Answer(AnswerFields),
    Template(Box<TemplateFields>),
}

/// Writes the file of a schema. It fails only if a number is none.
pub fn dump(schema: &Schema, indent: usize) -> serde_json::Result<String> {
    let mut records = vec![record(SCHEMA, schema.id, Fields::Schema(schema_fields(schema)))];
    for Group { id, name, position } in &schema.groups {
        let fields = GroupFields { name: name.clone(), position: *position, schema: Some(schema.id) };
        records.push(record(GROUP, *id, Fields::Group(fields)));
    }
    for asked in &schema.questions {
        records.push(record(QUESTION, asked.id, Fields::Question(Box::new(question_fields(schema.id, asked)))));
    }
    for asked in &schema.questions {
        let answers = asked.answers.iter();
        records
            .extend(answers.map(|answer| record(ANSWER, answer.id, Fields::Answer(answer_fields(asked.id, answer)))));
    }
    for asked in &schema.questions {
        let hung = asked.attachments.iter();
        records.extend(
            hung.map(|hung| record(TEMPLATE, hung.id, Fields::Template(Box::new(template_fields(asked.id, hung))))),
        );
    }
    let mut file = Vec::new();
    let spaces = " ".repeat(indent);
    records.serialize(&mut Serializer::with_formatter(&mut file, PrettyFormatter::with_indent(spaces.as_bytes())))?;
    Ok(String::from_utf8_lossy(&file).into_owned())
}

fn record(model: &'static str, pk: i64, fields: Fields) -> Record<'static> {
    Record { model, pk, fields }
}

fn schema_fields(schema: &Schema) -> SchemaFields {
    let Schema { deprecated, published, version, .. } = *schema;
    let (name, kind, language) = (schema.name.clone(), schema.kind.clone(), schema.language.clone());
    SchemaFields { deprecated, name, published, kind, version, language }
}

fn question_fields(schema: i64, question: &Question) -> QuestionFields {
    let Question { group, qid, position, kind, text, next_qid, meta, required, choice_open, .. } = question.clone();
    let Question { range_from, range_to, comments, variable_modifications, forking_rules, .. } = question.clone();
    QuestionFields {
        choice_open,
        group,
        has_attachments: question.has_attachments,
        meta,
        next_qid,
        position,
        qid,
        range_from,
        range_to,
        required,
        schema: Some(schema),
        text,
        kind: kind.as_str().to_owned(),
        comments,
        variable_modifications,
        forking_rules,
        show_as_type: question.show_as_type.clone(),
        translations: question.translations.clone(),
    }
}

fn answer_fields(question: i64, answer: &Answer) -> AnswerFields {
    let Answer { position, text, next_qid, meta, comments, variable_modifications, exclusive, .. } = answer.clone();
    let (question, translations) = (Some(question), answer.translations.clone());
    AnswerFields { meta, next_qid, position, question, text, comments, variable_modifications, exclusive, translations }
}

fn template_fields(question: i64, template: &Template) -> TemplateFields {
    let Template { kind, title, description, options, object_id, content_type, url, thumbnail, .. } = template.clone();
    TemplateFields {
        description,
        object_id,
        content_type,
        options,
        question: Some(question),
        file: template.file.clone().unwrap_or_default(),
        url,
        thumbnail,
        thumbnail_image: template.thumbnail_file.clone().unwrap_or_default(),
        title,
        kind: kind.as_str().to_owned(),
    }
}

/// Reads a file, or says all that is wrong with it. `skip_unknown` is `-i`: unknown fields are no error.
pub fn load(file: &str, skip_unknown: bool) -> Result<Schema, Vec<String>> {
    let records: Vec<Value> =
        serde_json::from_str(file).map_err(|error| vec![format!("The file is no JSON array of records: {error}")])?;
    let mut loader = Loader { skip_unknown, ..Loader::default() };
    for (number, record) in (1..).zip(records) {
        if let Err(error) = loader.read(record) {
            loader.wrong.push(format!("Record {number}: {error}"));
        }
    }
    loader.assemble()
}

#[derive(Default)]
struct Loader {
    skip_unknown: bool,
    wrong: Vec<String>,
    seen: BTreeSet<(String, i64)>,
    schemas: Vec<Schema>,
    groups: Vec<(Option<i64>, Group)>,
    questions: Vec<(Option<i64>, Question)>,
    answers: Vec<(Option<i64>, Answer)>,
    templates: Vec<(Option<i64>, Template)>,
}

#[derive(Deserialize)]
struct Raw {
    model: String,
    pk: i64,
    fields: Map<String, Value>,
}

impl Loader {
    fn read(&mut self, record: Value) -> Result<(), String> {
        let Raw { model, pk, fields } = serde_json::from_value(record).map_err(|error| error.to_string())?;
        if !self.seen.insert((model.clone(), pk)) {
            return Err(format!("{model} {pk} stands there twice"));
        }
        let read = match model.as_str() {
            SCHEMA => self.fields(fields).map(|fields| self.schemas.push(schema(pk, fields))),
            GROUP => self.fields(fields).map(|fields: GroupFields| self.groups.push(group(pk, fields))),
            QUESTION => {
                self.fields(fields).and_then(|fields| question(pk, fields)).map(|read| self.questions.push(read))
            }
            ANSWER => self.fields(fields).map(|fields| self.answers.push(answer(pk, fields))),
            TEMPLATE => {
                self.fields(fields).and_then(|fields| template(pk, fields)).map(|read| self.templates.push(read))
            }
            _ => return Err(format!("unknown model `{model}`")),
        };
        read.map_err(|error| format!("{model} {pk}: {error}"))
    }

    /// The typed fields; unknown ones are dropped first, if they may be.
    fn fields<F: DeserializeOwned + Known>(&self, mut fields: Map<String, Value>) -> Result<F, String> {
        if self.skip_unknown
            && let Ok(Value::Object(known)) = serde_json::to_value(F::default())
        {
            fields.retain(|name, _| known.contains_key(name) || F::OWN.contains(&name.as_str()));
        }
        serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())
    }

    fn assemble(mut self) -> Result<Schema, Vec<String>> {
        if self.wrong.is_empty() && self.schemas.len() != 1 {
            self.wrong.push("The file must hold exactly one schema.".to_owned());
        }
        // what hangs on a record that was not understood would be complained of in vain
        let mut schema = match self.schemas.pop() {
            Some(schema) if self.wrong.is_empty() => schema,
            _ => return Err(self.wrong),
        };
        for (of, group) in std::mem::take(&mut self.groups) {
            self.demand(GROUP, group.id, of == Some(schema.id), "schema");
            schema.groups.push(group);
        }
        for (of, question) in std::mem::take(&mut self.questions) {
            self.demand(QUESTION, question.id, of == Some(schema.id), "schema");
            let has_group = question.group.is_none_or(|id| schema.group(id).is_some());
            self.demand(QUESTION, question.id, has_group, "group");
            schema.questions.push(question);
        }
        self.hang(&mut schema);
        schema.sort();
        self.wrong.extend(clashes(&schema));
        if self.wrong.is_empty() { Ok(schema) } else { Err(self.wrong) }
    }

    /// Hangs answers and attachments on their questions.
    fn hang(&mut self, schema: &mut Schema) {
        for (of, answer) in std::mem::take(&mut self.answers) {
            match find(schema, of) {
                Some(question) => question.answers.push(answer),
                None => self.demand(ANSWER, answer.id, false, "question"),
            }
        }
        for (of, template) in std::mem::take(&mut self.templates) {
            match find(schema, of) {
                Some(question) => question.attachments.push(template),
                None => self.demand(TEMPLATE, template.id, false, "question"),
            }
        }
    }

    fn demand(&mut self, model: &str, pk: i64, is_there: bool, key: &str) {
        if !is_there {
            self.wrong.push(format!("{model} {pk}: its `{key}` is not in the file"));
        }
    }
}

fn find(schema: &mut Schema, id: Option<i64>) -> Option<&mut Question> {
    schema.questions.iter_mut().find(|question| Some(question.id) == id)
}

/// What must be unique in a schema and is not (contract, 3.8).
fn clashes(schema: &Schema) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut unique = |what: &str, keys: Vec<String>| {
        let mut seen = BTreeSet::new();
        for key in keys {
            if !seen.insert(key.clone()) {
                wrong.push(format!("{what} {key} is there twice"));
            }
        }
    };
    unique("qid", schema.questions.iter().map(|question| question.qid.to_string()).collect());
    unique("question at position", schema.questions.iter().map(|question| question.position.to_string()).collect());
    unique("group", schema.groups.iter().map(|group| format!("`{}`", group.name)).collect());
    unique("group at position", schema.groups.iter().map(|group| group.position.to_string()).collect());
    for question in &schema.questions {
        let what = format!("answer of question {} at position", question.qid);
        unique(&what, question.answers.iter().map(|answer| answer.position.to_string()).collect());
    }
    wrong
}

fn schema(id: i64, fields: SchemaFields) -> Schema {
    let SchemaFields { deprecated, name, published, kind, version, language } = fields;
    Schema { id, name, kind, version, published, deprecated, language, ..Schema::default() }
}

fn group(id: i64, fields: GroupFields) -> (Option<i64>, Group) {
    (fields.schema, Group { id, name: fields.name, position: fields.position })
}

fn question(id: i64, fields: QuestionFields) -> Result<(Option<i64>, Question), String> {
    let kind = QuestionKind::parse(&fields.kind).ok_or_else(|| format!("unknown type `{}`", fields.kind))?;
    let show_as_type = fields.show_as_type;
    let question = Question {
        group: fields.group,
        position: fields.position,
        text: fields.text,
        next_qid: fields.next_qid,
        meta: fields.meta,
        has_attachments: fields.has_attachments,
        required: fields.required,
        choice_open: fields.choice_open,
        range_from: fields.range_from,
        range_to: fields.range_to,
        comments: fields.comments,
        variable_modifications: fields.variable_modifications,
        forking_rules: fields.forking_rules,
        show_as_type: if show_as_type.is_empty() { SHOW_AS_TYPE.to_owned() } else { show_as_type },
        translations: fields.translations,
        ..Question::new(id, fields.qid, kind)
    };
    Ok((fields.schema, question))
}

fn answer(id: i64, fields: AnswerFields) -> (Option<i64>, Answer) {
    let AnswerFields { meta, next_qid, position, question, text, comments, exclusive, .. } = fields;
    let AnswerFields { variable_modifications, translations, .. } = fields;
    (question, Answer { id, position, text, next_qid, meta, comments, variable_modifications, exclusive, translations })
}

fn template(id: i64, fields: TemplateFields) -> Result<(Option<i64>, Template), String> {
    let kind = Kind::parse(&fields.kind).ok_or_else(|| format!("unknown type `{}`", fields.kind))?;
    let file_name = |name: String| Some(name).filter(|name| !name.is_empty());
    let template = Template {
        id,
        kind,
        title: fields.title,
        description: fields.description,
        options: fields.options,
        object_id: fields.object_id,
        content_type: fields.content_type,
        file: file_name(fields.file),
        thumbnail_file: file_name(fields.thumbnail_image),
        url: fields.url,
        thumbnail: fields.thumbnail,
    };
    Ok((fields.question, template))
}
