// api/updates/updates.cpp: where the account's box is, and what a client missed. https://core.telegram.org/api/updates
#include "api/render/message.h"
#include "api/render/state.h"
#include "api/render/update.h"
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/ChannelMessagesFilter.h"
#include "tl/types/api/EncryptedMessage.h"
#include "tl/types/api/InputChannel.h"
#include "tl/types/api/updates/ChannelDifference.h"
#include "tl/types/api/updates/Difference.h"
#include "tl/types/api/updates/State.h"
#include "tl/types/api/updates/getChannelDifference.h"
#include "tl/types/api/updates/getDifference.h"
#include "tl/types/api/updates/getState.h"

namespace helio::api {
namespace {

Task<Result<tl::updates::State>> get_state(Call call, tl::updates::getState) {
  co_return render::state(co_await call.domain().updates.state(call.user()));
}

// What happened, as a difference tells it: new messages apart from everything else, all as they are now.
template <class Answer>
Task<Answer> difference_of(Call call, domain::Difference difference) {
  Answer answer;
  render::People people;
  for (const auto& logged : difference.events) {
    const auto* message = tl::as<tl::record::Message>(logged.message);
    if (message) {
      answer.new_messages.push_back(render::message(*message, call.user(), people));
    } else {
      answer.other_updates.push_back(render::update(logged, call.user(), people));
    }
  }
  answer.users = co_await people.seen_by(call.user(), call.domain());
  co_return answer;
}

Task<Result<tl::Box<tl::updates::TypeDifference>>> get_difference(Call call, tl::updates::getDifference request) {
  CO_TRY(auto difference,
         co_await call.domain().updates.difference(call.user(), request.pts, request.pts_total_limit.value_or(0)));
  const domain::State state = difference.state;
  switch (difference.kind) {
    case domain::Difference::Kind::kEmpty: {
      tl::updates::DifferenceEmpty answer;
      answer.date = state.date;
      co_return answer;
    }
    case domain::Difference::Kind::kTooLong: {
      tl::updates::DifferenceTooLong answer;
      answer.pts = state.pts;
      co_return answer;
    }
    case domain::Difference::Kind::kSlice: {
      auto answer = co_await difference_of<tl::updates::DifferenceSlice>(call, std::move(difference));
      answer.intermediate_state = render::state(state);
      co_return answer;
    }
    case domain::Difference::Kind::kAll: break;
  }
  auto answer = co_await difference_of<tl::updates::Difference>(call, std::move(difference));
  answer.state = render::state(state);
  co_return answer;
}

// There are no channels yet.
Task<Result<tl::Box<tl::updates::TypeChannelDifference>>> get_channel_difference(Call,
                                                                                 tl::updates::getChannelDifference) {
  co_return fail(error::CHANNEL_INVALID);
}

constexpr Method kRows[] = {
    {.name = "updates.getChannelDifference", .run = method<get_channel_difference>, .who = Who::kUsersAndBots},
    {.name = "updates.getDifference", .run = method<get_difference>, .who = Who::kUsersAndBots},
    {.name = "updates.getState", .run = method<get_state>, .who = Who::kUsersAndBots},
};

}  // namespace

constinit const Methods kUpdates = kRows;

}  // namespace helio::api
