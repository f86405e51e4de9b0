// domain/messages/messages.h: sending, reading and finding messages of private dialogs and Saved Messages.
//
// Each side has a copy of its own with an id of its own (docs/updates.md). Threads: any core.
// Errors of the store as domain/box/boxes.h says; reads throw StoreDown.
#pragma once
#include "domain/box/boxes.h"
#include "domain/messages/text.h"
#include "domain/users/users.h"
#include "tl/types/records/Affected.h"
#include "tl/types/records/Sent.h"

namespace helio::domain {

struct Draft {
  PeerId to;
  std::int64_t random_id = 0;
  StyledText text;                         // From clean_message().
  std::optional<std::int32_t> reply_to{};  // A message of the same dialog, by the sender's id.
  bool silent = false;
};

// https://core.telegram.org/api/offsets
struct HistoryQuery {
  std::int32_t offset_id = 0;  // 0: from the newest on.
  std::int32_t add_offset = 0;
  std::int32_t limit = 0;   // At most 100; 0 means 20.
  std::int32_t max_id = 0;  // Only ids below; 0: any.
  std::int32_t min_id = 0;  // Only ids above.
};

struct History {
  std::vector<tl::record::Message> messages;  // Newest first.
  std::int32_t count = 0;                     // Of the whole dialog.
};

class Messages {
 public:
  Messages(Boxes& boxes, store::Kv& kv, Clock& clock, Users& users);

  // The same random_id to the same peer is sent once: a repeat gets the first message, with `repeated`.
  // 400 PEER_ID_INVALID, REPLY_MESSAGE_ID_INVALID, RANDOM_ID_EMPTY.
  Task<Result<tl::record::Sent>> send(UserId from, Draft draft, Origin origin = {});

  // Reads everything up to `max_id`. pts_count 0: nothing was unread there.
  Task<Result<tl::record::Affected>> read_history(UserId reader, PeerId peer, std::int32_t max_id, Origin origin = {});

  Task<History> history(UserId viewer, PeerId peer, HistoryQuery query);

  // Those of `ids` that exist in the viewer's box, in the order asked for.
  Task<std::vector<tl::record::Message>> find(UserId viewer, std::vector<std::int32_t> ids);

 private:
  Boxes& boxes_;
  store::Kv& kv_;
  Clock& clock_;
  Users& users_;
};

}  // namespace helio::domain
