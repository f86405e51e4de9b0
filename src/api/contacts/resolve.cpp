// api/contacts/resolve.cpp: from a number or a name to a peer. https://core.telegram.org/api/links
#include "api/render/people.h"
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/contacts/ResolvedPeer.h"
#include "tl/types/api/contacts/resolvePhone.h"
#include "tl/types/api/contacts/resolveUsername.h"

namespace helio::api {
namespace {

Task<Result<tl::contacts::ResolvedPeer>> resolve_phone(Call call, tl::contacts::resolvePhone request) {
  CO_TRY(const auto user, co_await call.domain().contacts.resolve_phone(std::move(request.phone)));
  render::People people;
  people.mention(user);
  tl::contacts::ResolvedPeer answer;
  answer.peer = render::peer(user);
  answer.users = co_await people.seen_by(call.user(), call.domain());
  co_return answer;
}

// Nobody has a username yet. An empty resolvedPeer would be no answer: a client crashes on it.
Task<Result<tl::contacts::ResolvedPeer>> resolve_username(Call, tl::contacts::resolveUsername) {
  co_return fail(error::USERNAME_NOT_OCCUPIED);
}

constexpr Method kRows[] = {
    {.name = "contacts.resolvePhone", .run = method<resolve_phone>},
    {.name = "contacts.resolveUsername", .run = method<resolve_username>, .who = Who::kUsersAndBots},
};

}  // namespace

constinit const Methods kContactsResolve = kRows;

}  // namespace helio::api
