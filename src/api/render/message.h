// api/render/message.h: a stored message, as its owner's clients get it. https://core.telegram.org/constructor/message
#pragma once
#include "api/render/people.h"
#include "tl/types/api/Message.h"
#include "tl/types/records/Message.h"

namespace helio::api::render {

// `message` is of the viewer's box. Whom it mentions is added to `people`.
tl::Message message(const tl::record::Message& message, domain::UserId viewer, People& people);

// Each of `messages`, in the same order.
std::vector<tl::Box<tl::TypeMessage>> messages(const std::vector<tl::record::Message>& messages, domain::UserId viewer,
                                               People& people);

}  // namespace helio::api::render
