// store/rocks/generation.h: the commits of the last seconds, in memory, ready to be sorted as RocksDB will have them.
//
// Shape:    partitions, each with its head and the rows that were put or erased since the generation began. What was
//           put hides what was erased by range, in this generation and in everything older.
// Cost:     a commit appends to its partition; it is sorted when somebody reads a range of it, when a range is erased,
//           when many wait, and when it is folded. What a commit touches lies together: the cost of this class is the
//           cache lines it misses.
// Lifetime: one generation is active and takes every commit. When it is large enough it is frozen: never changed
//           again, written into RocksDB (fold.h), and kept as a cache while memory allows.
// Memory:   an arena: views that readers are given live as long as the generation.
// Threads:  what the writer calls on one thread; everything else on any, also meanwhile. A reader sees all of a commit
//           or nothing of it.
#pragma once
#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "store/rocks/record.h"

namespace helio::store::rocks {

// A partition's name with its hash, so that a search through several generations computes it once.
struct Name {
  explicit Name(View name);
  View bytes;
  std::uint64_t hash;

  bool operator==(const Name& other) const { return hash == other.hash && bytes == other.bytes; }
};

// A row as a generation knows it; nullopt: erased.
struct Row {
  View key;
  std::optional<View> value;
};

// Keys [from, to) without what RocksDB or older generations have there.
struct Hidden {
  View from, to;
};

class Generation {
 public:
  // One partition here. What is in it belongs to this class; the writer carries it from stage() to apply().
  struct Box;

  Generation();
  Generation(const Generation&) = delete;
  ~Generation();

  // ---- The writer ----
  // A copy in the arena.
  char* keep(View bytes);
  // The partition's place; null: it has none.
  Box* find_staged(View partition);
  // Makes one; `partition` borrows from keep(). Readers see it once something was applied.
  Box& stage(View partition);
  // The head it has after all that was staged; nullopt: it is new here.
  static std::optional<Head> staged_head(const Box& box);
  static void set_staged_head(Box& box, Head head);
  // `record` borrows from keep(), `box` is its partition's; `sequence` is greater than any before.
  void apply(std::uint64_t sequence, const Record& record, Box& box);
  // Bytes of memory. Any thread.
  std::size_t size() const { return arena_.size(); }
  std::uint64_t last_sequence() const { return last_; }  // 0: empty.

  // ---- Readers ----
  // What one partition looks like here.
  struct Partition {
    Head head;
    bool is_new = false;  // It did not exist before this generation: nothing older has rows of it.
  };
  std::optional<Partition> find(const Name& name) const;

  // The rows at `keys`, as far as they are known here, into values[i] where known[i] is not set yet; sets it.
  // Returns what find() does, of the same moment.
  std::optional<Partition> get(const Name& name, const std::vector<Bytes>& keys, std::vector<bool>& known,
                               std::vector<std::optional<Bytes>>& values) const;

  // Rows of [from, to) in order, or in reverse, until `live_max` of them have values or there are `rows_max`, and what
  // is hidden there. `more`: stopped early.
  struct Rows {
    std::optional<Partition> partition;
    std::vector<Row> rows;
    std::vector<Hidden> hidden;
    bool more = false;
  };
  Rows rows(const Name& name, View from, View to, bool reverse, std::size_t live_max, std::size_t rows_max) const;

  // Partitions of a bucket, and whether they are pending.
  struct Mark {
    View partition;
    bool pending = false;
  };
  std::vector<Mark> marks(std::uint32_t bucket) const;

  // ---- Folding ----
  // All partitions and their rows in order, once the generation is frozen.
  struct Changes {
    View partition;
    Head head;
    bool was_pending = false;  // Before this generation.
    bool is_new = false;
    const Box* box = nullptr;
  };
  std::vector<Changes> changes() const;
  // A row as it is kept.
  struct Entry {
    const char* key = nullptr;  // Its value lies behind it: value_behind().
    std::uint16_t key_size = 0;
    bool erased = false;
    std::uint32_t mark = 0;  // Of the key: most keys that differ, differ here.

    View name() const { return {key, key_size}; }
    Row row() const { return {name(), erased ? std::nullopt : std::optional(value_behind(name()))}; }
  };
  static std::span<const Entry> rows(const Changes& changes);  // In order.
  static std::vector<Hidden> hidden(const Changes& changes);   // Disjoint and in order.

 private:
  // Fixed chunks, given back all at once.
  class Arena final : public std::pmr::memory_resource {
   public:
    std::size_t size() const { return size_; }

   private:
    void* do_allocate(std::size_t size, std::size_t alignment) override;
    void do_deallocate(void*, std::size_t, std::size_t) override {}
    bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

    std::vector<std::unique_ptr<std::byte[]>> chunks_;
    std::byte* at_ = nullptr;
    std::size_t left_ = 0;
    std::atomic<std::size_t> size_ = 0;
  };

  using HiddenMap = std::pmr::map<View, View>;  // from -> to; disjoint.

  struct Hash {
    using is_avalanching = void;
    std::size_t operator()(const Name& name) const { return name.hash; }
  };
  // One for each bucket: pending() asks for buckets, and readers meet the writer in one of many locks.
  struct Shard {
    mutable std::mutex mutex;
    boost::unordered_flat_map<Name, Box*, Hash> boxes;
  };

  const Box* find_box(const Name& name) const;
  void append(Box& box, View key, bool erased);
  void hide(Box& box, View from, View to);
  static bool is_hidden(const Box& box, View key);
  static void sort(Box& box);
  static const Entry* find_entry(const Box& box, View key);

  Arena arena_;
  std::uint64_t last_ = 0;
  std::array<Shard, kBuckets> shards_;
};

// In the arena, and never destroyed.
struct Generation::Box {
  View partition;
  Head staged;
  Head head;  // Version 0: nothing was applied yet.
  bool was_pending = false;
  bool is_new = false;
  // [0, sorted) in order, each key once; then the newest, as they came: the last of a key counts.
  std::uint32_t sorted = 0, count = 0, capacity = 0;
  Entry* entries = nullptr;
  HiddenMap* hidden = nullptr;  // Null: nothing.

  Partition summary() const { return {head, is_new}; }
};

}  // namespace helio::store::rocks
