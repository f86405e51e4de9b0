#include "domain/box/txn.h"

#include <algorithm>

#include "base/assert.h"
#include "domain/box/effects.h"
#include "domain/box/keys.h"
#include "domain/box/lost.h"

namespace helio::domain {

namespace {

constexpr std::uint32_t kScanSizeMax = 1 << 20;

std::size_t size_of(const std::optional<Bytes>& value) {
  return value ? value->size() : 0;
}

}  // namespace

BoxTxn::BoxTxn(View partition, const BoxMemory& memory, std::int32_t settled)
    : partition_(partition), memory_(memory), settled_(settled) {
  if (auto stored = find<tl::record::Counters>(key::counters())) counters_ = *std::move(stored);
}

UserId BoxTxn::user() const {
  const auto user = user_of(partition_);
  ASSERT(user);
  return *user;
}

const Bytes* BoxTxn::find_bytes(const Bytes& key) const {
  if (const auto staged = overlay_.find(key); staged != overlay_.end()) {
    return staged->second ? &*staged->second : nullptr;
  }
  const auto committed = memory_.entries.find(key);
  if (committed == memory_.entries.end()) throw ReadMiss{.key = key, .scan = {}};
  return committed->second ? &*committed->second : nullptr;
}

BoxMemory::Rows BoxTxn::scan(const store::Range& range, std::uint32_t limit) const {
  BoxMemory::Rows merged;
  if (range.from >= range.to) return merged;
  const auto committed = memory_.scans.find({range.from, range.to});
  if (committed == memory_.scans.end()) {
    throw ReadMiss{.key = {},
                   .scan = store::Scan{.from = range.from, .to = range.to, .limit = limit, .size_max = kScanSizeMax}};
  }
  const BoxMemory::Rows& rows = committed->second;

  // What lies behind the last committed row that was read is unknown, unless that row was the last.
  const auto staged_end = rows.more ? overlay_.upper_bound(rows.rows.back().key) : overlay_.lower_bound(range.to);
  auto staged = overlay_.lower_bound(range.from);
  auto row = rows.rows.begin();
  merged.more = rows.more;
  while (row != rows.rows.end() || staged != staged_end) {
    if (staged == staged_end || (row != rows.rows.end() && row->key < staged->first)) {
      merged.rows.push_back(*row++);
      continue;
    }
    if (row != rows.rows.end() && row->key == staged->first) ++row;
    if (staged->second) merged.rows.push_back({staged->first, *staged->second});
    ++staged;
  }
  return merged;
}

void BoxTxn::set(Bytes key, Value value) {
  auto [place, is_new] = overlay_.try_emplace(key);
  size_ += size_of(value) + (is_new ? key.size() : 0) - size_of(place->second);
  Undo undo{std::move(key), std::nullopt};
  if (!is_new) undo.before = std::move(place->second);
  savepoint_.undo.push_back(std::move(undo));
  place->second = std::move(value);
}

void BoxTxn::put(Bytes key, const tl::Object& record) {
  set(std::move(key), tl::encode_record(record));
}

void BoxTxn::erase(Bytes key) {
  set(std::move(key), std::nullopt);
}

std::int32_t BoxTxn::next_pts() {
  ASSERT(counters_.pts > 0);  // box.create came first.
  counters_changed_ = true;
  return ++counters_.pts;
}

std::int32_t BoxTxn::date(std::int32_t now) {
  if (now > counters_.date) {
    counters_.date = now;
    counters_changed_ = true;
  }
  return counters_.date;
}

void BoxTxn::add_unread(std::int32_t difference) {
  counters_.unread += difference;
  counters_changed_ = true;
  ASSERT(counters_.unread >= 0);
}

void BoxTxn::log(std::int32_t pts, tl::Box<tl::record::TypeEvent> event, tl::Box<tl::record::TypeMessage> message) {
  ASSERT(pts == counters_.pts);  // One event for every pts: the log has no holes but those of lost.h.
  put(key::event(pts), *event);
  if (has_effect(*event)) counters_.effects = pts;
  events_.push_back({{pts, std::move(event), std::move(message)}, savepoint_.origin});
}

void BoxTxn::note(tl::Box<tl::TypeUpdate> update) {
  ASSERT(user_of(partition_));  // Nobody follows any other box.
  events_.push_back({{}, savepoint_.origin, std::move(update)});
}

void BoxTxn::begin_counters(std::int32_t pts) {
  ASSERT(counters_.pts == 0);
  counters_.pts = counters_.settled = counters_.effects = pts;
  pass_lost(counters_, lost_ids_max_);
  counters_changed_ = true;
}

void BoxTxn::pass_lost_ids(std::uint32_t lost_ids_max) {
  lost_ids_max_ = lost_ids_max;
  if (counters_.pts == 0 || !is_behind(counters_, lost_ids_max)) return;
  pass_lost(counters_, lost_ids_max);
  counters_changed_ = true;
}

void BoxTxn::write_cursor() {
  counters_changed_ = counters_changed_ || settled_ > counters_.settled;
}

void BoxTxn::savepoint(Origin origin) {
  savepoint_ = {origin, {}, size_, counters_, counters_changed_, events_.size()};
}

void BoxTxn::rollback() {
  for (auto undo = savepoint_.undo.rbegin(); undo != savepoint_.undo.rend(); ++undo) {
    if (undo->before) {
      overlay_[undo->key] = std::move(*undo->before);
    } else {
      overlay_.erase(undo->key);
    }
  }
  savepoint_.undo.clear();
  size_ = savepoint_.size;
  counters_ = savepoint_.counters;
  counters_changed_ = savepoint_.counters_changed;
  events_.resize(savepoint_.events);
}

store::Batch BoxTxn::batch() const {
  store::Batch batch;
  batch.partition = partition_;
  batch.expect = memory_.version;
  for (const auto& [key, value] : overlay_) {
    if (value) {
      batch.puts.push_back({key, *value});
    } else {
      batch.erase.push_back(key);
    }
  }
  tl::record::Counters counters = counters_;
  counters.settled = std::max(counters.settled, settled_);
  // The cursor rides along with whatever else is written.
  const bool cursor_moved = !overlay_.empty() && counters.settled > counters_.settled;
  if (counters_changed_ || cursor_moved) batch.puts.push_back({key::counters(), tl::encode_record(counters)});
  batch.pending = counters.settled < counters.effects;
  return batch;
}

}  // namespace helio::domain
