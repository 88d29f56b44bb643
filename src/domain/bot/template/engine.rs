//! The engine with its bounds: what templates can do, and no door to files, the environment or the network (B66).

use std::fmt::{self, Write};
use std::io;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Value as Item};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, context};
use serde_json::Value;

use super::{Escape, FUEL, MAX_OUTPUT, MAX_SOURCE, RenderError, filters, now};
use crate::domain::Micros;
use crate::domain::bot::{emoji, html};

/// Renders a template with bounds on steps, source and output, but none on memory: see the module.
///
/// # Errors
///
/// See [`RenderError`].
pub fn render(source: &str, context: &Value, escape: Escape, moment: Micros) -> Result<String, RenderError> {
    if source.len() > MAX_SOURCE {
        return Err(RenderError::Template(format!("longer than {MAX_SOURCE} bytes")));
    }
    let source = if escape == Escape::Plain { html::without_tags(source) } else { source.to_owned() };
    let source = now::rewrite(&source);
    let environment = environment(moment);
    let name = if escape == Escape::Html { "t.html" } else { "t.txt" };
    let template = environment.template_from_named_str(name, &source).map_err(|error| translate(&error))?;
    let mut sink = Sink::default();
    let seen = context! { emoji => Item::from_object(Emoji), ..Item::from_serialize(context) };
    if let Err(error) = template.render_captured_to(seen, &mut sink) {
        return Err(if sink.full { RenderError::Output } else { translate(&error) });
    }
    String::from_utf8(sink.bytes).map_err(|_| RenderError::Template("it prints no text".into()))
}

fn environment<'source>(moment: Micros) -> Environment<'source> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|name| match name {
        "t.html" => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    environment.set_formatter(print);
    environment.set_unknown_method_callback(filters::method);
    environment.remove_global("namespace");
    environment.remove_global("debug");
    environment.add_function("now", move |zone: Option<&str>, format: Option<&str>| now::now(moment, zone, format));
    filters::add(&mut environment, moment);
    environment
}

/// Prints a value; of HTML, only what Telegram wants escaped is (B63).
fn print(out: &mut Output, state: &State, value: &Item) -> Result<(), Error> {
    if value.is_undefined() || value.is_safe() || state.auto_escape() != AutoEscape::Html {
        return if value.is_undefined() { Ok(()) } else { Ok(write!(out, "{value}")?) };
    }
    write!(Escaping(out), "{value}").map_err(Error::from)
}

struct Escaping<'a, 'b>(&'a mut Output<'b>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write_str(&html::escape(text))
    }
}

/// Takes as much as may be printed, and no more.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    full: bool,
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MAX_OUTPUT {
            self.full = true;
            return Err(io::Error::other("too much"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Emoji by name, looked up when they are used.
#[derive(Debug)]
struct Emoji;

impl Object for Emoji {
    fn get_value(self: &Arc<Self>, key: &Item) -> Option<Item> {
        emoji::named(key.as_str()?).map(Item::from)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

/// An engine's error in our words.
pub(super) fn translate(error: &Error) -> RenderError {
    match error.kind() {
        ErrorKind::OutOfFuel => RenderError::Steps,
        kind => {
            let what = error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}"));
            let line = error.line().map_or_else(String::new, |line| format!(" (line {line})"));
            RenderError::Template(what + &line)
        }
    }
}
