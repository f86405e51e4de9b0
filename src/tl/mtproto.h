// tl/mtproto.h: MTProto's own types (tl/types/mtproto/, namespace tl::mt), which have no layers.
//
// Containers, rpc_result and gzip_packed carry other people's bytes and are taken apart by hand (tl/reader.h).
// Source:  https://core.telegram.org/schema/mtproto
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "tl/object.h"

namespace helio::tl {

void encode_mtproto(Bytes& out, const Object& object);
Bytes encode_mtproto(const Object& object);

// All of `bytes` is one constructor or method of MTProto itself. INPUT_FETCH_ERROR otherwise.
Result<Box<Object>> decode_mtproto(View bytes);

// The same for bytes that are followed by others, as padding is in the key exchange: says how many were used.
struct Prefix {
  Box<Object> object;
  std::size_t used = 0;
};
Result<Prefix> decode_mtproto_prefix(View bytes);

// Whether an id belongs to MTProto itself, rather than to the API.
bool is_mtproto(std::uint32_t id);

}  // namespace helio::tl
