// base/gzip.h: gzip_packed's compression, with a hard cap on what a small input may become.
#pragma once
#include <optional>

#include "base/bytes.h"

namespace helio {

Bytes gzip(View plain);

// The whole of one gzip or zlib stream (TDLib sends both); nullopt when it is damaged, is followed by other bytes, or
// would grow beyond `size_max` bytes. Memory grows with the output, at most to twice `size_max`. Foreign bytes.
std::optional<Bytes> gunzip(View packed, std::size_t size_max);

}  // namespace helio
