// api/stories/stories.cpp: stories. Nobody has any yet. https://core.telegram.org/api/stories
#include "tl/types/api/stories/Stories.h"
#include "api/render/people.h"
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/Chat.h"
#include "tl/types/api/PeerStories.h"
#include "tl/types/api/RecentStory.h"
#include "tl/types/api/StoriesStealthMode.h"
#include "tl/types/api/StoryItem.h"
#include "tl/types/api/Updates.h"
#include "tl/types/api/stories/AllStories.h"
#include "tl/types/api/stories/PeerStories.h"
#include "tl/types/api/stories/getAllReadPeerStories.h"
#include "tl/types/api/stories/getAllStories.h"
#include "tl/types/api/stories/getPeerMaxIDs.h"
#include "tl/types/api/stories/getPeerStories.h"
#include "tl/types/api/stories/getPinnedStories.h"

namespace helio::api {
namespace {

constexpr std::size_t kPeersMax = 100;

Task<Result<tl::stories::AllStories>> get_all_stories(Call, tl::stories::getAllStories) {
  tl::stories::AllStories answer;
  answer.stealth_mode = tl::StoriesStealthMode{};
  co_return answer;
}

Task<Result<tl::stories::PeerStories>> get_peer_stories(Call call, tl::stories::getPeerStories request) {
  CO_TRY(const auto peer, co_await call.resolve(std::move(request.peer)));
  render::People people;
  people.mention(peer);
  tl::PeerStories none;
  none.peer = render::peer(peer);
  tl::stories::PeerStories answer;
  answer.stories = std::move(none);
  answer.users = co_await people.seen_by(call.user(), call.domain());
  co_return answer;
}

Task<Result<tl::stories::Stories>> get_pinned_stories(Call call, tl::stories::getPinnedStories request) {
  CO_CHECK(co_await call.resolve(std::move(request.peer)));
  co_return tl::stories::Stories{};
}

// One entry for each peer, in the order asked for.
Task<Result<std::vector<tl::Box<tl::TypeRecentStory>>>> get_peer_max_ids(Call, tl::stories::getPeerMaxIDs request) {
  if (request.id.size() > kPeersMax) co_return fail(error::LIMIT_INVALID);
  std::vector<tl::Box<tl::TypeRecentStory>> answer;
  for (std::size_t i = 0; i < request.id.size(); ++i) answer.push_back(tl::RecentStory{});
  co_return answer;
}

// Before layer 218 the answer was the ids alone; 0 where there is no story.
Result<Bytes> encoded_max_ids(const tl::stories::getPeerMaxIDs::Result& result, tl::Layer layer) {
  if (layer.number >= 218) return method_detail::encoded(result, layer);
  return method_detail::encoded(std::vector<std::int32_t>(result.size(), 0), layer);
}

Task<Result<tl::Updates>> get_all_read(Call call, tl::stories::getAllReadPeerStories) {
  tl::Updates answer;
  answer.date = call.now();
  co_return answer;
}

constexpr Method kRows[] = {
    {.name = "stories.getAllReadPeerStories", .run = method<get_all_read>},
    {.name = "stories.getAllStories", .run = method<get_all_stories>},
    {.name = "stories.getPeerMaxIDs", .run = method<get_peer_max_ids, encoded_max_ids>},
    {.name = "stories.getPeerStories", .run = method<get_peer_stories>},
    {.name = "stories.getPinnedStories", .run = method<get_pinned_stories>},
};

}  // namespace

constinit const Methods kStories = kRows;

}  // namespace helio::api
