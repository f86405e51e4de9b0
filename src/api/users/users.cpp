// api/users/users.cpp: who somebody is. https://core.telegram.org/methods#working-with-users
#include "api/render/people.h"
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/PeerNotifySettings.h"
#include "tl/types/api/PeerSettings.h"
#include "tl/types/api/UserFull.h"
#include "tl/types/api/users/UserFull.h"
#include "tl/types/api/users/getFullUser.h"
#include "tl/types/api/users/getUsers.h"

namespace helio::api {
namespace {

constexpr std::size_t kUsersMax = 100;

// In the order asked for; userEmpty for whoever cannot be named like that.
Task<Result<render::Users>> get_users(Call call, tl::users::getUsers request) {
  if (request.id.size() > kUsersMax) co_return fail(error::LIMIT_INVALID);
  render::Users answer;
  for (auto& input : request.id) {
    tl::UserEmpty nobody;
    if (const auto* named = tl::as<tl::InputUser>(input)) nobody.id = named->user_id;
    const auto found = co_await call.resolve(std::move(input));
    if (found) {
      answer.push_back(co_await render::user(*found, call.user(), call.domain()));
    } else {
      answer.push_back(std::move(nobody));
    }
  }
  co_return answer;
}

Task<Result<tl::users::UserFull>> get_full_user(Call call, tl::users::getFullUser request) {
  CO_TRY(const auto user, co_await call.resolve(std::move(request.id)));
  render::People people;
  people.mention(user);
  tl::UserFull full;
  full.id = user.value;
  full.settings = tl::PeerSettings{};
  full.notify_settings = tl::PeerNotifySettings{};
  tl::users::UserFull answer;
  answer.full_user = std::move(full);
  answer.users = co_await people.seen_by(call.user(), call.domain());
  co_return answer;
}

constexpr Method kRows[] = {
    {.name = "users.getFullUser", .run = method<get_full_user>, .who = Who::kUsersAndBots},
    {.name = "users.getUsers", .run = method<get_users>, .who = Who::kUsersAndBots},
};

}  // namespace

constinit const Methods kUsers = kRows;

}  // namespace helio::api
