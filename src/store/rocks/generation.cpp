#include "store/rocks/generation.h"

#include <xxhash.h>

#include <algorithm>
#include <boost/container/small_vector.hpp>

#include "base/assert.h"

namespace helio::store::rocks {

namespace {

constexpr std::size_t kChunkSize = 1 << 20;

// So many entries may wait to be sorted, or an eighth of those that are, if that is more: a search through them costs
// less than sorting at every commit, and what is sorted is moved a bounded number of times.
constexpr std::uint32_t kUnsortedMax = 64;

std::uint32_t mark_of(View key) {
  return static_cast<std::uint32_t>(XXH3_64bits(key.data(), key.size()));
}

}  // namespace

Name::Name(View name) : bytes(name), hash(XXH64(name.data(), name.size(), 0)) {}

void* Generation::Arena::do_allocate(std::size_t size, std::size_t alignment) {
  const std::size_t skew = reinterpret_cast<std::uintptr_t>(at_) % alignment;
  const std::size_t gap = skew == 0 ? 0 : alignment - skew;
  if (gap + size <= left_) {
    std::byte* const found = at_ + gap;
    at_ += gap + size;
    left_ -= gap + size;
    return found;
  }
  // What would waste much of a chunk gets one of its own, and the present one goes on.
  const bool is_large = size > kChunkSize / 4;
  const std::size_t chunk = is_large ? size : kChunkSize;
  chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(chunk));
  size_ += chunk;
  std::byte* const found = chunks_.back().get();
  if (!is_large) {
    at_ = found + size;
    left_ = chunk - size;
  }
  return found;
}

Generation::Generation() = default;
Generation::~Generation() = default;

char* Generation::keep(View bytes) {
  auto* const copy = static_cast<char*>(arena_.allocate(bytes.size(), 1));
  std::memcpy(copy, bytes.data(), bytes.size());
  return copy;
}

Generation::Box* Generation::find_staged(View partition) {
  const Name name(partition);
  // Only this thread changes the table: to look, it needs no lock.
  const auto& boxes = shards_[name.hash % kBuckets].boxes;
  const auto found = boxes.find(name);
  return found == boxes.end() ? nullptr : found->second;
}

Generation::Box& Generation::stage(View partition) {
  const Name name(partition);
  Shard& home = shards_[name.hash % kBuckets];
  Box* const box = new (arena_.allocate(sizeof(Box), alignof(Box))) Box;
  box->partition = partition;
  const std::lock_guard lock(home.mutex);
  home.boxes.emplace(name, box);
  return *box;
}

std::optional<Head> Generation::staged_head(const Box& box) {
  return box.staged.version == 0 ? std::nullopt : std::optional(box.staged);
}

void Generation::set_staged_head(Box& box, Head head) {
  box.staged = head;
}

void Generation::apply(std::uint64_t sequence, const Record& record, Box& box) {
  ASSERT(sequence > last_);
  last_ = sequence;
  const Name name(box.partition);
  const std::lock_guard lock(shards_[name.hash % kBuckets].mutex);
  if (box.head.version == 0) {
    box.was_pending = record.was_pending();
    box.is_new = record.head().version == 1;
  } else {
    ASSERT(record.head().version == box.head.version + 1);
  }
  box.head = record.head();
  record.each([&](View from, View to) { hide(box, from, to); }, [&](View key) { append(box, key, true); },
              [&](View key, View) { append(box, key, false); });
}

void Generation::append(Box& box, View key, bool erased) {
  if (box.count - box.sorted > std::max(kUnsortedMax, box.sorted / 8)) sort(box);
  if (box.count == box.capacity) {
    const std::uint32_t capacity = std::max<std::uint32_t>(4, 2 * box.capacity);
    auto* const entries = static_cast<Entry*>(arena_.allocate(capacity * sizeof(Entry), alignof(Entry)));
    std::uninitialized_copy_n(box.entries, box.count, entries);
    box.entries = entries;
    box.capacity = capacity;
  }
  box.entries[box.count++] = {key.data(), static_cast<std::uint16_t>(key.size()), erased, mark_of(key)};
}

void Generation::sort(Box& box) {
  if (box.sorted == box.count) return;
  const auto before = [](const Entry& a, const Entry& b) { return a.name() < b.name(); };
  Entry* const first = box.entries;
  std::stable_sort(first + box.sorted, first + box.count, before);
  // What lies below the first of the new ones stays as it is: most keys are larger than those before them.
  Entry* const touched = std::lower_bound(first, first + box.sorted, first[box.sorted], before);
  std::inplace_merge(touched, first + box.sorted, first + box.count, before);
  // Of those with one key the last one is the newest.
  Entry* kept = touched;
  for (Entry* entry = touched; entry != first + box.count; ++entry) {
    const bool is_last =
        entry + 1 == first + box.count || entry->mark != entry[1].mark || entry->name() != entry[1].name();
    if (is_last) *kept++ = *entry;
  }
  box.count = box.sorted = static_cast<std::uint32_t>(kept - first);
}

void Generation::hide(Box& box, View from, View to) {
  if (from >= to) return;
  sort(box);
  Entry* const end = box.entries + box.count;
  const auto before = [](const Entry& entry, View key) { return entry.name() < key; };
  Entry* const first = std::lower_bound(box.entries, end, from, before);
  Entry* const last = std::lower_bound(first, end, to, before);
  if (first != last) box.count = box.sorted = static_cast<std::uint32_t>(std::move(last, end, first) - box.entries);

  if (!box.hidden) box.hidden = new (arena_.allocate(sizeof(HiddenMap), alignof(HiddenMap))) HiddenMap(&arena_);
  // One range in place of all that touch this one.
  auto next = box.hidden->upper_bound(from);
  if (next != box.hidden->begin() && std::prev(next)->second >= from) --next;
  while (next != box.hidden->end() && next->first <= to) {
    from = std::min(from, next->first);
    to = std::max(to, next->second);
    next = box.hidden->erase(next);
  }
  box.hidden->emplace(from, to);
}

