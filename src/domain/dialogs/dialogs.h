// domain/dialogs/dialogs.h: the list of a user's dialogs.
//
// Sorted by date of the top message, newest first; equal dates by id, then by peer, so that pages never overlap.
// A channel keeps its head (top message, date, unread count) with its own messages; the member's box holds only the
// member's marks, and the two are merged here, at read time. https://core.telegram.org/api/offsets
#pragma once
#include <optional>
#include <vector>

#include "domain/box/ids.h"
#include "store/kv.h"
#include "tl/types/records/Dialog.h"
#include "tl/types/records/Message.h"

namespace helio::domain {

// The newest state of a channel, for one member.
struct ChannelHead {
  std::int32_t top = 0;
  std::int32_t date = 0;
  std::int32_t unread = 0;
};

// Plugged by the channels family.
class ChannelHeads {
 public:
  virtual ~ChannelHeads() = default;
  // One for each dialog, whose marks say what the viewer has read. nullopt: the viewer cannot see it any more.
  virtual Task<std::vector<std::optional<ChannelHead>>> heads(UserId viewer,
                                                              std::vector<tl::record::Dialog> dialogs) = 0;
};

struct DialogsQuery {
  // The last dialog of the page before, by the date and id of its top message; zeros for the first page.
  std::int32_t offset_date = 0;
  std::int32_t offset_id = 0;
  std::optional<PeerId> offset_peer{};
  std::int32_t limit = 0;  // At most 100; 0 means 20.
};

struct DialogList {
  std::vector<tl::record::Dialog> dialogs;  // A channel's with its head filled in.
  std::vector<tl::record::Message> tops;    // The top messages of private dialogs and groups.
  std::int32_t count = 0;                   // Of all dialogs.
};

class Dialogs {
 public:
  // `channels` may be null while there are none; it outlives the Dialogs.
  explicit Dialogs(store::Kv& kv, ChannelHeads* channels = nullptr) : kv_(kv), channels_(channels) {}

  Task<DialogList> list(UserId viewer, DialogsQuery query);
  // Those of `peers` that have a dialog, in the order asked for.
  Task<DialogList> find(UserId viewer, std::vector<PeerId> peers);

 private:
  Task<std::vector<tl::record::Dialog>> all(UserId viewer);
  Task<std::vector<tl::record::Dialog>> merge_channels(UserId viewer, std::vector<tl::record::Dialog> dialogs);
  Task<std::vector<tl::record::Message>> tops_of(UserId viewer, std::vector<tl::record::Dialog> dialogs);

  store::Kv& kv_;
  ChannelHeads* channels_;
};

}  // namespace helio::domain
