#include "domain/messages/commands.h"

#include "domain/box/keys.h"
#include "tl/errors.h"
#include "tl/types/api/MessageEntity.h"
#include "tl/types/records/Affected.h"
#include "tl/types/records/Dialog.h"
#include "tl/types/records/Done.h"
#include "tl/types/records/Effect.h"
#include "tl/types/records/Event.h"
#include "tl/types/records/Message.h"
#include "tl/types/records/MessageId.h"
#include "tl/types/records/Reply.h"
#include "tl/types/records/Sent.h"
#include "tl/types/records/box/readHistory.h"
#include "tl/types/records/box/receive.h"
#include "tl/types/records/box/sendMessage.h"

namespace helio::domain {

namespace record = tl::record;

namespace {

constexpr std::uint32_t kMessagesReadAtOnce = 1'000;

record::Dialog dialog_with(const BoxTxn& box, PeerId peer) {
  if (auto dialog = box.find<record::Dialog>(key::dialog(peer))) return *std::move(dialog);
  record::Dialog dialog;
  dialog.peer = peer.number();
  return dialog;
}

// Appends a message that has everything but its id and its final date.
void append(BoxTxn& box, record::Message& message, record::Dialog& dialog) {
  const PeerId peer = PeerId::of(message.peer);
  message.date = box.date(message.date);
  message.id = box.next_pts();
  dialog.top = message.id;
  dialog.date = message.date;
  ++dialog.count;
  box.put(key::message(peer, message.id), message);
  box.put(key::dialog(peer), dialog);

  record::EventMessage event;
  event.out = message.out;
  event.pts = message.id;
  event.peer = message.peer;
  box.log(message.id, std::move(event), message);
}

// `newly_read` incoming messages, the last of them a copy of `last_source_id`, are read now that the mark is at
// `max_id`.
record::EventReadInbox mark_read(BoxTxn& box, record::Dialog& dialog, std::int32_t max_id, std::int32_t newly_read,
                                 std::int32_t last_source_id) {
  dialog.read_inbox = max_id;
  dialog.unread -= newly_read;
  ASSERT(dialog.unread >= 0);
  box.add_unread(-newly_read);
  box.put(key::dialog(PeerId::of(dialog.peer)), dialog);

  record::EventReadInbox event;
  event.pts = box.next_pts();
  event.peer = dialog.peer;
  event.max_id = max_id;
  event.unread = dialog.unread;
  event.source_id = last_source_id;
  box.log(event.pts, event);
  return event;
}

// ---- box.sendMessage ----

void reads_of_send(const tl::box::sendMessage& command, Reads& reads) {
  const PeerId peer = PeerId::of(command.peer);
  reads.push_back(key::random_id(command.random_id, peer));
  reads.push_back(key::dialog(peer));
  if (command.reply_to) reads.push_back(key::message(peer, *command.reply_to));
}

Result<record::Sent> send(BoxTxn& box, const tl::box::sendMessage& command) {
  if (!box.exists()) return fail(error::PEER_ID_INVALID);
  const PeerId peer = PeerId::of(command.peer);
  const UserId self = box.user();
  record::Sent sent;

  // A client that lost our answer repeats its request: same peer, same random_id, same answer.
  const Bytes sent_before = key::random_id(command.random_id, peer);
  if (const auto earlier = box.find<record::MessageId>(sent_before)) {
    auto message = box.find<record::Message>(key::message(peer, earlier->id));
    if (!message) return fail(error::MESSAGE_ID_INVALID);
    sent.repeated = true;
    sent.message = *std::move(message);
    return sent;
  }

  record::Message message;
  message.peer = command.peer;
  message.from = self.value;
  message.out = !peer.is(self);  // What one notes down for oneself is neither sent nor received.
  message.silent = command.silent;
  message.date = command.date;
  message.text = command.text;
  message.entities = command.entities;
  if (command.reply_to) {
    const auto original = box.find<record::Message>(key::message(peer, *command.reply_to));
    if (!original) return fail(error::REPLY_MESSAGE_ID_INVALID);
    record::Reply reply;
    reply.id = original->id;
    reply.source = original->from;
    reply.source_id = original->source_id.value_or(original->id);
    message.reply = std::move(reply);
  }

  // Who answers has read.
  record::Dialog dialog = dialog_with(box, peer);
  if (dialog.unread > 0) sent.read = mark_read(box, dialog, dialog.top, dialog.unread, dialog.last_in_source);

  append(box, message, dialog);
  record::MessageId id;
  id.id = message.id;
  box.put(sent_before, id);
  sent.message = std::move(message);
  return sent;
}

// ---- box.readHistory ----

void reads_of_read_history(const tl::box::readHistory& command, Reads& reads) {
  reads.push_back(key::dialog(PeerId::of(command.peer)));
}

Result<record::Affected> read_history(BoxTxn& box, const tl::box::readHistory& command) {
  const PeerId peer = PeerId::of(command.peer);
  record::Affected affected;
  affected.pts = box.counters().pts;
  auto dialog = box.find<record::Dialog>(key::dialog(peer));
  if (!dialog || dialog->unread == 0 || command.max_id <= dialog->read_inbox) return affected;

  std::int32_t max_id = std::min(command.max_id, dialog->top);
  std::int32_t newly_read = dialog->unread;
  std::int32_t last_source_id = dialog->last_in_source;
  if (max_id < dialog->last_in) {
    // Only what lies between the old mark and the new one is counted: over its life each message is counted once.
    const auto rows = box.scan(key::messages(peer, dialog->read_inbox + 1, max_id + 1), kMessagesReadAtOnce);
    newly_read = 0;
    for (const store::Put& row : rows.rows) {
      const auto message = box.record<record::Message>(row);
      if (rows.more) max_id = message.id;
      if (!message.source_id) continue;
      ++newly_read;
      last_source_id = *message.source_id;
    }
    affected.more = rows.more;
  }
  if (newly_read > 0) {
    affected.pts = mark_read(box, *dialog, max_id, newly_read, last_source_id).pts;
    affected.pts_count = 1;
  } else if (affected.more) {
    dialog->read_inbox = max_id;  // Nothing of theirs so far; the next call goes on from here.
    box.put(key::dialog(peer), *dialog);
  }
  return affected;
}

// ---- box.receive ----

void reads_of_receive(const tl::box::receive& command, Reads& reads) {
  const UserId source{command.source};
  reads.push_back(key::dialog(source));
  for (const auto& effect : command.effects) {
    const auto* arrived = tl::as<record::EffectMessage>(effect);
    if (!arrived) continue;
    reads.push_back(key::copy(source, arrived->seq));
    const auto* message = tl::as<record::Message>(arrived->message);
    if (const auto* reply = tl::as<record::Reply>(message->reply)) {
      reads.push_back(key::copy(UserId{reply->source}, reply->source_id));
    }
  }
}

// The message that a reply means, by this box's own id; 0 when it has no copy.
std::int32_t local_id(const BoxTxn& box, const record::Reply& reply) {
  if (reply.source == box.user().value) return reply.source_id;
  const auto copy = box.find<record::MessageId>(key::copy(UserId{reply.source}, reply.source_id));
  return copy ? copy->id : 0;
}

void receive_message(BoxTxn& box, UserId source, const record::EffectMessage& effect) {
  const Bytes copy = key::copy(source, effect.seq);
  if (box.has(copy)) return;  // It came before: deliveries are repeated until they are known to have arrived.

  record::Message message = *tl::as<record::Message>(effect.message);
  message.out = false;
  message.peer = PeerId(source).number();
  message.source_id = effect.seq;
  if (auto* reply = tl::as<record::Reply>(message.reply)) reply->id = local_id(box, *reply);

  record::Dialog dialog = dialog_with(box, source);
  ++dialog.unread;
  box.add_unread(+1);
  dialog.last_in = box.counters().pts + 1;
  dialog.last_in_source = effect.seq;
  append(box, message, dialog);
  record::MessageId id;
  id.id = message.id;
  box.put(copy, id);
}

void receive_read(BoxTxn& box, UserId reader, const record::EffectRead& effect) {
  auto dialog = box.find<record::Dialog>(key::dialog(reader));
  if (!dialog || effect.max_id <= dialog->read_outbox) return;
  dialog->read_outbox = effect.max_id;
  box.put(key::dialog(reader), *dialog);

  record::EventReadOutbox event;
  event.pts = box.next_pts();
  event.peer = PeerId(reader).number();
  event.max_id = effect.max_id;
  box.log(event.pts, event);
}

Result<record::Done> receive(BoxTxn& box, const tl::box::receive& command) {
  if (!box.exists()) return record::Done();  // Nobody lives here any more.
  const UserId source{command.source};
  for (const auto& effect : command.effects) {
    if (const auto* message = tl::as<record::EffectMessage>(effect)) receive_message(box, source, *message);
    if (const auto* read = tl::as<record::EffectRead>(effect)) receive_read(box, source, *read);
  }
  return record::Done();
}

constexpr CommandKind kCommands[] = {
    command<send, reads_of_send>(),
    command<read_history, reads_of_read_history>(),
    command<receive, reads_of_receive>(),
};

}  // namespace

std::span<const CommandKind> message_commands() {
  return kCommands;
}

}  // namespace helio::domain
