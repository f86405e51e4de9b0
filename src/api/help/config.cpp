// api/help/config.cpp: where this server is and what its limits are.
// Source: https://core.telegram.org/api/config, https://core.telegram.org/method/help.getConfig
#include "tl/types/api/Config.h"
#include "api/rows.h"
#include "tl/types/api/DcOption.h"
#include "tl/types/api/JSONObjectValue.h"
#include "tl/types/api/JSONValue.h"
#include "tl/types/api/NearestDc.h"
#include "tl/types/api/help/AppConfig.h"
#include "tl/types/api/help/getAppConfig.h"
#include "tl/types/api/help/getConfig.h"
#include "tl/types/api/help/getNearestDc.h"

namespace helio::api {
namespace {

// Key exchanges name DCs above this in the test environment, and media DCs by negative numbers.
constexpr int kTestDcs = 10'000;
constexpr int kHome = 2;

bool is_test(int dc) {
  return std::abs(dc) >= kTestDcs;
}

// The DC that the client believes it talks to. A client that gave none, or nonsense, is at home.
int dc_id(int dc) {
  const int id = std::abs(dc) % kTestDcs;
  return id >= 1 && id <= 5 ? id : kHome;
}

Task<Result<tl::Config>> get_config(Call call, tl::help::getConfig) {
  const int this_dc = dc_id(call.context().dc);
  tl::Config config;
  config.date = call.now();
  config.expires = config.date + 3600;
  config.test_mode = is_test(call.context().dc);
  config.this_dc = this_dc;

  // Clients keep these addresses and use them next time: one that they cannot reach would lock them out.
  const Endpoint address = call.address();
  for (int id : {this_dc, kHome}) {
    tl::DcOption option;
    option.id = id;
    option.ipv6 = address.is_v6;
    option.ip_address = address.ip;
    option.port = address.port;
    config.dc_options.push_back(std::move(option));
    if (this_dc == kHome) break;
  }

  config.revoke_pm_inbox = true;
  config.chat_size_max = 200;
  config.megagroup_size_max = 200'000;
  config.forwarded_count_max = 100;
  config.online_update_period_ms = 210'000;
  config.offline_blur_timeout_ms = 5'000;
  config.offline_idle_timeout_ms = 30'000;
  config.online_cloud_timeout_ms = 300'000;
  config.notify_cloud_delay_ms = 30'000;
  config.notify_default_delay_ms = 1'500;
  config.push_chat_period_ms = 60'000;
  config.push_chat_limit = 2;
  config.edit_time_limit = 48 * 3600;
  config.revoke_time_limit = std::numeric_limits<std::int32_t>::max();
  config.revoke_pm_time_limit = std::numeric_limits<std::int32_t>::max();
  config.rating_e_decay = 2'419'200;
  config.stickers_recent_limit = 200;
  config.channels_read_media_period = 7 * 24 * 3600;
  config.call_receive_timeout_ms = 20'000;
  config.call_ring_timeout_ms = 90'000;
  config.call_connect_timeout_ms = 30'000;
  config.call_packet_timeout_ms = 10'000;
  config.me_url_prefix = "https://t.me/";
  config.caption_length_max = 1024;
  config.message_length_max = 4096;
  config.webfile_dc_id = this_dc;
  co_return config;
}

Task<Result<tl::NearestDc>> get_nearest_dc(Call call, tl::help::getNearestDc) {
  tl::NearestDc answer;
  answer.this_dc = dc_id(call.context().dc);
  answer.nearest_dc = answer.this_dc;
  co_return answer;
}

tl::JsonObjectValue entry(std::string_view key, tl::Box<tl::TypeJSONValue> value) {
  tl::JsonObjectValue entry;
  entry.key = key;
  entry.value = std::move(value);
  return entry;
}

tl::JsonBool yes_or_no(bool value) {
  tl::JsonBool json;
  json.value = value;
  return json;
}

// Changes with the content below. Never 0.
constexpr std::int32_t kAppConfigVersion = 1;

tl::JsonObject app_config() {
  tl::JsonObject config;
  // Equal limits for all, and shops that stay closed: clients then hide what would be for sale.
  for (std::string_view key : {"premium_purchase_blocked", "stars_purchase_blocked", "dialog_filters_enabled"}) {
    config.value.push_back(entry(key, yes_or_no(true)));
  }
  config.value.push_back(entry("autoarchive_setting_available", yes_or_no(false)));
  tl::JsonString nobody;
  nobody.value = "disabled";
  config.value.push_back(entry("stories_posting", std::move(nobody)));
  constexpr std::pair<std::string_view, int> kLimits[] = {
      {"about_length_limit", 140},         {"caption_length_limit", 1024}, {"channels_limit", 1000},
      {"dialog_filters_chats_limit", 200}, {"dialog_filters_limit", 30},   {"dialogs_folder_pinned_limit", 100},
      {"dialogs_pinned_limit", 10},        {"upload_max_fileparts", 8000},
  };
  for (const auto& [name, limit] : kLimits) {
    for (std::string_view tier : {"_default", "_premium"}) {
      tl::JsonNumber number;
      number.value = limit;
      config.value.push_back(entry(std::string(name) + std::string(tier), std::move(number)));
    }
  }
  return config;
}

Task<Result<tl::Box<tl::help::TypeAppConfig>>> get_app_config(Call, tl::help::getAppConfig request) {
  if (request.hash == kAppConfigVersion) co_return tl::help::AppConfigNotModified{};
  tl::help::AppConfig answer;
  answer.hash = kAppConfigVersion;
  answer.config = app_config();
  co_return answer;
}

// Before layer 158 the answer was the JSON alone, without a hash.
Result<Bytes> encoded_app_config(const tl::help::getAppConfig::Result& result, tl::Layer layer) {
  const auto* config = tl::as<tl::help::AppConfig>(result);
  if (layer.number >= 158 || !config) return method_detail::encoded(result, layer);
  return method_detail::encoded(config->config, layer);
}

constexpr Method kRows[] = {
    {.name = "help.getAppConfig", .run = method<get_app_config, encoded_app_config>, .who = Who::kKey},
    {.name = "help.getConfig", .run = method<get_config>, .who = Who::kAnyone},
    {.name = "help.getNearestDc", .run = method<get_nearest_dc>, .who = Who::kAnyone},
};

}  // namespace

constinit const Methods kHelpConfig = kRows;

}  // namespace helio::api
