// api/messages/folders.cpp: folders of dialogs. There is one, the list of all. https://core.telegram.org/api/folders
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/Chat.h"
#include "tl/types/api/DialogFilter.h"
#include "tl/types/api/DialogFilterSuggested.h"
#include "tl/types/api/InputChatlist.h"
#include "tl/types/api/chatlists/ChatlistUpdates.h"
#include "tl/types/api/chatlists/getChatlistUpdates.h"
#include "tl/types/api/messages/DialogFilters.h"
#include "tl/types/api/messages/getDialogFilters.h"
#include "tl/types/api/messages/getSuggestedDialogFilters.h"

namespace helio::api {
namespace {

Task<Result<tl::messages::DialogFilters>> get_dialog_filters(Call, tl::messages::getDialogFilters) {
  tl::messages::DialogFilters answer;
  answer.filters.push_back(tl::DialogFilterDefault{});
  co_return answer;
}

// Before layer 177 the answer was a bare list of folders.
Result<Bytes> encoded_dialog_filters(const tl::messages::getDialogFilters::Result& result, tl::Layer layer) {
  const auto* filters = tl::as<tl::messages::DialogFilters>(result);
  if (layer.number >= 177 || !filters) return method_detail::encoded(result, layer);
  return method_detail::encoded(filters->filters, layer);
}

Task<Result<tl::chatlists::ChatlistUpdates>> get_chatlist_updates(Call, tl::chatlists::getChatlistUpdates) {
  co_return fail(error::INPUT_CHATLIST_INVALID);
}

constexpr Method kRows[] = {
    {.name = "chatlists.getChatlistUpdates", .run = method<get_chatlist_updates>},
    {.name = "messages.getDialogFilters", .run = method<get_dialog_filters, encoded_dialog_filters>},
    {.name = "messages.getSuggestedDialogFilters", .run = always<tl::messages::getSuggestedDialogFilters>},
};

}  // namespace

constinit const Methods kMessagesFolders = kRows;

}  // namespace helio::api
