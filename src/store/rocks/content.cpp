#include "store/rocks/content.h"

#include <xxhash.h>

#include "store/rocks/database.h"
#include "store/rocks/layout.h"

namespace helio::store::rocks {

namespace {

// How often the owner hears of it, and is asked whether to go on.
constexpr std::uint64_t kRowsPerLine = 1 << 20;

class Digest {
 public:
  Digest() : state_(XXH3_createState()) { XXH3_128bits_reset(state_); }
  Digest(const Digest&) = delete;
  ~Digest() { XXH3_freeState(state_); }

  // Lengths go in as well: else bytes could wander between keys and values unseen.
  void add(const rocksdb::Slice& key, const rocksdb::Slice& value) {
    Bytes lengths;
    append_le(lengths, static_cast<std::uint32_t>(key.size()));
    append_le(lengths, static_cast<std::uint32_t>(value.size()));
    XXH3_128bits_update(state_, lengths.data(), lengths.size());
    XXH3_128bits_update(state_, key.data(), key.size());
    XXH3_128bits_update(state_, value.data(), value.size());
  }
  Bytes hex() const {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_));
    return to_hex(View(reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest));
  }

 private:
  XXH3_state_t* state_;
};

void require_good(const rocksdb::Iterator& iterator) {
  if (!iterator.status().ok()) throw BackupFailed("its rows cannot be read: " + iterator.status().ToString());
}

}  // namespace

Content content_of(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* rows, rocksdb::ColumnFamilyHandle* meta,
                   const Watch& watch) {
  rocksdb::ManagedSnapshot snapshot(&db);
  rocksdb::ReadOptions options = read_options();
  options.snapshot = snapshot.snapshot();
  options.fill_cache = false;
  options.readahead_size = 2 << 20;

  Content content;
  Digest digest;
  const std::unique_ptr<rocksdb::Iterator> row(db.NewIterator(options, rows));
  for (row->SeekToFirst(); row->Valid(); row->Next()) {
    digest.add(row->key(), row->value());
    content.size += row->key().size() + row->value().size();
    if (++content.rows % kRowsPerLine == 0) {
      stop_if_asked(watch);
      say(watch, "rows read: " + std::to_string(content.rows));
    }
  }
  require_good(*row);

  // Heads and marks of pending partitions. The other entries of this family are the copy's own (layout.h).
  const std::unique_ptr<rocksdb::Iterator> head(db.NewIterator(options, meta));
  for (head->SeekToFirst(); head->Valid(); head->Next()) {
    const bool is_head = head->key().starts_with("v"), is_mark = head->key().starts_with("p");
    if (!is_head && !is_mark) continue;
    digest.add(head->key(), head->value());
    content.partitions += is_head ? 1 : 0;
    content.pending += is_mark ? 1 : 0;
    if (content.partitions % kRowsPerLine == 0) stop_if_asked(watch);
  }
  require_good(*head);
  content.digest = digest.hex();
  return content;
}

}  // namespace helio::store::rocks
