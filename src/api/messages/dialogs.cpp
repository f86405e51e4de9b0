// api/messages/dialogs.cpp: the list of dialogs. https://core.telegram.org/api/folders,
// https://core.telegram.org/api/offsets
#include "tl/types/api/messages/Dialogs.h"
#include "api/render/message.h"
#include "api/render/state.h"
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/Chat.h"
#include "tl/types/api/Dialog.h"
#include "tl/types/api/DraftMessage.h"
#include "tl/types/api/Folder.h"
#include "tl/types/api/InputDialogPeer.h"
#include "tl/types/api/PeerNotifySettings.h"
#include "tl/types/api/SavedDialog.h"
#include "tl/types/api/messages/PeerDialogs.h"
#include "tl/types/api/messages/SavedDialogs.h"
#include "tl/types/api/messages/getDialogs.h"
#include "tl/types/api/messages/getPeerDialogs.h"
#include "tl/types/api/messages/getPinnedDialogs.h"
#include "tl/types/api/messages/getPinnedSavedDialogs.h"
#include "tl/types/api/messages/getSavedDialogs.h"

namespace helio::api {
namespace {

constexpr std::size_t kPeersMax = 100;
constexpr std::int32_t kMainFolder = 0;

tl::Dialog dialog_with(domain::PeerId peer) {
  tl::Dialog dialog;
  dialog.peer = render::peer(peer);
  dialog.notify_settings = tl::PeerNotifySettings{};
  return dialog;
}

tl::Dialog rendered(const tl::record::Dialog& stored, render::People& people) {
  const auto peer = domain::PeerId::of(stored.peer);
  people.mention(peer);
  tl::Dialog dialog = dialog_with(peer);
  dialog.top_message = stored.top;
  dialog.read_inbox_max_id = stored.read_inbox;
  dialog.read_outbox_max_id = stored.read_outbox;
  dialog.unread_count = stored.unread;
  return dialog;
}

// Fills what every list of dialogs has: the dialogs, their top messages, and everyone in them.
template <class Answer>
Task<Answer> filled(Call call, domain::DialogList list, Answer answer) {
  render::People people;
  for (const auto& dialog : list.dialogs) answer.dialogs.push_back(rendered(dialog, people));
  answer.messages = render::messages(list.tops, call.user(), people);
  answer.users = co_await people.seen_by(call.user(), call.domain());
  co_return answer;
}

Task<Result<tl::Box<tl::messages::TypeDialogs>>> get_dialogs(Call call, tl::messages::getDialogs request) {
  // Nothing is archived and nothing pinned: the main list is all there is.
  if (request.folder_id.value_or(kMainFolder) != kMainFolder) co_return tl::messages::Dialogs{};
  domain::DialogsQuery query;
  query.offset_date = request.offset_date;
  query.offset_id = request.offset_id;
  query.limit = request.limit;
  if (const auto* user = tl::as<tl::InputPeerUser>(request.offset_peer); user && user->user_id > 0) {
    // COMPAT(TDLib, 1.8): no access hash here. It is only a place in the caller's own list.
    query.offset_peer = domain::UserId{user->user_id};
  } else if (!tl::as<tl::InputPeerEmpty>(request.offset_peer)) {
    const auto peer = co_await call.resolve(std::move(request.offset_peer));
    if (!peer) co_return fail(error::OFFSET_PEER_ID_INVALID);
    query.offset_peer = *peer;
  }
  auto list = co_await call.domain().dialogs.list(call.user(), query);
  const std::int32_t count = list.count;
  // Clients take `dialogs` for all of them.
  if (static_cast<std::size_t>(count) == list.dialogs.size()) {
    tl::messages::Dialogs all;
    co_return co_await filled(call, std::move(list), std::move(all));
  }
  tl::messages::DialogsSlice slice;
  slice.count = count;
  co_return co_await filled(call, std::move(list), std::move(slice));
}

Task<Result<tl::messages::PeerDialogs>> get_pinned_dialogs(Call call, tl::messages::getPinnedDialogs) {
  tl::messages::PeerDialogs answer;
  answer.state = render::state(co_await call.domain().updates.state(call.user()));
  co_return answer;
}

// One for each peer: clients open dialogs that have no message yet, and wait for what we say of them.
Task<Result<tl::messages::PeerDialogs>> get_peer_dialogs(Call call, tl::messages::getPeerDialogs request) {
  if (request.peers.size() > kPeersMax) co_return fail(error::LIMIT_INVALID);
  std::vector<domain::PeerId> peers;
  for (auto& input : request.peers) {
    auto* named = tl::as<tl::InputDialogPeer>(input);
    if (!named) continue;  // A folder: there is none.
    CO_TRY(const auto peer, co_await call.resolve(std::move(named->peer)));
    peers.push_back(peer);
  }
  // The state first: what happens after it comes as updates.
  auto state = render::state(co_await call.domain().updates.state(call.user()));
  auto list = co_await call.domain().dialogs.find(call.user(), peers);

  render::People people;
  tl::messages::PeerDialogs answer;
  answer.state = std::move(state);
  for (const auto& dialog : list.dialogs) answer.dialogs.push_back(rendered(dialog, people));
  for (const auto& peer : peers) {
    if (std::ranges::find(list.dialogs, peer.number(), &tl::record::Dialog::peer) != list.dialogs.end()) continue;
    people.mention(peer);
    answer.dialogs.push_back(dialog_with(peer));
  }
  answer.messages = render::messages(list.tops, call.user(), people);
  answer.users = co_await people.seen_by(call.user(), call.domain());
  co_return answer;
}

// Saved Messages by origin: what the user saved without forwarding is one dialog, with the user.
Task<Result<tl::Box<tl::messages::TypeSavedDialogs>>> get_saved_dialogs(Call call,
                                                                        tl::messages::getSavedDialogs request) {
  if (request.parent_peer) co_return fail(error::CHANNEL_INVALID);
  const bool first_page = request.offset_date == 0 && request.offset_id == 0;
  domain::HistoryQuery newest;
  newest.limit = 1;
  const auto page = co_await call.domain().messages.history(call.user(), call.user(), newest);
  tl::messages::SavedDialogs answer;
  if (!first_page || page.messages.empty()) co_return answer;
  render::People people;
  tl::SavedDialog dialog;
  dialog.peer = render::peer(call.user());
  dialog.top_message = page.messages.front().id;
  answer.dialogs.push_back(std::move(dialog));
  answer.messages = render::messages(page.messages, call.user(), people);
  answer.users = co_await people.seen_by(call.user(), call.domain());
  co_return answer;
}

constexpr Method kRows[] = {
    {.name = "messages.getDialogs", .run = method<get_dialogs>},
    {.name = "messages.getPeerDialogs", .run = method<get_peer_dialogs>},
    {.name = "messages.getPinnedDialogs", .run = method<get_pinned_dialogs>},
    {.name = "messages.getPinnedSavedDialogs",
     .run = always<tl::messages::getPinnedSavedDialogs, tl::messages::SavedDialogs>},
    {.name = "messages.getSavedDialogs", .run = method<get_saved_dialogs>},
};

}  // namespace

constinit const Methods kMessagesDialogs = kRows;

}  // namespace helio::api
