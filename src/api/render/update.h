// api/render/update.h: committed events of a box, as updates for its owner's clients.
//
// Updates are always whole `updates`, never the short forms: those name people whom the client may not know.
// https://core.telegram.org/api/updates
#pragma once
#include "api/render/people.h"
#include "domain/box/feed.h"
#include "domain/box/log.h"
#include "tl/types/api/Update.h"
#include "tl/types/api/Updates.h"

namespace helio::api::render {

// The update of one event; it carries the event's pts. Whom it mentions is added to `people`.
tl::Box<tl::TypeUpdate> update(const domain::LoggedEvent& logged, domain::UserId viewer, People& people);

// The same of an event that a feed brings; a note is an update already.
tl::Box<tl::TypeUpdate> item(const domain::FeedItem& item, domain::UserId viewer, People& people);

// updateReadHistoryInbox of an eventReadInbox.
tl::Box<tl::TypeUpdate> read_inbox(const tl::record::TypeEvent& event, People& people);
// updateNewMessage of a message whose event has `pts`.
tl::Box<tl::TypeUpdate> new_message(const tl::record::Message& stored, std::int32_t pts, domain::UserId viewer,
                                    People& people);

// `list` with everyone it mentions.
Task<tl::Updates> updates(std::vector<tl::Box<tl::TypeUpdate>> list, People people, domain::UserId viewer,
                          std::int32_t date, domain::Domain& domain);

}  // namespace helio::api::render
