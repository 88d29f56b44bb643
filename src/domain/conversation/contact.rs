//! What contacts do (contract, 5, 6.1, 6.4, 14.3, 15 and 16).

use serde_json::{Map, Value, json};

use super::super::MessageId;
use super::super::content::{Choice, Content, Location, Media, SystemEntry};
use super::change::contact_patch;
use super::event::ContactUpdate;
use super::routing::{Rule, target_of};
use super::run::Run;
use super::settings::Channel;
use super::state::{Approach, Fallback, Registration, Status};
use super::step::{By, Effect, Post, Refused, Said};
use super::world::{Assignee, ContactPatch};
use super::{Key, number, packet};

impl Run<'_> {
    /// The contact opens the conversation on the website.
    pub(super) fn opened(&mut self, approach: Approach, page: Option<String>, custom: Map<String, Value>) {
        if self.state.routed || self.channel() != Channel::Web {
            return self.refuse(Refused::Nothing);
        }
        self.state.approach = approach;
        self.state.page = page;
        self.state.custom = custom;
        self.decide(Map::new());
    }

    fn channel(&self) -> Channel {
        self.world.widget.settings.channel
    }

    /// Decides who gets the conversation (3.3); a bot hears `start` with this payload.
    fn decide(&mut self, start: Map<String, Value>) {
        if !self.state.routed && self.state.locale.is_none() {
            let locale = &self.world.widget.settings.locale;
            self.state.locale = Some(locale.clone()).filter(|locale| !locale.is_empty());
        }
        self.state.routed = true;
        self.state.status = Status::Open;
        self.state.bots_since_routed.clear();
        let target = target_of(&self.world);
        match self.route(target, Rule::Start) {
            Some(Assignee::Bot(bot)) => self.begin_session(bot, start),
            found => {
                self.wait_in_inbox();
                if let Some(human) = found {
                    self.give(human);
                }
                let widget = &self.world.widget.settings;
                let card = widget.registration && widget.channel == Channel::Web;
                if card && self.state.registration == Registration::Undecided {
                    self.ask_to_register();
                }
            }
        }
    }

    /// Nobody has it, and nothing is noted: it is in the inbox of the widget's group.
    fn wait_in_inbox(&mut self) {
        self.state.status = Status::Open;
        self.state.assignee = None;
        let group = self.world.widget.settings.group_id;
        self.state.group = Some(group).filter(|id| *id != 0).or(self.state.group);
    }

    /// The contact submits the card.
    pub(super) fn registered(&mut self, fields: &ContactUpdate) {
        if self.state.registration != Registration::Asked {
            return self.refuse(Refused::Nothing);
        }
        match contact_patch(fields, &self.world) {
            Err(code) => return self.refuse(Refused::Invalid(code)),
            Ok(patch) => self.update_contact(patch),
        }
        self.state.registration = Registration::Settled;
        if let Some(session) = &mut self.state.session {
            session.registering = false;
            self.pump();
        }
    }

    /// The contact writes.
    pub(super) fn said(&mut self, said: Said) {
        let said = self.as_channel_can(said);
        if matches!(&said, Said::Text(text) if text.trim().is_empty()) {
            return self.refuse(Refused::Nothing);
        }
        // on the website nothing can be typed before it is opened; what comes all the same opens it
        if !self.state.routed && self.channel() == Channel::Web && self.keyword(&said).is_none() {
            self.decide(Map::new());
        }
        if let Some(keyword) = self.keyword(&said) {
            return self.unsubscribe(said, keyword);
        }
        if let Said::Text(text) = &said
            && let Some((fallback, option)) = self.picked_by_number(text)
        {
            let (id, label) = &fallback.options[option - 1];
            return self.picks(fallback.key, None, fallback.element.name(), id, label);
        }
        self.close_fallback();
        let key = self.contact_posts(&said);
        let event = said.event();
        match &self.state.session {
            Some(_) => {
                self.touch();
                let payload = self.with_id(said.payload(), key);
                self.tell(event, payload);
            }
            None => self.heard_without_session(&said, key),
        }
    }

    /// What a contact sent, as this channel's bots hear of it (14.1): a place is one on WhatsApp only, a file none on SMS.
    fn as_channel_can(&self, said: Said) -> Said {
        match said {
            Said::Location(place) if self.channel() != Channel::WhatsappBusiness => Said::Text(place_in_words(&place)),
            Said::Media(media) if self.channel() == Channel::Sms => {
                let lines = media.caption.iter().chain([&media.link]);
                Said::Text(lines.map(String::as_str).collect::<Vec<_>>().join("\n"))
            }
            said => said,
        }
    }

    /// Somebody writes whom no bot hears: a human does, or the conversation is routed anew or goes to the inbox (6.4).
    fn heard_without_session(&mut self, said: &Said, key: Key) {
        let first = !self.state.routed;
        let waits = self.state.status == Status::Open && self.state.sessions == 0;
        if !first && (waits || self.state.assignee.is_some()) {
            return;
        }
        if first || self.world.widget.settings.chatbot_assignment {
            let start = self.with_id(said.start_payload(), key);
            self.decide(start);
        } else {
            self.wait_in_inbox();
        }
    }

    /// Posts what the contact wrote.
    fn contact_posts(&mut self, said: &Said) -> Key {
        self.update_contact(ContactPatch { wrote_at: Some(self.now), ..ContactPatch::default() });
        match said {
            Said::Text(text) => self.post(By::Contact, text, None),
            Said::Media(media) => {
                let text = media.caption.as_ref().unwrap_or(&media.link);
                self.post(By::Contact, text, Some(Content::Media(media.clone())))
            }
            Said::Location(place) => {
                self.post(By::Contact, place_in_words(place), Some(Content::Location(place.clone())))
            }
        }
    }

    /// The open fallback and the option that a text picks of it, if it does.
    fn picked_by_number(&mut self, text: &str) -> Option<(Fallback, usize)> {
        let session = self.state.session.as_mut()?;
        let option = number::pick(text, session.fallback.as_ref()?.options.len())?;
        Some((session.fallback.take()?, option))
    }

    /// The contact picks an option.
    pub(super) fn picked(&mut self, key: Key, message: MessageId, choice: &Choice, option: &str) {
        let session = self.state.session.as_ref().filter(|session| key >= session.first_key);
        let live = session.is_some();
        let first = session.is_some_and(|session| session.choices.contains(&key));
        let stays = self.channel().choices_stay();
        if !stays && !live {
            return self.refuse(Refused::SessionOver);
        }
        if !stays && !first {
            return self.refuse(Refused::AlreadyAnswered);
        }
        let known = choice.options.iter().find(|one| one.id == option);
        let Some(known) = known else { return self.refuse(Refused::UnknownOption) };
        self.close_fallback_unless(key);
        if first {
            return self.picks(key, Some(message), &choice.element, &known.id, &known.label);
        }
        self.said(Said::Text(known.label.clone()));
    }

    /// A pick of another choice is the contact's next message too.
    fn close_fallback_unless(&mut self, key: Key) {
        let open = self.state.session.as_mut().and_then(|session| session.fallback.as_ref());
        match open.map(|fallback| fallback.key) {
            Some(open) if open == key => {
                if let Some(session) = &mut self.state.session {
                    session.fallback = None;
                }
            }
            _ => self.close_fallback(),
        }
    }

    /// The first pick of a choice: the bot hears a `click`.
    fn picks(&mut self, choice: Key, message: Option<MessageId>, element: &str, id: &str, label: &str) {
        self.update_contact(ContactPatch { wrote_at: Some(self.now), ..ContactPatch::default() });
        let content = Content::Pick { choice: message.unwrap_or_default(), option: id.to_owned() };
        let key = self.next_key();
        let (text, content) = (label.to_owned(), Some(content));
        self.effect(Effect::Post(Post { key, by: By::Contact, text, content, refers: Some(choice) }));
        self.effect(Effect::MarkChoice { key: choice, picked: Some(id.to_owned()), closed: false });
        if let Some(session) = &mut self.state.session {
            session.choices.retain(|open| *open != choice);
        }
        self.touch();
        let payload = json!({"value": {"id": id, "label": label}, "element": element});
        let payload = self.with_id(packet::object(payload), choice);
        self.tell("click", payload);
    }

    /// The word that ends a subscription, if this is it (16).
    fn keyword(&self, said: &Said) -> Option<String> {
        let widget = &self.world.widget.settings;
        let keyword = widget.unsubscribe_keyword.trim();
        let Said::Text(text) = said else { return None };
        let same = !keyword.is_empty() && text.trim().to_lowercase() == keyword.to_lowercase();
        (same && widget.campaigns && self.world.widget.channel_id.is_some()).then(|| keyword.to_owned())
    }

    /// Ends the subscription, and says so; the bot hears of it, if there is one.
    fn unsubscribe(&mut self, said: Said, keyword: String) {
        self.close_fallback();
        self.contact_posts(&said);
        let id = self.world.widget.channel_id.unwrap_or_default();
        self.update_contact(ContactPatch { campaigns: Some((id, false)), ..ContactPatch::default() });
        let confirmation = self.world.widget.settings.unsubscribe_confirmation.clone();
        self.post(By::System, confirmation, Some(Content::System(SystemEntry::Unsubscribed)));
        if self.state.session.is_none() {
            return;
        }
        self.touch();
        let widget = &self.world.widget;
        let name = widget.channel_name.as_ref().unwrap_or(&widget.settings.name);
        let payload = json!({"keyword": keyword, "channel": {"id": id, "name": name}});
        self.tell("campaign_unsubscribe", packet::object(payload));
    }

    /// The contact ends the conversation.
    pub(super) fn contact_ended(&mut self) {
        if !self.state.routed || self.state.status == Status::Ended {
            return self.refuse(Refused::Nothing);
        }
        self.end(Some("contact"));
    }
}

