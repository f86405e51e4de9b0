#include "api/render/update.h"

#include "api/render/message.h"
#include "base/assert.h"
#include "tl/mentions.h"

namespace helio::api::render {
namespace {

// One event moves pts by one. docs/updates.md
constexpr std::int32_t kPtsCount = 1;

}  // namespace

tl::Box<tl::TypeUpdate> read_inbox(const tl::record::TypeEvent& event, People& people) {
  const auto* read = tl::as<tl::record::EventReadInbox>(event);
  ASSERT(read);
  const auto dialog = domain::PeerId::of(read->peer);
  people.mention(dialog);
  tl::UpdateReadHistoryInbox update;
  update.peer = peer(dialog);
  update.max_id = read->max_id;
  update.still_unread_count = read->unread;
  update.pts = read->pts;
  update.pts_count = kPtsCount;
  return update;
}

tl::Box<tl::TypeUpdate> new_message(const tl::record::Message& stored, std::int32_t pts, domain::UserId viewer,
                                    People& people) {
  tl::UpdateNewMessage update;
  update.message = message(stored, viewer, people);
  update.pts = pts;
  update.pts_count = kPtsCount;
  return update;
}

tl::Box<tl::TypeUpdate> update(const domain::LoggedEvent& logged, domain::UserId viewer, People& people) {
  switch (logged.event->id()) {
    case tl::record::EventMessage::kId: {
      if (const auto* stored = tl::as<tl::record::Message>(logged.message)) {
        return new_message(*stored, logged.pts, viewer, people);
      }
      // Deleted since. Its pts must pass nevertheless; the id of a message is the pts that made it.
      tl::UpdateDeleteMessages gone;
      gone.messages = {logged.pts};
      gone.pts = logged.pts;
      gone.pts_count = kPtsCount;
      return gone;
    }
    case tl::record::EventReadInbox::kId: return read_inbox(*logged.event, people);
    case tl::record::EventReadOutbox::kId: {
      const auto* read = tl::as<tl::record::EventReadOutbox>(logged.event);
      const auto dialog = domain::PeerId::of(read->peer);
      people.mention(dialog);
      tl::UpdateReadHistoryOutbox update;
      update.peer = peer(dialog);
      update.max_id = read->max_id;
      update.pts = read->pts;
      update.pts_count = kPtsCount;
      return update;
    }
    default: ASSERT(false);
  }
  return {};
}

tl::Box<tl::TypeUpdate> item(const domain::FeedItem& item, domain::UserId viewer, People& people) {
  if (!item.note) return update(item.what, viewer, people);
  people.mention(tl::mentioned(*item.note));
  return item.note;
}

Task<tl::Updates> updates(std::vector<tl::Box<tl::TypeUpdate>> list, People people, domain::UserId viewer,
                          std::int32_t date, domain::Domain& domain) {
  tl::Updates updates;
  updates.updates = std::move(list);
  updates.users = co_await people.seen_by(viewer, domain);
  updates.date = date;
  co_return updates;
}

}  // namespace helio::api::render
