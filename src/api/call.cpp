#include "api/call.h"

#include "base/assert.h"
#include "tl/errors.h"
#include "tl/types/api/MessageEntity.h"

namespace helio::api {
namespace {

// Whether the viewer sees `user` in the message, and so was told of them.
bool mentions(const tl::record::Message& message, std::int64_t user) {
  if (message.from == user || message.peer == user) return true;
  if (!message.entities) return false;
  return std::ranges::any_of(*message.entities, [user](const auto& entity) {
    const auto* mention = tl::as<tl::MessageEntityMentionName>(entity);
    return mention && mention->user_id == user;
  });
}

}  // namespace

domain::UserId Call::user() const {
  const domain::UserId user{device().user_id};
  ASSERT(user);
  return user;
}

std::int64_t Call::key() const {
  ASSERT(context().perm_auth_key_id);
  return *context().perm_auth_key_id;
}

const Endpoint& Call::address() const {
  return settings().public_address ? *settings().public_address : context().local;
}

bool Call::knows(domain::UserId other, std::int64_t access_hash) const {
  return other == user() || domain().access_hashes.right(user(), other, access_hash);
}

Task<Result<domain::PeerId>> Call::resolve(tl::Box<tl::TypeInputPeer> peer) const {
  if (!peer) co_return fail(error::PEER_ID_INVALID);
  switch (peer->id()) {
    case tl::InputPeerSelf::kId: co_return user();
    case tl::InputPeerUser::kId: {
      const auto& input = *tl::as<tl::InputPeerUser>(peer);
      const domain::UserId other{input.user_id};
      if (!other || !knows(other, input.access_hash)) co_return fail(error::PEER_ID_INVALID);
      co_return other;
    }
    case tl::InputPeerUserFromMessage::kId: {
      auto& input = *tl::as<tl::InputPeerUserFromMessage>(peer);
      const domain::UserId other{input.user_id};
      co_return co_await resolve_from_message(std::move(input.peer), input.msg_id, other);
    }
    case tl::InputPeerChannel::kId:
    case tl::InputPeerChannelFromMessage::kId: co_return fail(error::CHANNEL_INVALID);
    default: co_return fail(error::PEER_ID_INVALID);
  }
}

Task<Result<domain::UserId>> Call::resolve(tl::Box<tl::TypeInputUser> user_named) const {
  if (!user_named) co_return fail(error::USER_ID_INVALID);
  switch (user_named->id()) {
    case tl::InputUserSelf::kId: co_return user();
    case tl::InputUser::kId: {
      const auto& input = *tl::as<tl::InputUser>(user_named);
      const domain::UserId other{input.user_id};
      if (!other || !knows(other, input.access_hash)) co_return fail(error::USER_ID_INVALID);
      co_return other;
    }
    case tl::InputUserFromMessage::kId: {
      auto& input = *tl::as<tl::InputUserFromMessage>(user_named);
      const domain::UserId other{input.user_id};
      auto found = co_await resolve_from_message(std::move(input.peer), input.msg_id, other);
      if (!found) co_return fail(error::USER_ID_INVALID);
      co_return *found;
    }
    default: co_return fail(error::USER_ID_INVALID);
  }
}

Task<Result<domain::UserId>> Call::resolve_from_message(tl::Box<tl::TypeInputPeer> peer, std::int32_t msg_id,
                                                        domain::UserId other) const {
  // A message inside a message: no client needs it, and each level would be another read.
  if (tl::as<tl::InputPeerUserFromMessage>(peer)) co_return fail(error::PEER_ID_INVALID);
  CO_TRY(const domain::PeerId dialog, co_await resolve(std::move(peer)));
  std::vector<std::int32_t> ids{msg_id};
  const auto found = co_await domain().messages.find(user(), std::move(ids));
  if (found.empty() || found.front().peer != dialog.number() || !mentions(found.front(), other.value)) {
    co_return fail(error::PEER_ID_INVALID);
  }
  co_return other;
}

}  // namespace helio::api
