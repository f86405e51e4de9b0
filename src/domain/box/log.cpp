#include "domain/box/log.h"

#include "domain/box/keys.h"
#include "domain/box/record.h"

namespace helio::domain {

Task<LogPage> read_log(store::Kv& kv, UserId user, std::int32_t after, std::int32_t until, int limit) {
  const Bytes partition = user_partition(user);
  LogPage page;
  if (after >= until) co_return page;
  store::Range range = key::events(after, until);
  store::Scan scan{
      .from = std::move(range.from), .to = std::move(range.to), .limit = static_cast<std::uint32_t>(limit)};
  const store::Page rows = co_await kv.scan(partition, std::move(scan));
  page.more = rows.more;

  std::vector<Bytes> message_keys;
  for (const store::Put& row : rows.rows) {
    LoggedEvent& logged = page.events.emplace_back();
    logged.pts = load_be<std::int32_t>(row.key.data() + 1);
    logged.event = box_of<tl::record::TypeEvent>(partition, row.key, row.value);
    if (const auto* message = tl::as<tl::record::EventMessage>(logged.event)) {
      message_keys.push_back(key::message(PeerId::of(message->peer), message->pts));
    }
  }
  if (message_keys.empty()) co_return page;

  const store::Values messages = co_await kv.get(partition, message_keys);
  std::size_t next = 0;
  for (LoggedEvent& logged : page.events) {
    if (!tl::as<tl::record::EventMessage>(logged.event)) continue;
    if (const auto& value = messages.values[next]) {
      logged.message = record_of<tl::record::Message>(partition, message_keys[next], *value);
    }
    ++next;
  }
  co_return page;
}

}  // namespace helio::domain
