#include "domain/messages/messages.h"

#include <algorithm>

#include "domain/box/record.h"
#include "tl/errors.h"
#include "tl/types/records/Dialog.h"
#include "tl/types/records/Event.h"
#include "tl/types/records/box/readHistory.h"
#include "tl/types/records/box/sendMessage.h"

namespace helio::domain {

Messages::Messages(Boxes& boxes, store::Kv& kv, Clock& clock, Users& users)
    : boxes_(boxes), kv_(kv), clock_(clock), users_(users) {}

Task<Result<tl::record::Sent>> Messages::send(UserId from, Draft draft, Origin origin) {
  if (draft.random_id == 0) co_return fail(error::RANDOM_ID_EMPTY);
  if (draft.to.kind != PeerKind::kUser) co_return fail(error::PEER_ID_INVALID);
  if (!draft.to.is(from)) {
    const UserId to{draft.to.id};
    const auto recipient = co_await users_.find(to);
    if (!recipient) co_return fail(error::PEER_ID_INVALID);
  }

  tl::box::sendMessage command;
  command.silent = draft.silent;
  command.peer = draft.to.number();
  command.random_id = draft.random_id;
  command.date = clock_.unixtime();
  command.text = std::move(draft.text.text);
  if (!draft.text.entities.empty()) command.entities = std::move(draft.text.entities);
  command.reply_to = draft.reply_to;
  CO_TRY(auto sent, co_await boxes_.run(from, std::move(command), origin));
  co_return answer_of<tl::record::Sent>(std::move(sent));
}

Task<Result<tl::record::Affected>> Messages::read_history(UserId reader, PeerId peer, std::int32_t max_id,
                                                          Origin origin) {
  tl::record::Affected all;
  do {
    tl::box::readHistory command;
    command.peer = peer.number();
    command.max_id = max_id;
    CO_TRY(auto part, co_await boxes_.run(reader, std::move(command), origin));
    const auto affected = answer_of<tl::record::Affected>(std::move(part));
    all.more = affected.more;
    all.pts = affected.pts;
    all.pts_count += affected.pts_count;
  } while (all.more);
  co_return all;
}

Task<std::vector<tl::record::Message>> Messages::find(UserId viewer, std::vector<std::int32_t> ids) {
  // The log says which dialog an id belongs to.
  const Bytes partition = user_partition(viewer);
  std::vector<Bytes> event_keys;
  for (const std::int32_t id : ids) event_keys.push_back(key::event(id));
  std::vector<tl::record::Message> found;
  if (ids.empty()) co_return found;
  const store::Values events = co_await kv_.get(partition, event_keys);

  std::vector<Bytes> message_keys;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!events.values[i]) continue;
    const auto event = box_of<tl::record::TypeEvent>(partition, event_keys[i], *events.values[i]);
    if (const auto* message = tl::as<tl::record::EventMessage>(event)) {
      message_keys.push_back(key::message(PeerId::of(message->peer), message->pts));
    }
  }
  if (message_keys.empty()) co_return found;
  const store::Values messages = co_await kv_.get(partition, message_keys);
  for (std::size_t i = 0; i < message_keys.size(); ++i) {
    if (!messages.values[i]) continue;
    found.push_back(record_of<tl::record::Message>(partition, message_keys[i], *messages.values[i]));
  }
  co_return found;
}

}  // namespace helio::domain
