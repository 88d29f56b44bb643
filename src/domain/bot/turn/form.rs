//! Forms (market, 3): slots that are asked for one after the other, with a check, until all are filled or it is cancelled.

use serde_json::{Map, Number, Value};

use crate::domain::bot::pattern::Pattern;
use crate::domain::bot::settings::{Form, Slot, SlotKind};

/// What became of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// The form was left.
    Cancelled,
    /// It was not what is asked for.
    Wrong,
    /// It was; there is more to ask.
    Filled(String, Value),
    /// It was the last.
    Done(String, Value),
}

/// The slot that is asked for next.
pub(super) fn next<'f>(form: &'f Form, slots: &Map<String, Value>) -> Option<&'f Slot> {
    form.slots.iter().find(|slot| !slots.contains_key(&slot.name))
}

/// Judges an answer; none when nothing is asked.
pub(super) fn answer(form: &Form, slots: &Map<String, Value>, text: &str) -> Option<Answer> {
    let slot = next(form, slots)?;
    let text = text.trim();
    let cancels = |word: &String| word.trim().to_lowercase() == text.to_lowercase();
    if form.cancel_words.iter().any(cancels) {
        return Some(Answer::Cancelled);
    }
    let Some(value) = value(slot, text) else { return Some(Answer::Wrong) };
    let last = form.slots.iter().filter(|other| !slots.contains_key(&other.name)).count() == 1;
    Some(if last { Answer::Done(slot.name.clone(), value) } else { Answer::Filled(slot.name.clone(), value) })
}

/// The value of an answer; none if it is not what the slot takes.
fn value(slot: &Slot, text: &str) -> Option<Value> {
    if text.is_empty() || text.chars().count() > 4_096 {
        return None;
    }
    if let Some(pattern) = &slot.pattern
        && !Pattern::compile(pattern).is_ok_and(|pattern| pattern.is_whole(text))
    {
        return None;
    }
    let as_text = || Value::String(text.to_owned());
    match slot.kind {
        SlotKind::Text => Some(as_text()),
        SlotKind::Integer => text.parse::<i64>().ok().map(Value::from),
        SlotKind::Number => {
            let number = text.replace(',', ".");
            number
                .parse::<i64>()
                .ok()
                .map(Value::from)
                .or_else(|| Number::from_f64(number.parse().ok()?).map(Value::Number))
        }
        SlotKind::Email => is_email(text).then(as_text),
        SlotKind::Phone => phone(text).map(Value::String),
        SlotKind::Date => text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10).map(|_| as_text()),
        SlotKind::Choice => {
            let chosen = slot.choices.iter().find(|choice| choice.trim().to_lowercase() == text.to_lowercase());
            chosen.cloned().map(Value::String)
        }
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let plain = !text.chars().any(|char| char.is_whitespace() || char.is_control() || "<>,;\"".contains(char));
    let labels = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
    plain && !local.is_empty() && !domain.contains('@') && labels && text.len() <= 254
}

fn phone(text: &str) -> Option<String> {
    let kept: String = text.chars().filter(|char| !" -./()".contains(*char)).collect();
    let digits = kept.strip_prefix('+').unwrap_or(&kept);
    let valid = (6..=15).contains(&digits.len()) && digits.chars().all(|char| char.is_ascii_digit());
    valid.then_some(kept)
}
