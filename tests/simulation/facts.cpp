#include "facts.h"

#include "base/assert.h"

namespace helio::simulation {

void Knowledge::apply(const Event& event) {
  ASSERT(event.pts > pts);
  pts = event.pts;
  Dialog& dialog = dialogs[event.peer];
  switch (event.kind) {
    case Event::Kind::kMessage:
      dialog.unread += event.message->incoming_for(self);
      dialog.messages[event.message->id] = *event.message;
      break;
    case Event::Kind::kReadInbox:
      dialog.read_inbox = event.max_id;
      dialog.unread = event.unread;
      break;
    case Event::Kind::kReadOutbox: dialog.read_outbox = event.max_id; break;
  }
}

}  // namespace helio::simulation
