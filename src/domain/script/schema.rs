//! What a schema is made of (contract, 3.8, 13.1, 13.2), and how its parts are found.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

pub use super::attached::Template;
use super::progress::HowFar;
use super::{AnswerId, Pairs, QuestionId, SchemaId};

/// The longest name of a schema, in characters.
pub const MAX_NAME: usize = 100;
/// The type of a question's messages unless it says otherwise.
pub const SHOW_AS_TYPE: &str = "automated_message";

/// Texts by language code (`es`, `pt-BR`).
pub type Translations = BTreeMap<String, String>;

/// A schema with everything in it (contract, 13.1). Its lists are in the order of `position`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Its number.
    pub id: SchemaId,
    /// Its name, unique with its version.
    pub name: String,
    /// Its type, one of the configured ones.
    pub kind: String,
    /// Its version, from 1.
    pub version: i64,
    /// Whether it is out; then it is not edited any more.
    pub published: bool,
    /// Whether a later version took its place.
    pub deprecated: bool,
    /// The language of its own texts; empty if nobody said.
    pub language: String,
    /// Its groups.
    pub groups: Vec<Group>,
    /// Its questions, grouped or not.
    pub questions: Vec<Question>,
    /// How far each question is from the end.
    pub how_far: HowFar,
}

/// Questions that are shown together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Its number.
    pub id: i64,
    /// Its name, unique in the schema.
    pub name: String,
    /// Its place, unique in the schema.
    pub position: i64,
}

/// A question (contract, 13.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Its number.
    pub id: QuestionId,
    /// The group that it belongs to.
    pub group: Option<i64>,
    /// What `next_qid` and forks point at, unique in the schema.
    pub qid: i64,
    /// Its place, unique in the schema; the lowest is the first question.
    pub position: i64,
    /// What is asked for.
    pub kind: QuestionKind,
    /// What is said.
    pub text: String,
    /// Where it goes on, unless an answer or a rule says it. Negative, or `None`: nowhere.
    pub next_qid: Option<i64>,
    /// Any JSON.
    pub meta: Option<Value>,
    /// Whether a survey is incomplete without it.
    pub required: bool,
    /// Whether a text may be added to the chosen answers.
    pub choice_open: bool,
    /// The least value of a range.
    pub range_from: Option<f64>,
    /// The greatest value of a range.
    pub range_to: Option<f64>,
    /// For the authors; shown to nobody else.
    pub comments: String,
    /// What happens to the variables when it is asked.
    pub variable_modifications: Pairs,
    /// The rules of a fork.
    pub forking_rules: Pairs,
    /// The type of its messages.
    pub show_as_type: String,
    /// What may be chosen.
    pub answers: Vec<Answer>,
    /// Whether it says that something hangs on it; a file of a schema says so apart from what hangs there.
    pub has_attachments: bool,
    /// What hangs on it.
    pub attachments: Vec<Template>,
    /// What is said in other languages.
    pub translations: Translations,
}

/// Something that may be chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Its number.
    pub id: AnswerId,
    /// Its place, unique in the question.
    pub position: i64,
    /// Its label.
    pub text: String,
    /// Where it leads. Negative, or `None`: nowhere.
    pub next_qid: Option<i64>,
    /// Any JSON.
    pub meta: Option<Value>,
    /// For the authors.
    pub comments: String,
    /// What happens to the variables when it is chosen.
    pub variable_modifications: Pairs,
    /// Whether it stands only alone.
    pub exclusive: bool,
    /// Its label in other languages.
    pub translations: Translations,
}

/// What a question asks for (contract, 13.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuestionKind {
    /// One of the answers.
    Choice,
    /// Some of the answers.
    Multichoice,
    /// Any text.
    Text,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// A date and a time.
    Datetime,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A number within bounds.
    Range,
    /// Nothing: it is only said.
    Message,
    /// To be confirmed.
    Control,
    /// Nothing, and it is not shown: rules choose the way.
    Fork,
}

impl QuestionKind {
    /// Every kind, with its name on the wire.
    pub const ALL: [(QuestionKind, &'static str); 12] = [
        (QuestionKind::Choice, "choice"),
        (QuestionKind::Multichoice, "multichoice"),
        (QuestionKind::Text, "text"),
        (QuestionKind::Date, "date"),
        (QuestionKind::Time, "time"),
        (QuestionKind::Datetime, "datetime"),
        (QuestionKind::Int, "int"),
        (QuestionKind::Float, "float"),
        (QuestionKind::Range, "range"),
        (QuestionKind::Message, "message"),
        (QuestionKind::Control, "control"),
        (QuestionKind::Fork, "fork"),
    ];

    /// The name on the wire and in the tables.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// Whether answers are chosen rather than written.
    pub fn is_choice(self) -> bool {
        matches!(self, Self::Choice | Self::Multichoice)
    }
}

impl Schema {
    /// The first question: the one of the lowest position.
    pub fn first(&self) -> Option<&Question> {
        self.questions.iter().min_by_key(|question| question.position)
    }

