#include "domain/dialogs/dialogs.h"

#include <algorithm>
#include <tuple>

#include "domain/box/keys.h"
#include "domain/box/record.h"

namespace helio::domain {

namespace record = tl::record;

namespace {

constexpr std::int32_t kLimitMax = 100;
constexpr std::int32_t kLimitUnasked = 20;
constexpr std::uint32_t kRowsAtOnce = 1'000;

// Where a dialog stands in the list: smaller comes first.
struct Place {
  std::int32_t date, id;
  std::int64_t peer;

  friend bool operator<(const Place& a, const Place& b) {
    return std::tuple(b.date, b.id, a.peer) < std::tuple(a.date, a.id, b.peer);
  }
};
Place place_of(const record::Dialog& dialog) {
  return {dialog.date, dialog.top, dialog.peer};
}

// The first dialog of the page that is asked for.
auto page_start(const std::vector<record::Dialog>& sorted, const DialogsQuery& query) {
  const auto behind = [&](const Place& last) {
    return std::ranges::partition_point(sorted,
                                        [&](const record::Dialog& dialog) { return !(last < place_of(dialog)); });
  };
  if (query.offset_date != 0) {
    // Without a peer the page starts behind all that stand at this date and id.
    const std::int64_t peer =
        query.offset_peer ? query.offset_peer->number() : std::numeric_limits<std::int64_t>::max();
    return behind({query.offset_date, query.offset_id, peer});
  }
  if (!query.offset_peer) return sorted.begin();
  const auto last = std::ranges::find(sorted, query.offset_peer->number(), &record::Dialog::peer);
  return last == sorted.end() ? sorted.begin() : std::next(last);
}

}  // namespace

Task<DialogList> Dialogs::list(UserId viewer, DialogsQuery query) {
  std::vector<record::Dialog> dialogs = co_await all(viewer);
  dialogs = co_await merge_channels(viewer, std::move(dialogs));
  std::ranges::sort(dialogs, [](const auto& a, const auto& b) { return place_of(a) < place_of(b); });

  DialogList list;
  list.count = static_cast<std::int32_t>(dialogs.size());
  const std::int32_t limit = query.limit <= 0 ? kLimitUnasked : std::min(query.limit, kLimitMax);
  const auto start = page_start(dialogs, query);
  const auto end = start + std::min<std::ptrdiff_t>(limit, dialogs.end() - start);
  list.dialogs.assign(start, end);
  list.tops = co_await tops_of(viewer, list.dialogs);
  co_return list;
}

Task<DialogList> Dialogs::find(UserId viewer, std::vector<PeerId> peers) {
  const Bytes partition = user_partition(viewer);
  DialogList list;
  if (peers.empty()) co_return list;
  std::vector<Bytes> keys;
  for (const PeerId peer : peers) keys.push_back(key::dialog(peer));
  const store::Values values = co_await kv_.get(partition, keys);
  std::vector<record::Dialog> dialogs;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (values.values[i]) dialogs.push_back(record_of<record::Dialog>(partition, keys[i], *values.values[i]));
  }
  list.dialogs = co_await merge_channels(viewer, std::move(dialogs));
  list.count = static_cast<std::int32_t>(list.dialogs.size());
  list.tops = co_await tops_of(viewer, list.dialogs);
  co_return list;
}

Task<std::vector<record::Dialog>> Dialogs::all(UserId viewer) {
  const Bytes partition = user_partition(viewer);
  std::vector<record::Dialog> dialogs;
  store::Range range = key::dialogs();
  for (bool more = true; more;) {
    store::Scan scan{.from = range.from, .to = range.to, .limit = kRowsAtOnce};
    const store::Page page = co_await kv_.scan(partition, std::move(scan));
    for (const store::Put& row : page.rows) dialogs.push_back(record_of<record::Dialog>(partition, row.key, row.value));
    more = page.more;
    if (more) range.from = page.rows.back().key + '\0';
  }
  co_return dialogs;
}

// A channel takes its head from where its messages are; one that the viewer cannot see is left out.
Task<std::vector<record::Dialog>> Dialogs::merge_channels(UserId viewer, std::vector<record::Dialog> dialogs) {
  const auto is_channel = [](const record::Dialog& dialog) {
    return PeerId::of(dialog.peer).kind == PeerKind::kChannel;
  };
  std::vector<record::Dialog> channels;
  std::ranges::copy_if(dialogs, std::back_inserter(channels), is_channel);
  if (channels.empty()) co_return dialogs;
  std::erase_if(dialogs, is_channel);
  if (!channels_) co_return dialogs;

  const auto heads = co_await channels_->heads(viewer, channels);
  for (std::size_t i = 0; i < channels.size(); ++i) {
    if (!heads[i]) continue;
    channels[i].top = heads[i]->top;
    channels[i].date = heads[i]->date;
    channels[i].unread = heads[i]->unread;
    dialogs.push_back(std::move(channels[i]));
  }
  co_return dialogs;
}

Task<std::vector<record::Message>> Dialogs::tops_of(UserId viewer, std::vector<record::Dialog> dialogs) {
  const Bytes partition = user_partition(viewer);
  std::vector<record::Message> tops;
  std::vector<Bytes> keys;
  for (const record::Dialog& dialog : dialogs) {
    const PeerId peer = PeerId::of(dialog.peer);
    if (peer.kind != PeerKind::kChannel) keys.push_back(key::message(peer, dialog.top));
  }
  if (keys.empty()) co_return tops;
  const store::Values values = co_await kv_.get(partition, keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (values.values[i]) tops.push_back(record_of<record::Message>(partition, keys[i], *values.values[i]));
  }
  co_return tops;
}

}  // namespace helio::domain
