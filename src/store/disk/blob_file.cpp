#include "store/disk/blob_file.h"

#include <xxhash.h>

#include "base/assert.h"

namespace helio::store::disk {

namespace {

std::uint64_t chunks_of(std::uint64_t size) {
  return (size + kChunk - 1) / kChunk;
}

std::uint64_t sum_of(View bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

Bytes footer_of(std::uint64_t size, View sums) {
  Bytes footer(kMagic);
  append_le(footer, static_cast<std::uint32_t>(kChunk));
  append_le(footer, std::uint32_t{0});
  append_le(footer, size);
  append_le(footer, sum_of(sums));
  ASSERT(footer.size() == kFooter);
  return footer;
}

[[noreturn]] void damaged(const File& file, std::string_view what) {
  throw StoreDown(file.path() + " is damaged: " + std::string(what));
}

}  // namespace

std::optional<std::uint64_t> content_size(std::uint64_t file_size) {
  if (file_size <= kFooter) return std::nullopt;
  const std::uint64_t rest = file_size - kFooter;
  const std::uint64_t chunks = (rest + kChunk + 7) / (kChunk + 8);
  if (rest <= 8 * chunks) return std::nullopt;
  const std::uint64_t size = rest - 8 * chunks;
  if (chunks_of(size) != chunks || size > kBlobSizeMax) return std::nullopt;
  return size;
}

void Digest::Free::operator()(XXH3_state_s* state) const {
  XXH3_freeState(state);
}

Digest::Digest() : chunk_(XXH3_createState()) {
  ASSERT(chunk_);
  XXH3_64bits_reset(chunk_.get());
}

void Digest::add(View bytes) {
  sha256_.add(bytes);
  while (!bytes.empty()) {
    const View part = bytes.substr(0, kChunk - size_ % kChunk);
    XXH3_64bits_update(chunk_.get(), part.data(), part.size());
    size_ += part.size();
    bytes.remove_prefix(part.size());
    if (size_ % kChunk == 0) end_chunk();
  }
}

void Digest::end_chunk() {
  append_le(sums_, static_cast<std::uint64_t>(XXH3_64bits_digest(chunk_.get())));
  XXH3_64bits_reset(chunk_.get());
}

void Digest::restart() {
  sha256_.finish();
  XXH3_64bits_reset(chunk_.get());
  sums_.clear();
  size_ = 0;
}

BlobId Digest::id() {
  return {sha256_.finish()};
}

Bytes Digest::trailer() {
  if (size_ % kChunk != 0) end_chunk();
  ASSERT(sums_.size() == 8 * chunks_of(size_));
  return sums_ + footer_of(size_, sums_);
}

Bytes read_content(const File& file, std::uint64_t offset, std::size_t size) {
  const std::uint64_t file_size = file.size();
  const std::optional<std::uint64_t> content = content_size(file_size);
  if (!content) damaged(file, "no blob has its length");
  if (offset >= *content || size == 0) return {};
  const std::uint64_t end = std::min<std::uint64_t>(*content, offset + size);

  // The footer repeats what the length says: a file that was cut or grew shows here.
  const Bytes expected = footer_of(*content, {}), footer = file.read(file_size - kFooter, kFooter);
  if (View(footer).substr(0, kFooter - 8) != View(expected).substr(0, kFooter - 8)) {
    damaged(file, "its footer is not that of a blob of its length");
  }

  const std::uint64_t first = offset / kChunk, last = chunks_of(end);
  const std::uint64_t from = first * kChunk, to = std::min(*content, last * kChunk);
  const Bytes sums = file.read(*content + 8 * first, 8 * (last - first));
  Bytes bytes = file.read(from, to - from);
  if (sums.size() != 8 * (last - first) || bytes.size() != to - from) damaged(file, "it was cut while it was read");
  for (std::uint64_t at = 0; at < bytes.size(); at += kChunk) {
    if (sum_of(View(bytes).substr(at, kChunk)) != load_le<std::uint64_t>(sums.data() + at / kChunk * 8)) {
      damaged(file, "the bytes from " + std::to_string(from + at) + " are not those that were stored");
    }
  }
  bytes.resize(end - from);
  bytes.erase(0, offset - from);
  return bytes;
}

bool Verification::step() {
  constexpr std::uint64_t kStep = 16 << 20;
  const std::uint64_t size = content_size(file_.size()).value_or(0);
  const std::uint64_t until = std::min(size, digest_.size() + kStep);
  while (digest_.size() < until) {
    const Bytes bytes = file_.read(digest_.size(), std::min<std::uint64_t>(until - digest_.size(), kBlobPieceMax));
    if (bytes.empty()) return true;  // Cut meanwhile: the verdict will see it.
    digest_.add(bytes);
  }
  return digest_.size() == size;
}

std::string Verification::verdict(const BlobId& id) {
  const std::uint64_t file_size = file_.size();
  const std::optional<std::uint64_t> size = content_size(file_size);
  if (!size || *size != digest_.size()) return file_.path() + ": no blob has its length";
  if (digest_.id() != id) return file_.path() + ": its content is not what its name says";
  if (file_.read(*size, file_size - *size) != digest_.trailer()) return file_.path() + ": its checksums are damaged";
  return {};
}

}  // namespace helio::store::disk
