// api/messages/history.cpp: reading dialogs. https://core.telegram.org/api/offsets
#include "api/render/message.h"
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/Chat.h"
#include "tl/types/api/ForumTopic.h"
#include "tl/types/api/InputMessage.h"
#include "tl/types/api/MessagesFilter.h"
#include "tl/types/api/Reaction.h"
#include "tl/types/api/messages/AffectedMessages.h"
#include "tl/types/api/messages/Messages.h"
#include "tl/types/api/messages/getHistory.h"
#include "tl/types/api/messages/getMessages.h"
#include "tl/types/api/messages/getSavedHistory.h"
#include "tl/types/api/messages/getScheduledHistory.h"
#include "tl/types/api/messages/getUnreadMentions.h"
#include "tl/types/api/messages/readHistory.h"
#include "tl/types/api/messages/search.h"

namespace helio::api {
namespace {

using tl::messages::TypeMessages;

constexpr std::size_t kMessagesMax = 100;

// The id below which everything is older than `date`; ids grow with dates. 31 steps at most.
Task<std::int32_t> first_id_since(Call call, domain::PeerId peer, std::int32_t date) {
  // Every message with an id below `low` is older than `date`; none with an id of `high` or more is.
  std::int32_t low = 0, high = std::numeric_limits<std::int32_t>::max();
  while (low < high) {
    const std::int32_t middle = low + (high - low) / 2;
    domain::HistoryQuery query;
    query.offset_id = middle + 1;
    query.limit = 1;
    const auto page = co_await call.domain().messages.history(call.user(), peer, query);
    if (page.messages.empty() || page.messages.front().date < date) {
      low = middle + 1;
    } else {
      high = page.messages.front().id;
    }
  }
  co_return low;
}

Task<tl::Box<TypeMessages>> page_of(Call call, domain::PeerId peer, domain::HistoryQuery query) {
  const auto page = co_await call.domain().messages.history(call.user(), peer, query);
  render::People people;
  people.mention(peer);
  auto messages = render::messages(page.messages, call.user(), people);
  auto users = co_await people.seen_by(call.user(), call.domain());
  // Clients take `messages` for the whole dialog.
  if (static_cast<std::size_t>(page.count) == messages.size()) {
    tl::messages::Messages answer;
    answer.messages = std::move(messages);
    answer.users = std::move(users);
    co_return answer;
  }
  tl::messages::MessagesSlice answer;
  answer.count = page.count;
  answer.messages = std::move(messages);
  answer.users = std::move(users);
  co_return answer;
}

// getHistory and getSavedHistory say in the same fields which page they mean.
template <class Request>
Task<Result<tl::Box<TypeMessages>>> page_asked_for(Call call, domain::PeerId peer, Request request) {
  domain::HistoryQuery query;
  query.offset_id = request.offset_id;
  query.add_offset = request.add_offset;
  query.limit = request.limit;
  query.max_id = request.max_id;
  query.min_id = request.min_id;
  if (request.offset_id == 0 && request.offset_date > 0) {
    query.offset_id = co_await first_id_since(call, peer, request.offset_date);
  }
  co_return co_await page_of(call, peer, query);
}

Task<Result<tl::Box<TypeMessages>>> get_history(Call call, tl::messages::getHistory request) {
  CO_TRY(const auto peer, co_await call.resolve(std::move(request.peer)));
  co_return co_await page_asked_for(std::move(call), peer, std::move(request));
}

// A part of Saved Messages: everything in it is the user's own, as nothing is forwarded yet.
Task<Result<tl::Box<TypeMessages>>> get_saved_history(Call call, tl::messages::getSavedHistory request) {
  if (request.parent_peer) co_return fail(error::CHANNEL_INVALID);
  CO_TRY(const auto peer, co_await call.resolve(std::move(request.peer)));
  if (!peer.is(call.user())) co_return tl::messages::Messages{};
  co_return co_await page_asked_for(std::move(call), peer, std::move(request));
}

std::int32_t id_named(const tl::Box<tl::TypeInputMessage>& input) {
  const auto* by_id = tl::as<tl::InputMessageID>(input);
  return by_id ? by_id->id : 0;
}

// In the order asked for; messageEmpty for what is not there.
Task<Result<tl::Box<TypeMessages>>> get_messages(Call call, tl::messages::getMessages request) {
  if (request.id.size() > kMessagesMax) co_return fail(error::LIMIT_INVALID);
  std::vector<std::int32_t> ids;
  for (const auto& input : request.id) ids.push_back(id_named(input));
  const auto found = co_await call.domain().messages.find(call.user(), ids);

  render::People people;
  tl::messages::Messages answer;
  auto next = found.begin();
  for (const std::int32_t id : ids) {
    if (next != found.end() && next->id == id) {
      answer.messages.push_back(render::message(*next++, call.user(), people));
    } else {
      tl::MessageEmpty empty;
      empty.id = id;
      answer.messages.push_back(std::move(empty));
    }
  }
  answer.users = co_await people.seen_by(call.user(), call.domain());
  co_return answer;
}

Task<Result<tl::messages::AffectedMessages>> read_history(Call call, tl::messages::readHistory request) {
  CO_TRY(const auto peer, co_await call.resolve(std::move(request.peer)));
  CO_TRY(const auto affected,
         co_await call.domain().messages.read_history(call.user(), peer, request.max_id, call.origin()));
  tl::messages::AffectedMessages answer;
  answer.pts = affected.pts;
  answer.pts_count = affected.pts_count;
  co_return answer;
}

// Nothing is scheduled, and nobody is mentioned outside of groups: empty, for a peer that the user may name.
template <class Request>
Task<Result<tl::Box<TypeMessages>>> none_of(Call call, Request request) {
  CO_CHECK(co_await call.resolve(std::move(request.peer)));
  co_return tl::messages::Messages{};
}

// Whether a message of today can pass the filter: messages are text, and some text is links.
bool could_match(const tl::TypeMessagesFilter& filter) {
  switch (filter.id()) {
    case tl::InputMessagesFilterEmpty::kId:
    case tl::InputMessagesFilterUrl::kId: return true;
    default: return false;
  }
}

// Answers what is certain without looking: filters that no message passes. Text is not searched yet, and an empty
// answer would be a lie.
Task<Result<tl::Box<TypeMessages>>> search(Call call, tl::messages::search request) {
  if (!tl::as<tl::InputPeerEmpty>(request.peer)) {
    CO_CHECK(co_await call.resolve(std::move(request.peer)));
  }
  if (!could_match(*request.filter)) co_return tl::messages::Messages{};
  if (request.q.empty() && tl::as<tl::InputMessagesFilterEmpty>(request.filter)) {
    co_return fail(error::SEARCH_QUERY_EMPTY);
  }
  co_return fail(error::METHOD_INVALID);
}

constexpr Method kRows[] = {
    {.name = "messages.getHistory", .run = method<get_history>},
    {.name = "messages.getMessages", .run = method<get_messages>, .who = Who::kUsersAndBots},
    {.name = "messages.getSavedHistory", .run = method<get_saved_history>},
    {.name = "messages.getScheduledHistory", .run = method<none_of<tl::messages::getScheduledHistory>>},
    {.name = "messages.getUnreadMentions", .run = method<none_of<tl::messages::getUnreadMentions>>},
    {.name = "messages.readHistory", .run = method<read_history>},
    {.name = "messages.search", .run = method<search>},
};

}  // namespace

constinit const Methods kMessagesHistory = kRows;

}  // namespace helio::api
