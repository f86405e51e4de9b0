#include "mtproto/key_store.h"

#include "base/log.h"
#include "tl/record.h"
#include "tl/types/records/AuthKey.h"

namespace helio::mtproto {

namespace {

constexpr View kRecordKey = "a";

Bytes partition_of(std::int64_t auth_key_id) {
  Bytes partition = "k";
  append_be(partition, auth_key_id);
  return partition;
}

std::optional<StoredKey> read(std::optional<Bytes> value) {
  if (!value) return std::nullopt;
  auto record = tl::decode_record<tl::record::AuthKey>(*value);
  wipe(*value);
  if (!record || record->key.size() != sizeof(crypto::AuthKey)) {
    log::error("keys.record_corrupt");
    return std::nullopt;
  }
  StoredKey key{.bytes = {}, .created_at = record->created_at, .dc = record->dc};
  std::ranges::copy(record->key, key.bytes.begin());
  wipe(record->key);
  return key;
}

}  // namespace

Task<std::optional<StoredKey>> KeyStore::find(std::int64_t auth_key_id) {
  std::vector<Bytes> keys{Bytes(kRecordKey)};
  store::Values found = co_await kv_.get(partition_of(auth_key_id), std::move(keys));
  co_return read(std::move(found.values.at(0)));
}

Task<KeyStore::Added> KeyStore::add(std::int64_t auth_key_id, StoredKey key) {
  tl::record::AuthKey record;
  record.key = crypto::view(key.bytes);
  record.created_at = key.created_at;
  record.dc = key.dc;
  store::Batch batch{.partition = partition_of(auth_key_id), .expect = 0};
  batch.puts.push_back({Bytes(kRecordKey), tl::encode_record(record)});
  wipe(record.key);
  const store::Commit commit = co_await kv_.commit(std::move(batch));
  switch (commit.outcome) {
    case store::Outcome::kCommitted: co_return Added::kYes;
    case store::Outcome::kConflict: co_return Added::kIdTaken;
    case store::Outcome::kUnavailable: co_return Added::kNotNow;
    case store::Outcome::kUnknown: break;
  }
  try {
    const auto stored = co_await find(auth_key_id);
    if (!stored) co_return Added::kNotNow;
    co_return stored->bytes == key.bytes ? Added::kYes : Added::kIdTaken;
  } catch (const store::StoreDown&) {
    co_return Added::kNotNow;
  }
}

Task<bool> KeyStore::erase(std::int64_t auth_key_id) {
  constexpr int kTries = 3;
  try {
    for (int i = 0; i < kTries; ++i) {
      std::vector<Bytes> keys{Bytes(kRecordKey)};
      const store::Values found = co_await kv_.get(partition_of(auth_key_id), std::move(keys));
      if (!found.values.at(0)) co_return true;
      store::Batch batch{.partition = partition_of(auth_key_id), .expect = found.version};
      batch.erase.push_back(Bytes(kRecordKey));
      const store::Commit commit = co_await kv_.commit(std::move(batch));
      if (commit.outcome == store::Outcome::kCommitted) co_return true;
    }
  } catch (const store::StoreDown&) {
    log::warn("keys.store_down");
  }
  co_return false;
}

}  // namespace helio::mtproto
