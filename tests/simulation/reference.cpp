#include "reference.h"

#include <algorithm>

namespace helio::simulation {

namespace {

std::string number(std::int64_t value) {
  return std::to_string(value);
}

}  // namespace

void Reference::expect(bool holds, const std::string& what) const {
  if (!holds) complain_(what);
}

std::int64_t Reference::random_id_of(const Message& message) {
  return std::stoll(message.text);
}

void Reference::sent(std::int64_t random_id, std::int32_t id) {
  const auto [before, first] = promises_.told.emplace(random_id, id);
  expect(first || before->second == id, "message " + number(random_id) + " was told two ids");
  means(intents_.at(random_id).author, id, "message " + number(random_id));
}

void Reference::taken_aside() {
  aside_ = promises_;
}

std::uint64_t Reference::put_back(std::int32_t lost_ids) {
  const std::uint64_t forgotten = promises_.told.size() - aside_.told.size();
  promises_ = aside_;
  lost_ids_ += lost_ids;
  return forgotten;
}

void Reference::means(std::int64_t user, std::int32_t pts, const std::string& what) {
  const auto [before, first] = meaning_.emplace(std::pair(user, pts), what);
  expect(first || before->second == what,
         "account " + number(user) + ", number " + number(pts) + " is " + what + ", and was " + before->second);
}

void Reference::saw(std::int64_t user, const Event& event) {
  switch (event.kind) {
    case Event::Kind::kMessage:
      if (event.message) means(user, event.pts, "message " + number(random_id_of(*event.message)));
      break;
    case Event::Kind::kReadInbox:
      means(user, event.pts, "read by me " + number(event.peer) + " " + number(event.max_id));
      break;
    case Event::Kind::kReadOutbox:
      means(user, event.pts, "read by them " + number(event.peer) + " " + number(event.max_id));
      break;
  }
}

void Reference::meant_to_read(std::int64_t user, std::int64_t peer, std::int32_t max_id) {
  accounts_[user].wished[peer].insert(max_id);
}

void Reference::read(std::int64_t user, std::int64_t peer, std::int32_t max_id) {
  auto& promised = promises_.read[user][peer];
  promised = std::max(promised, max_id);
}

void Reference::learn(std::int64_t user, const std::vector<Event>& events, std::int32_t pts) {
  Account& account = accounts_.at(user);
  const std::int32_t pts_before = account.known.pts;
  account.known = Knowledge{.self = user, .pts = 1, .dialogs = {}};
  account.ids.clear();
  std::int32_t skipped = 0;
  for (const Event& event : events) {
    skipped += event.pts - account.known.pts - 1;
    expect(event.pts > account.known.pts, "account " + number(user) + ": pts goes back at " + number(event.pts));
    if (event.pts <= account.known.pts) return;
    saw(user, event);
    if (event.kind == Event::Kind::kMessage) learn_message(account, event);
    if (event.kind == Event::Kind::kReadInbox) learn_read(account, event);
    if (event.message || event.kind != Event::Kind::kMessage) account.known.apply(event);
  }
  skipped += pts - account.known.pts;
  account.known.pts = pts;
  expect(skipped == lost_ids_, "account " + number(user) + ": pts has holes of " + number(skipped) + " numbers");
  expect(account.known.pts >= pts_before, "account " + number(user) + ": pts went back");
}

// A message appears once, as it was meant, with its reply pointing at the same message here.
void Reference::learn_message(Account& account, const Event& event) {
  const std::int64_t self = account.known.self;
  const std::string where = "account " + number(self) + ", pts " + number(event.pts) + ": ";
  expect(event.message.has_value(), where + "the message is missing");
  if (!event.message) return;
  const Message& message = *event.message;
  const std::int64_t random_id = random_id_of(message);
  const auto found = intents_.find(random_id);
  expect(found != intents_.end(), where + "nobody meant this message");
  if (found == intents_.end()) return;
  const Intent& intent = found->second;

  expect(account.ids.emplace(random_id, message.id).second, where + "the message is here twice");
  expect(message.id == event.pts, where + "the id is not the pts");
  expect(message.text == intent.text && message.entities == intent.entities, where + "other content than was meant");
  expect(message.from == intent.author, where + "another author");
  const bool own = intent.author == self;
  expect(own || intent.to == self, where + "not for this account");
  expect(message.peer == (own ? intent.to : intent.author), where + "in the wrong dialog");
  expect(message.out == (own && intent.to != self), where + "out is wrong");
  std::optional<std::int32_t> reply_to;
  if (intent.reply_to) reply_to = account.ids.contains(*intent.reply_to) ? account.ids.at(*intent.reply_to) : 0;
  expect(message.reply_to == reply_to, where + "the reply points elsewhere");

  const auto& dialog = account.known.dialogs[message.peer].messages;
  expect(dialog.empty() || dialog.rbegin()->second.date <= message.date, where + "the date went back");
  if (own) {
    const auto told = promises_.told.find(random_id);
    expect(told == promises_.told.end() || told->second == message.id, where + "the author was told another id");
    // Who writes has read: the event before this one says so, unless there was nothing to read.
    const auto& incoming = account.known.dialogs[message.peer];
    expect(incoming.unread == 0, where + "sending did not read the dialog");
  }
}

// Reading moves on, counts exactly, and somebody asked for it.
void Reference::learn_read(Account& account, const Event& event) {
  const std::string where = "account " + number(account.known.self) + ", pts " + number(event.pts) + ": ";
  const Knowledge::Dialog& dialog = account.known.dialogs[event.peer];
  expect(event.max_id > dialog.read_inbox, where + "the read mark did not move");
  std::int32_t unread = 0;
  for (const auto& [id, message] : dialog.messages) {
    unread += id > event.max_id && message.incoming_for(account.known.self);
  }
  expect(event.unread == unread, where + "unread is " + number(event.unread) + ", should be " + number(unread));
}

void Reference::check() {
  for (const auto& [random_id, id] : promises_.told) {
    const Intent& intent = intents_.at(random_id);
    const Account& author = accounts_.at(intent.author);
    const auto own = author.ids.find(random_id);
    expect(own != author.ids.end() && own->second == id,
           "message " + number(random_id) + " was acknowledged and is lost");
  }
  for (const auto& [self, account] : accounts_) {
    std::map<std::int64_t, std::int64_t> last_of;  // Of each sender, to see that order is kept.
    for (const auto& [random_id, id] : account.ids) {
      const Intent& intent = intents_.at(random_id);
      if (intent.author != self) continue;
      if (intent.to == self) continue;
      expect(accounts_.at(intent.to).ids.contains(random_id), "message " + number(random_id) + " did not arrive");
    }
    for (const auto& [peer, dialog] : account.known.dialogs) {
      const std::string where = "account " + number(self) + ", dialog " + number(peer) + ": ";
      std::int32_t last_original = 0, read_of_theirs = 0;
      for (const auto& [id, message] : dialog.messages) {
        if (!message.incoming_for(self)) continue;
        const std::int32_t original = accounts_.at(peer).ids.at(random_id_of(message));
        expect(original > last_original, where + "messages of one sender changed their order");
        last_original = original;
        if (id <= dialog.read_inbox) read_of_theirs = original;
        const auto& marks = promises_.read[self];
        const auto promised = marks.find(peer);
        if (promised != marks.end() && id <= promised->second) {
          expect(id <= dialog.read_inbox, where + "what was acknowledged as read is unread");
        }
      }
      const auto theirs = accounts_.at(peer).known.dialogs.find(self);
      if (peer != self && theirs != accounts_.at(peer).known.dialogs.end()) {
        expect(theirs->second.read_outbox == read_of_theirs, where + "the other side was told another read mark");
      }
    }
  }
}

std::int32_t Reference::unread(std::int64_t user) const {
  std::int32_t unread = 0;
  for (const auto& [peer, dialog] : knowledge(user).dialogs) {
    for (const auto& [id, message] : dialog.messages) {
      unread += id > dialog.read_inbox && message.incoming_for(user);
    }
  }
  return unread;
}

std::vector<Message> Reference::history(std::int64_t user, std::int64_t peer, HistoryWindow window) const {
  std::vector<Message> list;  // Newest first, of what may be shown at all.
  const auto dialog = knowledge(user).dialogs.find(peer);
  if (dialog == knowledge(user).dialogs.end()) return list;
  for (auto it = dialog->second.messages.rbegin(); it != dialog->second.messages.rend(); ++it) {
    if (window.max_id > 0 && it->first >= window.max_id) continue;
    if (it->first <= window.min_id) continue;
    list.push_back(it->second);
  }
  std::int64_t start = 0;
  if (window.offset_id > 0) {
    start = std::ranges::count_if(list, [&](const Message& message) { return message.id >= window.offset_id; });
  }
  start += window.add_offset;
  const std::int64_t size = std::ssize(list);
  const std::int64_t end = std::clamp<std::int64_t>(start + window.limit, 0, size);
  start = std::clamp<std::int64_t>(start, 0, end);
  return {list.begin() + start, list.begin() + end};
}

std::vector<std::int64_t> Reference::dialogs(std::int64_t user) const {
  std::vector<std::tuple<std::int32_t, std::int32_t, std::int64_t>> order;
  for (const auto& [peer, dialog] : knowledge(user).dialogs) {
    if (dialog.messages.empty()) continue;
    const Message& top = dialog.messages.rbegin()->second;
    order.emplace_back(-top.date, -top.id, peer);
  }
  std::ranges::sort(order);
  std::vector<std::int64_t> peers;
  for (const auto& [date, id, peer] : order) peers.push_back(peer);
  return peers;
}

}  // namespace helio::simulation
