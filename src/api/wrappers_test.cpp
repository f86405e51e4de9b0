#include "api/wrappers.h"

#include <gtest/gtest.h>

#include "base/gzip.h"
#include "tl/encode.h"
#include "tl/errors.h"
#include "tl/types/api/InputClientProxy.h"
#include "tl/types/api/JSONObjectValue.h"
#include "tl/types/api/JSONValue.h"
#include "tl/types/api/help/getConfig.h"
#include "tl/types/api/help/getNearestDc.h"
#include "tl/types/api/initConnection.h"
#include "tl/types/api/invokeAfterMsg.h"
#include "tl/types/api/invokeAfterMsgs.h"
#include "tl/types/api/invokeWithLayer.h"
#include "tl/types/api/invokeWithTakeout.h"
#include "tl/types/api/invokeWithoutUpdates.h"
#include "tl/writer.h"

namespace helio::api {
namespace {

Bytes encoded(const tl::Object& object) {
  Bytes out;
  EXPECT_TRUE(tl::encode(out, object, tl::kNewestLayer));
  return out;
}

Bytes packed(View bytes) {
  Bytes out;
  tl::Writer writer(out);
  writer.u32(0x3072cfa1);
  writer.string(gzip(bytes));
  writer.finish();
  return out;
}

Bytes layer_header(int layer) {
  Bytes out;
  append_le(out, tl::invokeWithLayer::kId);
  append_le(out, std::int32_t{layer});
  return out;
}

tl::JsonObjectValue json_entry(std::string key, tl::Box<tl::TypeJSONValue> value) {
  tl::JsonObjectValue entry;
  entry.key = std::move(key);
  entry.value = std::move(value);
  return entry;
}

TEST(Unwrap, AQueryWithoutWrappersIsLeftAlone) {
  const Bytes query = encoded(tl::help::getConfig{});
  const auto unwrapped = unwrap(query);
  ASSERT_TRUE(unwrapped);
  EXPECT_EQ(unwrapped->query, query);
  EXPECT_FALSE(unwrapped->layer);
  EXPECT_FALSE(unwrapped->client);
  EXPECT_TRUE(unwrapped->after.empty());
  EXPECT_FALSE(unwrapped->without_updates);
}

TEST(Unwrap, C13_EveryWrapperIsTakenOffInAnyOrder) {
  tl::invokeWithoutUpdates quiet;
  quiet.query = tl::help::getConfig{};
  tl::initConnection init;
  init.api_id = 17;
  init.device_model = "model";
  init.system_version = "system";
  init.app_version = "app";
  init.system_lang_code = "en-GB";
  init.lang_pack = "pack";
  init.lang_code = "de";
  tl::InputClientProxy proxy;
  proxy.address = "proxy.example";
  proxy.port = 1;
  init.proxy = std::move(proxy);
  tl::JsonObject params;
  tl::JsonNumber offset;
  offset.value = 3600;
  tl::JsonArray list;
  list.value.push_back(tl::JsonNull{});
  list.value.push_back(tl::JsonObject{});
  params.value.push_back(json_entry("tz_offset", std::move(offset)));
  params.value.push_back(json_entry("list", std::move(list)));
  init.params = std::move(params);
  init.query = std::move(quiet);
  tl::invokeWithLayer layer;
  layer.layer = 198;
  layer.query = std::move(init);
  tl::invokeAfterMsgs after;
  after.msg_ids = {8, 12};
  after.query = std::move(layer);
  tl::invokeAfterMsg after_one;
  after_one.msg_id = 4;
  after_one.query = std::move(after);

  const auto unwrapped = unwrap(encoded(after_one));
  ASSERT_TRUE(unwrapped);
  EXPECT_EQ(unwrapped->query, encoded(tl::help::getConfig{}));
  EXPECT_EQ(unwrapped->layer, tl::Layer{198});
  EXPECT_EQ(unwrapped->after, (std::vector<std::int64_t>{4, 8, 12}));
  EXPECT_TRUE(unwrapped->without_updates);
  ASSERT_TRUE(unwrapped->client);
  EXPECT_EQ(unwrapped->client->api_id, 17);
  EXPECT_EQ(unwrapped->client->device_model, "model");
  EXPECT_EQ(unwrapped->client->system_version, "system");
  EXPECT_EQ(unwrapped->client->app_version, "app");
  EXPECT_EQ(unwrapped->client->system_lang_code, "en-GB");
  EXPECT_EQ(unwrapped->client->lang_pack, "pack");
  EXPECT_EQ(unwrapped->client->lang_code, "de");
}

TEST(Unwrap, WhatIsPackedInsideOfWrappersIsUnpacked) {
  const Bytes query = encoded(tl::help::getNearestDc{});
  for (const Bytes& body : {packed(query), layer_header(227) + packed(query), packed(layer_header(227) + query)}) {
    const auto unwrapped = unwrap(body);
    ASSERT_TRUE(unwrapped) << to_hex(body);
    EXPECT_EQ(unwrapped->query, query);
  }
}

TEST(Unwrap, LayersAreServedAsTheNewestThatWeKnow) {
  struct Case {
    int announced;
    std::optional<int> served;
  } cases[] = {{1000, tl::kNewestLayer.number},
               {228, 228},
               {227, 227},
               {200, 198},
               {144, 144},
               {132, std::nullopt},
               {0, std::nullopt},
               {-1, std::nullopt}};
  for (const auto& [announced, served] : cases) {
    const auto unwrapped = unwrap(layer_header(announced) + encoded(tl::help::getConfig{}));
    if (served) {
      ASSERT_TRUE(unwrapped) << announced;
      EXPECT_EQ(unwrapped->layer, tl::Layer{*served});
    } else {
      ASSERT_FALSE(unwrapped) << announced;
      EXPECT_EQ(unwrapped.error(), error::CONNECTION_LAYER_INVALID);
    }
  }
}

TEST(Unwrap, C13_MoreThanEightWrappersAreRefused) {
  Bytes body = encoded(tl::help::getConfig{});
  for (int i = 0; i < kWrappersMax; ++i) body = layer_header(228) + body;
  EXPECT_TRUE(unwrap(body));
  EXPECT_EQ(unwrap(layer_header(228) + body).error(), error::INPUT_FETCH_ERROR);
}

TEST(Unwrap, C13_MoreThan64MessagesToWaitForAreRefused) {
  tl::invokeAfterMsgs after;
  after.query = tl::help::getConfig{};
  after.msg_ids.assign(kAfterMax, 4);
  EXPECT_TRUE(unwrap(encoded(after)));
  after.msg_ids.push_back(4);
  EXPECT_EQ(unwrap(encoded(after)).error(), error::MSG_ID_INVALID);

  // Several wrappers have them together.
  after.msg_ids.assign(kAfterMax, 4);
  Bytes one_more;
  append_le(one_more, tl::invokeAfterMsg::kId);
  append_le(one_more, std::int64_t{4});
  EXPECT_EQ(unwrap(one_more + encoded(after)).error(), error::MSG_ID_INVALID);
}

TEST(Unwrap, BrokenBytesAreRefused) {
  const Bytes query = encoded(tl::help::getConfig{});
  Bytes bomb(kUnpackedMax + 4, '\0');
  struct Case {
    Bytes body;
    Error error;
  } cases[] = {
      {"", error::INPUT_FETCH_ERROR},
      {"abc", error::INPUT_FETCH_ERROR},
      {layer_header(228), error::INPUT_FETCH_ERROR},
      {packed(packed(query)), error::GZIP_INVALID},
      {packed(bomb), error::GZIP_INVALID},
      {packed(query) + query, error::GZIP_INVALID},
      {packed(query).substr(0, 16), error::GZIP_INVALID},
  };
  for (const auto& [body, wanted] : cases) {
    const auto unwrapped = unwrap(body);
    ASSERT_FALSE(unwrapped) << to_hex(View(body).substr(0, 64));
    EXPECT_EQ(unwrapped.error(), wanted) << to_hex(View(body).substr(0, 64));
  }
  // Cut anywhere: an error, never a crash.
  tl::initConnection init;
  init.params = tl::JsonObject{};
  init.query = tl::help::getConfig{};
  const Bytes whole = encoded(init);
  for (std::size_t size = 0; size < whole.size() - 4; ++size) EXPECT_FALSE(unwrap(whole.substr(0, size))) << size;
}

TEST(Unwrap, JsonDeeperThanAnyClientSendsIsRefused) {
  tl::Box<tl::TypeJSONValue> value = tl::JsonNull{};
  for (int depth = 0; depth < 30; ++depth) {
    tl::JsonArray array;
    array.value.push_back(std::move(value));
    value = std::move(array);
  }
  tl::initConnection init;
  init.params = std::move(value);
  init.query = tl::help::getConfig{};
  EXPECT_EQ(unwrap(encoded(init)).error(), error::INPUT_FETCH_ERROR);
}

TEST(Unwrap, TakeoutIsNotOffered) {
  tl::invokeWithTakeout takeout;
  takeout.query = tl::help::getConfig{};
  EXPECT_EQ(unwrap(encoded(takeout)).error(), error::TAKEOUT_INVALID);
}

}  // namespace
}  // namespace helio::api