bool Generation::is_hidden(const Box& box, View key) {
  if (!box.hidden) return false;
  const auto after = box.hidden->upper_bound(key);
  return after != box.hidden->begin() && std::prev(after)->second > key;
}

const Generation::Entry* Generation::find_entry(const Box& box, View key) {
  const std::uint32_t mark = mark_of(key);
  for (std::uint32_t i = box.count; i > box.sorted; --i) {
    const Entry& entry = box.entries[i - 1];
    if (entry.mark == mark && entry.name() == key) return &entry;
  }
  const auto before = [](const Entry& entry, View name) { return entry.name() < name; };
  const Entry* const end = box.entries + box.sorted;
  const Entry* const found = std::lower_bound(static_cast<const Entry*>(box.entries), end, key, before);
  return found != end && found->name() == key ? found : nullptr;
}

// Its shard is locked.
const Generation::Box* Generation::find_box(const Name& name) const {
  const auto& boxes = shards_[name.hash % kBuckets].boxes;
  const auto found = boxes.find(name);
  return found == boxes.end() || found->second->head.version == 0 ? nullptr : found->second;
}

std::optional<Generation::Partition> Generation::find(const Name& name) const {
  const std::lock_guard lock(shards_[name.hash % kBuckets].mutex);
  const Box* const box = find_box(name);
  return box ? std::optional(box->summary()) : std::nullopt;
}

std::optional<Generation::Partition> Generation::get(const Name& name, const std::vector<Bytes>& keys,
                                                     std::vector<bool>& known,
                                                     std::vector<std::optional<Bytes>>& values) const {
  // Copied once the lock is gone, which the writer waits for: what lies in the arena stays.
  boost::container::small_vector<std::pair<std::size_t, View>, 16> found;
  std::optional<Partition> partition;
  {
    const std::lock_guard lock(shards_[name.hash % kBuckets].mutex);
    const Box* const box = find_box(name);
    if (!box) return std::nullopt;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (known[i]) continue;
      if (const Entry* const entry = find_entry(*box, keys[i])) {
        if (const auto value = entry->row().value) found.emplace_back(i, *value);
        known[i] = true;
      } else if (is_hidden(*box, keys[i])) {
        known[i] = true;
      }
    }
    partition = box->summary();
  }
  for (const auto& [i, value] : found) values[i].emplace(value);
  return partition;
}

Generation::Rows Generation::rows(const Name& name, View from, View to, bool reverse, std::size_t live_max,
                                  std::size_t rows_max) const {
  Rows out;
  const std::lock_guard lock(shards_[name.hash % kBuckets].mutex);
  // Sorting changes nothing that anybody sees.
  Box* const box = const_cast<Box*>(find_box(name));
  if (!box) return out;
  out.partition = box->summary();
  if (from >= to) return out;
  sort(*box);

  std::size_t live = 0;
  const auto add = [&](const Entry& entry) {
    out.more = live == live_max || out.rows.size() == rows_max;
    if (out.more) return false;
    out.rows.push_back(entry.row());
    if (!entry.erased) ++live;
    return true;
  };
  const auto before = [](const Entry& entry, View key) { return entry.name() < key; };
  const Entry* const end = box->entries + box->count;
  const Entry* const first = std::lower_bound(static_cast<const Entry*>(box->entries), end, from, before);
  const Entry* const last = std::lower_bound(first, end, to, before);
  if (reverse) {
    for (const Entry* entry = last; entry != first && add(entry[-1]); --entry) {
    }
  } else {
    for (const Entry* entry = first; entry != last && add(*entry); ++entry) {
    }
  }

  if (!box->hidden) return out;
  auto range = box->hidden->upper_bound(from);
  if (range != box->hidden->begin()) --range;
  for (; range != box->hidden->end() && range->first < to; ++range) {
    if (range->second > from) out.hidden.push_back({range->first, range->second});
  }
  return out;
}

std::vector<Generation::Mark> Generation::marks(std::uint32_t bucket) const {
  std::vector<Mark> out;
  const Shard& home = shards_[bucket];
  const std::lock_guard lock(home.mutex);
  out.reserve(home.boxes.size());
  for (const auto& [name, box] : home.boxes) {
    if (box->head.version != 0) out.push_back({box->partition, box->head.pending});
  }
  return out;
}

std::vector<Generation::Changes> Generation::changes() const {
  std::vector<Changes> out;
  for (const Shard& home : shards_) {
    const std::lock_guard lock(home.mutex);
    for (const auto& [name, box] : home.boxes) {
      if (box->head.version == 0) continue;
      sort(*box);
      out.push_back({box->partition, box->head, box->was_pending, box->is_new, box});
    }
  }
  return out;
}

std::span<const Generation::Entry> Generation::rows(const Changes& changes) {
  return {changes.box->entries, changes.box->count};
}

std::vector<Hidden> Generation::hidden(const Changes& changes) {
  std::vector<Hidden> out;
  if (!changes.box->hidden) return out;
  for (const auto& [from, to] : *changes.box->hidden) out.push_back({from, to});
  return out;
}

}  // namespace helio::store::rocks
