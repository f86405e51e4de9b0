#include "store/blob.h"

namespace helio::store {

std::string BlobId::hex() const {
  return to_hex(crypto::view(hash));
}

std::optional<BlobId> blob_id_of(View hash) {
  if (hash.size() != 32) return std::nullopt;
  return BlobId{crypto::fixed<32>(hash)};
}

std::optional<BlobId> blob_id_of_hex(View lowercase) {
  if (lowercase.size() != 64) return std::nullopt;
  const std::optional<Bytes> hash = from_hex(lowercase);
  // from_hex also reads capitals and skips spaces: one id has one spelling.
  if (!hash || to_hex(*hash) != lowercase) return std::nullopt;
  return blob_id_of(*hash);
}

Task<BlobSwept> sweep(Blobs& blobs, Clock& clock, std::function<Task<bool>(BlobId)> named, seconds idle) {
  BlobSwept swept;
  for (int first = 0; first < 256; ++first) {
    const std::vector<BlobInfo> found = co_await blobs.list(static_cast<std::uint8_t>(first));
    for (const BlobInfo& info : found) {
      if (clock.now() - info.answered < idle) continue;
      const bool keep = co_await named(info.id);
      if (keep) continue;
      const bool gone = co_await blobs.erase(info.id, idle);
      if (!gone) continue;
      ++swept.blobs;
      swept.bytes += info.size;
    }
  }
  swept.drafts = co_await blobs.discard_drafts(idle);
  co_return swept;
}

}  // namespace helio::store
