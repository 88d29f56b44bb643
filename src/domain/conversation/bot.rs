//! What a bot's events do (contract, 12).

use super::super::content::{Choice, Content, NoteOn};
use super::carry::Done;
use super::change::{check_conversation, contact_patch};
use super::convert::{Sent, convert};
use super::event::{ChoiceEvent, Event};
use super::run::Run;
use super::state::{Dispatch, Fallback, MAX_CHOICES};
use super::step::{By, Effect, ResultStatus};
use super::world::{Assignee, merge};
use super::{AccountId, Key};

fn failed(code: &'static str) -> (ResultStatus, &'static str) {
    (ResultStatus::Failed, code)
}

impl Run<'_> {
    /// Carries one event out. `key` is that of the entry it makes.
    pub(super) fn execute(&mut self, event: &Event, key: Option<Key>) -> Done {
        // a session that ended takes the rest of its batch along
        let Some(bot) = self.state.session.as_ref().map(|session| session.bot) else {
            return Err((ResultStatus::Skipped, "session_over"));
        };
        match event {
            Event::Message { .. } | Event::Buttons { .. } | Event::Media { .. } | Event::Navigate { .. } => {
                return self.show(event, bot, key);
            }
            Event::Choice(choice) => return self.offer(choice, event, bot, key),
            // held back before it gets here
            Event::Delay { .. } => {}
            Event::ContactUpdate(update) => {
                let patch = contact_patch(update, &self.world).map_err(failed)?;
                self.update_contact(patch);
            }
            Event::Abort => self.abort(),
            Event::End => self.end(None),
            Event::Forward { to, feedback } => self.forward(to, *feedback).map_err(failed)?,
            Event::NoteCreate { body, contact_identity_id } => {
                return self.note(bot, body, *contact_identity_id, key);
            }
            Event::ConversationUpdate(update) => {
                let change = check_conversation(update, &self.world).map_err(failed)?;
                if let Some(subject) = change.subject {
                    self.state.subject = Some(subject);
                }
                if let Some(topics) = change.topics {
                    self.state.topics = topics;
                }
                if let Some(locale) = change.locale {
                    self.state.locale = Some(locale);
                }
                merge(&mut self.state.custom_field_data, &change.custom_fields);
            }
            Event::AddonDispatch { addon_type } => {
                let known = self.world.addons.contains(addon_type);
                self.dispatch_later(Dispatch::Addon(addon_type.clone()), known, "unknown_addon")?;
            }
            Event::EmailDispatch { operator_id: Some(id) } => {
                let known = self.world.operators.contains_key(id);
                self.dispatch_later(Dispatch::EmailOperator(*id), known, "unknown_operator")?;
            }
            Event::EmailDispatch { operator_id: None } => {
                let known = self.contact.email.is_some();
                self.dispatch_later(Dispatch::EmailContact, known, "contact_has_no_email")?;
            }
        }
        Ok(None)
    }

    /// Shows something to the contact, as the channel can.
    fn show(&mut self, event: &Event, bot: AccountId, key: Option<Key>) -> Done {
        let settings = &self.world.widget.settings;
        let sent = convert(event, settings.channel, &settings.choose_label);
        let Some(sent) = sent else { return Err((ResultStatus::Skipped, "unsupported_channel")) };
        let (text, content) = match sent {
            Sent::Text { text, markdown } => (text, markdown.then_some(Content::Markdown)),
            Sent::Choice { text, choice } => (text, Some(Content::Choice(choice))),
            Sent::Buttons { text, buttons } => (text, Some(Content::Links { buttons })),
            Sent::Media(media) => {
                (media.caption.clone().unwrap_or_else(|| media.link.clone()), Some(Content::Media(media)))
            }
            Sent::Navigate { link } => (link.clone(), Some(Content::Navigate { link })),
        };
        let key = key.unwrap_or_else(|| self.next_key());
        self.post_as(key, By::Bot(bot), text, content);
        self.touch();
        Ok(Some(key))
    }

    /// Offers a choice (contract, 14.2 and 15).
    fn offer(&mut self, choice: &ChoiceEvent, event: &Event, bot: AccountId, key: Option<Key>) -> Done {
        // a newer choice closes the one before, if that went out as text
        self.close_fallback();
        let posted = self.show(event, bot, key)?;
        let as_text = matches!(self.out.effects.last(), Some(Effect::Post(post))
            if matches!(&post.content, Some(Content::Choice(Choice { sent_as: Some(form), .. })) if form == "text"));
        let Some((session, key)) = self.state.session.as_mut().zip(posted) else { return Ok(posted) };
        session.choices.push_back(key);
        if as_text {
            let options = choice.options.iter().map(|one| (one.id.clone(), one.label.clone())).collect();
            session.fallback = Some(Fallback { key, element: choice.element, options });
        }
        if session.choices.len() > MAX_CHOICES
            && let Some(key) = session.choices.pop_front()
        {
            self.effect(Effect::MarkChoice { key, picked: None, closed: true });
        }
        Ok(posted)
    }

    /// Closes the choice that went out as text: no number picks from it any more (contract, 14.3).
    pub(super) fn close_fallback(&mut self) {
        let Some(session) = &mut self.state.session else { return };
        let Some(Fallback { key, .. }) = session.fallback.take() else { return };
        session.choices.retain(|open| *open != key);
        self.effect(Effect::MarkChoice { key, picked: None, closed: true });
    }

    fn note(&mut self, bot: AccountId, body: &str, contact: Option<i64>, key: Option<Key>) -> Done {
        if contact.is_some_and(|id| id != self.contact.id) {
            return Err(failed("foreign_contact"));
        }
        let on = if contact.is_some() { NoteOn::Contact } else { NoteOn::Conversation };
        let key = key.unwrap_or_else(|| self.next_key());
        self.post_as(key, By::Bot(bot), body, Some(Content::Note { on }));
        Ok(Some(key))
    }

    /// Keeps something to be sent after the end; the same twice counts once.
    fn dispatch_later(
        &mut self,
        what: Dispatch,
        known: bool,
        code: &'static str,
    ) -> Result<(), (ResultStatus, &'static str)> {
        if !known {
            return Err(failed(code));
        }
        if !self.state.dispatches.contains(&what) {
            self.state.dispatches.push(what);
        }
        Ok(())
    }

    /// A bot was deactivated or deleted: as after `abort` (contract, 6.2).
    pub(super) fn bot_gone(&mut self, bot: AccountId) {
        if self.state.assignee == Some(Assignee::Bot(bot)) {
            self.abort();
        }
    }
}
