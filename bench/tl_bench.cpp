// The codec: how long the two objects of the main job take, and how often they allocate.
//   bin/tl_bench        medians of 201 rounds; goals are printed beside them
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "tl/decode.h"
#include "tl/encode.h"
#include "tl/layers.h"
#include "tl/types/api/InputPeer.h"
#include "tl/types/api/InputReplyTo.h"
#include "tl/types/api/Message.h"
#include "tl/types/api/MessageEntity.h"
#include "tl/types/api/Peer.h"
#include "tl/types/api/Update.h"
#include "tl/types/api/Updates.h"
#include "tl/types/api/User.h"
#include "tl/types/api/UserStatus.h"
#include "tl/types/api/messages/sendMessage.h"

namespace {
std::size_t allocations = 0;
}

// Counts for this program alone; every other form of operator new ends here.
void* operator new(std::size_t size) {
  allocations++;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace helio {
namespace {

constexpr int kRounds = 201;
constexpr int kPerRound = 2000;
constexpr tl::Layer kOldestLayer{144};

template <class Entity>
Entity entity(int offset, int length) {
  Entity entity;
  entity.offset = offset;
  entity.length = length;
  return entity;
}

tl::messages::sendMessage request() {
  tl::InputPeerUser peer;
  peer.user_id = 777001;
  peer.access_hash = 0x1234567890abcdef;
  auto link = entity<tl::MessageEntityTextUrl>(43, 10);
  link.url = "https://example.org/glass";

  tl::messages::sendMessage send;
  send.peer = peer;
  send.message = "Meet me at the harbour at noon, bring the long glass and the signal book.";
  send.random_id = 0x0fedcba987654321;
  auto& entities = send.entities.emplace();
  entities.emplace_back(entity<tl::MessageEntityBold>(0, 7));
  entities.emplace_back(entity<tl::MessageEntityItalic>(11, 11));
  entities.emplace_back(std::move(link));
  return send;
}

tl::User user(std::int64_t id, std::string name, bool self) {
  tl::User user;
  user.id = id;
  user.self = self;
  user.contact = !self;
  user.mutual_contact = !self;
  user.access_hash = 0x1122334455667788 + id;
  user.first_name = std::move(name);
  user.last_name = "Heliograph";
  user.username = "signal_" + std::to_string(id);
  user.phone = "999661234";
  user.status = tl::UserStatusRecently{};
  return user;
}

tl::Updates push() {
  tl::PeerUser alice;
  alice.user_id = 777001;
  auto draft = request();

  tl::Message message;
  message.id = 4711;
  message.from_id = alice;
  message.peer_id = alice;
  message.date = 1700000000;
  message.message = std::move(draft.message);
  message.entities = std::move(draft.entities);

  tl::UpdateNewMessage update;
  update.message = std::move(message);
  update.pts = 4711;
  update.pts_count = 1;

  tl::Updates updates;
  updates.updates.emplace_back(std::move(update));
  updates.users.emplace_back(user(777001, "Alice", false));
  updates.users.emplace_back(user(777002, "Bob", true));
  updates.date = 1700000000;
  return updates;
}

void must(const Result<>& done) {
  if (!done) std::abort();
}

struct Measured {
  double nanoseconds;
  double allocations;
};

// The median round, per call.
template <class Work>
Measured measure(Work work) {
  for (int i = 0; i < kPerRound; i++) work();
  const auto before = allocations;
  work();
  const auto counted = static_cast<double>(allocations - before);

  std::vector<double> rounds;
  for (int round = 0; round < kRounds; round++) {
    const auto started = std::chrono::steady_clock::now();
    for (int i = 0; i < kPerRound; i++) work();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - started;
    rounds.push_back(took.count() / kPerRound);
  }
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  return {rounds[kRounds / 2], counted};
}

void report(const char* what, Measured measured, std::size_t bytes, const char* goal = "") {
  std::printf("%-58s %7.0f ns %5.0f allocations %5zu bytes  %s\n", what, measured.nanoseconds, measured.allocations,
              bytes, goal);
}

int run() {
  Bytes wire;
  must(tl::encode(wire, request(), tl::kNewestLayer));
  Bytes out;
  // The connection's buffer is reused, so it is here.
  const auto decode = measure([&] {
    if (!tl::decode_method(wire)) std::abort();
  });
  const auto sent = tl::decode_method(wire);
  const auto encode = measure([&] {
    out.clear();
    must(tl::encode(out, **sent, tl::kNewestLayer));
  });
  const auto both = measure([&] {
    const auto decoded = tl::decode_method(wire);
    out.clear();
    must(tl::encode(out, **decoded, tl::kNewestLayer));
  });
  if (out != wire) {
    std::fprintf(stderr, "the request did not survive\n");
    return 1;
  }
  report("messages.sendMessage, 3 entities: decode", decode, wire.size());
  report("messages.sendMessage, 3 entities: encode", encode, wire.size());
  report("messages.sendMessage, 3 entities: decode + encode", both, wire.size(), "goal 1000 ns");

  const tl::Updates updates = push();
  for (const tl::Layer layer : {tl::kNewestLayer, kOldestLayer}) {
    const auto pushed = measure([&] {
      out.clear();
      must(tl::encode(out, updates, layer));
    });
    const std::string what =
        "updates with updateNewMessage and two users, layer " + std::to_string(layer.number) + ": encode";
    report(what.c_str(), pushed, out.size(), "goal 1000 ns");
  }
  const auto built = measure([] {
    const tl::Updates fresh = push();
    (void)fresh;
  });
  report("the same: building it", built, 0);
  return 0;
}

}  // namespace
}  // namespace helio

int main() {
  return helio::run();
}
