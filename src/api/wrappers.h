// api/wrappers.h: what a query comes wrapped in: invokeWithLayer, initConnection, invokeAfterMsg and their like.
//
// Foreign bytes. Wrappers come in any order and number up to kWrappersMax; any part may be missing, and gzip_packed may
// hold what follows (clients pack the query and wrap the packed one). Taken apart here, not by the decoder, so that an
// unknown method is told from a broken one wherever it stands.
// Errors:  400 INPUT_FETCH_ERROR; GZIP_INVALID; CONNECTION_LAYER_INVALID below the floor; MSG_ID_INVALID for more than
//          kAfterMax ids; what we do not offer: TAKEOUT_INVALID, BUSINESS_CONNECTION_INVALID.
// Source:  https://core.telegram.org/api/invoking
#pragma once
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "tl/layers.h"

namespace helio::api {

inline constexpr int kWrappersMax = 8;
inline constexpr std::size_t kAfterMax = 64;
inline constexpr std::size_t kUnpackedMax = 1 << 20;

// What initConnection says of the client.
struct Client {
  std::int32_t api_id = 0;
  std::string device_model, system_version, app_version, system_lang_code, lang_pack, lang_code;
};

struct Unwrapped {
  std::optional<tl::Layer> layer;  // Of invokeWithLayer: the one that the client is served.
  std::optional<Client> client;
  std::vector<std::int64_t> after;  // Queries of this session to wait for.
  bool without_updates = false;
  Bytes query;  // A method, not decoded.
};

Result<Unwrapped> unwrap(Bytes body);

}  // namespace helio::api