    /// The question with that number.
    pub fn question(&self, id: QuestionId) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }

    /// The question that `next_qid` and forks call so.
    pub fn by_qid(&self, qid: i64) -> Option<&Question> {
        self.questions.iter().find(|question| question.qid == qid)
    }

    /// The question at that position.
    pub fn at_position(&self, position: i64) -> Option<&Question> {
        self.questions.iter().find(|question| question.position == position)
    }

    /// The answer with that number, and its question.
    pub fn answer(&self, id: AnswerId) -> Option<(&Question, &Answer)> {
        self.questions.iter().find_map(|question| Some((question, question.answer(id)?)))
    }

    /// The group with that number.
    pub fn group(&self, id: i64) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// The questions of a group, or with `None` those without one.
    pub fn grouped(&self, group: Option<i64>) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(move |question| question.group == group)
    }

    /// Whether a new run or survey may begin with it (contract, 5.3: B-UNPUBLISHED).
    pub fn is_usable(&self) -> bool {
        self.published && !self.deprecated
    }

    /// Puts all lists into the order of their positions.
    pub fn sort(&mut self) {
        self.groups.sort_by_key(|group| group.position);
        self.questions.sort_by_key(|question| question.position);
        for question in &mut self.questions {
            question.answers.sort_by_key(|answer| answer.position);
        }
    }

    /// The same as an unpublished schema of another version (contract, 13.4: copy). The parts keep their numbers until
    /// the store gives them new ones, so attachments come along with their own question (B-COPY-ATT).
    pub fn copy(&self, version: i64) -> Self {
        Self { version, published: false, deprecated: false, ..self.clone() }
    }
}

impl Question {
    /// A question that only says something and ends there.
    pub fn new(id: QuestionId, qid: i64, kind: QuestionKind) -> Self {
        Self {
            id,
            group: None,
            qid,
            position: qid,
            kind,
            text: String::new(),
            next_qid: None,
            meta: None,
            required: false,
            choice_open: false,
            range_from: None,
            range_to: None,
            comments: String::new(),
            variable_modifications: Pairs::new(),
            forking_rules: Pairs::new(),
            show_as_type: SHOW_AS_TYPE.to_owned(),
            answers: Vec::new(),
            has_attachments: false,
            attachments: Vec::new(),
            translations: Translations::new(),
        }
    }

    /// The question as a speaker of that language sees it: texts and labels of the language, else of its base (`pt` for
    /// `pt-BR`), else the schema's own.
    pub fn in_language(&self, language: Option<&str>) -> Cow<'_, Question> {
        let is_translated = !self.translations.is_empty() || self.answers.iter().any(|it| !it.translations.is_empty());
        let Some(language) = language.filter(|_| is_translated) else { return Cow::Borrowed(self) };
        let mut spoken = self.clone();
        if let Some(text) = translated(&self.translations, language) {
            spoken.text = text.to_owned();
        }
        for answer in &mut spoken.answers {
            if let Some(text) = translated(&answer.translations, language) {
                answer.text = text.to_owned();
            }
        }
        Cow::Owned(spoken)
    }

    /// What it says, in every language.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.text.as_str()).chain(self.translations.values().map(String::as_str))
    }

    /// The answer with that number.
    pub fn answer(&self, id: AnswerId) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.id == id)
    }

    /// The chosen answers as they were posted; each once, those of other questions left out.
    pub fn chosen(&self, ids: &[AnswerId]) -> Vec<&Answer> {
        let mut chosen: Vec<&Answer> = Vec::new();
        for answer in ids.iter().filter_map(|id| self.answer(*id)) {
            if !chosen.iter().any(|known| known.id == answer.id) {
                chosen.push(answer);
            }
        }
        chosen
    }

    /// Where an answer leads (contract, 9.2): with choices the first posted one says it.
    pub fn next_after(&self, answers: &[AnswerId]) -> Option<i64> {
        if !self.kind.is_choice() {
            return self.next_qid;
        }
        self.answer(*answers.first()?)?.next_qid
    }
}

/// The text in that language, or in its base. Codes are compared without regard to case.
fn translated<'a>(translations: &'a Translations, language: &str) -> Option<&'a str> {
    let find = |code: &str| translations.iter().find(|(known, _)| known.eq_ignore_ascii_case(code));
    let base = language.split(['-', '_']).next().unwrap_or(language);
    find(language).or_else(|| find(base)).map(|(_, text)| text.as_str())
}
