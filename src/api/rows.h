// api/rows.h: the rows of every family, each beside its methods, joined by api/table.cpp.
#pragma once
#include <span>

#include "api/method.h"

namespace helio::api {

using Methods = std::span<const Method>;

extern const Methods kAccountAppearance;     // account/appearance.cpp
extern const Methods kAccountBusiness;       // account/business.cpp
extern const Methods kAccountNotifications;  // account/notifications.cpp
extern const Methods kAccountSecurity;       // account/security.cpp
extern const Methods kAccountSettings;       // account/settings.cpp
extern const Methods kAuthKeys;              // auth/keys.cpp
extern const Methods kAuthSignIn;            // auth/sign_in.cpp
extern const Methods kContactsList;          // contacts/list.cpp
extern const Methods kContactsResolve;       // contacts/resolve.cpp
extern const Methods kHelpConfig;            // help/config.cpp
extern const Methods kHelpNotices;           // help/notices.cpp
extern const Methods kHelpPlaces;            // help/places.cpp
extern const Methods kLangpack;              // langpack/langpack.cpp
extern const Methods kMessagesDialogs;       // messages/dialogs.cpp
extern const Methods kMessagesEmoji;         // messages/emoji.cpp
extern const Methods kMessagesFolders;       // messages/folders.cpp
extern const Methods kMessagesHistory;       // messages/history.cpp
extern const Methods kMessagesMarks;         // messages/marks.cpp
extern const Methods kMessagesSending;       // messages/sending.cpp
extern const Methods kMessagesStickers;      // messages/stickers.cpp
extern const Methods kChannels;              // channels/channels.cpp
extern const Methods kShop;                  // shop/shop.cpp
extern const Methods kStories;               // stories/stories.cpp
extern const Methods kUpdates;               // updates/updates.cpp
extern const Methods kUsers;                 // users/users.cpp

}  // namespace helio::api
