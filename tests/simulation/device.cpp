#include "device.h"

#include "tl/types/api/MessageEntity.h"
#include "tl/types/records/Event.h"
#include "tl/types/records/Reply.h"

namespace helio::simulation {

namespace {

constexpr milliseconds kGapPatience{500};  // An update that is missing may be on its way.

}  // namespace

Message message_of(const tl::record::Message& message) {
  Message fact{.id = message.id,
               .peer = message.peer,
               .from = message.from,
               .date = message.date,
               .out = message.out,
               .text = message.text,
               .entities = {},
               .reply_to = {}};
  if (message.entities) {
    for (const auto& entity : *message.entities) {
      if (const auto* bold = tl::as<tl::MessageEntityBold>(entity)) {
        fact.entities.emplace_back(bold->id(), bold->offset, bold->length);
      } else if (const auto* code = tl::as<tl::MessageEntityCode>(entity)) {
        fact.entities.emplace_back(code->id(), code->offset, code->length);
      }
    }
  }
  if (const auto* reply = tl::as<tl::record::Reply>(message.reply)) fact.reply_to = reply->id;
  return fact;
}

Event event_of(const domain::LoggedEvent& logged) {
  Event event{.kind = Event::Kind::kMessage, .pts = logged.pts, .peer = 0, .message = {}, .max_id = 0, .unread = 0};
  if (const auto* message = tl::as<tl::record::EventMessage>(logged.event)) {
    event.peer = message->peer;
    if (const auto* content = tl::as<tl::record::Message>(logged.message)) event.message = message_of(*content);
  } else if (const auto* read = tl::as<tl::record::EventReadInbox>(logged.event)) {
    event.kind = Event::Kind::kReadInbox;
    event.peer = read->peer;
    event.max_id = read->max_id;
    event.unread = read->unread;
  } else if (const auto* seen = tl::as<tl::record::EventReadOutbox>(logged.event)) {
    event.kind = Event::Kind::kReadOutbox;
    event.peer = seen->peer;
    event.max_id = seen->max_id;
  }
  return event;
}

Device::Device(Executor executor, Clock& clock, domain::UserId user, domain::Origin origin, Counts& counts, Saw saw)
    : clock_(clock),
      user_(user),
      origin_(origin),
      counts_(counts),
      saw_(std::move(saw)),
      tasks_(executor),
      fell_behind_(executor) {
  knowledge_.self = user.value;
}

void Device::connect(domain::Domain& domain) {
  ASSERT(!online_);
  online_ = true;
  tasks_.spawn(follow(domain));
}

Task<> Device::disconnect() {
  online_ = false;
  tasks_.cancel();
  co_await tasks_.join();
}

void Device::told(const Event& event) {
  offer(event);
}

void Device::told_pts(std::int32_t pts) {
  if (pts <= knowledge_.pts) return;
  behind_ = true;
  fell_behind_.notify_all();
}

void Device::offer(const Event& event) {
  if (event.pts <= knowledge_.pts) return;
  if (event.pts == knowledge_.pts + 1) {
    apply(event);
  } else {
    ++counts_.gaps;
    behind_ = true;
    fell_behind_.notify_all();
  }
}

void Device::apply(const Event& event) {
  saw_(user_, event);
  knowledge_.apply(event);
}

// Two loops in one device: pushes, and catching up when they leave a gap.
Task<> Device::follow(domain::Domain& domain) {
  std::shared_ptr<domain::Feed> feed;
  while (!feed) {
    try {
      feed = co_await domain.boxes.subscribe(user_);
    } catch (const store::StoreDown&) {
    }
    if (!feed) co_await clock_.sleep(kGapPatience);
  }
  behind_ = true;
  tasks_.spawn(get_difference(domain));
  for (;;) {
    const domain::FeedBatch batch = co_await feed->next();
    if (batch.too_long) {
      ++counts_.too_long;
      behind_ = true;
      fell_behind_.notify_all();
    }
    for (const auto& item : batch.items) {
      // As the server's push: what the device asked for is in its answer.
      if (item->origin == origin_) continue;
      offer(event_of(item->what));
    }
  }
}

Task<> Device::get_difference(domain::Domain& domain) {
  for (;;) {
    while (!behind_) co_await fell_behind_.wait();
    co_await clock_.sleep(kGapPatience);
    behind_ = false;
    bool more = true;
    while (more) {
      std::optional<domain::Difference> difference;
      try {
        auto answer = co_await domain.updates.difference(user_, knowledge_.pts);
        if (answer) difference = *std::move(answer);
      } catch (const store::StoreDown&) {
      }
      if (!difference) {
        co_await clock_.sleep(kGapPatience);
        continue;
      }
      if (difference->kind == domain::Difference::Kind::kTooLong) {
        ++counts_.reloads;
        std::optional<Knowledge> anew;
        while (!anew) {
          anew = co_await load(domain);
          if (!anew) co_await clock_.sleep(kGapPatience);
        }
        knowledge_ = *std::move(anew);
        break;
      }
      // It is whole: what arrived by push meanwhile is part of it, and where numbers are missing nothing happened.
      for (const auto& logged : difference->events) {
        if (logged.pts > knowledge_.pts) apply(event_of(logged));
      }
      knowledge_.pts = std::max(knowledge_.pts, difference->state.pts);
      more = difference->kind == domain::Difference::Kind::kSlice;
    }
  }
}

// Everything there is, of one moment: nullopt when something happened meanwhile, or the store did not answer.
Task<std::optional<Knowledge>> Device::load(domain::Domain& domain) {
  try {
    const std::int32_t pts = (co_await domain.updates.state(user_)).pts;
    Knowledge known{.self = user_.value, .pts = pts, .dialogs = {}};
    domain::DialogsQuery query;
    query.limit = 100;  // More than there are people.
    const auto list = co_await domain.dialogs.list(user_, query);
    for (const auto& dialog : list.dialogs) {
      Knowledge::Dialog& here = known.dialogs[dialog.peer];
      here.read_inbox = dialog.read_inbox;
      here.read_outbox = dialog.read_outbox;
      here.unread = dialog.unread;
      domain::HistoryQuery page{.limit = 100};
      for (;;) {
        const auto history = co_await domain.messages.history(user_, domain::PeerId::of(dialog.peer), page);
        if (history.messages.empty()) break;
        for (const auto& message : history.messages) here.messages[message.id] = message_of(message);
        page.offset_id = history.messages.back().id;
      }
    }
    const std::int32_t pts_now = (co_await domain.updates.state(user_)).pts;
    if (pts_now == pts) co_return known;
  } catch (const store::StoreDown&) {
  }
  co_return std::nullopt;
}

}  // namespace helio::simulation
