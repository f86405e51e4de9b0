#include "api/wrappers.h"

#include "base/gzip.h"
#include "base/text.h"
#include "tl/errors.h"
#include "tl/reader.h"
#include "tl/types/api/InputClientProxy.h"
#include "tl/types/api/JSONObjectValue.h"
#include "tl/types/api/JSONValue.h"
#include "tl/types/api/initConnection.h"
#include "tl/types/api/invokeAfterMsg.h"
#include "tl/types/api/invokeAfterMsgs.h"
#include "tl/types/api/invokeWithApnsSecret.h"
#include "tl/types/api/invokeWithBusinessConnection.h"
#include "tl/types/api/invokeWithGooglePlayIntegrity.h"
#include "tl/types/api/invokeWithLayer.h"
#include "tl/types/api/invokeWithMessagesRange.h"
#include "tl/types/api/invokeWithReCaptcha.h"
#include "tl/types/api/invokeWithTakeout.h"
#include "tl/types/api/invokeWithoutUpdates.h"

namespace helio::api {
namespace {

constexpr std::uint32_t kGzipPacked = 0x3072cfa1;  // MTProto's own; its contents are the api's business here.
constexpr int kJsonDepthMax = 16;

void skip_json(tl::Reader& in, int depth) {
  if (depth > kJsonDepthMax) return in.fail();
  switch (in.u32()) {
    case tl::JsonNull::kId: return;
    case tl::JsonBool::kId: in.boolean(); return;
    case tl::JsonNumber::kId: in.f64(); return;
    case tl::JsonString::kId: in.string(); return;
    case tl::JsonArray::kId:
    case tl::JsonObject::kId: break;
    default: return in.fail();
  }
  // Both are vectors; an entry of an object has an id and a key before its value, which tells them apart.
  if (in.u32() != tl::kVectorId) return in.fail();
  for (std::uint32_t left = in.u32(); left > 0 && in.ok(); --left) {
    tl::Reader ahead = in;
    if (ahead.u32() == tl::JsonObjectValue::kId) {
      in = ahead;
      in.string();
    }
    skip_json(in, depth + 1);
  }
}

std::string text(tl::Reader& in) {
  const View bytes = in.string();
  if (!is_utf8(bytes)) in.fail();
  return std::string(bytes);
}

Client read_client(tl::Reader& in) {
  constexpr std::uint32_t kProxy = 1 << 0, kParams = 1 << 1;
  const std::uint32_t flags = in.u32();
  if (flags & ~(kProxy | kParams)) in.fail();
  Client client;
  client.api_id = in.i32();
  client.device_model = text(in);
  client.system_version = text(in);
  client.app_version = text(in);
  client.system_lang_code = text(in);
  client.lang_pack = text(in);
  client.lang_code = text(in);
  if (flags & kProxy) {
    if (in.u32() != tl::InputClientProxy::kId) in.fail();
    in.string();
    in.i32();
  }
  // Time zone and the like, for spam filters that we do not have.
  if (flags & kParams) skip_json(in, 0);
  return client;
}

Result<> read_after(tl::Reader& in, std::vector<std::int64_t>& after) {
  if (in.u32() != tl::kVectorId) in.fail();
  const std::uint32_t count = in.u32();
  if (count > kAfterMax) return fail(error::MSG_ID_INVALID);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) after.push_back(in.i64());
  return {};
}

enum class Peeled { kWrapper, kPacked, kMethod };

// Takes the outermost wrapper off; leaves `in` where it was when there is none.
Result<Peeled> peel(tl::Reader& in, Unwrapped& to) {
  tl::Reader at = in;
  switch (at.u32()) {
    case tl::invokeWithLayer::kId: {
      to.layer = tl::served_layer(at.i32());
      if (!to.layer) return fail(error::CONNECTION_LAYER_INVALID);
      break;
    }
    case tl::initConnection::kId: to.client = read_client(at); break;
    case tl::invokeAfterMsg::kId: to.after.push_back(at.i64()); break;
    case tl::invokeAfterMsgs::kId: CHECK(read_after(at, to.after)); break;
    case tl::invokeWithoutUpdates::kId: to.without_updates = true; break;
    // Proofs that we never ask for; the query is as good without.
    case tl::invokeWithApnsSecret::kId:
    case tl::invokeWithGooglePlayIntegrity::kId:
      at.string();
      at.string();
      break;
    case tl::invokeWithReCaptcha::kId: at.string(); break;
    case tl::invokeWithTakeout::kId:
    case tl::invokeWithMessagesRange::kId: return fail(error::TAKEOUT_INVALID);
    case tl::invokeWithBusinessConnection::kId: return fail(error::BUSINESS_CONNECTION_INVALID);
    case kGzipPacked: in = at; return Peeled::kPacked;
    default: return Peeled::kMethod;
  }
  in = at;
  return Peeled::kWrapper;
}

}  // namespace

Result<Unwrapped> unwrap(Bytes body) {
  Unwrapped unwrapped;
  bool packed = false;
  tl::Reader in(body);
  for (int wrappers = 0;;) {
    TRY(const Peeled peeled, peel(in, unwrapped));
    if (!in.ok() || in.left() < 4) return fail(error::INPUT_FETCH_ERROR);
    if (peeled == Peeled::kMethod) break;
    if (peeled == Peeled::kWrapper) {
      if (++wrappers > kWrappersMax) return fail(error::INPUT_FETCH_ERROR);
      continue;
    }
    // Once: a stream inside a stream is nobody's client.
    if (std::exchange(packed, true)) return fail(error::GZIP_INVALID);
    auto plain = gunzip(in.string(), kUnpackedMax);
    if (!plain || in.left() != 0) return fail(error::GZIP_INVALID);
    body = *std::move(plain);
    in = tl::Reader(body);
  }
  if (unwrapped.after.size() > kAfterMax) return fail(error::MSG_ID_INVALID);
  unwrapped.query = body.substr(body.size() - in.left());
  return unwrapped;
}

}  // namespace helio::api
