#include "api/render/message.h"

#include "tl/types/api/MessageEntity.h"
#include "tl/types/api/MessageReplyHeader.h"
#include "tl/types/records/Reply.h"

namespace helio::api::render {

tl::Message message(const tl::record::Message& stored, domain::UserId viewer, People& people) {
  const auto dialog = domain::PeerId::of(stored.peer);
  const domain::UserId from{stored.from};
  people.mention(dialog);
  people.mention(from);

  tl::Message message;
  message.out = stored.out;
  message.silent = stored.silent;
  message.id = stored.id;
  message.from_id = peer(from);
  message.peer_id = peer(dialog);
  // Whose part of Saved Messages it is in. Anywhere else the field makes clients look there for the message.
  if (dialog.is(viewer)) message.saved_peer_id = peer(viewer);
  message.date = stored.date;
  message.message = stored.text;
  // A message that this box has no copy of cannot be pointed at.
  if (const auto* reply = tl::as<tl::record::Reply>(stored.reply); reply && reply->id != 0) {
    tl::MessageReplyHeader header;
    header.reply_to_msg_id = reply->id;
    message.reply_to = std::move(header);
  }
  if (stored.entities) {
    message.entities = *stored.entities;
    for (const auto& entity : *stored.entities) {
      if (const auto* mention = tl::as<tl::MessageEntityMentionName>(entity)) {
        people.mention(domain::UserId{mention->user_id});
      }
    }
  }
  return message;
}

std::vector<tl::Box<tl::TypeMessage>> messages(const std::vector<tl::record::Message>& messages, domain::UserId viewer,
                                               People& people) {
  std::vector<tl::Box<tl::TypeMessage>> rendered;
  rendered.reserve(messages.size());
  for (const auto& each : messages) rendered.push_back(message(each, viewer, people));
  return rendered;
}

}  // namespace helio::api::render
