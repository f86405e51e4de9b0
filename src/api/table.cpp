#include "api/table.h"

#include "base/assert.h"

namespace helio::api {

Table::Table() {
  for (const Methods rows : {kAccountAppearance,
                             kAccountBusiness,
                             kAccountNotifications,
                             kAccountSecurity,
                             kAccountSettings,
                             kAuthKeys,
                             kAuthSignIn,
                             kChannels,
                             kContactsList,
                             kContactsResolve,
                             kHelpConfig,
                             kHelpNotices,
                             kHelpPlaces,
                             kLangpack,
                             kMessagesDialogs,
                             kMessagesEmoji,
                             kMessagesFolders,
                             kMessagesHistory,
                             kMessagesMarks,
                             kMessagesSending,
                             kMessagesStickers,
                             kShop,
                             kStories,
                             kUpdates,
                             kUsers}) {
    for (const Method& row : rows) {
      const auto request = row.run.request();
      ASSERT(row.name == tl::name_of(*request));
      const bool first = methods_.emplace(row.run.id, &row).second;
      ASSERT(first);
    }
  }
}

const Method* Table::find(std::uint32_t id) const {
  const auto found = methods_.find(id);
  return found == methods_.end() ? nullptr : found->second;
}

std::vector<const Method*> Table::all() const {
  std::vector<const Method*> rows;
  rows.reserve(methods_.size());
  for (const auto& [id, row] : methods_) rows.push_back(row);
  return rows;
}

}  // namespace helio::api
