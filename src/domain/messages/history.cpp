// Messages::history: a window over the messages of a dialog, newest first.
//
// Positions are counted from the first message older than offset_id, which has position 0; newer ones have -1, -2 and
// so on. The window is [add_offset, add_offset + limit). Rows are read from offset_id in the one or the other
// direction, so what a page costs does not depend on the length of the dialog (add_offset into the past is read over,
// though).
#include <algorithm>
#include <limits>

#include "domain/box/record.h"
#include "domain/messages/messages.h"
#include "tl/types/records/Dialog.h"

namespace helio::domain {

namespace {

constexpr std::int32_t kLimitMax = 100;
constexpr std::int32_t kLimitUnasked = 20;
constexpr std::int32_t kIdEnd = std::numeric_limits<std::int32_t>::max();
constexpr std::uint32_t kRowsAtOnce = 1'000;
constexpr int kAttemptsMax = 5;

// Positions of the list from `first` on, `count` of them, in one direction.
struct Part {
  store::Range range;
  bool reverse = false;
  std::int64_t first = 0;
  std::int64_t count = 0;
};

struct Rows {
  std::uint64_t version = 0;  // Of the last call.
  std::vector<store::Put> rows;
};

Task<Rows> read_part(store::Kv& kv, Bytes partition, Part part) {
  Rows result;
  std::int64_t skip = part.first;
  while (std::ssize(result.rows) < part.count) {
    const std::int64_t wanted = skip + part.count - std::ssize(result.rows);
    store::Scan scan{.from = part.range.from,
                     .to = part.range.to,
                     .reverse = part.reverse,
                     .limit = static_cast<std::uint32_t>(std::min<std::int64_t>(wanted, kRowsAtOnce))};
    store::Page page = co_await kv.scan(partition, std::move(scan));
    result.version = page.version;
    if (page.rows.empty()) break;
    if (part.reverse) {
      part.range.to = page.rows.back().key;
    } else {
      part.range.from = page.rows.back().key + '\0';
    }
    for (store::Put& row : page.rows) {
      if (skip-- > 0) continue;
      skip = 0;
      result.rows.push_back(std::move(row));
    }
    if (!page.more) break;
  }
  co_return result;
}

}  // namespace

Task<History> Messages::history(UserId viewer, PeerId peer, HistoryQuery query) {
  const Bytes partition = user_partition(viewer);
  const std::int64_t limit = query.limit <= 0 ? kLimitUnasked : std::min(query.limit, kLimitMax);
  const std::int64_t begin = query.add_offset;
  const std::int64_t end = begin + limit;
  const std::int32_t from = std::max(query.min_id, 0) + (query.min_id < kIdEnd ? 1 : 0);
  const std::int32_t to = query.max_id > 0 ? query.max_id : kIdEnd;
  const std::int32_t middle = std::clamp(query.offset_id > 0 ? query.offset_id : kIdEnd, from, std::max(from, to));

  const Part newer{.range = key::messages(peer, middle, to),
                   .reverse = false,
                   .first = std::max<std::int64_t>(0, -end),
                   .count = begin < 0 ? std::min(limit, -begin) : 0};
  const Part older{.range = key::messages(peer, from, middle),
                   .reverse = true,
                   .first = std::max<std::int64_t>(0, begin),
                   .count = end > 0 ? std::min(limit, end) : 0};
  std::vector<Bytes> dialog_key{key::dialog(peer)};

  History history;
  // Messages and their count are read one after the other: as long as a commit came between them, again.
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const store::Values dialog = co_await kv_.get(partition, dialog_key);
    const Rows above = co_await read_part(kv_, partition, newer);
    const Rows below = co_await read_part(kv_, partition, older);

    history = {};
    if (!dialog.values[0]) co_return history;
    history.count = record_of<tl::record::Dialog>(partition, dialog_key[0], *dialog.values[0]).count;
    for (auto row = above.rows.rbegin(); row != above.rows.rend(); ++row) {
      history.messages.push_back(record_of<tl::record::Message>(partition, row->key, row->value));
    }
    for (const store::Put& row : below.rows) {
      history.messages.push_back(record_of<tl::record::Message>(partition, row.key, row.value));
    }
    const auto same = [&dialog](const Rows& rows) { return rows.version == 0 || rows.version == dialog.version; };
    if (same(above) && same(below)) break;
  }
  co_return history;
}

}  // namespace helio::domain