impl Said {
    /// The event by which a live session hears of it.
    fn event(&self) -> &'static str {
        match self {
            Said::Text(_) => "message",
            Said::Media(_) => "media",
            Said::Location(_) => "location",
        }
    }

    /// What that event carries (9.2, 9.4, 9.5), without `message_id`.
    fn payload(&self) -> Map<String, Value> {
        match self {
            Said::Text(text) => packet::object(json!({"body": text})),
            Said::Media(media) => packet::media(media),
            Said::Location(place) => packet::location(place),
        }
    }

    /// What `start` carries, if this began the session (9.1).
    fn start_payload(&self) -> Map<String, Value> {
        let Said::Text(_) = self else {
            let mut payload = Map::from_iter([(self.event().to_owned(), Value::Object(self.payload()))]);
            if let Said::Media(Media { caption: Some(caption), .. }) = self {
                payload.insert("body".into(), caption.as_str().into());
            }
            return payload;
        };
        self.payload()
    }
}

/// A place for who sees no map.
fn place_in_words(place: &Location) -> String {
    let words = [place.name.as_deref(), place.address.as_deref()].into_iter().flatten();
    let degrees = format!("{}, {}", place.latitude, place.longitude);
    words.map(str::to_owned).chain([degrees]).collect::<Vec<_>>().join(", ")
}
