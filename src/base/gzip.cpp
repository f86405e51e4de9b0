#include "base/gzip.h"

#include <libdeflate.h>

#include <memory>

#include "base/assert.h"

namespace helio {

namespace {

struct Free {
  void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

}  // namespace

Bytes gzip(View plain) {
  constexpr int kLevel = 6;
  const std::unique_ptr<libdeflate_compressor, Free> compressor(libdeflate_alloc_compressor(kLevel));
  ASSERT(compressor);
  Bytes packed(libdeflate_gzip_compress_bound(compressor.get(), plain.size()), '\0');
  packed.resize(libdeflate_gzip_compress(compressor.get(), plain.data(), plain.size(), packed.data(), packed.size()));
  return packed;
}

std::optional<Bytes> gunzip(View packed, std::size_t size_max) {
  const std::unique_ptr<libdeflate_decompressor, Free> decompressor(libdeflate_alloc_decompressor());
  ASSERT(decompressor);
  const bool is_gzip = packed.size() >= 2 && packed[0] == '\x1f' && packed[1] == '\x8b';

  // The declared size is the sender's word. The buffer starts at a likely size and grows by doubling up to the cap.
  for (std::size_t room = std::min(size_max, std::max<std::size_t>(packed.size() * 4, 1024));;
       room = std::min(size_max, room * 2)) {
    Bytes plain(room, '\0');
    std::size_t used = 0;
    std::size_t size = 0;
    const auto outcome = is_gzip ? libdeflate_gzip_decompress_ex(decompressor.get(), packed.data(), packed.size(),
                                                                 plain.data(), plain.size(), &used, &size)
                                 : libdeflate_zlib_decompress_ex(decompressor.get(), packed.data(), packed.size(),
                                                                 plain.data(), plain.size(), &used, &size);
    if (outcome == LIBDEFLATE_SUCCESS) {
      if (used != packed.size()) return std::nullopt;
      plain.resize(size);
      return plain;
    }
    if (outcome != LIBDEFLATE_INSUFFICIENT_SPACE || room == size_max) return std::nullopt;
  }
}

}  // namespace helio
