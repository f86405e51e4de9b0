// store/kv.h: ordered keys inside partitions, changed by atomic conditional batches.
//
// Shape:   a partition (a byte string: "u" + user id, ...) maps byte keys, ordered as unsigned bytes, to byte values.
//          It has a version: 0 = does not exist, +1 for every commit. Its bucket (one of 256) is fixed by its name.
// Atomic:  a Batch changes one partition. All of its changes become visible together, or none. Nothing spans two.
// Durable: kCommitted survives kill -9 and loss of power.
// Fresh:   a read that starts after a commit was answered sees it, from any thread. One call reads one snapshot:
//          `version` belongs to exactly the values beside it.
// Limits:  partition 128 B, key 512 B, value 256 KiB, batch 10,000 changes and 4 MiB; more is a bug of the caller, and
//          asserted.
// Errors:  the four outcomes of commit(). A read that the engine cannot serve throws StoreDown, which no caller
//          handles: the request ends with 500 INTERNAL.
// Cancel:  a cancelled caller gets operation_aborted at once; its batch may still be applied (as with kUnknown).
// Threads: any io_context; an answer comes back on the one that asked. Commits of one partition must not overlap: the
//          caller merges what arrives meanwhile into its next one (domain/box/box.h does; asserted by the model).
// Ends:    an engine is destroyed before the io_contexts of its callers, and finishes or answers what is in flight.
// Others:  every engine passes store/kv_conformance.h unchanged.
#pragma once
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <vector>

#include "base/bytes.h"
#include "base/tasks.h"

namespace helio::store {

inline constexpr std::size_t kPartitionSizeMax = 128;
inline constexpr std::size_t kKeySizeMax = 512;
inline constexpr std::size_t kValueSizeMax = 256 << 10;
inline constexpr std::size_t kBatchChangesMax = 10'000;
inline constexpr std::size_t kBatchSizeMax = 4 << 20;
inline constexpr std::uint32_t kBuckets = 256;
inline constexpr std::uint32_t kLostIdsLimit = 1u << 30;  // Of lost_ids_max(): ids have 31 bits.

// xxh64(partition) mod kBuckets. The same on every machine and in every release: stored data is placed by it.
std::uint32_t bucket_of(View partition);

struct StoreDown : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// The store cannot be opened. what() is one sentence for the owner of the server: what is wrong, and what to do.
struct OpenError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Put {
  Bytes key = {}, value = {};
};
struct Range {
  Bytes from = {}, to = {};  // from <= key < to
};

struct Batch {
  Bytes partition = {};
  std::uint64_t expect = 0;              // The version this batch was computed from; 0 = the partition must not exist.
  std::vector<Range> erase_ranges = {};  // Applied first,
  std::vector<Bytes> erase = {};         // then these,
  std::vector<Put> puts = {};            // then these: a put wins over an erase of the same key.
  bool pending = false;  // After this batch the partition has effects that other partitions do not have yet.
};

enum class Outcome {
  kCommitted,    // Durable; `version` is the new one.
  kConflict,     // Nothing was applied; the version was not `expect`. Read again and decide again.
  kUnavailable,  // Nothing was applied nor will be. Retry later.
  kUnknown,  // May be applied, now or soon. Drop what is cached, read again, rely on keys that make a repeat harmless.
};
struct Commit {
  Outcome outcome = Outcome::kUnavailable;
  std::uint64_t version = 0;  // New for kCommitted; the current one for kConflict where cheaply known, else 0.
};

struct Values {
  std::uint64_t version = 0;
  std::vector<std::optional<Bytes>> values = {};  // In the order of the keys asked for.
};

struct Scan {
  Bytes from = {}, to = {};  // from <= key < to
  bool reverse = false;
  std::uint32_t limit = 100;         // Rows; at least 1.
  std::uint32_t size_max = 1 << 20;  // Bytes of keys and values; at least one row comes, however large.
};
struct Page {
  std::uint64_t version = 0;
  std::vector<Put> rows = {};  // In key order, or in reverse.
  bool more = false;           // Rows were left out because of `limit` or `size_max`.
};

class Kv {
 public:
  virtual ~Kv() = default;
  virtual Task<Commit> commit(Batch batch) = 0;
  virtual Task<Values> get(Bytes partition, std::vector<Bytes> keys) = 0;
  virtual Task<Page> scan(Bytes partition, Scan scan) = 0;
  // Every partition of `bucket` whose last commit was `pending`.
  virtual Task<std::vector<Bytes>> pending(std::uint32_t bucket) = 0;
  // How many ids each partition may have handed out that this store has forgotten: 0 until the store is restored from a
  // backup, more with each time it is. The same for as long as the engine is open; any thread.
  virtual std::uint32_t lost_ids_max() const = 0;
};

}  // namespace helio::store
