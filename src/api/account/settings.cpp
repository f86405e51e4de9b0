// api/account/settings.cpp: settings that this server does not keep yet. Each answer says how things really are.
// Source: https://core.telegram.org/methods#working-with-user-accounts
#include "api/rows.h"

#include "api/method.h"
#include "tl/types/api/AccountDaysTTL.h"
#include "tl/types/api/AutoDownloadSettings.h"
#include "tl/types/api/AutoSaveSettings.h"
#include "tl/types/api/GlobalPrivacySettings.h"
#include "tl/types/api/InputPrivacyKey.h"
#include "tl/types/api/PrivacyRule.h"
#include "tl/types/api/account/AutoDownloadSettings.h"
#include "tl/types/api/account/AutoSaveSettings.h"
#include "tl/types/api/account/ContentSettings.h"
#include "tl/types/api/account/PrivacyRules.h"
#include "tl/types/api/account/WebBrowserSettings.h"
#include "tl/types/api/account/getAccountTTL.h"
#include "tl/types/api/account/getAutoDownloadSettings.h"
#include "tl/types/api/account/getAutoSaveSettings.h"
#include "tl/types/api/account/getContactSignUpNotification.h"
#include "tl/types/api/account/getContentSettings.h"
#include "tl/types/api/account/getGlobalPrivacySettings.h"
#include "tl/types/api/account/getPrivacy.h"
#include "tl/types/api/account/getWebBrowserSettings.h"
#include "tl/types/api/account/registerDevice.h"
#include "tl/types/api/account/unregisterDevice.h"
#include "tl/types/api/account/updateStatus.h"

namespace helio::api {
namespace {

// Nobody's last seen time is shown, and numbers only to contacts; all else is open.
Task<Result<tl::account::PrivacyRules>> get_privacy(Call, tl::account::getPrivacy request) {
  tl::account::PrivacyRules answer;
  switch (request.key->id()) {
    case tl::InputPrivacyKeyStatusTimestamp::kId: answer.rules.push_back(tl::PrivacyValueDisallowAll{}); break;
    case tl::InputPrivacyKeyPhoneNumber::kId:
      answer.rules.push_back(tl::PrivacyValueAllowContacts{});
      answer.rules.push_back(tl::PrivacyValueDisallowAll{});
      break;
    default: answer.rules.push_back(tl::PrivacyValueAllowAll{});
  }
  co_return answer;
}

// Accounts are not deleted for being idle: the longest time that clients can show.
Task<Result<tl::AccountDaysTTL>> get_account_ttl(Call, tl::account::getAccountTTL) {
  tl::AccountDaysTTL answer;
  answer.days = 730;
  co_return answer;
}

tl::AutoDownloadSettings auto_download(std::int32_t photo_size_max, std::int64_t file_size_max) {
  tl::AutoDownloadSettings settings;
  settings.photo_size_max = photo_size_max;
  settings.video_size_max = file_size_max;
  settings.file_size_max = file_size_max;
  settings.video_upload_maxbitrate = 100;
  settings.small_queue_active_operations_max = 4;
  settings.large_queue_active_operations_max = 2;
  return settings;
}

Task<Result<tl::account::AutoDownloadSettings>> get_auto_download(Call, tl::account::getAutoDownloadSettings) {
  tl::account::AutoDownloadSettings answer;
  answer.low = auto_download(1 << 20, 0);
  answer.medium = auto_download(1 << 20, 1 << 20);
  answer.high = auto_download(1 << 20, 3 << 20);
  co_return answer;
}

Task<Result<tl::account::AutoSaveSettings>> get_auto_save(Call, tl::account::getAutoSaveSettings) {
  tl::account::AutoSaveSettings answer;
  answer.users_settings = tl::AutoSaveSettings{};
  answer.chats_settings = tl::AutoSaveSettings{};
  answer.broadcasts_settings = tl::AutoSaveSettings{};
  co_return answer;
}

// True: the user is not told when a contact signs up.
Task<Result<bool>> get_sign_up_notification(Call, tl::account::getContactSignUpNotification) {
  co_return true;
}

// False: nothing will be pushed through the vendor's service that the token belongs to.
Task<Result<bool>> register_device(Call, tl::account::registerDevice) {
  co_return false;
}
Task<Result<bool>> unregister_device(Call, tl::account::unregisterDevice) {
  co_return true;
}

// Taken note of by nobody: everyone's status is shown as empty.
Task<Result<bool>> update_status(Call, tl::account::updateStatus) {
  co_return true;
}

constexpr Method kRows[] = {
    {.name = "account.getAccountTTL", .run = method<get_account_ttl>},
    {.name = "account.getAutoDownloadSettings", .run = method<get_auto_download>},
    {.name = "account.getAutoSaveSettings", .run = method<get_auto_save>},
    {.name = "account.getContactSignUpNotification", .run = method<get_sign_up_notification>},
    {.name = "account.getContentSettings",
     .run = always<tl::account::getContentSettings, tl::account::ContentSettings>},
    {.name = "account.getGlobalPrivacySettings",
     .run = always<tl::account::getGlobalPrivacySettings, tl::GlobalPrivacySettings>},
    {.name = "account.getPrivacy", .run = method<get_privacy>},
    {.name = "account.getWebBrowserSettings",
     .run = always<tl::account::getWebBrowserSettings, tl::account::WebBrowserSettings>},
    {.name = "account.registerDevice", .run = method<register_device>},
    {.name = "account.unregisterDevice", .run = method<unregister_device>},
    {.name = "account.updateStatus", .run = method<update_status>},
};

}  // namespace

constinit const Methods kAccountSettings = kRows;

}  // namespace helio::api
